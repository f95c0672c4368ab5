"""Identification: who of a gallery is it, and is it anyone of it at all?

Closed set: the cumulative match characteristic (CMC) and rank 1 against the size of the gallery. Open set:
the detection and identification rate (DIR) at a false-alarm rate. See Phillips, Grother and Micheals,
“Evaluation Methods in Face Recognition”, in: Handbook of Face Recognition, 2005.

A gallery holds one face of each of its people, chosen by the seed; several galleries are averaged. Faces are
compared by cosine. Equal cosines count against the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.intervals import wilson
from netcafe_face.trainer.evaluation.scores import Embeddings

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

GALLERY_SIZES = (10, 30, 100, 300, 1000, 3000, 10_000)
ALARM_RATES = (1e-1, 1e-2, 1e-3)
FEWEST_ALARMS = 10
"""False alarms that carry a rate of the open set; with fewer it is said to be too uncertain."""

_CHANCE = 0x1D
_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class ClosedSet:
    """Identification of people who are all in the gallery.

    Attributes:
        cmc: float64 (people,), part of the searches that find the right one among the best 1, 2, 3 …
        by_size: size of the gallery and rank 1, averaged exactly over all galleries of that size.
        searches: searches in each gallery.
        people: people in each gallery.
        galleries: number of galleries that were averaged.
        low: lower end of the 95% interval of rank 1 (Wilson, for the searches of one gallery).
        high: its upper end.
    """

    cmc: Floats
    by_size: tuple[tuple[int, float], ...]
    searches: int
    people: int
    galleries: int
    low: float
    high: float

    @property
    def rank1(self) -> float:
        """Return the part of the searches whose best match is right."""
        return float(self.cmc[0])


@dataclass(frozen=True)
class OpenPoint:
    """Open-set identification at one false-alarm rate.

    Attributes:
        far: part of the strangers' searches that may give a name.
        dir: part of the enrolled people's searches that give the right name, best and at or above the
            threshold.
        low: lower end of its 95% interval (Wilson, for the searches of one gallery).
        high: its upper end.
        threshold: cosine, averaged over the galleries.
        enrolled: people enrolled in each gallery.
        searches: searches of enrolled people.
        strangers: searches of people who are not enrolled.
        uncertain: fewer than ten false alarms carry it.
    """

    far: float
    dir: float
    low: float
    high: float
    threshold: float
    enrolled: int
    searches: int
    strangers: int
    uncertain: bool


def closed_set(
    embeddings: Embeddings,
    labels: npt.ArrayLike,
    seed: int = 0,
    galleries: int = 10,
    sizes: Sequence[int] = GALLERY_SIZES,
) -> ClosedSet:
    """Search every face that is not in the gallery among one face of everybody.

    How often a search succeeds in a smaller gallery is worked out for all galleries of that size at once:
    with c of the other G − 1 people at least as near as the right one, s − 1 others are drawn without any of
    these with chance C(G − 1 − c, s − 1) / C(G − 1, s − 1).

    Args:
        embeddings: float32 (n, d), unit rows.
        labels: (n,), the person of each.
        seed: chooses the faces of the galleries.
        galleries: how many to average over.
        sizes: sizes of smaller galleries; those beyond the number of people are left out.

    Raises:
        DataUnusable: there are not two people, or none with two faces.
    """
    rows, numbers, people = _numbered(embeddings, labels)
    ranks = []
    for gallery in range(galleries):
        enrolled = _one_each(numbers, people, np.random.default_rng([_CHANCE, seed, gallery]))
        probes = np.setdiff1d(np.arange(len(rows)), enrolled)
        better, _ = _search(rows[probes], rows[enrolled], numbers[probes])
        ranks.append(better)
    every = np.concatenate(ranks)
    cmc = np.cumsum(np.bincount(every, minlength=people)) / len(every)
    searches = len(ranks[0])
    smaller = [size for size in sorted(set(sizes)) if 1 < size < people]
    by_size = tuple((size, _rank1_at(every, people, size)) for size in [*smaller, people])
    low, high = wilson(round(float(cmc[0]) * searches), searches)
    return ClosedSet(cmc, by_size, searches, people, galleries, low, high)


def open_set(
    embeddings: Embeddings,
    labels: npt.ArrayLike,
    seed: int = 0,
    galleries: int = 10,
    rates: Sequence[float] = ALARM_RATES,
) -> tuple[OpenPoint, ...]:
    """Enrol half of the people with one face each; search their other faces and all faces of the other half.

    Args:
        embeddings: float32 (n, d), unit rows.
        labels: (n,), the person of each.
        seed: chooses who is enrolled, and with which face.
        galleries: how many to average over.
        rates: false-alarm rates.

    Raises:
        DataUnusable: there are not two people, or none with two faces.
    """
    rows, numbers, people = _numbered(embeddings, labels)
    rates = sorted(rates, reverse=True)
    found = np.empty((galleries, len(rates), 2))
    searches = strangers = 0
    for gallery in range(galleries):
        rng = np.random.default_rng([_CHANCE, seed, gallery, 1])
        own, alarms = _open_search(rows, numbers, _half(numbers, people, rng), rng)
        searches, strangers = searches + len(own), strangers + len(alarms)
        for at, rate in enumerate(rates):
            threshold = alarm_threshold(alarms, rate)
            found[gallery, at] = threshold, np.mean(own >= threshold)
    means = found.mean(axis=0)
    searches, strangers = searches // galleries, strangers // galleries
    return tuple(
        OpenPoint(
            far=rate,
            dir=float(hit),
            low=(bounds := wilson(round(float(hit) * searches), searches))[0],
            high=bounds[1],
            threshold=float(threshold),
            enrolled=people // 2,
            searches=searches,
            strangers=strangers,
            uncertain=strangers * rate < FEWEST_ALARMS,
        )
        for rate, (threshold, hit) in zip(rates, means, strict=True)
    )


def _numbered(embeddings: Embeddings, labels: npt.ArrayLike) -> tuple[Embeddings, Integers, int]:
    names, numbers, counts = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise DataUnusable(
            path=N_("given"), reason=f"identification needs two people or more, got {len(names)}"
        )
    if counts.max() < 2:
        raise DataUnusable(
            path=N_("given"), reason=N_("identification needs people with two pictures or more")
        )
    return np.asarray(embeddings, dtype=np.float32), numbers.astype(np.int64), len(names)


def _one_each(numbers: Integers, people: int, rng: np.random.Generator) -> Integers:
    """Return one random row of each person, in the people's order."""
    order = rng.permutation(len(numbers))
    first = np.full(people, -1, dtype=np.int64)
    first[numbers[order][::-1]] = order[::-1]
    return first


