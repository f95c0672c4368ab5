"""Thresholds and the open-set decision: never looser than the card, and undecided rather than wrong."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netcafe_face.domain.matching import (
    DEFAULT_MARGIN,
    IDENTIFICATION_BUDGET,
    LOOSEST_IDENTIFICATION_FAR,
    VERIFICATION_FAR,
    Candidate,
    Decision,
    DecisionRule,
    FarPoint,
    ThresholdCurve,
    angle_degrees,
    decide,
    identification_rule,
    verification_rule,
)

RULE = DecisionRule(threshold=0.6, margin=0.05, doubt_from=0.4, far=1e-4, templates=10, extrapolated=False)
CURVE = ThresholdCurve((FarPoint(1e-2, 0.45, 10**6), FarPoint(1e-3, 0.55, 10**6)), "pairs")
rates = st.floats(-12, -0.001).map(lambda exponent: 10.0**exponent)
cosines = st.floats(-1.0, 1.0)


@st.composite
def curves(draw: st.DrawFn) -> ThresholdCurve:
    exponents = draw(st.lists(st.integers(-80, -3), min_size=2, max_size=6, unique=True))
    thresholds = draw(st.lists(st.floats(-0.9, 0.99), min_size=len(exponents), max_size=len(exponents)))
    pairs = zip(sorted(exponents, reverse=True), sorted(thresholds), strict=True)
    return ThresholdCurve(tuple(FarPoint(10 ** (e / 10), t, 1000) for e, t in pairs), "anything")


def candidates(*similarities: float) -> list[Candidate]:
    return [Candidate(number, 100 + number, value) for number, value in enumerate(similarities, 1)]


@given(curves(), rates, rates)
def test_a_stricter_rate_never_gives_a_lower_threshold(
    curve: ThresholdCurve, one: float, other: float
) -> None:
    looser, stricter = max(one, other), min(one, other)
    assert curve.at(stricter).value >= curve.at(looser).value - 1e-9


@given(curves(), rates)
def test_no_threshold_is_ever_out_of_reach(curve: ThresholdCurve, far: float) -> None:
    assert curve.points[0].threshold <= curve.at(far).value <= 0.999


@given(curves())
def test_at_a_measured_rate_the_threshold_is_the_measured_one(curve: ThresholdCurve) -> None:
    for point in curve.points:
        found = curve.at(point.far)
        assert found.value == pytest.approx(point.threshold, abs=1e-9)
        assert not found.extrapolated


@given(curves(), st.floats(0.01, 0.99))
def test_between_two_points_the_threshold_lies_between_theirs(curve: ThresholdCurve, share: float) -> None:
    for looser, stricter in pairwise(curve.points):
        far = looser.far ** (1 - share) * stricter.far**share
        found = curve.at(far)
        assert looser.threshold - 1e-9 <= found.value <= stricter.threshold + 1e-9
        assert found.far == far
        assert not found.extrapolated


@given(curves(), rates)
def test_past_the_strictest_point_it_rises_on_and_says_so(curve: ThresholdCurve, far: float) -> None:
    last = curve.points[-1]
    assume(far < last.far * 0.999)
    found = curve.at(far)
    assert found.extrapolated
    assert found.value >= last.threshold
    decades = math.log10(last.far / far)
    assert found.value >= min(0.999, last.threshold + 0.01 * decades) - 1e-9


def test_it_is_linear_in_the_logarithm_of_the_rate() -> None:
    assert CURVE.at(10**-2.5).value == pytest.approx(0.5)
    assert CURVE.at(1e-4).value == pytest.approx(0.65)


def test_a_looser_rate_than_was_measured_gives_the_loosest_point_and_its_rate() -> None:
    found = CURVE.at(0.3)
    assert (found.value, found.far, found.extrapolated) == (0.45, 1e-2, False)


def test_a_point_that_is_itself_extrapolated_stays_marked() -> None:
    points = (FarPoint(1e-2, 0.4, 10), FarPoint(1e-3, 0.5, 10), FarPoint(1e-4, 0.6, 10, extrapolated=True))
    curve = ThresholdCurve(points, "few pairs")
    assert curve.at(1e-4).extrapolated
    assert curve.at(5e-4).extrapolated
    assert not curve.at(1e-3).extrapolated


def test_a_card_that_asks_for_more_than_0_999_is_not_made_looser() -> None:
    curve = ThresholdCurve((FarPoint(1e-2, 0.9, 10), FarPoint(1e-3, 1.0, 10)), "odd")
    assert curve.at(1e-6).value == 1.0


@pytest.mark.parametrize("far", [0.0, 1.0, -1e-3, 2.0, math.nan, math.inf])
def test_what_is_no_rate_is_refused(far: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        CURVE.at(far)


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ([], "two points"),
        ([(1e-2, 0.4)], "two points"),
        ([(1e-2, 0.5), (1e-3, 0.4)], "rise"),
        ([(1e-2, 0.4), (1e-2, 0.5)], "rise"),
        ([(1e-2, 0.4), (0.0, 0.5)], "rise"),
        ([(math.nan, 0.4), (1e-3, 0.5)], "rise"),
        ([(1e-2, 0.4), (1e-3, 1.5)], "cosines"),
        ([(1e-2, math.nan), (1e-3, 0.5)], "cosines"),
        ([(1.0, 0.4), (1e-3, 0.5)], "cosines"),
    ],
)
def test_a_curve_that_makes_no_sense_is_refused(points: list[tuple[float, float]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        ThresholdCurve(tuple(FarPoint(far, threshold, 1) for far, threshold in points), "x")


def test_a_point_may_say_between_which_cosines_its_threshold_surely_lies() -> None:
    point = FarPoint(1e-3, 0.5, 1000, low=0.48, high=0.53)
    assert (point.low, point.high) == (0.48, 0.53)
    assert (FarPoint(1e-3, 0.5, 1000).low, FarPoint(1e-3, 0.5, 1000).high) == (None, None)


@pytest.mark.parametrize(
    ("low", "high"), [(0.4, None), (None, 0.6), (0.51, 0.6), (0.4, 0.49), (math.nan, 0.6), (0.4, math.nan)]
)
def test_an_interval_that_is_half_or_beside_its_threshold_is_refused(
    low: float | None, high: float | None
) -> None:
    with pytest.raises(ValueError, match="interval"):
        FarPoint(1e-3, 0.5, 1000, low=low, high=high)


def test_points_may_come_in_any_order() -> None:
    assert ThresholdCurve(CURVE.points[::-1], "pairs").points == CURVE.points


@pytest.mark.parametrize(
    ("templates", "far"), [(0, 1e-4), (1, 1e-4), (10, 1e-4), (1000, 1e-6), (1_000_000, 1e-9)]
)
def test_the_more_templates_the_stricter_the_rule(templates: int, far: float) -> None:
    rule = identification_rule(CURVE, templates)
    assert rule.far == pytest.approx(far)
    assert rule.threshold == CURVE.at(rule.far).value
    assert rule.templates == templates
    assert rule.margin == DEFAULT_MARGIN
    assert rule.doubt_from < rule.threshold
    assert rule.extrapolated


@given(curves(), st.integers(0, 10**7))
def test_a_stranger_is_named_at_most_once_in_a_thousand_looks(curve: ThresholdCurve, templates: int) -> None:
    rule = identification_rule(curve, templates)
    named = 1 - (1 - rule.far) ** max(templates, 1)
    loosest = curve.points[0].far
    if rule.far < loosest:
        assert rule.far <= LOOSEST_IDENTIFICATION_FAR
    assert named <= IDENTIFICATION_BUDGET * 1.0001
    assert rule.doubt_from <= rule.threshold


def test_doubt_begins_at_a_rate_a_hundred_times_looser() -> None:
    assert identification_rule(CURVE, 1000).doubt_from == pytest.approx(CURVE.at(1e-4).value)
    assert identification_rule(CURVE, 1).doubt_from == pytest.approx(CURVE.at(1e-2).value)


def test_two_pictures_are_compared_as_strictly_as_a_name_is_given_and_without_a_margin() -> None:
    rule = verification_rule(CURVE)
    assert (rule.threshold, rule.doubt_from, rule.margin) == (pytest.approx(0.65), 0.45, 0.0)
    assert (rule.far, rule.templates) == (VERIFICATION_FAR, 1)
    assert rule.threshold == pytest.approx(identification_rule(CURVE, 1).threshold)


@given(st.lists(cosines, min_size=1, max_size=5), st.booleans())
def test_nobody_is_named_below_the_threshold_without_the_margin_or_from_an_untrusted_face(
    similarities: list[float], trusted: bool
) -> None:
    ranked = sorted(similarities, reverse=True)
    match = decide(candidates(*ranked), RULE, trusted)
    margin = ranked[0] - ranked[1] if len(ranked) > 1 else 2.0
    may_be_named = trusted and ranked[0] >= RULE.threshold and margin >= RULE.margin
    assert (match.decision is Decision.KNOWN) == may_be_named
    assert (match.decision is Decision.UNKNOWN) == (ranked[0] < RULE.doubt_from)
    assert match.customer_id == (1 if may_be_named else None)
    assert match.margin == margin
    assert match.rule is RULE


@pytest.mark.parametrize(
    ("similarities", "decision"),
    [
        ((0.6,), Decision.KNOWN),
        ((0.5999,), Decision.UNDECIDED),
        ((0.4,), Decision.UNDECIDED),
        ((0.3999,), Decision.UNKNOWN),
        ((0.9, 0.84), Decision.KNOWN),
        ((0.9, 0.88), Decision.UNDECIDED),
        ((0.9, 0.9), Decision.UNDECIDED),
    ],
)
def test_known_undecided_and_unknown_meet_where_the_rule_says(
    similarities: tuple[float, ...], decision: Decision
) -> None:
    assert decide(candidates(*similarities), RULE).decision is decision


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_similarity_that_is_no_number_names_nobody(value: float) -> None:
    assert decide(candidates(value), RULE).decision is Decision.UNKNOWN
    assert decide(candidates(0.9, math.nan), RULE).decision is not Decision.KNOWN


def test_in_an_empty_gallery_everybody_is_unknown() -> None:
    match = decide([], RULE)
    assert match.decision is Decision.UNKNOWN
    assert match.best is None
    assert match.customer_id is None


def test_the_nearest_customer_is_told_even_when_nobody_is_named() -> None:
    match = decide(candidates(0.5, 0.2), RULE)
    assert match.customer_id is None
    assert match.best == Candidate(1, 101, 0.5)


@given(cosines)
def test_the_angle_is_the_one_whose_cosine_is_the_similarity(similarity: float) -> None:
    assert math.cos(math.radians(angle_degrees(similarity))) == pytest.approx(similarity, abs=1e-9)


def test_rounding_errors_beyond_1_do_not_break_the_angle() -> None:
    assert angle_degrees(float(np.float32(1.0000001))) == 0.0
    assert angle_degrees(-1.0000001) == 180.0
