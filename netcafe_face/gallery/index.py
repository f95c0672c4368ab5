"""The templates in memory: one contiguous block, searched with one matrix product per batch.

One writer (the gallery thread) and many readers (recognition) share a block without copying it:

* A snapshot covers the first `length` rows. New templates go into the spare room behind them, which no older
  snapshot covers; when the room is used up, a block twice as large takes over and old snapshots keep theirs.
* A removal must reach snapshots that readers already hold, since a deleted customer may not be named by the
  frame in work either. So the rows are zeroed in every block that is still referenced.
* A product that runs while a row is being zeroed sees a part of it, and a part of a vector can be nearer to a
  stranger than the whole. Therefore the writer first lists the row as dead, then zeroes it; the reader first
  multiplies, then reads that list, both under the block's lock. Whoever saw a zeroed value comes after the
  listing and drops the row; whoever reads the list too early has multiplied the untouched row. Either way no
  similarity of a half-zeroed row is ever ranked.
* Rows are never used twice within a block, and the database never gives an id twice, so what a snapshot
  returns cannot belong to somebody else.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import FloatArray
from netcafe_face.domain.matching import Candidate
from netcafe_face.domain.people import CustomerStatus

SMALLEST_CAPACITY = 64
_DEAD_PART = 8
"""A block is compacted when more than one row in so many is dead."""
_CROWDED_PART = 16
"""A block is enlarged ahead of time when its spare room is less than one row in so many."""
_NOBODY = float("-inf")

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PersonBrief:
    """What recognition needs to know of a customer."""

    code: str
    name: str
    status: CustomerStatus


@dataclass(frozen=True, eq=False)
class IndexChanges:
    """What the gallery now holds of the customers that changed.

    Attributes:
        customer_ids: the customers that changed; those without a template left appear nowhere else.
        people: who the others are.
        owners: int64 (n,), the customer of each template; one customer's stand side by side.
        template_ids: int64 (n,).
        vectors: float32 (n, d), unit rows.
    """

    customer_ids: tuple[int, ...]
    people: Mapping[int, PersonBrief]
    owners: IntArray
    template_ids: IntArray
    vectors: FloatArray


class _Block:
    """Rows that only one writer fills, with what each row is.

    Attributes:
        spans: for each customer, the runs of rows it has ever had here; the tuples are replaced, not changed.
        dead: rows that must not win; the array is replaced, not changed, and read under `lock`.
    """

    def __init__(self, capacity: int, dimension: int) -> None:
        self.vectors: FloatArray = np.zeros((capacity, dimension), dtype=np.float32)
        self.template_ids: IntArray = np.zeros(capacity, dtype=np.int64)
        self.owners: IntArray = np.zeros(capacity, dtype=np.int64)
        self.live = np.zeros(capacity, dtype=np.bool_)
        self.spans: dict[int, tuple[slice, ...]] = {}
        self.dead: IntArray = np.empty(0, dtype=np.int64)
        self.length = 0
        self.lock = threading.Lock()

    @property
    def dimension(self) -> int:
        return int(self.vectors.shape[1])

    @property
    def room(self) -> int:
        return len(self.vectors) - self.length

    def append(self, owner: int, template_ids: IntArray, vectors: FloatArray) -> None:
        start, end = self.length, self.length + len(template_ids)
        self.vectors[start:end] = vectors
        self.template_ids[start:end] = template_ids
        self.owners[start:end] = owner
        self.live[start:end] = True
        runs = self.spans.get(owner, ())
        if runs and runs[-1].stop == start:
            runs, start = runs[:-1], runs[-1].start
        self.spans[owner] = (*runs, slice(start, end))
        self.length = end

    def fill(self, owners: IntArray, template_ids: IntArray, vectors: FloatArray) -> None:
        """Append many rows; those of one customer side by side where they come so."""
        starts = np.flatnonzero(np.diff(owners, prepend=owners[0] - 1)).tolist()
        for start, end in pairwise([*starts, len(owners)]):
            self.append(int(owners[start]), template_ids[start:end], vectors[start:end])

    def rows_of(self, owners: Iterable[int]) -> IntArray:
        runs = [run for owner in owners for run in self.spans.get(owner, ())]
        rows = [np.arange(run.start, run.stop) for run in runs]
        found = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
        return np.asarray(found[self.live[found]], dtype=np.int64)

    def kill(self, rows: IntArray) -> None:
        if not rows.size:
            return
        with self.lock:
            self.dead = np.concatenate([self.dead, rows])
        self.live[rows] = False
        self.vectors[rows] = 0.0


@dataclass(frozen=True, eq=False)
class IndexSnapshot:
    """The gallery at one moment, for one model pack; it never changes, except that it forgets removed rows.

    Attributes:
        pack_id: the pack whose embeddings may be compared with these.
        templates: number of live templates when it was taken.
        people: customer id → who that is, for every customer that has a template here.
    """

    pack_id: str
    templates: int
    people: Mapping[int, PersonBrief]
    _block: _Block
    _length: int

    @property
    def dimension(self) -> int:
        """Return the embedding's length, 0 while the index is empty."""
        return self._block.dimension

    def search(self, queries: FloatArray, k: int = 5) -> list[tuple[Candidate, ...]]:
        """Find the `k` nearest customers of each query, exactly, each by its best template.

        Args:
            queries: float32 (n, d), unit rows.
            k: at most so many customers for each query.

        Returns:
            For each query its candidates, best first, one a customer; fewer than `k` when there are fewer.

        Raises:
            ValueError: the shape does not fit, a query is not finite, or k < 1.
        """
        if queries.ndim != 2 or (self.templates and queries.shape[1] != self.dimension):
            raise ValueError(f"queries must have shape (n, {self.dimension}), got {queries.shape}")
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        if not self._length:
            return [()] * len(queries)
        return [self._nearest(row, k) for row in self._similarities(queries)]

    def _similarities(self, queries: FloatArray) -> FloatArray:
        block, length = self._block, self._length
        # OpenBLAS is quicker with the tall matrix on the left; one row a query is what `argmax` wants.
        scores = np.ascontiguousarray((block.vectors[:length] @ queries.T).T)
        with block.lock:  # after the product: see the module's text
            dead = block.dead
        if dead.size:
            scores[:, dead[dead < length]] = _NOBODY
        return scores

    def _nearest(self, scores: FloatArray, k: int) -> tuple[Candidate, ...]:
        """Take the best row `k` times, each time dropping its customer's other rows from `scores`.

        The loop is over results: this beats a partial sort, and stays exact however many templates one
        customer has. Plain numbers are taken out with `item`, which costs a tenth of indexing.
        """
        block = self._block
        owner_of, id_of, score_of = block.owners.item, block.template_ids.item, scores.item
        found: list[Candidate] = []
        while True:
            row = scores.argmax()
            similarity = score_of(row)
            if similarity == _NOBODY:
                break
            if similarity != similarity:  # only NaN differs from itself
                raise ValueError("a query is not finite")
            owner = owner_of(row)
            found.append(Candidate(owner, id_of(row), similarity))
            if len(found) == k:
                break
            for run in block.spans[owner]:
                scores[run] = _NOBODY
        return tuple(found)


