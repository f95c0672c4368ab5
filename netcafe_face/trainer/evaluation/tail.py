"""What lies beyond the impostor pairs that were seen: an exponential tail.

Scores above a high threshold follow a generalised Pareto distribution (Pickands, “Statistical inference using
extreme order statistics”, 1975; Davison and Smith, “Models for exceedances over high thresholds”, 1990). Its
shape cannot be told from a few dozen exceedances, so it is taken as 0, an exponential tail: the threshold
then rises in proportion to −log FAR. Tails that end sooner, as cosines' do at 1, are thereby overestimated,
which makes the threshold too strict rather than too loose. People who are in the data under two names, or
twins, make a heavier tail; no extrapolation knows of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netcafe_face.trainer.evaluation.intervals import CONFIDENCE, rank_bounds
from netcafe_face.trainer.evaluation.scores import at_or_above, edge_of

ANCHOR = 10
"""False accepts at the threshold where the extrapolation begins: the strictest that is still measured."""

SLOPE_FROM = 100
"""Highest impostor cosines that the slope rests on, where there are so many."""

HIGHEST = 0.999
"""No extrapolation goes higher, as in `ThresholdCurve.at`: it would accept nothing but the same picture."""


@dataclass(frozen=True)
class Tail:
    """An exponential tail.

    Attributes:
        anchor: the lowest threshold that ten impostor pairs or fewer reach.
        anchor_low: lower end of the interval of the quantile that it estimates.
        anchor_high: upper end.
        scale: mean excess of the `used` highest cosines; the threshold rises by scale · ln 10 a decade.
        used: number of cosines the scale rests on.
        pairs: number of impostor pairs in all.
    """

    anchor: float
    anchor_low: float
    anchor_high: float
    scale: float
    used: int
    pairs: int

    def threshold(self, far: float) -> float:
        """Return the cosine at a rate stricter than ten in all pairs; never above 0.999 or the anchor."""
        return self._capped(self.anchor + self.scale * self._distance(far))

    def interval(self, far: float) -> tuple[float, float]:
        """Return the 95% interval of the threshold: the anchor's and the scale's ends taken together."""
        from scipy.special import gammaincinv

        # The mean of n exponential excesses is the scale times a gamma variable of shape n, divided by n.
        away, outside = self._distance(far), (1 - CONFIDENCE) / 2
        steepest = self.used / float(gammaincinv(self.used, outside))
        flattest = self.used / float(gammaincinv(self.used, 1 - outside))
        low = self.anchor_low + self.scale * flattest * away
        high = self.anchor_high + self.scale * steepest * away
        return self._capped(low), min(1.0, max(high, self.anchor))

    def describe(self) -> str:
        """Say how the threshold was extrapolated."""
        return (
            f"exponential tail (log-linear in FAR) from the threshold that {ANCHOR} of {self.pairs:,} "
            f"impostor pairs reach, slope from the {self.used} highest cosines"
        )

    def _distance(self, far: float) -> float:
        return max(0.0, math.log(ANCHOR / self.pairs / far))

    def _capped(self, value: float) -> float:
        return max(min(value, HIGHEST), min(self.anchor, value))


def fit_tail(impostor: npt.NDArray[np.int64]) -> Tail:
    """Fit the tail to counted impostor cosines, int64 (BINS,), of 20 pairs or more.

    Raises:
        ValueError: there are fewer.
    """
    total = int(impostor.sum())
    used = min(SLOPE_FROM, total // 2)
    if used < ANCHOR:
        raise ValueError(f"a tail needs {2 * ANCHOR} impostor pairs, got {total}")
    places = np.flatnonzero(impostor)[::-1]
    highest = np.repeat(places, np.minimum(impostor[places], used + 1))[: used + 1]
    cosines = np.array([edge_of(int(place)) for place in highest])
    high_rank, low_rank = rank_bounds(total, ANCHOR / total)
    return Tail(
        anchor=edge_of(int(np.argmax(at_or_above(impostor) <= ANCHOR))),
        anchor_low=float(cosines[min(low_rank, used) - 1]),
        anchor_high=float(cosines[max(high_rank, 1) - 1]),
        scale=float((cosines[:used] - cosines[used]).mean()),
        used=used,
        pairs=total,
    )
