"""Verification as LFW does it: balanced pairs in ten folds of different people, accuracy by cross-validation.

Huang et al., “Labeled Faces in the Wild: A Database for Studying Face Recognition in Unconstrained
Environments”, 2007 (View 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.errors import DataUnusable

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_CHANCE = 0x1F0  # one stream of random numbers for pairs, whatever else uses the same seed


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of faces to compare.

    Attributes:
        first: int64 (p,), row of one face among the embeddings.
        second: int64 (p,), row of the other.
        same: bool (p,), whether both are one person.
        fold: int64 (p,), part of the cross-validation, from 0.

    Raises:
        ValueError: they are not equally long or a row is negative.
    """

    first: Integers
    second: Integers
    same: Flags
    fold: Integers

    def __post_init__(self) -> None:
        shapes = {np.shape(values) for values in (self.first, self.second, self.same, self.fold)}
        if len(shapes) != 1 or len(shapes.pop()) != 1:
            raise ValueError("first, second, same and fold must be equally long lists")
        if len(self.first) and min(self.first.min(), self.second.min(), self.fold.min()) < 0:
            raise ValueError("rows and folds are counted from 0")

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.first)

    @property
    def folds(self) -> int:
        """Return the number of different folds."""
        return len(np.unique(self.fold))

    def cosines(self, embeddings: npt.NDArray[np.float32]) -> Floats:
        """Return float64 (p,), the cosine of each pair, from float32 (n, d) unit rows.

        Raises:
            IndexError: a pair names a row that is not there.
        """
        products = np.einsum("ij,ij->i", embeddings[self.first], embeddings[self.second], dtype=np.float64)
        return np.asarray(products, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class FoldAccuracy:
    """Accuracy by cross-validation, 0 to 1.

    Attributes:
        mean: mean over the folds.
        sd: standard deviation of the folds' accuracies (n − 1 in the denominator, as LFW does).
        thresholds: float64 (folds,), cosine that was chosen without the fold.
        accuracies: float64 (folds,), accuracy on each fold.
    """

    mean: float
    sd: float
    thresholds: Floats
    accuracies: Floats

    @property
    def standard_error(self) -> float:
        """Return the standard error of the mean, which LFW quotes after ±."""
        return self.sd / float(np.sqrt(len(self.accuracies)))


def fold_count(names: Sequence[str], most: int = 10) -> int:
    """Return how many folds labelled faces have people for, from 2 to `most`; see `held_out_pairs`."""
    people = _rows_by_name(names)
    return max(2, min(most, sum(len(rows) > 1 for rows in people), len(people) // 2))


def held_out_pairs(names: Sequence[str], seed: int = 0, folds: int = 10, per_fold: int = 300) -> Pairs:
    """Draw balanced pairs by the LFW protocol from any labelled faces.

    No person is in two folds. In a fold a genuine pair is drawn by choosing a person with two or more faces,
    then two of them; an impostor pair by choosing two people, then a face of each; no pair twice. All folds
    have equally many pairs, half of them genuine: `per_fold` of each kind, or as many as the poorest fold
    has. The result depends on nothing but the arguments.

    Args:
        names: the person of each face, "" where unknown (left out).
        seed: chooses the folds and pairs.
        folds: number of folds, 2 or more.
        per_fold: most genuine pairs in a fold, and most impostor pairs.

    Raises:
        DataUnusable: a fold would have no person with two faces, or not two people.
        ValueError: folds is less than 2 or per_fold less than 1.
    """
    if folds < 2 or per_fold < 1:
        raise ValueError(f"at least 2 folds and 1 pair are needed, got {folds} and {per_fold}")
    rng = np.random.default_rng([_CHANCE, seed])
    people = _rows_by_name(names)
    repeated = sum(len(rows) > 1 for rows in people)
    if repeated < folds or len(people) < 2 * folds:
        reason = (
            f"{folds} folds need {folds} people with two or more pictures and {2 * folds} people in all; "
            f"there are {repeated} and {len(people)}"
        )
        raise DataUnusable(path=N_("given"), reason=reason)
    parts = _split_people(people, folds, rng)
    most = min(min(_genuine_count(part), _impostor_count(part), per_fold) for part in parts)
    chosen = [
        (*pair, same, fold)
        for fold, part in enumerate(parts)
        for same, drawn in ((True, _draw_genuine), (False, _draw_impostor))
        for pair in drawn(part, most, rng)
    ]
    first, second, same_flags, fold_numbers = (np.array(column) for column in zip(*chosen, strict=True))
    return Pairs(first.astype(np.int64), second.astype(np.int64), same_flags, fold_numbers.astype(np.int64))


def ten_fold_accuracy(cosines: npt.ArrayLike, pairs: Pairs) -> FoldAccuracy:
    """Measure accuracy with a threshold that is always chosen on the other folds.

    A pair is accepted when its cosine is at or above the threshold. Thresholds that are tried lie half-way
    between neighbouring cosines of the other folds, below all and above all of them; of equally good ones the
    middle one counts.

    Args:
        cosines: (p,), similarity of each pair; any score that is higher for the same person will do.
        pairs: what they are, with two folds or more.

    Raises:
        ValueError: the lengths differ, a cosine is not finite, or there is one fold only.
    """
    scores = np.asarray(cosines, dtype=np.float64)
    if scores.shape != pairs.same.shape or not np.isfinite(scores).all():
        raise ValueError(f"one finite cosine for each of {len(pairs)} pairs is needed, got {scores.shape}")
    numbers = np.unique(pairs.fold)
    if len(numbers) < 2:
        raise ValueError("cross-validation needs two folds or more")
    thresholds, accuracies = np.empty(len(numbers)), np.empty(len(numbers))
    for at, number in enumerate(numbers):
        inside = pairs.fold == number
        thresholds[at] = best_threshold(scores[~inside], pairs.same[~inside])
        accuracies[at] = np.mean((scores[inside] >= thresholds[at]) == pairs.same[inside])
    return FoldAccuracy(float(accuracies.mean()), float(accuracies.std(ddof=1)), thresholds, accuracies)


def best_threshold(scores: Floats, same: Flags) -> float:
    """Return the threshold that gets most pairs right; see `ten_fold_accuracy` for which are tried."""
    values, place = np.unique(scores, return_inverse=True)
    genuine = np.bincount(place, weights=same, minlength=len(values))
    impostor = np.bincount(place, weights=~same, minlength=len(values))
    # right[i]: accept from values[i] on; right[-1]: accept nothing.
    right = np.concatenate([[0.0], np.cumsum(impostor)]) + np.concatenate(
        [np.cumsum(genuine[::-1])[::-1], [0.0]]
    )
    best = np.flatnonzero(right == right.max())
    cut = int(best[len(best) // 2])
    if cut == 0:
        return float(np.nextafter(values[0], -np.inf))
    if cut == len(values):
        return float(np.nextafter(values[-1], np.inf))
    middle = values[cut - 1] + (values[cut] - values[cut - 1]) / 2
    return float(middle if middle > values[cut - 1] else values[cut])


def _rows_by_name(names: Sequence[str]) -> list[Integers]:
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        if name:
            rows.setdefault(name, []).append(row)
    return [np.array(rows[name], dtype=np.int64) for name in sorted(rows)]


def _split_people(people: list[Integers], folds: int, rng: np.random.Generator) -> list[list[Integers]]:
    """Deal people out, equally many a fold, those with many faces first and to the fold that has least."""
    shuffled = [people[place] for place in rng.permutation(len(people))]
    dealt: list[list[Integers]] = [[] for _ in range(folds)]
    pairs = np.zeros(folds, dtype=np.int64)
    ranked = sorted(shuffled, key=len, reverse=True)
    for start in range(0, len(ranked), folds):
        poorest = np.lexsort((rng.random(folds), pairs))
        for person, fold in zip(ranked[start : start + folds], poorest, strict=False):
            dealt[fold].append(person)
            pairs[fold] += len(person) * (len(person) - 1) // 2
    return dealt


def _genuine_count(part: list[Integers]) -> int:
    return sum(len(rows) * (len(rows) - 1) // 2 for rows in part)


def _impostor_count(part: list[Integers]) -> int:
    sizes = np.array([len(rows) for rows in part], dtype=np.int64)
    return int((sizes.sum() ** 2 - (sizes**2).sum()) // 2)


def _draw_genuine(part: list[Integers], count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    waiting = [_some_pairs(rows, count, rng) for rows in part if len(rows) > 1]
    drawn = []
    for _ in range(count):
        person = int(rng.integers(len(waiting)))
        drawn.append(waiting[person].pop())
        if not waiting[person]:
            del waiting[person]
    return drawn


def _some_pairs(rows: Integers, count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return `count` different pairs of one person's faces in random order, or all when there are fewer."""
    total = len(rows) * (len(rows) - 1) // 2
    drawn = []
    for number in rng.choice(total, min(count, total), replace=False).tolist():
        # Pairs are numbered (0, 1), (0, 2), (1, 2), (0, 3) …
        later = (1 + math.isqrt(1 + 8 * number)) // 2
        drawn.append((int(rows[number - later * (later - 1) // 2]), int(rows[later])))
    return drawn


def _draw_impostor(part: list[Integers], count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    if 2 * count > _impostor_count(part):  # few are left over: trying at random would take long
        every = [(int(a), int(b)) for one, other in combinations(part, 2) for a in one for b in other]
        return [every[place] for place in rng.permutation(len(every))[:count]]
    drawn: dict[tuple[int, int], None] = {}
    while len(drawn) < count:
        for one, other, first, second in rng.random((count, 4)).tolist():
            a, b = int(one * len(part)), int(other * (len(part) - 1))
            low, high = (a, b + 1) if b >= a else (b, a)  # b counts the people without a
            drawn[_one_of(part[low], first), _one_of(part[high], second)] = None
    return list(drawn)[:count]


def _one_of(rows: Integers, chance: float) -> int:
    return int(rows[int(chance * len(rows))])