class GalleryIndex:
    """The writer's side of the index: applies changes and publishes snapshots. Used by one thread."""

    def __init__(self, pack_id: str) -> None:
        self.pack_id = pack_id
        self._people: dict[int, PersonBrief] = {}
        self._block = _Block(0, 0)
        self._blocks: weakref.WeakSet[_Block] = weakref.WeakSet([self._block])

    @property
    def templates(self) -> int:
        """Return how many templates are live."""
        return self._block.length - len(self._block.dead)

    @property
    def capacity(self) -> int:
        """Return how many rows fit before a larger block takes over."""
        return len(self._block.vectors)

    def snapshot(self) -> IndexSnapshot:
        """Take a snapshot of what is there now."""
        people = MappingProxyType(dict(self._people))
        return IndexSnapshot(self.pack_id, self.templates, people, self._block, self._block.length)

    def apply(self, changes: IndexChanges) -> None:
        """Make the index hold exactly what `changes` say of the customers named in them.

        Raises:
            ValueError: the vectors' length differs from the others'.
        """
        for block in list(self._blocks):
            rows = block.rows_of(changes.customer_ids)
            kept = np.isin(block.template_ids[rows], changes.template_ids)
            kept &= np.isin(block.owners[rows], changes.owners)
            block.kill(rows[~kept])
        for customer_id in changes.customer_ids:
            self._people.pop(customer_id, None)
        self._people.update(changes.people)
        there = self._block.template_ids[self._block.rows_of(changes.customer_ids)]
        new = ~np.isin(changes.template_ids, there)
        if new.any():
            self._make_room(int(new.sum()), changes.vectors.shape[1])
            self._block.fill(changes.owners[new], changes.template_ids[new], changes.vectors[new])

    def clear(self) -> None:
        """Forget everything, also in the snapshots that are still held."""
        for block in list(self._blocks):
            block.kill(np.flatnonzero(block.live))
        self._people.clear()
        self._replace(_Block(0, 0))

    def housekeep(self) -> bool:
        """Drop dead rows, or make room ahead of time, where worth while; return whether it was.

        Called when there is nothing else to do, since it copies the whole block.
        """
        length, dead = self._block.length, len(self._block.dead)
        crowded = self._block.room * _CROWDED_PART < length
        if not crowded and dead * _DEAD_PART <= length:
            return False
        self._rebuild(_roomy(self.templates + self.templates // _CROWDED_PART + 1), self._block.dimension)
        return True

    def _make_room(self, rows: int, dimension: int) -> None:
        if self.templates and dimension != self._block.dimension:
            raise ValueError(f"templates of {self._block.dimension} values expected, got {dimension}")
        if self._block.room < rows or dimension != self._block.dimension:
            self._rebuild(_roomy(self.templates + rows), dimension)

    def _rebuild(self, capacity: int, dimension: int) -> None:
        old, new = self._block, _Block(capacity, dimension)
        rows = np.flatnonzero(old.live)
        if rows.size:
            new.fill(old.owners[rows], old.template_ids[rows], old.vectors[rows])
        self._replace(new)

    def _replace(self, block: _Block) -> None:
        self._block = block
        self._blocks.add(block)


def _roomy(rows: int) -> int:
    return max(SMALLEST_CAPACITY, 1 << (rows - 1).bit_length())