def _half(numbers: Integers, people: int, rng: np.random.Generator) -> Integers:
    """Choose half of the people at random, at least one of them with two faces."""
    chosen = rng.permutation(people)
    several = np.bincount(numbers)[chosen] > 1
    if not several[: people // 2].any():
        place = int(np.argmax(several))
        chosen[[0, place]] = chosen[[place, 0]]
    return np.sort(chosen[: people // 2])


def _search(probes: Embeddings, gallery: Embeddings, right: Integers) -> tuple[Integers, Floats]:
    """Return for each probe how many other people are at least as near as the right one, and its cosine.

    Row i of the gallery is person i.
    """
    better, own = np.empty(len(probes), np.int64), np.empty(len(probes))
    for start in range(0, len(probes), _BLOCK):
        block = slice(start, start + _BLOCK)
        cosines = probes[block] @ gallery.T
        mine = cosines[np.arange(len(cosines)), right[block]]
        better[block] = (cosines >= mine[:, None]).sum(axis=1) - 1
        own[block] = mine
    return better, own


def _open_search(
    rows: Embeddings, numbers: Integers, enrolled: Integers, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the cosine of each right answer (−inf where another is nearer) and of each stranger's best."""
    place = np.full(int(numbers.max()) + 1, -1, dtype=np.int64)
    place[enrolled] = np.arange(len(enrolled))
    faces = _one_each(numbers, len(place), rng)[enrolled]
    known = np.setdiff1d(np.flatnonzero(place[numbers] >= 0), faces)
    better, own = _search(rows[known], rows[faces], place[numbers[known]])
    own[better > 0] = -np.inf
    strangers = np.flatnonzero(place[numbers] < 0)
    best = [
        (rows[strangers[start : start + _BLOCK]] @ rows[faces].T).max(axis=1)
        for start in range(0, len(strangers), _BLOCK)
    ]
    return own, np.concatenate(best).astype(np.float64)


def alarm_threshold(alarms: Floats, rate: float) -> float:
    """Return the lowest threshold that no more than this part of the strangers reach."""
    ranked = np.sort(alarms)[::-1]
    allowed = int(np.floor(len(ranked) * rate + 1e-9))
    return float(np.nextafter(ranked[allowed], np.inf)) if allowed < len(ranked) else -1.0


def _rank1_at(better: Integers, people: int, size: int) -> float:
    from scipy.special import gammaln

    left = people - 1 - np.arange(people)  # people who are farther than the right one
    logs = np.full(people, -np.inf)
    fits = left >= size - 1
    logs[fits] = (
        gammaln(left[fits] + 1)
        - gammaln(left[fits] - size + 2)
        - gammaln(people)
        + gammaln(people - size + 1)
    )
    return float(np.exp(logs)[better].mean())
