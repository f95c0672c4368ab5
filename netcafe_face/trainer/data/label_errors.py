"""Pictures that probably carry the wrong name, judged by how a network sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import FloatArray

_USUAL = 0.5
"""As near as people usually are to themselves: every second picture is."""
_BLOCK = 1024


@dataclass(frozen=True)
class Suspect:
    """A picture whose name is probably wrong.

    Attributes:
        place: of the picture.
        name: what it is called.
        own: cosine to the middle of that person's other pictures; None where there is no other.
        like: who it looks like more.
        other: cosine to the middle of that person's pictures.
    """

    place: int
    name: str
    own: float | None
    like: str
    other: float

    @property
    def gap(self) -> float:
        """Return by how much it looks more like the other."""
        return self.other - (self.own if self.own is not None else 0.0)


@dataclass(frozen=True)
class LabelErrors:
    """What a network finds odd about the names.

    Attributes:
        limit: cosine from which a picture counts as near to a person: half-way between how near pictures are
            to the middle of their own person's other pictures, and to that of the nearest other person
            (medians).
        misplaced: pictures that look like another person than the one they are called, the oddest first.
        doubled: pairs of people who look like one: names, cosine of their middles, the likest first.
    """

    limit: float
    misplaced: tuple[Suspect, ...]
    doubled: tuple[tuple[str, str, float], ...]


def label_errors(embeddings: FloatArray, names: Sequence[str], most: int = 1000) -> LabelErrors:
    """Look for pictures under the wrong name, and for people under two.

    A picture is suspected when it is farther from the middle of its person's other pictures than from the
    middle of somebody else's, and near to that one; two people are, when their middles are near to each
    other. What a weak network confuses looks the same, so somebody has to look at them.

    Args:
        embeddings: float32 (n, d), unit rows.
        names: n identities, "" where unknown (left out).
        most: suspects and pairs to name at most.

    Raises:
        ValueError: the lengths differ, or fewer than two people have a name.
    """
    if len(embeddings) != len(names):
        raise ValueError(f"a name for each of {len(embeddings)} embeddings is needed, got {len(names)}")
    people = sorted({name for name in names if name})
    if len(people) < 2:
        raise ValueError("two or more people with names are needed")
    number = {name: at for at, name in enumerate(people)}
    label = np.array([number.get(name, -1) for name in names], dtype=np.int64)
    known = np.flatnonzero(label >= 0)
    sums = np.zeros((len(people), embeddings.shape[1]), dtype=np.float64)
    np.add.at(sums, label[known], embeddings[known].astype(np.float64))
    own = _to_others(embeddings, label, sums, known)
    others, whom = _nearest_other(embeddings, label, _unit(sums), known)
    has_own = np.isfinite(own)
    limit = float(np.median(own[has_own]) + np.median(others)) / 2 if has_own.any() else 1.0
    odd = np.flatnonzero(has_own & (others > own) & (others >= limit))
    suspects = [
        Suspect(int(known[at]), names[known[at]], float(own[at]), people[whom[at]], float(others[at]))
        for at in odd
    ]
    suspects.sort(key=lambda suspect: (-suspect.gap, suspect.place))
    return LabelErrors(limit, tuple(suspects[:most]), _doubled(_unit(sums), people, limit, most))


def _unit(sums: npt.NDArray[np.float64]) -> FloatArray:
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.maximum(lengths, 1e-12), dtype=np.float32)


def _to_others(
    embeddings: FloatArray,
    label: npt.NDArray[np.int64],
    sums: npt.NDArray[np.float64],
    known: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return the cosine of each picture to the middle of its person's other pictures, NaN without any."""
    counts = np.bincount(label[known], minlength=len(sums))
    cosines = np.full(len(known), np.nan)
    for at, place in enumerate(known):
        if counts[label[place]] > 1:
            rest = sums[label[place]] - embeddings[place]
            cosines[at] = float(rest @ embeddings[place]) / max(float(np.linalg.norm(rest)), 1e-12)
    return cosines


def _nearest_other(
    embeddings: FloatArray, label: npt.NDArray[np.int64], middles: FloatArray, known: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    best, whom = np.empty(len(known)), np.empty(len(known), dtype=np.int64)
    for start in range(0, len(known), _BLOCK):
        places = known[start : start + _BLOCK]
        cosines = embeddings[places] @ middles.T
        cosines[np.arange(len(places)), label[places]] = -2.0
        whom[start : start + len(places)] = cosines.argmax(axis=1)
        best[start : start + len(places)] = cosines.max(axis=1)
    return best, whom


def _doubled(
    middles: FloatArray, people: Sequence[str], limit: float, most: int
) -> tuple[tuple[str, str, float], ...]:
    pairs: list[tuple[float, int, int]] = []
    for start in range(0, len(people), _BLOCK):
        cosines = middles[start : start + _BLOCK] @ middles.T
        for row, column in np.argwhere(cosines >= limit).tolist():
            if start + row < column:
                pairs.append((float(cosines[row, column]), start + row, column))
        # The worst are let go on the way, so that a network that finds all alike fills no memory.
        pairs = sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))[:most]
    return tuple((people[one], people[other], cosine) for cosine, one, other in pairs)
