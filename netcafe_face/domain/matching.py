"""Thresholds and the open-set decision: who is it, if it is anyone enrolled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

IDENTIFICATION_BUDGET = 0.001
"""Chance per look that a stranger is given any name at all, over the whole gallery."""

LOOSEST_IDENTIFICATION_FAR = 1e-4
"""Pairwise false-accept rate that identification never exceeds, however small the gallery."""

LOOSEST_DOUBT_FAR = 1e-2
"""Pairwise false-accept rate at which doubt begins at the latest."""

VERIFICATION_FAR = LOOSEST_IDENTIFICATION_FAR
"""Pairwise false-accept rate of “same person” when two pictures are compared: no looser than for a name."""

DEFAULT_MARGIN = 0.05
"""Cosine by which the best customer must beat the second best."""


@dataclass(frozen=True)
class FarPoint:
    """A measured point: at cosine `threshold`, `far` of the impostor pairs are accepted.

    Attributes:
        extrapolated: too few false accepts carry it, so it is continued from looser rates.
        low: lower end of the threshold's 95% interval, a cosine; None where none was measured.
        high: its upper end.

    Raises:
        ValueError: only one end is given, or the threshold lies outside.
    """

    far: float
    threshold: float
    impostor_pairs: int
    extrapolated: bool = False
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            return
        if self.low is None or self.high is None or not self.low <= self.threshold <= self.high:
            raise ValueError("an interval has two ends and holds its threshold")


@dataclass(frozen=True)
class Threshold:
    """A cosine threshold and the pairwise false-accept rate it stands for."""

    value: float
    far: float
    extrapolated: bool


@dataclass(frozen=True)
class ThresholdCurve:
    """Thresholds against false-accept rates, as a card states them.

    Attributes:
        points: at least two, sorted here from the loosest to the strictest rate.
        measured_on: what the pairs were.

    Raises:
        ValueError: there are fewer, or thresholds do not rise while the rates fall.
    """

    points: tuple[FarPoint, ...]
    measured_on: str

    def __post_init__(self) -> None:
        points = tuple(sorted(self.points, key=lambda point: -point.far))
        if len(points) < 2:
            raise ValueError("a threshold curve needs at least two points")
        for looser, stricter in pairwise(points):
            if not looser.far > stricter.far > 0 or stricter.threshold < looser.threshold:
                raise ValueError("thresholds must rise while false-accept rates fall")
        if not all(-1.0 <= point.threshold <= 1.0 and point.far < 1.0 for point in points):
            raise ValueError("thresholds are cosines and false-accept rates are below 1")
        object.__setattr__(self, "points", points)

    def at(self, far: float) -> Threshold:
        """Return the threshold for a pairwise false-accept rate.

        Between points it is linear in log10(far). A looser rate than the card's loosest gives that loosest
        point. Past the strictest point the last slope (at least 0.01 a decade) goes on, and the result is
        marked as extrapolated; it never exceeds 0.999, unless the card's own thresholds do.

        Raises:
            ValueError: the rate is not between 0 and 1.
        """
        if not 0.0 < far < 1.0:
            raise ValueError(f"a false-accept rate lies between 0 and 1, got {far}")
        if far >= self.points[0].far:
            first = self.points[0]
            return Threshold(first.threshold, first.far, first.extrapolated)
        wanted = -math.log10(far)
        for looser, stricter in pairwise(self.points):
            if far >= stricter.far:
                low, high = -math.log10(looser.far), -math.log10(stricter.far)
                share = (wanted - low) / (high - low)
                value = looser.threshold + share * (stricter.threshold - looser.threshold)
                return Threshold(value, far, stricter.extrapolated)
        looser, last = self.points[-2:]
        decades = math.log10(looser.far) - math.log10(last.far)
        slope = max((last.threshold - looser.threshold) / decades, 0.01)
        value = last.threshold + slope * (wanted + math.log10(last.far))
        return Threshold(max(min(value, 0.999), last.threshold), far, True)


@dataclass(frozen=True)
class DecisionRule:
    """When a face is named: the threshold in force, the margin, and where doubt begins.

    Attributes:
        threshold: cosine from which the best customer may be named.
        margin: how much it must beat the second best customer.
        doubt_from: cosine from which the answer is “undecided” rather than “stranger”.
        far: pairwise false-accept rate of `threshold`.
        templates: number of templates searched.
        extrapolated: the card had too few impostor pairs for this rate.
    """

    threshold: float
    margin: float
    doubt_from: float
    far: float
    templates: int
    extrapolated: bool


def identification_rule(
    curve: ThresholdCurve, templates: int, margin: float = DEFAULT_MARGIN
) -> DecisionRule:
    """Choose the rule for a gallery of `templates` templates.

    A stranger is compared with every template, so the pairwise rate is `IDENTIFICATION_BUDGET` / N and never
    looser than 1e-4. Doubt begins a hundred times looser: about one stranger in ten is undecided at a look.
    """
    searched = max(templates, 1)
    strict = curve.at(min(LOOSEST_IDENTIFICATION_FAR, IDENTIFICATION_BUDGET / searched))
    doubt = curve.at(min(LOOSEST_DOUBT_FAR, 100 * IDENTIFICATION_BUDGET / searched))
    return DecisionRule(
        threshold=strict.value,
        margin=margin,
        doubt_from=min(doubt.value, strict.value),
        far=strict.far,
        templates=templates,
        extrapolated=strict.extrapolated,
    )


def verification_rule(curve: ThresholdCurve) -> DecisionRule:
    """Choose the rule for two pictures: the same person, different people, or undecided."""
    same, doubt = curve.at(VERIFICATION_FAR), curve.at(LOOSEST_DOUBT_FAR)
    return DecisionRule(same.value, 0.0, min(doubt.value, same.value), same.far, 1, same.extrapolated)


class Decision(Enum):
    """The answer to “who is it?”, or to “is it the same person?”."""

    KNOWN = "known"
    UNDECIDED = "undecided"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Candidate:
    """A customer and the cosine of its best template; `template_id` is that template."""

    customer_id: int
    template_id: int
    similarity: float


@dataclass(frozen=True)
class Match:
    """The decision about one face, with what it rests on.

    Attributes:
        decision: known, undecided or unknown.
        candidates: best first, one per customer, at most k.
        margin: best minus second best similarity; 2 when there is no second.
        rule: the rule that was in force.
    """

    decision: Decision
    candidates: tuple[Candidate, ...]
    margin: float
    rule: DecisionRule

    @property
    def best(self) -> Candidate | None:
        """Return the nearest customer, whatever the decision."""
        return self.candidates[0] if self.candidates else None

    @property
    def customer_id(self) -> int | None:
        """Return the customer that was recognised, or None unless the decision is “known”."""
        return self.candidates[0].customer_id if self.decision is Decision.KNOWN else None


def decide(candidates: Sequence[Candidate], rule: DecisionRule, trusted: bool = True) -> Match:
    """Decide about one face from its nearest customers, best first.

    Known asks for the threshold, the margin and a face that can be trusted (see `UNTRUSTED_FLAWS`); whatever
    lies in between is undecided.
    """
    ranked = tuple(candidates)
    if not ranked:
        return Match(Decision.UNKNOWN, (), 2.0, rule)
    best = ranked[0].similarity
    margin = best - ranked[1].similarity if len(ranked) > 1 else 2.0
    if not math.isfinite(best) or best < rule.doubt_from:
        decision = Decision.UNKNOWN
    elif trusted and best >= rule.threshold and margin >= rule.margin:
        decision = Decision.KNOWN
    else:
        decision = Decision.UNDECIDED
    return Match(decision, ranked, margin, rule)


def angle_degrees(similarity: float) -> float:
    """Return the angle θ, in degrees, whose cosine is `similarity` (clipped to −1 … 1)."""
    return math.degrees(math.acos(min(1.0, max(-1.0, similarity))))
