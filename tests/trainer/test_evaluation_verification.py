"""Pairs are drawn as LFW draws them, and a threshold is never judged on the pairs it was chosen on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.verification import (
    Pairs,
    best_threshold,
    held_out_pairs,
    ten_fold_accuracy,
)


def names_of(counts: list[int]) -> list[str]:
    return [f"Person_{number}" for number, count in enumerate(counts) for _ in range(count)]


def pairs_of(same: list[bool], folds: list[int]) -> Pairs:
    rows = np.arange(len(same))
    return Pairs(2 * rows, 2 * rows + 1, np.array(same), np.array(folds))


FORTY = names_of([1] * 15 + [2] * 12 + [3] * 6 + [5] * 4 + [9] * 2 + [20])


@pytest.mark.parametrize(("seed", "folds"), [(0, 10), (1, 10), (7, 4), (3, 2)])
def test_no_person_is_in_two_folds_and_every_fold_is_balanced(seed: int, folds: int) -> None:
    pairs = held_out_pairs(FORTY, seed, folds, per_fold=5)
    assert pairs.folds == folds
    people: list[set[str]] = []
    for fold in range(folds):
        inside = pairs.fold == fold
        assert pairs.same[inside].sum() * 2 == inside.sum() == 2 * (pairs.same.sum() // folds)
        rows = np.concatenate([pairs.first[inside], pairs.second[inside]])
        people.append({FORTY[row] for row in rows})
    assert all(not one & other for one, other in itertools.combinations(people, 2))


def test_pairs_are_what_they_say_and_none_comes_twice() -> None:
    pairs = held_out_pairs(FORTY, per_fold=1000)
    ends = list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert len({frozenset(pair) for pair in ends}) == len(ends)
    for (first, second), same in zip(ends, pairs.same.tolist(), strict=True):
        assert first != second
        assert (FORTY[first] == FORTY[second]) == same


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others() -> None:
    one, again, other = held_out_pairs(FORTY, 5), held_out_pairs(FORTY, 5), held_out_pairs(FORTY, 6)
    assert np.array_equal(one.first, again.first)
    assert np.array_equal(one.second, again.second)
    assert not np.array_equal(one.first, other.first)


def test_three_hundred_pairs_of_each_kind_are_taken_where_there_are_so_many() -> None:
    pairs = held_out_pairs(names_of([12] * 100))
    assert len(pairs) == 10 * 600
    assert pairs.same.sum() == 3000


def test_all_pairs_of_the_poorest_fold_are_taken_where_there_are_fewer() -> None:
    pairs = held_out_pairs(names_of([2] * 20))
    assert len(pairs) == 10 * 2 * 2


def test_faces_without_a_name_are_in_no_pair() -> None:
    names = ["", *names_of([3] * 20), "", ""]
    pairs = held_out_pairs(names)
    used = set(pairs.first.tolist()) | set(pairs.second.tolist())
    assert not used & {0, len(names) - 1, len(names) - 2}


def test_thousands_of_photos_of_one_person_need_no_list_of_all_their_pairs() -> None:
    pairs = held_out_pairs(names_of([20_000] + [2] * 19))
    assert len(pairs) == 10 * (2 + 2)


@pytest.mark.parametrize("counts", [[50], [3] * 9, [9] + [1] * 60, []])
def test_too_few_people_are_said_to_be_too_few(counts: list[int]) -> None:
    with pytest.raises(DataUnusable, match="10 folds need 10 people with two or more pictures and 20 people"):
        held_out_pairs(names_of(counts))


def literal_accuracy(scores: list[float], same: list[bool], folds: list[int]) -> list[float]:
    """Try every threshold on the other folds, one pair after the other."""
    accuracies = []
    for fold in sorted(set(folds)):
        train = [(score, kind) for score, kind, at in zip(scores, same, folds, strict=True) if at != fold]
        values = sorted({score for score, _ in train})
        between = [(a + b) / 2 for a, b in itertools.pairwise(values)]
        tried = [np.nextafter(values[0], -1), *between, np.nextafter(values[-1], 1)]
        right = [sum((score >= cut) == kind for score, kind in train) for cut in tried]
        best = [cut for cut, count in zip(tried, right, strict=True) if count == max(right)]
        cut = best[len(best) // 2]
        test = [(score, kind) for score, kind, at in zip(scores, same, folds, strict=True) if at == fold]
        accuracies.append(sum((score >= cut) == kind for score, kind in test) / len(test))
    return accuracies


@given(seed=st.integers(0, 2**32 - 1), values=st.integers(1, 40), kinds=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_accuracy_is_that_of_trying_every_threshold_one_by_one(seed: int, values: int, kinds: float) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(6, 40))
    scores = (rng.integers(-values, values + 1, count) / 41).tolist()
    same = (rng.random(count) < kinds).tolist()
    folds = [0, 1, *rng.integers(0, 4, count - 2).tolist()]
    found = ten_fold_accuracy(scores, pairs_of(same, folds))
    expected = literal_accuracy(scores, same, folds)
    assert found.accuracies.tolist() == pytest.approx(expected)
    assert found.mean == pytest.approx(np.mean(expected))
    assert found.sd == pytest.approx(np.std(expected, ddof=1))


def test_a_worked_example() -> None:
    # Without fold 0 the best cut lies between 0.2 and 0.8, at 0.5; it gets 0.55 right and 0.6 wrong there.
    scores = [0.55, 0.6, 0.8, 0.2, 0.9, 0.1]
    found = ten_fold_accuracy(scores, pairs_of([True, False, True, False, True, False], [0, 0, 1, 1, 2, 2]))
    assert found.thresholds[0] == pytest.approx(0.5)
    assert found.accuracies[0] == 0.5
    assert found.accuracies[1:].tolist() == [1.0, 1.0]
    assert found.mean == pytest.approx(5 / 6)
    assert found.standard_error == pytest.approx(found.sd / np.sqrt(3))


def test_people_who_are_far_apart_are_told_apart_without_a_mistake() -> None:
    pairs = held_out_pairs(names_of([4] * 30))
    found = ten_fold_accuracy(np.where(pairs.same, 0.9, 0.1), pairs)
    assert (found.mean, found.sd) == (1.0, 0.0)
    assert found.thresholds.tolist() == [0.5] * 10


@pytest.mark.parametrize(("same", "accepted"), [(True, True), (False, False)])
def test_with_pairs_of_one_kind_the_threshold_lies_beyond_all(same: bool, accepted: bool) -> None:
    threshold = best_threshold(np.array([0.3, 0.4]), np.array([same, same]))
    assert [score >= threshold for score in (0.3, 0.4)] == [accepted, accepted]


@pytest.mark.parametrize("scores", [[0.1, np.nan], [0.1, np.inf], [0.1], [[0.1, 0.2]]])
def test_scores_that_are_no_scores_are_refused(scores: list[float]) -> None:
    with pytest.raises(ValueError, match="one finite cosine for each of 2 pairs"):
        ten_fold_accuracy(scores, pairs_of([True, False], [0, 1]))


def test_one_fold_is_no_cross_validation() -> None:
    with pytest.raises(ValueError, match="two folds"):
        ten_fold_accuracy([0.1, 0.2], pairs_of([True, False], [0, 0]))


def test_cosines_are_those_of_the_named_rows() -> None:
    rows = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    pairs = Pairs(np.array([0, 0]), np.array([1, 2]), np.array([False, True]), np.array([0, 1]))
    assert pairs.cosines(rows) == pytest.approx([0.0, 0.6])
    with pytest.raises(IndexError):
        Pairs(np.array([0]), np.array([3]), np.array([True]), np.array([0])).cosines(rows)


def test_pairs_of_unequal_lengths_or_negative_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        Pairs(np.arange(2), np.arange(3), np.array([True, False]), np.arange(2))
    with pytest.raises(ValueError, match="from 0"):
        Pairs(np.array([-1]), np.array([0]), np.array([True]), np.array([0]))
