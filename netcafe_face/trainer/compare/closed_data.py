"""A few people with many photos each, split within people: the data of the closed-set experiment."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from netcafe_face.trainer.compare.plan import drawn_pairs
from netcafe_face.trainer.data.augment import STRENGTHS, augment
from netcafe_face.trainer.data.crops import CropRecord, CropSet, joined, load_crops
from netcafe_face.trainer.data.duplicates import fingerprint, like_pairs
from netcafe_face.trainer.data.reading import pictures
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.vision.alignment import CROP_SIZE
from netcafe_face.vision.images import decode

PEOPLE = 8
PER_PERSON = 1500
TEST_SHARE = 0.2
CHOOSE_SHARE = 0.15


class RealCount(NamedTuple):
    """How many real photos a person has in each part, before augmentation."""

    name: str
    training: int
    choosing: int
    test: int


@dataclass(frozen=True)
class ClosedData:
    """The closed set.

    Attributes:
        training: crops to learn from, augmented where there are fewer than `PER_PERSON` of a person.
        choosing: crops that decide when to stop.
        test: crops that are measured on.
        others: other people's crops, for verification; may be empty.
        split_by: "recording" or "photo".
        real: photos of each person before augmentation.
    """

    training: CropSet
    choosing: CropSet
    test: CropSet
    others: CropSet
    split_by: str
    real: tuple[RealCount, ...]


def read_closed(path: Path, others: CropSet | None = None) -> ClosedData:
    """Read people's folders made by `collect`, or take the largest people of prepared crops.

    Of prepared crops the `PEOPLE` largest that are not held out are taken, near-duplicates stay on one side
    of the split, and the held-out people are the others. Of recordings each is on one side.

    Args:
        path: the folder.
        others: other people's crops, where the folder does not have its own.

    Raises:
        DataUnusable: there are not two people, or somebody's photos cannot be split.
    """
    if (path / "crops.json").is_file():
        crops = load_crops(path)
        people, held_out = _largest(crops.training().labelled(), path), crops.held_out().labelled()
        groups, split_by = _photo_groups(people), "photo"
    else:
        people, held_out = _recorded(path), CropSet(np.empty((0, CROP_SIZE, CROP_SIZE, 3), np.uint8), ())
        groups, split_by = (
            [PurePosixPath(r.source).stem.rpartition("-")[0] for r in people.records],
            "recording",
        )
    parts = _parts(people, groups, path)
    training, choosing, test = (people.select(parts == part) for part in range(3))
    real = tuple(
        RealCount(name, *(sum(r.name == name for r in part.records) for part in (training, choosing, test)))
        for name in people.labels()[1]
    )
    strangers = _measurable(others if others is not None else held_out, {count.name for count in real})
    return ClosedData(_filled(training), choosing, test, strangers, split_by, real)


def _measurable(others: CropSet, known: set[str]) -> CropSet:
    """Leave out who is trained on or has no name, and everybody where they are too few for two folds."""
    left = others.select([bool(record.name) and record.name not in known for record in others.records])
    try:
        drawn_pairs(left)
    except DataUnusable:
        return left.select([False] * len(left))
    return left


def _largest(crops: CropSet, path: Path) -> CropSet:
    labels, names = crops.labels()
    if len(names) < 2:
        raise DataUnusable(path=path, reason=f"a closed set needs two people, and there are {len(names)}")
    counts = np.bincount(labels)
    return crops.select(np.isin(labels, np.argsort(-counts, kind="stable")[:PEOPLE]))


def _recorded(path: Path) -> CropSet:
    crops, records = [], []
    for picture in pictures(path):
        image_bgr = decode(picture.data, picture.source)
        if image_bgr.shape[:2] != (CROP_SIZE, CROP_SIZE):
            reason = f"{picture.source} is no crop made by `collect`; use `prepare` for other pictures"
            raise DataUnusable(path=path, reason=reason)
        if picture.name:
            crops.append(image_bgr)
            records.append(CropRecord(picture.name, picture.source, path.name, False, 0.0, 1.0))
    if len({record.name for record in records}) < 2:
        raise DataUnusable(path=path, reason="a closed set needs folders of two people")
    return CropSet(np.stack(crops), tuple(records))


def _photo_groups(people: CropSet) -> list[str]:
    """Return one mark for each crop, the same for crops that are nearly equal."""
    marks = list(range(len(people)))

    def root(place: int) -> int:
        while marks[place] != place:
            place = marks[place]
        return place

    prints = [fingerprint(np.asarray(crop)) for crop in people.crops_bgr]
    first_of: dict[bytes, int] = {}
    for place, one in enumerate(prints):
        marks[place] = first_of.setdefault(one.digest, place)
    for pair in like_pairs(prints):
        lower, upper = sorted((root(pair.first), root(pair.second)))
        marks[upper] = lower
    return [people.records[root(place)].source for place in range(len(people))]


def _parts(people: CropSet, groups: Sequence[str], path: Path) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return 0 (to learn from), 1 (for choosing) or 2 (test) for each crop; a group is never divided."""
    parts = np.zeros(len(people), dtype=np.int64)
    members: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, (record, group) in enumerate(zip(people.records, groups, strict=True)):
        members[record.name][group].append(place)
    for name, by_group in members.items():
        ordered = sorted(by_group, key=lambda group: hashlib.sha256(f"closed-{group}".encode()).digest())
        if len(ordered) < 3:
            reason = f"{name} has {len(ordered)} recordings or different photos; three are needed for a split"
            raise DataUnusable(path=path, reason=reason)
        total, taken, part, shares = sum(map(len, by_group.values())), 0, 2, (CHOOSE_SHARE, TEST_SHARE)
        for position, group in enumerate(ordered):
            # One group at least is left for each part that still waits.
            if part and (taken >= shares[part - 1] * total or len(ordered) - position <= part) and taken:
                part, taken = part - 1, 0
            parts[by_group[group]] = part
            taken += len(by_group[group])
    return parts


def _filled(training: CropSet) -> CropSet:
    """Add augmented copies, so that each person has `PER_PERSON` crops."""
    labels, names = training.labels()
    sets = [training]
    for label, _name in enumerate(names):
        own = np.flatnonzero(labels == label)
        missing = PER_PERSON - len(own)
        if missing <= 0:
            continue
        crops, records = [], []
        for number in range(missing):
            place = int(own[number % len(own)])
            rng = np.random.default_rng([17, label, number])
            crop_rgb = np.ascontiguousarray(np.asarray(training.crops_bgr[place])[:, :, ::-1])
            crops.append(np.ascontiguousarray(augment(crop_rgb, rng, STRENGTHS["cafe"])[:, :, ::-1]))
            record = training.records[place]
            records.append(replace(record, source=f"{record.source}~{number}"))
        sets.append(CropSet(np.stack(crops), tuple(records)))
    return joined(sets)
