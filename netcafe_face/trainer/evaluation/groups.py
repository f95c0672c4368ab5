"""For whom it works worse: results for groups of people, at the thresholds of all people together.

A café has one threshold for everybody. So for each group it is asked how many of its genuine pairs that
threshold accepts, and how many pairs of different people of the group, who look more alike than people of
different groups. See Grother, Ngan and Hanaoka, “Face Recognition Vendor Test Part 3: Demographic Effects”,
NISTIR 8280, 2019. Intervals come from drawing the group's people again (see `bootstrap.py`) and are never
narrower than Wilson's: for people, where all or none of the genuine pairs are accepted, else for pairs.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.data.reading import folded_name
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.intervals import CONFIDENCE, wilson
from netcafe_face.trainer.evaluation.scores import Embeddings, blocks, sorted_by_person

FEWEST_PEOPLE = 10
FEWEST_GENUINE = 50
FEWEST_IMPOSTOR = 1000

_COLUMNS = ["name", "group"]
_CHANCE = 0x6709


@dataclass(frozen=True)
class GroupRates:
    """One group at one threshold.

    Attributes:
        group: its label.
        people: people of it in the test.
        faces: their faces.
        genuine_pairs: pairs of faces of one person of the group.
        impostor_pairs: pairs of faces of two people of the group.
        tar: part of the genuine pairs accepted; NaN without any.
        tar_low: lower end of its 95% interval, from drawing people again.
        tar_high: its upper end.
        far: part of the impostor pairs accepted; NaN without any.
        far_low: lower end of its 95% interval.
        far_high: its upper end.
        too_small: why the group is too small to say anything; "" where it is not.
    """

    group: str
    people: int
    faces: int
    genuine_pairs: int
    impostor_pairs: int
    tar: float
    tar_low: float
    tar_high: float
    far: float
    far_low: float
    far_high: float
    too_small: str


def read_groups(path: Path) -> dict[str, str]:
    """Read a CSV with the columns `name` and `group`: the group of each name, as `folded_name` gives it.

    Raises:
        DataUnusable: it cannot be read, has other columns, an empty field, or a name in two groups.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except OSError as error:
        raise DataUnusable(path=path, reason=error.strerror or str(error)) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataUnusable(path=path, reason=f"it is not a CSV file in UTF-8 ({error})") from error
    if not rows or [cell.strip().casefold() for cell in rows[0]] != _COLUMNS:
        raise DataUnusable(path=path, reason=N_("its first line must be “name,group”"))
    groups: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) != 2 or not all(cells):
            raise DataUnusable(path=path, reason=f"line {number} is not a name and a group")
        if groups.setdefault(folded_name(cells[0]), cells[1]) != cells[1]:
            raise DataUnusable(path=path, reason=f"“{cells[0]}” is in two groups (line {number})")
    return groups


def group_rates(
    embeddings: Embeddings,
    names: Sequence[str],
    groups: Mapping[str, str],
    threshold: float,
    draws: int = 500,
) -> tuple[GroupRates, ...]:
    """Measure each group at a threshold, the largest group first.

    Args:
        embeddings: float32 (n, d), unit rows.
        names: the person of each row.
        groups: the group of each name, as `read_groups` gives it; people without one are left out.
        threshold: cosine from which a pair is accepted.
        draws: how often people are drawn again for the intervals.
    """
    of_row = np.array([groups.get(folded_name(name), "") for name in names])
    people = np.array([folded_name(name) for name in names])
    found = []
    for group in sorted(set(of_row[of_row != ""].tolist())):
        inside = of_row == group
        _, labels = np.unique(people[inside], return_inverse=True)
        found.append(_measured(group, embeddings[inside], labels, threshold, draws))
    return tuple(sorted(found, key=lambda rates: (-rates.people, rates.group)))


def _measured(
    group: str, embeddings: Embeddings, labels: npt.NDArray[np.int64], threshold: float, draws: int
) -> GroupRates:
    rows, owners = sorted_by_person(embeddings, labels)
    faces = np.bincount(owners)
    people = len(faces)
    genuine_of = faces * (faces - 1) / 2
    true_of = np.zeros(people)
    alike: list[npt.NDArray[np.int64]] = []
    start = 0
    for cosines, own in blocks(rows, owners):
        accepted = np.triu(cosines >= threshold, 1)
        true_of += np.bincount(
            owners[start + np.nonzero(accepted[:, : own.shape[1]] & own)[0]], minlength=people
        )
        accepted[:, : own.shape[1]] &= ~own
        first, second = np.nonzero(accepted)
        alike.append(np.stack([owners[start + first], owners[start + second]]))
        start += len(cosines)
    weights = np.ones((1, people))
    rng = np.random.default_rng([_CHANCE, people])
    drawn = np.stack([np.bincount(rng.integers(people, size=people), minlength=people) for _ in range(draws)])
    pairs = np.concatenate(alike, axis=1)
    (tar, far), (tars, fars) = (
        _weighted(each, faces, true_of, genuine_of, pairs) for each in (weights, drawn.astype(np.float64))
    )
    impostor_pairs = round((faces.sum() ** 2 - (faces**2).sum()) / 2)
    genuine_pairs = round(genuine_of.sum())
    repeated = int((faces > 1).sum())
    trials = repeated if true_of.sum() in (0, genuine_pairs) else genuine_pairs
    return GroupRates(
        group,
        people,
        int(faces.sum()),
        genuine_pairs,
        impostor_pairs,
        float(tar[0]),
        *_interval(tars, float(tar[0]), trials),
        float(far[0]),
        *_interval(fars, float(far[0]), impostor_pairs),
        _too_small(people, genuine_pairs, impostor_pairs),
    )


def _weighted(
    weights: npt.NDArray[np.float64],
    faces: npt.NDArray[np.int64],
    true_of: npt.NDArray[np.float64],
    genuine_of: npt.NDArray[np.float64],
    alike: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return TAR and FAR, (draws,) each, when people count as often as `weights`, (draws, people)."""
    counts = weights * faces
    impostor = (counts.sum(axis=1) ** 2 - (counts**2).sum(axis=1)) / 2
    false = np.array([(each[alike[0]] * each[alike[1]]).sum() for each in weights])
    with np.errstate(invalid="ignore", divide="ignore"):
        return weights @ true_of / (weights @ genuine_of), false / impostor


def _interval(drawn: npt.NDArray[np.float64], share: float, trials: int) -> tuple[float, float]:
    known = drawn[np.isfinite(drawn)]
    if not trials or not len(known):
        return 0.0, 1.0
    outside = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [outside, 1 - outside]).tolist()
    wilson_low, wilson_high = wilson(round(share * trials), trials)
    return min(low, wilson_low), max(high, wilson_high)


def _too_small(people: int, genuine_pairs: int, impostor_pairs: int) -> str:
    for count, fewest, what in (
        (people, FEWEST_PEOPLE, "people"),
        (genuine_pairs, FEWEST_GENUINE, "pairs of one person"),
        (impostor_pairs, FEWEST_IMPOSTOR, "pairs of different people"),
    ):
        if count < fewest:
            return f"{count} {what}, at least {fewest} are needed"
    return ""
