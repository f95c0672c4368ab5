"""A card's thresholds rise with strictness, say how sure they are, and err on the safe side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from netcafe_face.domain.faces import unit_rows
from netcafe_face.domain.matching import ThresholdCurve
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.rates import RATES
from netcafe_face.trainer.export.thresholds import SeenFaces, SetRates, accepted, choose, set_rates


def faces(name: str, people: int, each: int, spread: float, seed: int) -> SeenFaces:
    """Embeddings of people around one common direction: the smaller the spread, the more alike they are."""
    rng = np.random.default_rng(seed)
    common = np.zeros(32)
    common[0] = 1.0
    centres = common + spread * rng.normal(size=(people, 32))
    rows = centres.repeat(each, axis=0) + 0.08 * rng.normal(size=(people * each, 32))
    return SeenFaces(name, unit_rows(rows), np.arange(people).repeat(each))


@pytest.fixture(scope="module")
def many() -> SetRates:
    return set_rates(faces("many", 120, 3, 0.3, seed=1))


@pytest.fixture(scope="module")
def alike() -> SetRates:
    return set_rates(faces("alike", 30, 3, 0.22, seed=2))


def test_there_is_a_threshold_for_every_rate_and_they_make_a_curve(many: SetRates) -> None:
    points = tuple(one.point for one in choose([many]))
    assert [point.far for point in points] == sorted(RATES, reverse=True)
    assert ThresholdCurve(points, "made-up people").points == points


def test_a_measured_threshold_accepts_no_more_strangers_than_its_rate(many: SetRates) -> None:
    rows = faces("many", 120, 3, 0.3, seed=1)
    cosines = (rows.embeddings @ rows.embeddings.T)[np.triu_indices(360, 1)]
    strangers = cosines[(rows.owners[:, None] != rows.owners)[np.triu_indices(360, 1)]]
    for one in choose([many]):
        assert one.point.impostor_pairs == len(strangers)
        if not one.point.extrapolated:
            assert np.mean(strangers >= one.point.threshold) <= one.point.far
            assert np.sum(strangers >= one.point.threshold) >= 10


def test_every_threshold_has_an_interval_and_says_whether_it_was_measured(many: SetRates) -> None:
    points = [one.point for one in choose([many])]
    assert [point.extrapolated for point in points] == [False, False, True, True, True]
    for point in points:
        assert point.low is not None
        assert point.high is not None
        assert point.low < point.threshold <= point.high
    assert points[0].high - points[0].low > 0.001


def test_an_extrapolated_threshold_is_the_upper_end_of_its_interval(many: SetRates) -> None:
    for one, measured in zip(choose([many]), many.points, strict=True):
        if one.point.extrapolated:
            assert one.point.threshold == one.point.high
            assert one.point.threshold >= measured.threshold
            assert measured.how
        else:
            assert one.point.threshold == pytest.approx(measured.threshold, abs=2e-4)
            assert one.point.threshold >= measured.threshold


def test_people_drawn_again_only_ever_widen_an_interval(many: SetRates) -> None:
    alone = set_rates(faces("many", 120, 3, 0.3, seed=1), draws=0)
    for with_people, without in zip(many.points, alone.points, strict=True):
        assert with_people.threshold == without.threshold
        assert with_people.threshold_low <= without.threshold_low
        assert with_people.threshold_high >= without.threshold_high


def test_the_strictest_set_that_measured_a_rate_counts(many: SetRates, alike: SetRates) -> None:
    loosest, *_ = choose([many, alike])
    assert loosest.set_name == "alike"
    assert loosest.point.threshold > many.points[0].threshold
    assert loosest.point.impostor_pairs == alike.scores.impostor_pairs
    assert loosest.tar == pytest.approx(accepted(alike.scores, loosest.point.threshold))


def test_where_no_set_carries_a_rate_the_largest_is_extrapolated(many: SetRates, alike: SetRates) -> None:
    strictest = choose([alike, many])[-1]
    assert strictest.point.extrapolated
    assert strictest.point.impostor_pairs == many.scores.impostor_pairs


def test_no_threshold_is_lower_than_that_of_a_looser_rate(many: SetRates) -> None:
    far_apart = replace(
        many, points=tuple(replace(point, threshold=0.3 + 0.1 * at) for at, point in enumerate(many.points))
    )
    high = tuple(
        replace(point, threshold=0.9, threshold_low=0.89, threshold_high=0.91, extrapolated=at > 0)
        for at, point in enumerate(many.points)
    )
    small = SetRates("small", set_rates(faces("small", 12, 2, 0.2, seed=3)).scores, high)
    thresholds = [one.point.threshold for one in choose([far_apart, small])]
    assert thresholds[0] == 0.9
    assert thresholds == sorted(thresholds)


def test_no_threshold_asks_for_more_than_the_same_picture(many: SetRates) -> None:
    steep = tuple(replace(point, threshold_high=1.0, extrapolated=True) for point in many.points)
    for one in choose([replace(many, points=steep)]):
        assert one.point.threshold <= 0.999
        assert one.point.high == 1.0


def test_faces_that_are_all_of_different_people_measure_too() -> None:
    crowd = set_rates(faces("crowd", 40, 1, 0.3, seed=4))
    assert crowd.scores.genuine_pairs == 0
    assert choose([crowd])[0].point.impostor_pairs == 40 * 39 // 2
    assert np.isnan(choose([crowd])[0].tar)


def test_too_few_strangers_are_no_measurement() -> None:
    with pytest.raises(DataUnusable, match="20 are needed"):
        set_rates(faces("two people", 2, 3, 0.3, seed=5))
    with pytest.raises(DataUnusable):
        choose([])
