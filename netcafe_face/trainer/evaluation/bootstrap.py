"""Intervals that know that pairs share faces: people are drawn again, not pairs.

A face stands in thousands of pairs, and a person who is hard to tell apart spoils all of theirs together, so
pairs are far from independent. Here people are drawn with replacement, as often as there are, and a pair
counts as often as both of its people were drawn: the product of both counts. See Bolle, Ratha and Pankanti,
“Error analysis of pattern recognition systems: the subsets bootstrap”, 2004, and Owen, “The pigeonhole
bootstrap”, 2007. The threshold is found anew for every draw, so that the TAR's interval covers its
uncertainty as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netcafe_face.trainer.evaluation.intervals import CONFIDENCE
from netcafe_face.trainer.evaluation.rates import FEWEST_ACCEPTS, RATES
from netcafe_face.trainer.evaluation.scores import (
    Embeddings,
    PairScores,
    blocks,
    edge_of,
    sorted_by_person,
)
from netcafe_face.trainer.evaluation.tail import ANCHOR, HIGHEST, SLOPE_FROM

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

FEWEST_PEOPLE = 10
"""People without which drawing them again says nothing."""

_CHANCE = 0xB007
_ROOM = 2.5
_MOST_KEPT = 5_000_000


@dataclass(frozen=True)
class Resampled:
    """95% intervals at one rate, from drawing people again.

    Attributes:
        far: the false-accept rate.
        tar_low: lower end of the TAR's interval.
        tar_high: its upper end.
        threshold_low: lower end of the threshold's interval, a cosine.
        threshold_high: its upper end.
        people: people drawn from.
        draws: number of draws.
    """

    far: float
    tar_low: float
    tar_high: float
    threshold_low: float
    threshold_high: float
    people: int
    draws: int


@dataclass(frozen=True, eq=False)
class _Kept:
    """What every draw needs, cosines from the highest down.

    `impostor` holds only the highest cosines, (k,), with the two people of each, (k, 2), as numbers from 0;
    `genuine` all, (g,), with their person, (g,). `faces` is the number of faces of each person.
    """

    impostor: Floats
    impostor_people: Integers
    genuine: Floats
    genuine_people: Integers
    faces: Integers


def resampled_rates(
    embeddings: Embeddings,
    labels: npt.ArrayLike,
    scores: PairScores,
    fars: Sequence[float] = RATES,
    draws: int = 200,
    seed: int = 0,
) -> tuple[Resampled, ...]:
    """Find intervals of threshold and TAR at false-accept rates by drawing people again.

    Args:
        embeddings: float32 (n, d), unit rows.
        labels: (n,), the person of each.
        scores: what `all_pair_scores` counted for them.
        fars: the rates.
        draws: number of draws.
        seed: chooses them.

    Returns:
        One for each rate, the loosest first; none at all for fewer than ten people, and none for a rate that
        more impostor pairs would carry than fit in memory (from 200 million pairs on at 1e-2).

    Raises:
        ValueError: as `all_pair_scores`, or there are no draws.
    """
    if draws < 1:
        raise ValueError(f"at least one draw is needed, got {draws}")
    kept = _keep(*sorted_by_person(embeddings, labels), _floor(scores, max(fars)))
    people = len(kept.faces)
    total = scores.impostor_pairs
    usable = [far for far in sorted(fars, reverse=True) if _enough(kept, total, far)]
    if people < FEWEST_PEOPLE or not len(kept.genuine) or not usable:
        return ()
    rng = np.random.default_rng([_CHANCE, seed])
    found = np.empty((draws, len(usable), 2))
    for draw in range(draws):
        weights = np.bincount(rng.integers(people, size=people), minlength=people)
        found[draw] = _one_draw(kept, weights, usable, total)
    outside = 100 * (1 - CONFIDENCE) / 2
    low, high = (ends.tolist() for ends in np.nanpercentile(found, [outside, 100 - outside], axis=0))
    return tuple(
        Resampled(far, low[at][1], high[at][1], low[at][0], high[at][0], people, draws)
        for at, far in enumerate(usable)
    )


def _floor(scores: PairScores, loosest: float) -> float:
    """Return the cosine from which impostor pairs are kept: room for every draw, within the memory."""
    accepted = np.cumsum(scores.impostor[::-1])[::-1]
    wanted = max(_ROOM * loosest * scores.impostor_pairs, _ROOM * SLOPE_FROM)
    place = int(np.argmax(accepted <= max(wanted, 1)))
    place = place - 1 if place and accepted[place - 1] <= _MOST_KEPT else place
    return edge_of(place) if accepted[place] <= _MOST_KEPT else np.inf


def _keep(rows: Embeddings, owners: Integers, floor: float) -> _Kept:
    _, numbers, faces = np.unique(owners, return_inverse=True, return_counts=True)
    genuine, genuine_people, impostor, first, second = [], [], [], [], []
    start = 0
    for cosines, own in blocks(rows, owners):
        mine, theirs = np.nonzero(own)
        genuine.append(cosines[mine, theirs])
        genuine_people.append(numbers[start + mine])
        cosines[:, : own.shape[1]][own] = -np.inf
        size = len(cosines)
        cosines[:, :size][np.tril_indices(size)] = -np.inf
        mine, theirs = np.nonzero(cosines >= floor)
        impostor.append(cosines[mine, theirs])
        first.append(numbers[start + mine])
        second.append(numbers[start + theirs])
        start += size
    from_top = np.argsort(-(cosines_down := np.concatenate(impostor).astype(np.float64)), kind="stable")
    genuine_down = np.concatenate(genuine).astype(np.float64)
    genuine_order = np.argsort(-genuine_down, kind="stable")
    people = np.stack([np.concatenate(first), np.concatenate(second)], axis=1)
    return _Kept(
        cosines_down[from_top],
        people[from_top],
        genuine_down[genuine_order],
        np.concatenate(genuine_people)[genuine_order],
        faces,
    )


def _enough(kept: _Kept, total: int, far: float) -> bool:
    needed = max(far * total * (_ROOM + 1) / 2, SLOPE_FROM + 1)
    return len(kept.impostor) >= min(needed, total)


def _one_draw(kept: _Kept, weights: Integers, fars: Sequence[float], total: int) -> Floats:
    """Return threshold and TAR at each rate, float64 (rates, 2), when people count as often as `weights`."""
    counts = weights * kept.faces
    pairs = (float(counts.sum()) ** 2 - float((counts**2).sum())) / 2
    pair_weights = weights[kept.impostor_people[:, 0]] * weights[kept.impostor_people[:, 1]]
    accepted = np.cumsum(pair_weights) / pairs
    genuine_weights = weights[kept.genuine_people]
    true = np.concatenate([[0.0], np.cumsum(genuine_weights)])
    result = np.full((len(fars), 2), np.nan)
    for at, far in enumerate(fars):
        if far * total >= FEWEST_ACCEPTS:
            threshold = _cosine_at(kept.impostor, accepted, far)
        else:
            threshold = _extrapolated(kept.impostor, accepted, pair_weights, far, total)
        place = np.searchsorted(-kept.genuine, -threshold, side="right")
        result[at] = threshold, true[place] / true[-1] if true[-1] else np.nan
    return result


def _cosine_at(cosines: Floats, accepted: Floats, share: float) -> float:
    """Return the highest cosine at which more than `share` of the pairs are accepted."""
    return float(cosines[min(int(np.searchsorted(accepted, share, side="right")), len(cosines) - 1)])


def _extrapolated(cosines: Floats, accepted: Floats, weights: Integers, far: float, total: int) -> float:
    """Do what `tail.fit_tail` does, with weighted pairs."""
    anchor = _cosine_at(cosines, accepted, ANCHOR / total)
    used = min(int(np.searchsorted(accepted, min(SLOPE_FROM, total // 2) / total)) + 1, len(cosines))
    excess = np.average(cosines[:used], weights=weights[:used]) - cosines[used - 1] if used else 0.0
    value = anchor + float(excess) * np.log(ANCHOR / total / far)
    return float(max(min(value, HIGHEST), anchor))
