"""The index finds the nearest customers exactly, and forgets the removed at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from netcafe_face.domain.people import CustomerStatus
from netcafe_face.gallery.index import (
    SMALLEST_CAPACITY,
    GalleryIndex,
    IndexChanges,
    IndexSnapshot,
    PersonBrief,
)
from tests.gallery.kit import unit

D = 8
Held = dict[int, list[int]]
"""Customer → template ids; a template's vector is `unit` of its id."""


def changes(held: Held) -> IndexChanges:
    pairs = [(customer, template) for customer, ids in held.items() for template in ids]
    return IndexChanges(
        tuple(held),
        {customer: brief(customer) for customer, ids in held.items() if ids},
        np.array([customer for customer, _ in pairs], dtype=np.int64),
        np.array([template for _, template in pairs], dtype=np.int64),
        np.array([unit(template, D) for _, template in pairs], dtype=np.float32).reshape(-1, D),
    )


def brief(customer: int) -> PersonBrief:
    return PersonBrief(f"C{customer}", f"Name {customer}", CustomerStatus.ACTIVE)


def filled(held: Held) -> GalleryIndex:
    index = GalleryIndex("p")
    index.apply(changes(held))
    return index


def literal(held: Held, query: np.ndarray, k: int) -> list[tuple[int, int]]:
    """Rank by comparing with one template after the other."""
    nearest = {
        customer: max((float(unit(template, D) @ query), template) for template in ids)
        for customer, ids in held.items()
        if ids
    }
    ranked = sorted(
        ((similarity, customer, t) for customer, (similarity, t) in nearest.items()), reverse=True
    )
    return [(customer, template) for _, customer, template in ranked[:k]]


def found(snapshot: IndexSnapshot, query: np.ndarray, k: int = 5) -> list[tuple[int, int]]:
    return [(c.customer_id, c.template_id) for c in snapshot.search(query[None], k)[0]]


def test_an_empty_gallery_finds_nobody() -> None:
    snapshot = GalleryIndex("p").snapshot()
    assert snapshot.search(np.stack([unit(1, D), unit(2, D)])) == [(), ()]
    assert (snapshot.templates, snapshot.dimension, dict(snapshot.people)) == (0, 0, {})


def test_a_batch_of_no_faces_gives_no_answers() -> None:
    assert filled({1: [1]}).snapshot().search(np.empty((0, D), dtype=np.float32)) == []


def test_the_similarity_is_the_cosine_of_the_best_template() -> None:
    snapshot = filled({1: [1, 2, 3], 2: [4]}).snapshot()
    query = unit(77, D)
    for candidate in snapshot.search(query[None])[0]:
        assert candidate.similarity == pytest.approx(float(unit(candidate.template_id, D) @ query), abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=12),
    k=st.integers(1, 8),
    seeds=st.lists(st.integers(10_000, 20_000), min_size=1, max_size=4),
)
def test_top_k_is_exact_however_many_templates_a_customer_has(
    sizes: list[int], k: int, seeds: list[int]
) -> None:
    held: Held = {}
    for customer, size in enumerate(sizes, start=1):
        held[customer] = list(range(customer * 100, customer * 100 + size))
    answers = filled(held).snapshot().search(np.stack([unit(seed, D) for seed in seeds]), k)
    for seed, answer in zip(seeds, answers, strict=True):
        assert [(c.customer_id, c.template_id) for c in answer] == literal(held, unit(seed, D), k)


def test_two_customers_with_the_same_vector_are_both_candidates() -> None:
    vector = unit(5, D)
    index = GalleryIndex("p")
    people = {1: brief(1), 2: brief(2)}
    ids = np.array([1, 2])
    index.apply(IndexChanges((1, 2), people, ids, ids, np.stack([vector, vector])))
    first, second = index.snapshot().search(vector[None])[0]
    assert {first.customer_id, second.customer_id} == {1, 2}
    assert first.similarity == second.similarity


def test_a_removed_customer_is_not_found_even_where_all_others_are_opposite() -> None:
    index = filled({1: [1], 2: [2]})
    query = unit(1, D)
    opposite = changes({3: [3]})
    index.apply(IndexChanges((3,), opposite.people, opposite.owners, opposite.template_ids, -query[None]))
    index.apply(changes({1: [], 2: []}))
    (only,) = index.snapshot().search(query[None])[0]
    assert only.customer_id == 3
    assert only.similarity == pytest.approx(-1.0, abs=1e-5)


def test_a_snapshot_does_not_see_what_is_enrolled_later() -> None:
    index = filled({1: [1]})
    before = index.snapshot()
    index.apply(changes({2: [2]}))
    assert found(before, unit(2, D)) == [(1, 1)]
    assert found(index.snapshot(), unit(2, D))[0] == (2, 2)
    assert dict(before.people) == {1: brief(1)}


def test_a_snapshot_does_not_see_a_later_template_of_a_customer_it_has() -> None:
    index = filled({1: [1], 2: [2]})
    before = index.snapshot()
    index.apply(changes({1: [1, 3]}))
    assert found(before, unit(3, D), 2) == literal({1: [1], 2: [2]}, unit(3, D), 2)
    assert before.templates == 2


