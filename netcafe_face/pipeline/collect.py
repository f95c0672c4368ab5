"""Collecting: one person is recorded as aligned crops to train on, good ones that differ from each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import DegenerateLandmarks, ImageTooLarge, ImageUnreadable
from netcafe_face.domain.faces import Detection, FloatArray, Image, QualityFlaw, QualityReport
from netcafe_face.pipeline.person_folder import PersonFolder
from netcafe_face.pipeline.single import BACKGROUND_RATIO
from netcafe_face.vision.alignment import CROP_SIZE, align
from netcafe_face.vision.images import read_image
from netcafe_face.vision.ports import Detector
from netcafe_face.vision.quality import assess

YAWS, PITCHES, LIGHTS = ("left", "front", "right"), ("up", "level", "down"), ("dark", "normal", "bright")

_SIDEWAYS_DEG, _NOD_DEG = 15.0, 10.0
_DIM, _BRIGHT = 85.0, 170.0
_THUMBNAIL_PX = 28


class Outcome(Enum):
    """What became of a frame."""

    RECORDED = "recorded"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    POOR = "poor"
    NEARLY_THE_SAME = "nearly_the_same"
    PAUSED = "paused"
    ENOUGH = "enough"


@dataclass(frozen=True)
class Offered:
    """What became of one frame, why not if not, and where its crop is."""

    outcome: Outcome
    flaws: frozenset[QualityFlaw] = frozenset()
    path: Path | None = None


@dataclass(frozen=True)
class CollectRules:
    """What is recorded.

    Attributes:
        count: stop when the person has so many crops, earlier recordings included.
        least_change: root of the mean squared difference, in grey levels of a thumbnail, by which a crop
            must differ from every other.
        min_face_px: shorter side of the box under which a face is refused.
    """

    count: int = 1500
    least_change: float = 6.0
    min_face_px: float = 40.0


class Coverage:
    """How many crops there are of each pose and light.

    Attributes:
        counts: int64 (3, 3, 3) over `YAWS`, `PITCHES` and `LIGHTS`; left and right as in the picture.
    """

    def __init__(self) -> None:
        self.counts: npt.NDArray[np.int64] = np.zeros((3, 3, 3), dtype=np.int64)

    def add(self, cell: tuple[int, int, int]) -> None:
        """Count a crop."""
        self.counts[cell] += 1

    @property
    def total(self) -> int:
        """Return the number of crops."""
        return int(self.counts.sum())


def cell_of(quality: QualityReport) -> tuple[int, int, int]:
    """Return which pose and light a face has: places in `YAWS`, `PITCHES` and `LIGHTS`."""
    yaw = 0 if quality.yaw < -_SIDEWAYS_DEG else 2 if quality.yaw > _SIDEWAYS_DEG else 1
    pitch = 0 if quality.pitch > _NOD_DEG else 2 if quality.pitch < -_NOD_DEG else 1
    light = 0 if quality.brightness < _DIM else 2 if quality.brightness > _BRIGHT else 1
    return yaw, pitch, light


class Collector:
    """Takes frames and records those that show one good face which nothing recorded resembles.

    Earlier recordings of the person count: a later one adds to them and does not repeat them.

    Args:
        detector: finds faces.
        folder: of the person.
        rules: what is recorded.

    Raises:
        OutputError: the folder cannot be read.
    """

    def __init__(self, detector: Detector, folder: PersonFolder, rules: CollectRules | None = None) -> None:
        self._detector = detector
        self._folder = folder
        self._rules = rules or CollectRules()
        self._seen = _Thumbnails()
        self._paused = False
        self.coverage = Coverage()
        self.outcomes: Counter[Outcome] = Counter()
        self.flaws: Counter[QualityFlaw] = Counter()
        self._take_up_earlier()

    @property
    def paused(self) -> bool:
        """Return whether frames are let pass."""
        return self._paused

    @property
    def recorded(self) -> int:
        """Return how many crops this run has recorded."""
        return self.outcomes[Outcome.RECORDED]

    @property
    def enough(self) -> bool:
        """Return whether the person has as many crops as wanted."""
        return self.coverage.total >= self._rules.count

    def pause(self) -> None:
        """Let frames pass from now on."""
        self._paused = True

    def resume(self) -> None:
        """Record again, as another recording: what comes before and after a pause can be split apart."""
        if self._paused:
            self._folder.begin_recording()
        self._paused = False

    def offer(self, frame_bgr: Image) -> Offered:
        """Look at a frame, uint8 (h, w, 3) BGR, and record its face if that is worth it.

        Raises:
            ModelUnusable: the detector failed.
            OutputError: the crop cannot be written.
        """
        offered = self._judged(frame_bgr)
        self.outcomes[offered.outcome] += 1
        self.flaws.update(offered.flaws)
        return offered

    def _judged(self, frame_bgr: Image) -> Offered:
        if self._paused or self.enough:
            return Offered(Outcome.PAUSED if self._paused else Outcome.ENOUGH)
        faces = sorted(self._detector.detect(frame_bgr), key=lambda face: -face.size_px)
        if not faces:
            return Offered(Outcome.NO_FACE)
        if sum(face.size_px >= BACKGROUND_RATIO * faces[0].size_px for face in faces) > 1:
            return Offered(Outcome.SEVERAL_FACES)
        return self._of_face(frame_bgr, faces[0])

    def _of_face(self, frame_bgr: Image, face: Detection) -> Offered:
        try:
            crop_bgr = align(frame_bgr, face.landmarks)
        except DegenerateLandmarks:
            return Offered(Outcome.POOR, frozenset({QualityFlaw.TURNED_AWAY}))
        quality = assess(frame_bgr, face, crop_bgr)
        small = {QualityFlaw.TOO_SMALL} if quality.size_px < self._rules.min_face_px else set()
        flaws = quality.flaws | small
        if flaws:
            return Offered(Outcome.POOR, flaws)
        thumbnail = _thumbnail(crop_bgr)
        if self._seen.least_difference(thumbnail) < self._rules.least_change:
            return Offered(Outcome.NEARLY_THE_SAME)
        cell = cell_of(quality)
        path = self._folder.store(crop_bgr, mark_of(cell))
        self._seen.add(thumbnail)
        self.coverage.add(cell)
        return Offered(Outcome.RECORDED, path=path)

    def _take_up_earlier(self) -> None:
        for path, mark in self._folder.crops():
            try:
                crop_bgr = read_image(path)
            except (ImageUnreadable, ImageTooLarge):
                continue  # nothing to compare with, and no use for training either
            cell = _cell_of_mark(mark)
            if cell is not None and crop_bgr.shape == (CROP_SIZE, CROP_SIZE, 3):
                self._seen.add(_thumbnail(crop_bgr))
                self.coverage.add(cell)


def mark_of(cell: tuple[int, int, int]) -> str:
    """Return a cell as three letters for a file's name, such as “fln”: front, level, normal light."""
    return "".join(words[at][0] for words, at in zip((YAWS, PITCHES, LIGHTS), cell, strict=True))


def _cell_of_mark(mark: str) -> tuple[int, int, int] | None:
    def place(words: Sequence[str], letter: str) -> int:
        return next((at for at, word in enumerate(words) if word[0] == letter), -1)

    yaw, pitch, light = place(YAWS, mark[0]), place(PITCHES, mark[1]), place(LIGHTS, mark[2])
    return (yaw, pitch, light) if min(yaw, pitch, light) >= 0 else None


class _Thumbnails:
    """Small grey copies of all crops of one person, compared at once."""

    def __init__(self) -> None:
        self._rows: FloatArray = np.empty((64, _THUMBNAIL_PX**2), dtype=np.float32)
        self._count = 0

    def add(self, thumbnail: FloatArray) -> None:
        if self._count == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._rows[self._count] = thumbnail
        self._count += 1

    def least_difference(self, thumbnail: FloatArray) -> float:
        """Return the root mean squared difference to the most similar one; infinite where there is none."""
        if not self._count:
            return float("inf")
        squares = np.square(self._rows[: self._count] - thumbnail).mean(axis=1)
        return float(np.sqrt(squares.min()))


def _thumbnail(crop_bgr: Image) -> FloatArray:
    import cv2

    grey = cv2.cvtColor(crop_bgr, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32).ravel()
