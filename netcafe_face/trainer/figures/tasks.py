"""Small tasks to train on for a figure: made-up people, or the largest identities of real crops.

Made-up people live in a made-up world. A person is a direction in a space of a few dimensions; each sample of
them is that direction a little off, seen through 4 random circumstances (as pose and light are for a photo),
mixed by fixed random matrices and bent by tanh into 32 numbers, with noise on each. A small network has to
find out who it is. The same world can give people that a network has never seen.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.utils import skip_init

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.data.augment import STRENGTHS, augment
from netcafe_face.trainer.data.crops import Crops, load_crops
from netcafe_face.trainer.data.tensors import to_input
from netcafe_face.trainer.errors import DataUnusable

CIRCUMSTANCES, SEEN_DIM = 4, 32
_HIDDEN = 128
_CROP_BACKBONE = "plain-tiny"
_FEWEST_CROPS = 2

Batch = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs of a network, float32 (n, …), and whom each shows, int64 (n,)."""

    inputs: torch.Tensor
    labels: torch.Tensor


@dataclass(frozen=True, eq=False)
class Task:
    """Something to train on and something to show.

    Attributes:
        draw: gives a training batch of a size; the generator chooses it.
        shown: samples whose embeddings the figure shows.
        classes: number of people.
        words: what the samples shown are.
        network: makes a network with random weights for an embedding's length.
    """

    draw: Callable[[int, torch.Generator], Batch]
    shown: Samples
    classes: int
    words: str
    network: Callable[[int, torch.Generator], nn.Module]


class World:
    """A made-up world: how people look in it is fixed by the seed.

    Args:
        seed: another seed, another world.
        spread: how far a sample's person lies off, relative to the length 1 of a person.
        person_dim: in how many ways people differ.
    """

    def __init__(self, seed: int, spread: float = 0.3, person_dim: int = 6) -> None:
        self._seed, self._spread, self._dim = seed, spread, person_dim
        rng = np.random.default_rng([seed, 0])
        self._person = rng.normal(size=(person_dim, SEEN_DIM))
        self._circumstances = rng.normal(size=(CIRCUMSTANCES, SEEN_DIM)) * 0.5
        self._both = rng.normal(size=(person_dim, CIRCUMSTANCES, SEEN_DIM)) * 0.3

    def people(self, count: int, group: int = 1) -> npt.NDArray[np.float64]:
        """Return people, float64 (count, person_dim); each group has its own."""
        people = np.random.default_rng([self._seed, 1, group]).normal(size=(count, self._dim))
        return np.asarray(people / np.linalg.norm(people, axis=1, keepdims=True), dtype=np.float64)

    def samples(self, people: npt.NDArray[np.float64], each: int, part: int) -> Samples:
        """Return `each` samples of every person, one person after the other; each part has its own."""
        rng = np.random.default_rng([self._seed, 2, part])
        labels = np.repeat(np.arange(len(people)), each)
        off = rng.normal(size=(len(labels), self._dim)) / math.sqrt(self._dim)
        who = people[labels] + self._spread * off
        how = rng.normal(size=(len(labels), CIRCUMSTANCES))
        mixed = np.einsum("ni,nj,ijd->nd", who, how, self._both)
        seen = np.tanh(who @ self._person + how @ self._circumstances + mixed)
        seen += 0.1 * rng.normal(size=seen.shape)
        return Samples(torch.from_numpy(seen.astype(np.float32)), torch.from_numpy(labels))


def made_up_task(people: int, each: int, seed: int, shown_each: int = 250, spread: float = 0.3) -> Task:
    """Make a task of made-up people; shown are samples that are not trained on."""
    world = World(seed, spread)
    who = world.people(people)
    shown = world.samples(who, shown_each, part=1)
    words = f"{len(shown.labels):,} samples of {people} made-up people, none of them trained on"
    return Task(drawing_from(world.samples(who, each, part=0)), shown, people, words, small_network)


def drawing_from(samples: Samples) -> Callable[[int, torch.Generator], Batch]:
    """Return a function that draws batches from samples, each sample as likely as any other."""

    def draw(size: int, generator: torch.Generator) -> Batch:
        chosen = torch.randint(len(samples.labels), (size,), generator=generator)
        return samples.inputs[chosen], samples.labels[chosen]

    return draw


def small_network(dim: int, generator: torch.Generator) -> nn.Module:
    """Make a network of three fully connected layers for made-up people: (n, 32) to (n, dim).

    It ends in batch normalisation, as networks for faces do: without it a strong margin can be evaded by
    laying all embeddings on one spot, with all centres on the other side.
    """
    sizes = (SEEN_DIM, _HIDDEN, _HIDDEN, dim)
    # Not initialised: nn.Linear would draw from torch's global generator.
    layers = [skip_init(nn.Linear, *pair) for pair in itertools.pairwise(sizes)]  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for layer in layers:
            drawn = torch.randn(layer.weight.shape, generator=generator)
            layer.weight.copy_(drawn * math.sqrt(2 / layer.in_features))
            layer.bias.zero_()
    first, second, last = layers
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last, nn.BatchNorm1d(dim))


def crops_task(folder: Path, people: int) -> Task:
    """Make a task of the training identities with the most crops; shown are the crops trained on.

    Raises:
        DataUnusable: there are too few people, or the crops cannot be read.
    """
    crops = load_crops(folder).labelled().training()
    labels, names = crops.labels()
    counts = np.bincount(labels, minlength=len(names))
    largest = np.argsort(-counts, kind="stable")[:people]
    if len(largest) < people or counts[largest[-1]] < _FEWEST_CROPS:
        reason = f"{people} people with {_FEWEST_CROPS} crops or more that may be trained on are needed"
        raise DataUnusable(path=folder, reason=reason)
    chosen = np.flatnonzero(np.isin(labels, largest))
    number = np.full(len(names), -1)
    number[largest] = np.arange(people)
    pixels: Crops = np.ascontiguousarray(np.asarray(crops.crops_bgr[chosen])[:, :, :, ::-1])
    shown = Samples(to_input(pixels), torch.from_numpy(number[labels[chosen]]))
    words = N_("{count} crops of the {people} people with the most of them, as trained on")
    return Task(
        _drawing_crops(pixels, shown.labels),
        shown,
        people,
        words.format(count=f"{len(chosen):,}", people=people),
        _crop_network,
    )


def _drawing_crops(crops_rgb: Crops, labels: torch.Tensor) -> Callable[[int, torch.Generator], Batch]:
    def draw(size: int, generator: torch.Generator) -> Batch:
        chosen = torch.randint(len(labels), (size,), generator=generator)
        rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
        changed = [augment(crops_rgb[index], rng, STRENGTHS["light"]) for index in chosen.tolist()]
        return to_input(np.stack(changed)), labels[chosen]

    return draw


def _crop_network(dim: int, generator: torch.Generator) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        return build_backbone(_CROP_BACKBONE, dim)
