"""Batches that depend on the seed and the step alone, so that any step can be made again.

Which crop stands where in which batch, and how it is changed, follows from the seed and the position in the
run. So a resumed run sees what the uninterrupted one would have seen, for any number of reading processes,
and several training processes share one batch without overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.data.augment import AugmentConfig, augment
from netcafe_face.trainer.errors import DataUnusable


class Key(NamedTuple):
    """One place in a run: which source, which of its crops, and the position that seeds its changes."""

    source: int
    number: int
    position: int


class Batch(NamedTuple):
    """What a step learns from.

    Attributes:
        pixels: uint8 (n, 112, 112, 3) RGB.
        labels: int64 (n,), −1 where there is no name.
        answers: float32 (n, d), the teachers' unit rows side by side; d is 0 without teachers.
    """

    pixels: torch.Tensor
    labels: torch.Tensor
    answers: torch.Tensor


class Faces(Protocol):
    """Crops by number, uint8 (112, 112, 3) BGR."""

    def __getitem__(self, number: int) -> Image:
        """Return one crop."""
        ...


@dataclass(frozen=True, eq=False)
class Source:
    """Crops to learn from.

    Attributes:
        faces: the crops, BGR.
        labels: int64 (n,), −1 where there is no name.
        answers: float32 (n, d).
    """

    faces: Faces
    labels: npt.NDArray[np.int64]
    answers: FloatArray

    def __len__(self) -> int:
        return len(self.labels)


class Order(Protocol):
    """Says what stands in a batch."""

    def batch(self, step: int) -> list[Key]:
        """Return the keys of a step's batch."""
        ...


class ShuffledOrder:
    """Every crop of a source once before any comes again, in an order drawn anew each time.

    Args:
        lengths: how many crops each source has.
        shares: how many crops of a batch come from each.
        seed: of the order.
    """

    def __init__(self, lengths: Sequence[int], shares: Sequence[int], seed: int) -> None:
        self._lengths = tuple(lengths)
        self._shares = tuple(shares)
        self._seed = seed
        self._shuffled = lru_cache(maxsize=8)(self._shuffle)

    def batch(self, step: int) -> list[Key]:
        """Return the keys of a step's batch."""
        size = sum(self._shares)
        keys: list[Key] = []
        for source, share in enumerate(self._shares):
            for place in range(step * share, (step + 1) * share):
                turn, index = divmod(place, self._lengths[source])
                chosen = int(self._shuffled(source, turn)[index])
                keys.append(Key(source, chosen, step * size + len(keys)))
        return keys

    def _shuffle(self, source: int, turn: int) -> npt.NDArray[np.int64]:
        return np.random.default_rng([self._seed, 1, source, turn]).permutation(self._lengths[source])


class PeopleOrder:
    """P people with K crops each, as pair losses need.

    After Hermans et al., “In defense of the triplet loss”, 2017. People with fewer than K crops have some of
    them taken again; those with one crop are left out.

    Args:
        labels: int64 (n,), −1 where there is no name.
        people: P.
        each: K.
        seed: of the choice.

    Raises:
        DataUnusable: fewer than two people have two crops.
    """

    def __init__(self, labels: npt.NDArray[np.int64], people: int, each: int, seed: int) -> None:
        order = np.argsort(labels, kind="stable")
        order = order[labels[order] >= 0]
        groups = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1) if len(order) else []
        self._groups = [group for group in groups if len(group) > 1]
        if len(self._groups) < 2:
            reason = N_("pair losses need two people with two crops each")
            raise DataUnusable(path=N_("given"), reason=reason)
        self.people = min(people, len(self._groups))
        self.each = each
        self._seed = seed

    def batch(self, step: int) -> list[Key]:
        """Return the keys of a step's batch."""
        rng = np.random.default_rng([self._seed, 2, step])
        chosen: list[int] = []
        for group in rng.choice(len(self._groups), self.people, replace=False):
            members = self._groups[group]
            short = len(members) < self.each
            chosen += [int(index) for index in rng.choice(members, self.each, replace=short)]
        return [Key(0, index, step * len(chosen) + place) for place, index in enumerate(chosen)]


class Samples(Dataset[tuple[torch.Tensor, int, torch.Tensor]]):
    """The crops of all sources, changed as their position in the run says."""

    def __init__(self, sources: Sequence[Source], strength: AugmentConfig, seed: int) -> None:
        self._sources = sources
        self._strength = strength
        self._seed = seed

    def __getitem__(self, key: Key) -> tuple[torch.Tensor, int, torch.Tensor]:
        source = self._sources[key.source]
        crop_rgb = np.ascontiguousarray(np.asarray(source.faces[key.number])[:, :, ::-1])
        rng = np.random.default_rng([self._seed, 3, key.position])
        changed = np.ascontiguousarray(augment(crop_rgb, rng, self._strength))
        return (
            torch.from_numpy(changed),
            int(source.labels[key.number]),
            torch.from_numpy(np.array(source.answers[key.number], dtype=np.float32)),
        )


class _Steps:
    """The batches from one step to another, as a DataLoader wants them; one process's part of each."""

    def __init__(self, order: Order, steps: range, rank: int, processes: int) -> None:
        self._order = order
        self._steps = steps
        self._rank = rank
        self._processes = processes

    def __len__(self) -> int:
        return len(self._steps)

    def __iter__(self) -> Iterator[list[Key]]:
        for step in self._steps:
            keys = self._order.batch(step)
            share = len(keys) // self._processes
            yield keys[self._rank * share : (self._rank + 1) * share]


@dataclass(frozen=True)
class Reading:
    """How batches are read: by how many processes, and for which of how many training processes."""

    workers: int = 0
    rank: int = 0
    processes: int = 1


def batches(samples: Samples, order: Order, steps: range, reading: Reading) -> Iterator[Batch]:
    """Yield the batches of some steps, read ahead by worker processes where there are any."""
    sampler = _Steps(order, steps, reading.rank, reading.processes)
    if reading.workers:
        # Workers forked beside the threads of OpenCV were seen to hang; with one thread there are none.
        cv2.setNumThreads(1)
    loader: DataLoader[tuple[torch.Tensor, int, torch.Tensor]] = DataLoader(
        samples,
        batch_sampler=sampler,
        num_workers=reading.workers,
        prefetch_factor=4 if reading.workers else None,
        worker_init_fn=_quiet_worker if reading.workers else None,
        generator=torch.Generator(),  # without one it draws from the run's own random numbers
    )
    for pixels, labels, answers in loader:
        yield Batch(pixels, labels, answers)


def _quiet_worker(worker: int) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
