"""A card's thresholds: cosines at false-accept rates, on people the network never saw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import FloatArray
from netcafe_face.domain.matching import FarPoint
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.bootstrap import resampled_rates
from netcafe_face.trainer.evaluation.rates import RATES, RatePoint, rate_points
from netcafe_face.trainer.evaluation.scores import PairScores, all_pair_scores

HIGHEST = 0.999
"""No threshold goes higher: it would accept nothing but the same picture."""

_DRAWS = 200
_DECIMALS = 4


@dataclass(frozen=True, eq=False)
class SeenFaces:
    """The faces of one set as the pack sees them.

    Attributes:
        name: of the set.
        embeddings: float32 (n, d), unit rows.
        owners: int64 (n,), the person of each, from 0.
    """

    name: str
    embeddings: FloatArray
    owners: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SetRates:
    """What one set says.

    Attributes:
        name: of the set.
        scores: of all its pairs.
        points: one for each rate, the loosest first; the ends of a threshold's 95% interval are the widest of
            the pairs' own and those from drawing people again.
    """

    name: str
    scores: PairScores
    points: tuple[RatePoint, ...]


@dataclass(frozen=True)
class Chosen:
    """The threshold of one rate, the set it comes from, and the share of its true pairs that it accepts."""

    point: FarPoint
    set_name: str
    tar: float


def set_rates(seen: SeenFaces, seed: int = 0, draws: int = _DRAWS) -> SetRates:
    """Measure thresholds on one set.

    Args:
        seen: its faces.
        seed: chooses the draws.
        draws: how often people are drawn again for the intervals; 0 for the pairs' own.

    Raises:
        DataUnusable: it has fewer than 20 pairs of different people.
    """
    scores = all_pair_scores(seen.embeddings, seen.owners)
    drawn = resampled_rates(seen.embeddings, seen.owners, scores, RATES, draws, seed) if draws else ()
    wider = {each.far: each for each in drawn}
    points = []
    for point in rate_points(scores, RATES):
        low, high = point.threshold_low, point.threshold_high
        if point.far in wider:
            low = min(low, wider[point.far].threshold_low)
            high = max(high, wider[point.far].threshold_high)
        points.append(replace(point, threshold_low=low, threshold_high=high))
    return SetRates(seen.name, scores, tuple(points))


def choose(sets: Sequence[SetRates]) -> tuple[Chosen, ...]:
    """Choose a threshold for each rate, the loosest first, on the safe side.

    At each rate the highest threshold of all sets counts that measured it. Where ten false accepts carry it
    in no set, the set with most pairs is extrapolated, and the upper end of its interval is taken. No
    threshold is lower than that of a looser rate.

    Raises:
        DataUnusable: there is no set.
    """
    if not sets:
        raise DataUnusable(path=N_("given"), reason=N_("there are no faces to measure thresholds with"))
    chosen: list[Chosen] = []
    for at, far in enumerate(sorted(RATES, reverse=True)):
        measured = [one for one in sets if not one.points[at].extrapolated]
        if measured:
            source = max(measured, key=lambda one: one.points[at].threshold)
        else:
            source = max(sets, key=lambda one: one.scores.impostor_pairs)
        rate = source.points[at]
        cosine = rate.threshold_high if rate.extrapolated else rate.threshold
        cosine = max(cosine, chosen[-1].point.threshold if chosen else -1.0)
        chosen.append(Chosen(_far_point(far, cosine, rate), source.name, accepted(source.scores, cosine)))
    return tuple(chosen)


def accepted(scores: PairScores, cosine: float) -> float:
    """Return the share of true pairs at or above a cosine; NaN without any."""
    bins = len(scores.genuine)
    place = min(max(math.ceil(round((cosine + 1) * bins / 2, 6)), 0), bins)
    return float(scores.genuine[place:].sum() / scores.genuine_pairs) if scores.genuine_pairs else math.nan


def _far_point(far: float, cosine: float, rate: RatePoint) -> FarPoint:
    """Return a point in few digits, rounded so that it is not less safe."""
    unit = 10**_DECIMALS
    threshold = math.ceil(round(min(cosine, HIGHEST) * unit, 3)) / unit
    low = math.floor(round(rate.threshold_low * unit, 3)) / unit
    high = math.ceil(round(min(rate.threshold_high, 1.0) * unit, 3)) / unit
    return FarPoint(
        far,
        threshold,
        rate.impostor_pairs,
        rate.extrapolated,
        low=min(max(low, -1.0), threshold),
        high=max(high, threshold),
    )
