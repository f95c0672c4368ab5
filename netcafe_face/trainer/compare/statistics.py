"""Means over seeds, and whether a difference is more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Spread:
    """A figure over several seeds; the standard deviation is NaN for a single one."""

    mean: float
    sd: float
    count: int


def spread(values: Sequence[float]) -> Spread:
    """Return mean and standard deviation (n − 1 in the denominator), NaN without values."""
    if not values:
        return Spread(math.nan, math.nan, 0)
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return Spread(float(np.mean(values)), sd, len(values))


@dataclass(frozen=True)
class Difference:
    """How much higher one loss is than another, seed by seed, with the interval of Student's t.

    Attributes:
        mean: of the differences.
        low: lower end of the interval; −∞ with fewer than two seeds.
        high: its upper end.
        seeds: seeds that both have.
    """

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def verdict(self) -> str:
        """Return "higher" or "lower" where the interval leaves out zero, else "undecided"."""
        if self.low > 0:
            return "higher"
        return "lower" if self.high < 0 else "undecided"


def difference(ours: Sequence[float], theirs: Sequence[float], comparisons: int = 1) -> Difference:
    """Compare two losses on the same seeds, in the same order.

    Args:
        ours: a figure for each seed.
        theirs: the other loss's.
        comparisons: how many such intervals are to hold together with 95 % (Bonferroni).

    Raises:
        ValueError: they are not equally many, or there are none.
    """
    if len(ours) != len(theirs) or not ours:
        raise ValueError(f"equally many values are needed, got {len(ours)} and {len(theirs)}")
    gaps = np.asarray(ours) - np.asarray(theirs)
    mean = float(gaps.mean())
    if len(gaps) < 2:
        return Difference(mean, -math.inf, math.inf, len(gaps))
    quantile = stats.t.ppf(1 - 0.025 / comparisons, len(gaps) - 1)
    reach = float(quantile * gaps.std(ddof=1) / math.sqrt(len(gaps)))
    return Difference(mean, mean - reach, mean + reach, len(gaps))
