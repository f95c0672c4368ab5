"""People are drawn again, because the pairs of one person stand or fall together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from netcafe_face.domain.faces import FloatArray, unit_rows
from netcafe_face.trainer.evaluation.bootstrap import resampled_rates
from netcafe_face.trainer.evaluation.rates import all_pair_scores, tar_at_far

Labels = npt.NDArray[np.int64]


def crowd(seed: int, people: int = 60, each: int = 5, uneven: float = 1.0) -> tuple[FloatArray, Labels]:
    """People on a sphere, some of whom look alike in all their photos and some hardly like themselves."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(people), each)
    noise = 0.15 * np.exp(uneven * rng.standard_normal(people))
    rows = rng.standard_normal((people, 16))[labels] + 3 * noise[labels, None] * rng.standard_normal(
        (len(labels), 16)
    )
    return unit_rows(rows), labels


def test_the_same_seed_gives_the_same_intervals_round_the_measured_rates() -> None:
    rows, labels = crowd(1)
    scores = all_pair_scores(rows, labels)
    found = resampled_rates(rows, labels, scores, (1e-3, 1e-2), draws=60, seed=3)
    assert found == resampled_rates(rows, labels, scores, (1e-2, 1e-3), draws=60, seed=3)
    assert found != resampled_rates(rows, labels, scores, (1e-2, 1e-3), draws=60, seed=4)
    assert [each.far for each in found] == [1e-2, 1e-3]
    for each in found:
        point = tar_at_far(scores, each.far)
        assert each.tar_low <= point.tar <= each.tar_high
        assert each.threshold_low <= point.threshold <= each.threshold_high
        assert (each.people, each.draws) == (60, 60)


def test_the_order_of_faces_does_not_count() -> None:
    rows, labels = crowd(2)
    order = np.random.default_rng(0).permutation(len(rows))
    scores = all_pair_scores(rows, labels)
    one = resampled_rates(rows, labels, scores, (1e-2,), draws=30)[0]
    other = resampled_rates(rows[order], labels[order], scores, (1e-2,), draws=30)[0]
    assert one.tar_low == pytest.approx(other.tar_low)
    assert one.threshold_high == pytest.approx(other.threshold_high, abs=1e-6)


def test_intervals_hold_the_truth_where_those_of_independent_pairs_do_not() -> None:
    rows, labels = crowd(99, people=700)
    truth = tar_at_far(all_pair_scores(rows, labels), 1e-2).tar
    drawn = independent = 0
    for seed in range(24):
        rows, labels = crowd(seed)
        scores = all_pair_scores(rows, labels)
        point = tar_at_far(scores, 1e-2)
        each = resampled_rates(rows, labels, scores, (1e-2,), draws=100)[0]
        drawn += each.tar_low <= truth <= each.tar_high
        independent += point.low <= truth <= point.high
    assert drawn >= 20
    assert independent < drawn


def test_extrapolated_rates_have_intervals_too() -> None:
    rows, labels = crowd(5)
    scores = all_pair_scores(rows, labels)
    point = tar_at_far(scores, 1e-6)
    each = resampled_rates(rows, labels, scores, (1e-6,), draws=100)[0]
    assert point.extrapolated
    assert each.threshold_low < point.threshold <= each.threshold_high
    assert each.threshold_high <= 0.999


def test_too_few_people_to_draw_from_give_no_interval() -> None:
    rows, labels = crowd(6, people=9)
    assert resampled_rates(rows, labels, all_pair_scores(rows, labels), (1e-2,)) == ()


def test_people_with_one_photo_each_give_no_interval() -> None:
    rows, labels = crowd(6, people=30, each=1)
    assert resampled_rates(rows, labels, all_pair_scores(rows, labels), (1e-2,)) == ()


def test_a_network_that_sees_no_difference_fills_no_memory() -> None:
    rows = unit_rows(np.ones((3300, 4)))
    labels = np.arange(3300) // 3
    scores = all_pair_scores(rows, labels)
    assert resampled_rates(rows, labels, scores, (1e-2,), draws=2) == ()


def test_no_draws_are_refused() -> None:
    rows, labels = crowd(1)
    with pytest.raises(ValueError, match="at least one draw"):
        resampled_rates(rows, labels, all_pair_scores(rows, labels), draws=0)