def test_a_removal_reaches_snapshots_that_are_already_held() -> None:
    index = filled({1: [1], 2: [2]})
    held = index.snapshot()
    index.apply(changes({1: []}))
    assert [customer for customer, _ in found(held, unit(1, D))] == [2]


def test_a_removal_reaches_snapshots_from_before_the_block_grew() -> None:
    index = filled({1: [1], 2: [2]})
    held = index.snapshot()
    index.apply(changes({3: list(range(100, 100 + 3 * SMALLEST_CAPACITY))}))
    index.apply(changes({1: []}))
    assert [customer for customer, _ in found(held, unit(1, D))] == [2]
    assert 1 not in [customer for customer, _ in found(index.snapshot(), unit(1, D))]


def test_the_numbers_of_a_removed_template_are_gone_from_memory() -> None:
    index = filled({1: [1], 2: [2]})
    held = index.snapshot()
    index.apply(changes({1: []}))
    assert unit(1, D).tobytes() not in held._block.vectors.tobytes()


def test_clearing_empties_held_snapshots_too() -> None:
    index = filled({1: [1], 2: [2]})
    held = index.snapshot()
    index.clear()
    assert found(held, unit(1, D)) == []
    assert index.snapshot().templates == 0
    index.apply(changes({4: [4]}))
    assert found(index.snapshot(), unit(4, D)) == [(4, 4)]


def test_a_template_given_to_another_customer_is_found_under_that_one() -> None:
    index = filled({1: [1], 2: [2]})
    held = index.snapshot()
    index.apply(changes({1: [], 2: [1, 2]}))
    assert found(index.snapshot(), unit(1, D))[0] == (2, 1)
    assert 1 not in [customer for customer, _ in found(held, unit(1, D))]


def test_a_changed_name_is_in_the_next_snapshot_and_not_in_the_last() -> None:
    index = filled({1: [1]})
    before = index.snapshot()
    renamed = changes({1: [1]})
    people = {1: PersonBrief("C1", "New name", CustomerStatus.BANNED)}
    index.apply(IndexChanges((1,), people, renamed.owners, renamed.template_ids, renamed.vectors))
    assert index.snapshot().people[1].name == "New name"
    assert before.people[1].name == "Name 1"
    assert index.templates == 1


def test_the_block_grows_by_doubling() -> None:
    index = filled({1: [1]})
    assert index.capacity == SMALLEST_CAPACITY
    index.apply(changes({2: list(range(10, 10 + SMALLEST_CAPACITY))}))
    assert index.capacity == 2 * SMALLEST_CAPACITY
    assert index.templates == SMALLEST_CAPACITY + 1


def test_enrolling_into_spare_room_copies_nothing() -> None:
    index = filled({1: [1]})
    block = index.snapshot()._block
    index.apply(changes({2: [2]}))
    assert index.snapshot()._block is block


def test_housekeeping_compacts_and_changes_no_answer() -> None:
    held: Held = {customer: [customer * 10, customer * 10 + 1] for customer in range(1, 41)}
    index = filled(held)
    for customer in range(1, 31):
        held[customer] = []
        index.apply(changes({customer: []}))
    before = found(index.snapshot(), unit(999, D))
    assert index.housekeep()
    assert not index.housekeep()
    assert found(index.snapshot(), unit(999, D)) == before == literal(held, unit(999, D), 5)
    assert index.snapshot()._length == index.templates == 20


def test_housekeeping_makes_room_before_it_is_needed() -> None:
    index = filled({1: list(range(1, SMALLEST_CAPACITY + 1))})
    assert index.housekeep()
    assert index.capacity == 2 * SMALLEST_CAPACITY
    assert not index.housekeep()


def test_a_gallery_whose_last_template_went_takes_another_length() -> None:
    index = filled({1: [1]})
    index.apply(changes({1: []}))
    longer = unit(2, 2 * D)
    index.apply(IndexChanges((2,), {2: brief(2)}, np.array([2]), np.array([2]), longer[None]))
    assert index.snapshot().search(longer[None])[0][0].customer_id == 2


def test_vectors_of_another_length_are_refused() -> None:
    index = filled({1: [1]})
    with pytest.raises(ValueError, match="8 values expected, got 16"):
        index.apply(IndexChanges((2,), {2: brief(2)}, np.array([2]), np.array([2]), unit(2, 16)[None]))


@pytest.mark.parametrize("shape", [(D,), (1, D + 1), (1, 1, D)])
def test_queries_of_a_wrong_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="queries must have shape"):
        filled({1: [1]}).snapshot().search(np.zeros(shape, dtype=np.float32))


def test_asking_for_no_candidates_is_refused() -> None:
    with pytest.raises(ValueError, match="k must be at least 1"):
        filled({1: [1]}).snapshot().search(unit(1, D)[None], 0)


