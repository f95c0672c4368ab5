"""95% intervals for proportions and order statistics.

They take every pair as drawn by itself. The pairs of a verification set share faces and people, so these
intervals are too narrow there; `bootstrap.py` resamples people instead.
"""

from __future__ import annotations

import math

CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95% interval of a proportion (Wilson, “Probable inference …”, 1927); 0 to 1 for no trials.

    Raises:
        ValueError: there are more successes than trials, or fewer than none.
    """
    _check(successes, trials)
    if trials == 0:
        return 0.0, 1.0
    from scipy.special import ndtri

    z = float(ndtri(1 - _TAIL))
    share = successes / trials
    middle = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low, high = (middle - half) / (1 + z * z / trials), (middle + half) / (1 + z * z / trials)
    return (0.0 if successes == 0 else max(low, 0.0)), (1.0 if successes == trials else min(high, 1.0))


def clopper_pearson(successes: int, trials: int) -> tuple[float, float]:
    """Return the exact 95% interval of a proportion (Clopper and Pearson, 1934); 0 to 1 for no trials.

    Raises:
        ValueError: there are more successes than trials, or fewer than none.
    """
    _check(successes, trials)
    from scipy.special import betaincinv

    failures = trials - successes
    low = float(betaincinv(successes, failures + 1, _TAIL)) if successes else 0.0
    high = float(betaincinv(successes + 1, failures, 1 - _TAIL)) if failures else 1.0
    return low, high


def rank_bounds(trials: int, share: float) -> tuple[int, int]:
    """Return between which ranks, counted from the highest score as 1, a quantile lies with 95%.

    The number of `trials` scores above the true quantile is binomial, so its 2.5% and 97.5% points bracket
    the rank (David and Nagaraja, “Order Statistics”, 2003, section 7.1). Rank 0 means above every score.
    """
    high = _binomial_point(_TAIL, trials, share)
    low = _binomial_point(1 - _TAIL, trials, share) + 1
    return high, min(low, trials)


def _binomial_point(chance: float, trials: int, share: float) -> int:
    """Return the least count whose cumulative chance is `chance` or more."""
    from scipy.special import bdtr, bdtrik

    count = math.ceil(bdtrik(chance, trials, share))
    return count - 1 if count > 0 and bdtr(count - 1, trials, share) >= chance else count


def _check(successes: int, trials: int) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
