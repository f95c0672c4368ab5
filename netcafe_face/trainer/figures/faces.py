"""What the figures of recognition are drawn from: embeddings of people whom the networks never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import FloatArray
from netcafe_face.trainer.data.crops import load_crops
from netcafe_face.trainer.errors import DataUnusable, OptionsRefused
from netcafe_face.trainer.evaluation.embedding import load_embedder
from netcafe_face.trainer.evaluation.inputs import input_named
from netcafe_face.trainer.figures.learning import Recipe, embed, learn
from netcafe_face.trainer.figures.options import FigureOptions
from netcafe_face.trainer.figures.tasks import Samples, Task, World, drawing_from, small_network
from netcafe_face.trainer.losses.registry import LOSSES

_SEEN, _SEEN_EACH, _UNSEEN, _UNSEEN_EACH = 400, 30, 200, 15
_DIM, _STEPS = 32, 1200
_SPREAD, _PERSON_DIM = 0.3, 12


@dataclass(frozen=True, eq=False)
class Network:
    """One network's view of the people.

    Attributes:
        name: as in a legend.
        loss: its key in `LOSSES`, "" for a network from a file.
        embeddings: float32 (n, dim), unit rows.
    """

    name: str
    loss: str
    embeddings: FloatArray


@dataclass(frozen=True, eq=False)
class Unseen:
    """People whom no network was trained on, and what the networks make of them.

    Attributes:
        words: who they are.
        labels: int64 (n,), the person of each embedding.
    """

    words: str
    labels: npt.NDArray[np.int64]
    networks: tuple[Network, ...]


def unseen_people(options: FigureOptions, losses: Sequence[str]) -> Unseen:
    """Embed the held-out people of real crops with given networks, or made-up people with trained ones.

    Raises:
        OptionsRefused: networks are given without crops, or crops without networks.
        DataUnusable, NetworkUnusable, ModelError: they cannot be used.
    """
    if bool(options.models) != bool(options.crops):
        raise OptionsRefused(reason=N_("--model and --crops go together: networks, and faces to show them"))
    return _from_files(options) if options.models else _made_up(options, losses)


def _from_files(options: FigureOptions) -> Unseen:
    assert options.crops is not None
    crops = load_crops(options.crops).labelled().held_out()
    labels, names = crops.labels()
    if len(names) < 2:
        raise DataUnusable(path=options.crops, reason=N_("it shows fewer than two held-out people"))
    networks = []
    for path in options.models:
        expects = None if path.is_dir() else input_named(options.model_input)
        embedder = load_embedder(path, expects, threads=1)
        done = 0

        def note(count: int, name: str = embedder.name) -> None:
            nonlocal done
            done += count
            options.watch(f"embedding with {name}", done, len(crops))

        networks.append(Network(embedder.name, "", embedder.embed(crops.crops_bgr, note)))
    words = f"{len(crops):,} crops of {len(names):,} held-out people of {options.crops.name}"
    return Unseen(words, labels, tuple(networks))


def _made_up(options: FigureOptions, losses: Sequence[str]) -> Unseen:
    world = World(options.seed, _SPREAD, _PERSON_DIM)
    seen = world.samples(world.people(_SEEN), _SEEN_EACH, part=0)
    unseen = world.samples(world.people(_UNSEEN, group=2), _UNSEEN_EACH, part=2)
    task = Task(drawing_from(seen), unseen, _SEEN, "", small_network)
    networks = tuple(
        Network(LOSSES[loss].display_name, loss, _learned(task, loss, unseen, options)) for loss in losses
    )
    words = (
        f"{_UNSEEN} made-up people with {_UNSEEN_EACH} samples each, after small trainings "
        f"on {_SEEN} others (one seed)"
    )
    return Unseen(words, unseen.labels.numpy(), networks)


def _learned(task: Task, loss: str, unseen: Samples, options: FigureOptions) -> FloatArray:
    batch = 256 if LOSSES[loss].pair else 128
    recipe = Recipe(loss, _DIM, options.steps(_STEPS), batch, 1e-3, seed=options.seed)
    learned = learn(task, recipe, options.watch)
    return np.asarray(embed(learned.network, unseen.inputs).numpy(), dtype=np.float32)
