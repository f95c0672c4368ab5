"""A false-accept rate is measured where enough strangers carry it, extrapolated where not, and says which."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from netcafe_face.domain.faces import unit_rows
from netcafe_face.domain.matching import FarPoint, ThresholdCurve
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.intervals import clopper_pearson, rank_bounds, wilson
from netcafe_face.trainer.evaluation.rates import (
    RATES,
    PairScores,
    all_pair_scores,
    curve,
    equal_error_rate,
    rate_points,
    scores_of_pairs,
    tar_at_far,
)
from netcafe_face.trainer.evaluation.scores import BINS, bin_of, counted
from netcafe_face.trainer.evaluation.tail import fit_tail
from netcafe_face.trainer.evaluation.verification import Pairs

BIN = 2 / BINS


def scored(genuine: npt.ArrayLike, impostor: npt.ArrayLike) -> PairScores:
    return PairScores(counted(genuine), counted(impostor), 0, 0)


def normal(count: int, mean: float, sd: float = 0.1) -> npt.NDArray[np.float64]:
    """The quantiles of a normal distribution: a sample without chance."""
    return stats.norm.ppf((np.arange(count) + 0.5) / count, mean, sd)


# --- all pairs ---------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32 - 1), faces=st.integers(2, 60), people=st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_every_pair_is_counted_once_and_on_its_side(seed: int, faces: int, people: int) -> None:
    rng = np.random.default_rng(seed)
    rows, labels = unit_rows(rng.standard_normal((faces, 3))), rng.integers(0, people, faces)
    found = all_pair_scores(rows, labels)
    first, second = np.triu_indices(faces, 1)
    cosines, same = np.sum(rows[first] * rows[second], axis=1), labels[first] == labels[second]
    genuine, impostor = cosines[same], cosines[~same]
    assert (found.genuine_pairs, found.impostor_pairs) == (len(genuine), len(impostor))
    assert (found.faces, found.people) == (faces, len(set(labels.tolist())))
    for counts, values in ((found.genuine, genuine), (found.impostor, impostor)):
        # Sums in another order may move a cosine to the next bin.
        assert np.abs(np.repeat(np.arange(BINS), counts) - np.sort(bin_of(values))).max(initial=0) <= 1


def test_a_thousand_faces_of_one_person_and_the_next_are_counted_across_blocks() -> None:
    rows = np.repeat(np.eye(3, dtype=np.float32), [900, 700, 1], axis=0)
    found = all_pair_scores(rows, np.repeat([4, 2, 9], [900, 700, 1]))
    assert found.genuine[BINS - 1] == found.genuine_pairs == math.comb(900, 2) + math.comb(700, 2)
    assert found.impostor[BINS // 2] == found.impostor_pairs == 900 * 700 + 1600


def test_what_cannot_be_compared_is_refused() -> None:
    rows = unit_rows(np.eye(3))
    with pytest.raises(ValueError, match="leave them out"):
        all_pair_scores(rows, [0, 1, -1])
    with pytest.raises(ValueError, match="unit rows"):
        all_pair_scores(2 * rows, [0, 1, 2])
    with pytest.raises(ValueError, match="unit rows"):
        all_pair_scores(np.full((3, 3), np.nan, np.float32), [0, 1, 2])
    with pytest.raises(ValueError, match="n labels"):
        all_pair_scores(rows, [0, 1])


def test_given_pairs_are_counted_as_they_are() -> None:
    pairs = Pairs(np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([True, False, False]), np.arange(3))
    found = scores_of_pairs([0.5, -1.0, 1.0], pairs)
    assert (found.genuine_pairs, found.impostor_pairs, found.faces) == (1, 2, 3)
    assert found.impostor[0] == found.impostor[BINS - 1] == 1


# --- a rate and its threshold ------------------------------------------------------------------------------


def test_a_worked_example() -> None:
    # 2,000 strangers at 0, 0.0001 … 0.1999: at 1e-2 twenty may pass, those from 0.1980 on.
    impostor = np.arange(2000) / 10_000 + BIN / 2
    point = tar_at_far(scored([0.1, 0.1979, 0.1981, 0.9], impostor), 1e-2)
    assert point.threshold == pytest.approx(0.198, abs=1.1e-4)
    assert (point.false_accepts, point.impostor_pairs, point.genuine_pairs) == (20, 2000, 4)
    assert (point.tar, point.extrapolated, point.how) == (0.5, False, "")
    assert (point.low, point.high) == wilson(2, 4)
    assert point.threshold_low < point.threshold < point.threshold_high


def test_tar_eer_and_threshold_of_normal_scores_are_those_of_the_formula() -> None:
    scores = scored(normal(200_000, 0.5), normal(2_000_000, 0.0))
    for point in rate_points(scores, (1e-2, 1e-3, 1e-4, 1e-5)):
        threshold = stats.norm.isf(point.far, 0.0, 0.1)
        assert point.threshold == pytest.approx(threshold, abs=1e-3)
        assert point.tar == pytest.approx(stats.norm.sf(threshold, 0.5, 0.1), abs=5e-3)
        assert point.false_accepts == pytest.approx(2_000_000 * point.far, rel=1e-3)
        assert not point.extrapolated
    rate, threshold = equal_error_rate(scores)
    assert rate == pytest.approx(stats.norm.sf(2.5), rel=1e-3)
    assert threshold == pytest.approx(0.25, abs=1e-4)


@given(
    seed=st.integers(0, 2**32 - 1),
    pairs=st.integers(20, 3000),
    levels=st.sampled_from([2, 5, 300, 10**6]),
)
@settings(max_examples=25, deadline=None)
def test_no_threshold_accepts_more_than_its_rate_and_none_falls(seed: int, pairs: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    impostor = np.round(rng.uniform(-1, 1, pairs) * levels) / levels
    points = rate_points(scored(rng.uniform(-1, 1, 50), impostor))
    assert [point.far for point in points] == sorted(RATES, reverse=True)
    for point in points:
        assert point.extrapolated or point.false_accepts <= pairs * point.far + 1e-9
        assert point.extrapolated == (point.how != "")
        assert point.extrapolated or point.false_accepts >= 10
        assert point.threshold_low <= point.threshold <= point.threshold_high <= 1
        assert -1 <= point.threshold <= 1
    for looser, stricter in itertools.pairwise(points):
        assert stricter.threshold >= looser.threshold
        assert stricter.tar <= looser.tar
    # A pack's card must be able to carry them.
    ThresholdCurve(tuple(FarPoint(p.far, p.threshold, p.impostor_pairs, p.extrapolated) for p in points), "x")


def test_fewer_than_ten_false_accepts_are_marked_and_ten_are_not() -> None:
    values = np.linspace(-0.5, 0.5, 1000)
    assert not tar_at_far(scored([0.9], values), 1e-2).extrapolated
    point = tar_at_far(scored([0.9], values), 0.0099)
    assert point.extrapolated
    assert "that 10 of 1,000 impostor pairs reach, slope from the 100 highest cosines" in point.how


def test_strangers_of_one_score_carry_no_rate_between_none_and_all() -> None:
    point = tar_at_far(scored([0.9], np.full(10_000, 0.3)), 1e-2)
    assert point.false_accepts == 0
    assert point.extrapolated
    assert point.threshold == pytest.approx(0.3, abs=2 * BIN)
    assert point.threshold > 0.3
    assert "share one cosine" in point.how


def test_without_strangers_no_rate_is_stated() -> None:
    with pytest.raises(DataUnusable, match="19 pairs of different people carry no false-accept rate"):
        tar_at_far(scored([0.9], np.zeros(19)), 1e-2)
    with pytest.raises(DataUnusable, match="no pairs of one person"):
        equal_error_rate(scored([], np.zeros(50)))
    with pytest.raises(DataUnusable, match="no pairs of one person"):
        curve(scored([], np.zeros(50)))


def test_without_genuine_pairs_there_is_a_threshold_and_no_tar() -> None:
    point = tar_at_far(scored([], normal(5000, 0)), 1e-2)
    assert math.isnan(point.tar)
    assert (point.low, point.high) == (0.0, 1.0)


@pytest.mark.parametrize("far", [0.0, 1.0, -0.1, 2.0])
def test_a_rate_that_is_none_is_refused(far: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        tar_at_far(scored([0.5], normal(100, 0)), far)


# --- beyond what was seen ----------------------------------------------------------------------------------


def exponential(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    return -0.5 + rng.exponential(0.05, count)


def test_an_exponential_tail_is_continued_where_it_goes() -> None:
    rng = np.random.default_rng(1)
    found, inside = [], 0
    for _ in range(100):
        point = tar_at_far(scored([0.9], exponential(rng, 20_000)), 1e-5)
        truth = -0.5 + 0.05 * math.log(1e5)
        found.append(point.threshold - truth)
        inside += point.threshold_low <= truth <= point.threshold_high
    assert np.mean(found) == pytest.approx(0, abs=0.005)
    assert inside >= 95


def test_a_tail_that_ends_sooner_is_judged_too_strictly_and_not_too_loosely() -> None:
    rng = np.random.default_rng(2)
    truth = stats.norm.isf(1e-6, 0, 0.1)
    found = [tar_at_far(scored([0.9], rng.normal(0, 0.1, 20_000)), 1e-6).threshold for _ in range(50)]
    assert truth < np.mean(found) < truth + 0.1


def test_the_extrapolation_begins_where_the_measurement_ends() -> None:
    impostor = counted(normal(100_000, 0))
    tail = fit_tail(impostor)
    measured = tar_at_far(PairScores(counted([0.9]), impostor, 0, 0), 1e-4)
    assert measured.false_accepts == 10
    assert tail.threshold(1e-4) == pytest.approx(measured.threshold, abs=2 * BIN)
    rates = np.geomspace(9e-5, 1e-12, 30)
    assert np.all(np.diff([tail.threshold(rate) for rate in rates]) >= 0)
    assert tail.threshold(1e-30) == 0.999


def test_a_tail_needs_twenty_pairs() -> None:
    with pytest.raises(ValueError, match="20 impostor pairs, got 19"):
        fit_tail(counted(np.zeros(19)))


# --- intervals ---------------------------------------------------------------------------------------------


def test_intervals_of_proportions_are_those_of_the_books() -> None:
    # Newcombe, “Two-sided confidence intervals for the single proportion”, 1998: 15 of 148 and 0 of 20.
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert clopper_pearson(15, 148) == pytest.approx((0.0578, 0.1617), abs=5e-5)
    assert clopper_pearson(0, 20) == pytest.approx((0.0, 0.1684), abs=5e-5)
    for interval in (wilson, clopper_pearson):
        assert interval(0, 0) == (0.0, 1.0)
        assert interval(7, 7)[1] == 1.0
        with pytest.raises(ValueError, match="8 successes of 7"):
            interval(8, 7)


@given(trials=st.integers(1, 10**8), share=st.floats(0, 1))
def test_intervals_hold_the_share_and_mirror_failures(trials: int, share: float) -> None:
    successes = round(share * trials)
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    assert wilson(trials - successes, trials) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize(("trials", "share"), [(20, 0.5), (1000, 0.01), (50_000_000, 1e-6), (10**6, 1e-5)])
def test_ranks_of_a_quantile_are_the_binomials(trials: int, share: float) -> None:
    low, high = stats.binom.ppf([0.025, 0.975], trials, share)
    assert rank_bounds(trials, share) == (low, high + 1)


def test_wilsons_interval_holds_the_truth_about_19_times_in_20() -> None:
    rng = np.random.default_rng(3)
    hits = [low <= 0.9 <= high for low, high in (wilson(int(n), 200) for n in rng.binomial(200, 0.9, 2000))]
    assert 0.93 < np.mean(hits) < 0.97


def test_a_thresholds_interval_holds_the_truth_about_19_times_in_20() -> None:
    rng = np.random.default_rng(4)
    truth = stats.norm.isf(1e-2, 0, 0.1)
    hits = 0
    for _ in range(150):
        point = tar_at_far(scored([0.9], rng.normal(0, 0.1, 5000)), 1e-2)
        hits += point.threshold_low <= truth <= point.threshold_high
    assert 0.9 < hits / 150 <= 1


# --- curves ------------------------------------------------------------------------------------------------


def test_the_curve_goes_from_nothing_to_everything_and_never_back() -> None:
    found = curve(scored(normal(50_000, 0.4), normal(300_000, 0)))
    assert (found.far[0], found.tar[0]) == (0.0, 0.0)
    assert (found.far[-1], found.tar[-1]) == (1.0, 1.0)
    assert np.all(np.diff(found.far) >= 0)
    assert np.all(np.diff(found.tar) >= 0)
    assert np.all(np.diff(found.thresholds) < 0)
    assert 300 < len(found.far) <= 1002
    assert found.frr == pytest.approx(1 - found.tar)


def test_points_of_the_curve_are_those_of_their_thresholds() -> None:
    genuine, impostor = np.array([0.9, 0.5, 0.3]), np.array([0.6, 0.1])
    found = curve(scored(genuine, impostor))
    for threshold, far, tar in zip(found.thresholds, found.far, found.tar, strict=True):
        assert far == np.mean(impostor >= threshold - BIN)
        assert tar == np.mean(genuine >= threshold - BIN)
    assert len(found.far) == 6


def test_equal_errors_of_a_small_example() -> None:
    # At 0.5 one of four genuine pairs is rejected and one of four impostors accepted.
    rate, threshold = equal_error_rate(scored([0.4, 0.6, 0.7, 0.8], [0.1, 0.2, 0.3, 0.5]))
    assert rate == pytest.approx(0.25)
    assert 0.4 < threshold <= 0.5 + BIN
    assert equal_error_rate(scored([0.8, 0.9], [0.1, 0.2]))[0] == 0.0


def test_rates_are_measured_without_torch() -> None:
    modules = ("rates", "bootstrap", "verification", "identification", "angles", "groups", "embedding")
    imports = "; ".join(f"import netcafe_face.trainer.evaluation.{name}" for name in modules)
    code = f"{imports}; import sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