def test_a_query_that_is_not_a_number_names_nobody() -> None:
    query = unit(1, D)
    query[0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        filled({1: [1]}).snapshot().search(query[None])


class Interrupted(np.ndarray):
    """Rows during whose reading or zeroing something else happens."""

    def __setitem__(self, key: object, value: object) -> None:
        hook, type(self).while_zeroing = type(self).while_zeroing, None
        if hook is not None:
            rows = np.array(self[key])
            rows[:, D // 2 :] = value
            super().__setitem__(key, rows)
            hook()
        super().__setitem__(key, value)

    def __matmul__(self, other: object) -> np.ndarray:
        hook, type(self).while_multiplying = type(self).while_multiplying, None
        if hook is not None:
            hook()
        return np.asarray(self) @ other

    while_zeroing: Callable[[], object] | None = None
    while_multiplying: Callable[[], object] | None = None


@pytest.fixture
def cancelling() -> Iterator[tuple[GalleryIndex, np.ndarray]]:
    """Give an index with one template, and a query far from the whole of it but near to its first half."""
    query = np.full(D, D**-0.5, dtype=np.float32)
    trap = query.copy()
    trap[D // 2 :] *= -1
    index = GalleryIndex("p")
    index.apply(IndexChanges((1,), {1: brief(1)}, np.array([1]), np.array([1]), trap[None]))
    block = index.snapshot()._block
    block.vectors = block.vectors.view(Interrupted)
    yield index, query[None]
    Interrupted.while_zeroing = Interrupted.while_multiplying = None


def test_a_search_that_meets_a_half_zeroed_template_does_not_rank_it(
    cancelling: tuple[GalleryIndex, np.ndarray],
) -> None:
    index, query = cancelling
    answers = []
    held = index.snapshot()
    Interrupted.while_zeroing = lambda: answers.extend(held.search(query))
    index.apply(changes({1: []}))
    assert answers == [()]


def test_a_template_that_is_half_zeroed_during_the_product_is_not_ranked(
    cancelling: tuple[GalleryIndex, np.ndarray],
) -> None:
    index, query = cancelling
    held = index.snapshot()
    half = np.array(held._block.vectors[:1])
    half[:, D // 2 :] = 0.0

    def remove_and_show_half() -> None:
        index.apply(changes({1: []}))
        held._block.vectors[:1] = half

    Interrupted.while_multiplying = remove_and_show_half
    assert held.search(query) == [()]


def test_searches_and_removals_may_run_at_the_same_time() -> None:
    index = filled({1: [1]})
    published = [index.snapshot()]
    named: set[int] = set()
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            for customer, template in found(published[0], unit(1, D)):
                assert template // 100 == customer or template == customer == 1
                named.add(customer)

    reader = threading.Thread(target=search)
    reader.start()
    try:
        for customer in range(2, 300):
            index.apply(
                changes({customer: list(range(customer * 100, customer * 100 + 20)), customer - 2: []})
            )
            index.housekeep()
            published[0] = index.snapshot()
    finally:
        stop.set()
        reader.join()
    assert len(named) > 1


class IndexMachine(RuleBasedStateMachine):
    """Any sequence of enrolments, removals, moves and housekeeping gives what a literal search gives."""

    def __init__(self) -> None:
        super().__init__()
        self.index = GalleryIndex("p")
        self.held: Held = {}
        self.next_template = 1
        self.old: list[tuple[IndexSnapshot, Held]] = []

    def _apply(self, touched: Held) -> None:
        self.held.update(touched)
        self.index.apply(changes(touched))

    @rule(customer=st.integers(1, 6), count=st.integers(1, 40))
    def enrol(self, customer: int, count: int) -> None:
        new = list(range(self.next_template, self.next_template + count))
        self.next_template += count
        self._apply({customer: self.held.get(customer, []) + new})

    @rule(customer=st.integers(1, 6), keep=st.integers(0, 10))
    def remove(self, customer: int, keep: int) -> None:
        gone = set(self.held.get(customer, [])[keep:])
        self._apply({customer: self.held.get(customer, [])[:keep]})
        for _, held in self.old:
            held[customer] = [template for template in held.get(customer, []) if template not in gone]

    @rule()
    def keep_a_snapshot(self) -> None:
        self.old.append((self.index.snapshot(), {c: list(ids) for c, ids in self.held.items()}))

    @rule()
    def housekeep(self) -> None:
        self.index.housekeep()

    @precondition(lambda self: self.old)
    @rule(seed=st.integers(50_000, 60_000))
    def old_snapshots_know_what_they_knew_less_what_was_removed(self, seed: int) -> None:
        for snapshot, held in self.old:
            assert found(snapshot, unit(seed, D), 7) == literal(held, unit(seed, D), 7)

    @invariant()
    def agrees_with_a_literal_search(self) -> None:
        snapshot = self.index.snapshot()
        query = unit(70_000 + self.next_template, D)
        assert found(snapshot, query, 7) == literal(self.held, query, 7)
        assert snapshot.templates == sum(len(ids) for ids in self.held.values())
        assert set(snapshot.people) == {customer for customer, ids in self.held.items() if ids}


TestIndexMachine = IndexMachine.TestCase
TestIndexMachine.settings = settings(deadline=None, max_examples=40, stateful_step_count=25)
