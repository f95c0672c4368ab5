"""The cosines of very many pairs, counted in fine bins so that any number of them fits in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netcafe_face.trainer.evaluation.verification import Pairs

BINS = 200_000
"""Bins from −1 to 1: each is 0.00001 wide, far finer than any threshold needs."""

_BLOCK = 512

Embeddings = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PairScores:
    """Cosines of genuine and impostor pairs.

    Attributes:
        genuine: int64 (BINS,), number of genuine pairs in each bin.
        impostor: int64 (BINS,), number of impostor pairs in each bin.
        faces: faces that were compared.
        people: people they show; 0 where unknown.
    """

    genuine: Counts
    impostor: Counts
    faces: int
    people: int

    @property
    def genuine_pairs(self) -> int:
        """Return the number of genuine pairs."""
        return int(self.genuine.sum())

    @property
    def impostor_pairs(self) -> int:
        """Return the number of impostor pairs."""
        return int(self.impostor.sum())


def bin_of(cosines: npt.ArrayLike) -> Counts:
    """Return the bin of each cosine, int64; rounding outside −1 … 1 goes to the outermost bins."""
    places = (np.asarray(cosines) + 1) * (BINS // 2)
    return np.asarray(np.clip(places, 0, BINS - 1), dtype=np.int64)


def edge_of(place: int) -> float:
    """Return the lower edge of a bin: the least cosine that is counted in it."""
    return place * 2 / BINS - 1


def counted(cosines: npt.ArrayLike) -> Counts:
    """Count cosines in bins, int64 (BINS,)."""
    return np.bincount(bin_of(cosines).reshape(-1), minlength=BINS).astype(np.int64)


def at_or_above(counts: Counts) -> Counts:
    """Return how many scores lie at or above each bin's lower edge, and 0 for above all: (BINS + 1,)."""
    return np.concatenate([np.cumsum(counts[::-1])[::-1], np.zeros(1, np.int64)])


def scores_of_pairs(cosines: npt.ArrayLike, pairs: Pairs) -> PairScores:
    """Count the given pairs' cosines, (p,).

    Raises:
        ValueError: there is not one finite cosine for each pair.
    """
    values = np.asarray(cosines, dtype=np.float64)
    if values.shape != pairs.same.shape or not np.isfinite(values).all():
        raise ValueError(f"one finite cosine for each of {len(pairs)} pairs is needed, got {values.shape}")
    faces = len(np.union1d(pairs.first, pairs.second))
    return PairScores(counted(values[pairs.same]), counted(values[~pairs.same]), faces, 0)


def all_pair_scores(embeddings: Embeddings, labels: npt.ArrayLike) -> PairScores:
    """Compare every face with every other, each pair once, a block at a time.

    Args:
        embeddings: float32 (n, d), unit rows.
        labels: (n,), the person of each row, 0 or more; faces of unknown people are to be left out before.

    Raises:
        ValueError: the lengths differ, a label is negative, or a row is not of length 1.
    """
    rows, owners = sorted_by_person(embeddings, labels)
    genuine, every = np.zeros(BINS, np.int64), np.zeros(BINS, np.int64)
    for cosines, own in blocks(rows, owners):
        genuine += counted(cosines[:, : own.shape[1]][own])
        every += _count_later(cosines)
    return PairScores(genuine, every - genuine, len(rows), len(np.unique(owners)))


def sorted_by_person(embeddings: Embeddings, labels: npt.ArrayLike) -> tuple[Embeddings, Counts]:
    """Return unit rows and their people, all faces of a person together; see `all_pair_scores`."""
    owners = np.asarray(labels, dtype=np.int64)
    rows = np.asarray(embeddings, dtype=np.float32)
    if rows.ndim != 2 or owners.shape != rows.shape[:1]:
        raise ValueError(f"embeddings must be (n, d) with n labels, got {rows.shape} and {owners.shape}")
    if len(owners) and owners.min() < 0:
        raise ValueError("faces of unknown people cannot be compared with anybody: leave them out")
    lengths = np.linalg.norm(rows, axis=1)
    if not np.allclose(lengths, 1.0, atol=1e-3):  # false for a value that is not finite, too
        raise ValueError("embeddings must be unit rows")
    order = np.argsort(owners, kind="stable")
    return np.ascontiguousarray(rows[order]), owners[order]


def blocks(
    rows: Embeddings, owners: Counts
) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]]:
    """Go through all pairs of rows sorted by person.

    Yields:
        cosines: float32 (b, m), of b rows with themselves and all later ones; only what lies above the
            diagonal counts.
        genuine: bool (b, k), which of the first k columns are a later face of the same person; further right
            there is none.
    """
    ends = np.searchsorted(owners, owners, side="right")
    for start in range(0, len(rows), _BLOCK):
        cosines = rows[start : start + _BLOCK] @ rows[start:].T
        here = np.arange(len(cosines))
        width = int(ends[start + len(cosines) - 1]) - start
        columns = np.arange(width)
        yield cosines, (columns > here[:, None]) & (columns < ends[start + here, None] - start)


def _count_later(cosines: npt.NDArray[np.float32]) -> Counts:
    size = len(cosines)
    corner = cosines[:, :size][np.triu_indices(size, 1)]
    return counted(corner) + counted(cosines[:, size:])
