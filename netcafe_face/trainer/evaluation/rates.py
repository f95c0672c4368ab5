"""True and false accepts: TAR at a FAR, the threshold for it, EER, ROC and DET.

FAR is the part of impostor pairs at or above the threshold, TAR the part of genuine pairs. Where fewer than
ten false accepts would carry a rate, the threshold is not measured but extrapolated, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.intervals import rank_bounds, wilson
from netcafe_face.trainer.evaluation.scores import (
    PairScores,
    all_pair_scores,
    at_or_above,
    edge_of,
    scores_of_pairs,
)
from netcafe_face.trainer.evaluation.tail import fit_tail

__all__ = [
    "FEWEST_ACCEPTS",
    "RATES",
    "Curve",
    "PairScores",
    "RatePoint",
    "all_pair_scores",
    "curve",
    "equal_error_rate",
    "rate_points",
    "scores_of_pairs",
    "tar_at_far",
]

RATES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
FEWEST_ACCEPTS = 10
"""False accepts that carry a measured rate; with fewer it is extrapolated."""

_TIED = "so many strangers share one cosine that fewer than ten false accepts are left above it"

FEWEST_IMPOSTORS = 20
"""Impostor pairs without which no rate is stated at all."""


@dataclass(frozen=True)
class RatePoint:
    """One working point.

    Attributes:
        far: the false-accept rate that was asked for.
        threshold: cosine from which a pair is accepted.
        threshold_low: lower end of the threshold's 95% interval, from the ranks of the impostor cosines.
        threshold_high: its upper end.
        tar: part of genuine pairs accepted; NaN without any.
        low: lower end of the TAR's 95% interval (Wilson; the threshold taken as given).
        high: its upper end.
        genuine_pairs: number of genuine pairs.
        impostor_pairs: number of impostor pairs.
        false_accepts: impostor pairs that this threshold accepted.
        extrapolated: fewer than ten false accepts carry it.
        how: how it was extrapolated; "" where it was measured.
    """

    far: float
    threshold: float
    threshold_low: float
    threshold_high: float
    tar: float
    low: float
    high: float
    genuine_pairs: int
    impostor_pairs: int
    false_accepts: int
    extrapolated: bool
    how: str


@dataclass(frozen=True, eq=False)
class Curve:
    """ROC or DET points, float64 (n,) each, from accepting nothing to accepting everything."""

    thresholds: npt.NDArray[np.float64]
    far: npt.NDArray[np.float64]
    tar: npt.NDArray[np.float64]

    @property
    def frr(self) -> npt.NDArray[np.float64]:
        """Return the part of genuine pairs rejected, which a DET curve shows against the FAR."""
        return 1.0 - self.tar


def tar_at_far(scores: PairScores, far: float) -> RatePoint:
    """Find the threshold for a false-accept rate and what it accepts of the genuine pairs.

    The threshold is the lowest at which no more than `far` of the impostor pairs are accepted. Where that
    would be fewer than ten pairs, it is extrapolated (see `tail.py`) and may accept more or fewer of those
    that were seen. Thresholds never fall while rates fall. Pairs share faces, so the intervals, which take
    them as independent, are too narrow: see `bootstrap.py`.

    Raises:
        DataUnusable: there are fewer than 20 impostor pairs.
        ValueError: the rate is not between 0 and 1.
    """
    if not 0.0 < far < 1.0:
        raise ValueError(f"a false-accept rate lies between 0 and 1, got {far}")
    total = scores.impostor_pairs
    if total < FEWEST_IMPOSTORS:
        reason = (
            f"{total} pairs of different people carry no false-accept rate; {FEWEST_IMPOSTORS} are needed"
        )
        raise DataUnusable(path=N_("given"), reason=reason)
    accepted = at_or_above(scores.impostor)
    place, how = _place_for(accepted, total * far), ""
    threshold = edge_of(place)
    if total * far < FEWEST_ACCEPTS:
        tail = fit_tail(scores.impostor)
        threshold, (low, high), how = tail.threshold(far), tail.interval(far), tail.describe()
        place = math.ceil(round((threshold + 1) * len(scores.impostor) / 2, 6))
    else:
        high_rank, low_rank = rank_bounds(total, far)
        low, high = _of_rank(accepted, low_rank), _of_rank(accepted, high_rank)
        how = "" if accepted[place] >= FEWEST_ACCEPTS else _TIED
    genuine = at_or_above(scores.genuine)
    true_accepts, genuine_pairs = int(genuine[place]), int(genuine[0])
    tar_low, tar_high = wilson(true_accepts, genuine_pairs)
    return RatePoint(
        far=far,
        threshold=threshold,
        threshold_low=min(low, threshold),
        threshold_high=max(high, threshold),
        tar=true_accepts / genuine_pairs if genuine_pairs else math.nan,
        low=tar_low,
        high=tar_high,
        genuine_pairs=genuine_pairs,
        impostor_pairs=total,
        false_accepts=int(accepted[place]),
        extrapolated=bool(how),
        how=how,
    )


def rate_points(scores: PairScores, fars: Sequence[float] = RATES) -> tuple[RatePoint, ...]:
    """Return a working point for each rate, from the loosest to the strictest; see `tar_at_far`."""
    return tuple(tar_at_far(scores, far) for far in sorted(fars, reverse=True))


def equal_error_rate(scores: PairScores) -> tuple[float, float]:
    """Return the rate at which as many genuine pairs are rejected as impostors accepted, and its cosine.

    Between the two neighbouring thresholds where the difference changes its sign, both rates are taken as
    straight lines.

    Raises:
        DataUnusable: there are no genuine or no impostor pairs.
    """
    if not scores.genuine_pairs or not scores.impostor_pairs:
        raise DataUnusable(path=N_("given"), reason=N_("there are no pairs of one person, or of two people"))
    far = at_or_above(scores.impostor) / scores.impostor_pairs
    frr = 1.0 - at_or_above(scores.genuine) / scores.genuine_pairs
    after = int(np.argmax(frr >= far))
    if after == 0:
        return float(far[0]), edge_of(0)
    gap_before, gap_after = far[after - 1] - frr[after - 1], frr[after] - far[after]
    share = gap_before / (gap_before + gap_after)
    rate = far[after - 1] + share * (far[after] - far[after - 1])
    return float(rate), edge_of(after - 1) + float(share) * 2 / len(scores.impostor)


def curve(scores: PairScores, most: int = 1000) -> Curve:
    """Return the ROC curve, thinned to about `most` points that are evenly spread in log FAR and in TAR.

    Raises:
        DataUnusable: there are no genuine or no impostor pairs.
    """
    if not scores.genuine_pairs or not scores.impostor_pairs:
        raise DataUnusable(path=N_("given"), reason=N_("there are no pairs of one person, or of two people"))
    false, true = at_or_above(scores.impostor)[::-1], at_or_above(scores.genuine)[::-1]
    corners = np.flatnonzero(np.diff(false, append=-1) | np.diff(true, append=-1))
    if len(corners) > most:
        wanted_false = np.geomspace(1, false[-1], most // 2)
        wanted_true = np.linspace(0, true[-1], most // 2)
        found = np.concatenate(
            [np.searchsorted(false[corners], wanted_false), np.searchsorted(true[corners], wanted_true)]
        )
        corners = corners[np.unique(np.concatenate([[0], np.minimum(found, len(corners) - 1)]))]
    places = len(false) - 1 - corners
    return Curve(
        thresholds=np.asarray(places * (2 / len(scores.impostor)) - 1, dtype=np.float64),
        far=false[corners] / scores.impostor_pairs,
        tar=true[corners] / scores.genuine_pairs,
    )


def _place_for(accepted: npt.NDArray[np.int64], allowed: float) -> int:
    return int(np.argmax(accepted <= allowed + 1e-9))


def _of_rank(accepted: npt.NDArray[np.int64], rank: int) -> float:
    """Return the lower edge of the bin that holds the score of a rank, 1 being the highest."""
    return edge_of(int(np.flatnonzero(accepted >= rank)[-1]))
