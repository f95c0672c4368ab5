"""What is in a data set: how many people and pictures, how good they are, and what is probably wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import InputError
from netcafe_face.domain.faces import Detection, Image, QualityFlaw
from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.data.duplicates import Fingerprint, LikePair, equal_groups, fingerprint, like_pairs
from netcafe_face.trainer.data.reading import ReadingReport, pictures
from netcafe_face.trainer.data.twins import on_both_sides
from netcafe_face.vision.alignment import ARCFACE_TEMPLATE, CROP_SIZE
from netcafe_face.vision.images import decode
from netcafe_face.vision.quality import assess

PUBLISHED = {"LFW": (5_749, 13_233), "CFP-FP": (500, 7_000), "AgeDB-30": (568, 16_488)}
"""Identities and images of the sets that face recognition is measured on, as published."""

_MIDDLE_OF_PX = 250
"""A photo is looked at as if it were as large as LFW's, whose faces fill the middle 112 pixels."""


@dataclass(frozen=True)
class Look:
    """How one picture looks.

    Attributes:
        name: the identity, "" where unknown.
        source: its place within the set.
        held_out: whether the split keeps it from training.
        size_px: width and height of a photo; of a crop the size its face had in the photo, as both.
        brightness: mean luminance of the face, 0 to 255.
        sharpness: 0 (blurred) to 1 (sharp).
        flaws: what the app would find wrong with it, of blurred, too dark and too bright.
    """

    name: str
    source: str
    held_out: bool
    size_px: tuple[float, float]
    brightness: float
    sharpness: float
    flaws: frozenset[QualityFlaw]


@dataclass
class Inspection:
    """What was found.

    Attributes:
        path: the set.
        aligned: whether it is a set of crops, not of photos.
        looks: of every picture that could be read.
        reading: what was wrong with the files; empty for crops.
        equal: places in `looks` of pictures that are equal to the last bit.
        twins: those of `equal` of which some are held out and some are not.
        alike: places of pictures that are nearly equal, the likest first.
    """

    path: Path
    aligned: bool
    looks: list[Look] = field(default_factory=list)
    reading: ReadingReport = field(default_factory=ReadingReport)
    equal: list[tuple[int, ...]] = field(default_factory=list)
    twins: list[tuple[int, ...]] = field(default_factory=list)
    alike: list[LikePair] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        """Return the number of pictures of each identity, most first."""
        counted = Counter(look.name for look in self.looks if look.name)
        return Counter(dict(sorted(counted.items(), key=lambda item: (-item[1], item[0]))))

    def across(self, places: Sequence[int]) -> bool:
        """Return whether pictures are of different identities, or of none that is known."""
        names = {self.looks[place].name for place in places}
        return len(names) > 1

    def values(self, what: Callable[[Look], float]) -> npt.NDArray[np.float64]:
        """Return one figure of every picture, float64 (n,)."""
        return np.array([what(look) for look in self.looks], dtype=np.float64)


def inspect_pictures(
    path: Path, identities: bool = True, on_picture: Callable[[], object] = lambda: None
) -> Inspection:
    """Inspect a folder or tar of photos; see `reading.pictures` for what it may look like.

    Raises:
        DataUnusable: see `reading.pictures`.
    """
    found = Inspection(path, aligned=False)
    prints = []
    for picture in pictures(path, identities, found.reading):
        on_picture()
        try:
            image_bgr = decode(picture.data, picture.source)
        except InputError as error:
            found.reading.add_broken(picture, str(error.details.get("reason", error)))
            continue
        size = float(image_bgr.shape[1]), float(image_bgr.shape[0])
        found.looks.append(_look(_middle(image_bgr), picture.name, picture.source, picture.held_out, size))
        prints.append(fingerprint(image_bgr, picture.data))
    return _compared(found, prints)


def inspect_crops(path: Path, crops: CropSet, on_crop: Callable[[], object] = lambda: None) -> Inspection:
    """Inspect aligned crops; `path` names them in the report."""
    found = Inspection(path, aligned=True)
    prints = []
    for crop, record in zip(crops.crops_bgr, crops.records, strict=True):
        on_crop()
        pixels = np.asarray(crop)
        size = (record.face_px, record.face_px)
        found.looks.append(_look(pixels, record.name, record.source, record.held_out, size))
        prints.append(fingerprint(pixels))
    return _compared(found, prints)


def _compared(found: Inspection, prints: Sequence[Fingerprint]) -> Inspection:
    found.equal = equal_groups(prints)
    looked = zip(prints, found.looks, strict=True)
    twins = on_both_sides((one.digest, look.held_out) for one, look in looked)
    found.twins = [group for group in found.equal if prints[group[0]].digest in twins]
    found.alike = like_pairs(prints)
    return found


def _look(crop_bgr: Image, name: str, source: str, held_out: bool, size_px: tuple[float, float]) -> Look:
    # The crop judged as the app judges one, as though the crop were the whole frame.
    box = np.array([0, 0, CROP_SIZE, CROP_SIZE], dtype=np.float32)
    quality = assess(crop_bgr, Detection(box, ARCFACE_TEMPLATE.astype(np.float32), 1.0), crop_bgr)
    return Look(name, source, held_out, size_px, quality.brightness, quality.sharpness, quality.flaws)


def _middle(image_bgr: Image) -> Image:
    height, width = image_bgr.shape[:2]
    scale = _MIDDLE_OF_PX / min(height, width)
    size = (max(_MIDDLE_OF_PX, round(width * scale)), max(_MIDDLE_OF_PX, round(height * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = np.asarray(cv2.resize(image_bgr, size, interpolation=way), dtype=np.uint8)
    top, left = (size[1] - CROP_SIZE) // 2, (size[0] - CROP_SIZE) // 2
    return np.ascontiguousarray(resized[top : top + CROP_SIZE, left : left + CROP_SIZE])


def share_of_published(identities: int, images: int) -> dict[str, tuple[float | None, float | None]]:
    """Return which share of each published set such counts are; None where there are more than it has."""

    def share(have: int, published: int) -> float | None:
        return have / published if have <= published else None

    return {
        name: (share(identities, people), share(images, pictures_of))
        for name, (people, pictures_of) in PUBLISHED.items()
    }


def distribution(counts: Iterable[int]) -> dict[str, int]:
    """Return how many identities have 1, 2, 3 to 5, 6 to 10 … pictures."""
    edges = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 50), (51, 100), (101, 1000))
    labels = [f"{low}" if low == high else f"{low}-{high}" for low, high in edges]
    spread = dict.fromkeys([*labels, "more"], 0)
    for count in counts:
        fits = [label for label, (low, high) in zip(labels, edges, strict=True) if low <= count <= high]
        spread[fits[0] if fits else "more"] += 1
    return {label: number for label, number in spread.items() if number}
