"""What a card says of a detector, chosen by measurement: its threshold, its sizes, its second look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.detector.examining import look_again, sure, truth
from netcafe_face.trainer.detector.matching import point_errors, sizes_px
from netcafe_face.vision.boxes import overlaps
from netcafe_face.vision.ports import FaceNetwork

THRESHOLDS = tuple(round(0.3 + 0.01 * step, 2) for step in range(60))
SIZES_PX = (10.0, 12.0, 14.0, 16.0, 20.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0, 160.0, 192.0, 256.0)
LOOKS_PX = (0, 128, 160, 192, 224)
SHRUNK = 0.9

_LEAST_RECALL = 0.9
_USUAL_PX = 64.0
_SURROUNDINGS = 2.2
_GREY = (114, 114, 114)


@dataclass(frozen=True)
class SizeFigures:
    """A detector on faces of one size.

    Attributes:
        face_px: the size the reference's faces were brought to.
        faces: how many.
        recall: part of them that was found.
        error_median: of the points, as part of the distance between the eyes; nan where none was found.
    """

    face_px: float
    faces: int
    recall: float
    error_median: float


@dataclass(frozen=True)
class OneFace:
    """A picture around one face, and where the reference sees it: float32 (15,)."""

    image_bgr: Image
    row: FloatArray


def choose_threshold(
    faceless: list[FloatArray],
    allowed_alarms: int,
    marked: tuple[list[FloatArray], list[FloatArray]] | None,
    allowed_false: float,
    face_px: float,
) -> float:
    """Return the lowest threshold at which a detector raises no more false alarms than the reference.

    Args:
        faceless: what it found on pictures without a face, at any score.
        allowed_alarms: boxes the reference raises on them.
        marked: marks and what it found on marked pictures, or None.
        allowed_false: false alarms a marked picture of the reference.
        face_px: size from which boxes on marked pictures count.

    Returns:
        one of `THRESHOLDS`; the highest where none is good enough.
    """
    for least in THRESHOLDS:
        if sum(len(sure(rows, least)) for rows in faceless) > allowed_alarms:
            continue
        if marked is None:
            return least
        boxes, found = marked
        if truth(boxes, [sure(rows, least) for rows in found], face_px).false_alarms <= allowed_false:
            return least
    return THRESHOLDS[-1]


def single_faces(images_bgr: Sequence[Image], reference: list[FloatArray], least_px: float) -> list[OneFace]:
    """Cut out what surrounds each face of the reference that stands alone and is large.

    Args:
        images_bgr: pictures, uint8 BGR.
        reference: boxes, float32 (n, 15) for each.
        least_px: size from which a face is large enough to be shown smaller.
    """
    faces = []
    for image, rows in zip(images_bgr, reference, strict=True):
        for number in np.flatnonzero(sizes_px(rows) >= least_px):
            row = rows[number].astype(np.float32).copy()
            half = _SURROUNDINGS * float(max(row[2:4])) / 2
            middle = row[:2] + row[2:4] / 2
            left, top = (max(0, int(value - half)) for value in middle)
            right = min(image.shape[1], int(middle[0] + half))
            bottom = min(image.shape[0], int(middle[1] + half))
            area = np.array([[left, top, right - left, bottom - top]], dtype=np.float32)
            if (overlaps(rows[:, :4], area)[:, 0] > 0).sum() > 1:
                continue
            row[[0, 4, 6, 8, 10, 12]] -= left
            row[[1, 5, 7, 9, 11, 13]] -= top
            faces.append(OneFace(image[top:bottom, left:right].copy(), row))
    return faces


def by_size(faces: list[OneFace], finder: FaceNetwork, face_px: float) -> SizeFigures:
    """Show every face at one size, on grey, and look whether it is found and where.

    Args:
        faces: see `single_faces`.
        finder: is examined, at its threshold.
        face_px: root of the box's area, in pixels.
    """
    errors, hits = [], 0
    for face in faces:
        scale = face_px / float(sizes_px(face.row[None])[0])
        height, width = face.image_bgr.shape[:2]
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(face.image_bgr, size, interpolation=way)
        canvas = np.full((_up(size[1]), _up(size[0]), 3), _GREY, dtype=np.uint8)
        canvas[: size[1], : size[0]] = small
        row = face.row.copy()
        row[:14] *= np.tile(np.array([size[0] / width, size[1] / height], dtype=np.float32), 7)
        rows = finder.find(canvas)
        same = overlaps(row[None, :4], rows[:, :4])[0]
        if same.size and same.max() >= 0.5:
            hits += 1
            errors.append(float(point_errors(row[None], rows[[int(same.argmax())]])[0]))
    middle = float(np.median(errors)) if errors else float("nan")
    return SizeFigures(face_px, len(faces), hits / max(1, len(faces)), middle)


def choose_sizes(figures: list[SizeFigures]) -> tuple[float, float]:
    """Return smallest and largest size, around the usual 64 px, at which nine faces of ten are found."""
    good = {each.face_px: each.recall >= _LEAST_RECALL for each in figures}
    sizes = sorted(good)
    start = min(range(len(sizes)), key=lambda place: abs(sizes[place] - _USUAL_PX))
    first = last = start
    while first > 0 and good[sizes[first - 1]]:
        first -= 1
    while last + 1 < len(sizes) and good[sizes[last + 1]]:
        last += 1
    return sizes[first], sizes[last]


def look_errors(faces: list[OneFace], finder: FaceNetwork, shown_px: Sequence[float]) -> dict[int, float]:
    """Return the median error of the points after a second look, for each side of its square; 0 is none.

    Args:
        faces: see `single_faces`.
        finder: looks, at its threshold.
        shown_px: sizes at which the faces are shown, in turn.
    """
    errors: dict[int, list[float]] = {side: [] for side in LOOKS_PX}
    for number, face in enumerate(faces):
        scale = shown_px[number % len(shown_px)] / float(sizes_px(face.row[None])[0])
        if scale > 1:
            continue
        height, width = face.image_bgr.shape[:2]
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        small = np.asarray(cv2.resize(face.image_bgr, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        row = face.row.copy()
        row[:14] *= np.tile(np.array([size[0] / width, size[1] / height], dtype=np.float32), 7)
        rows = finder.find(small)
        same = overlaps(row[None, :4], rows[:, :4])[0]
        if not same.size or same.max() < 0.5:
            continue
        own = rows[[int(same.argmax())]]
        for side, told in errors.items():
            again = look_again(small, own, finder, side) if side else own
            told.append(float(point_errors(row[None], again)[0]))
    return {side: float(np.median(told)) if told else float("nan") for side, told in errors.items()}


def tremble(faces: list[OneFace], finder: FaceNetwork, side_px: int = 0) -> float:
    """Return how far a detector's points move when a picture is shrunk to `SHRUNK`: the median.

    An error against another detector is measured from points that tremble so themselves.

    Args:
        faces: see `single_faces`.
        finder: looks, at its threshold.
        side_px: of its second look's square, 0 for none.

    Returns:
        part of the distance between the eyes; nan where no face was found both times.
    """
    moved = []
    for face in faces:
        height, width = face.image_bgr.shape[:2]
        size = (max(8, round(width * SHRUNK)), max(8, round(height * SHRUNK)))
        small = np.asarray(cv2.resize(face.image_bgr, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        back = np.tile(np.array([width / size[0], height / size[1]], dtype=np.float32), 7)
        seen = []
        for image, factor in ((face.image_bgr, np.ones_like(back)), (small, back)):
            rows = finder.find(image)
            rows = look_again(image, rows, finder, side_px) if side_px and len(rows) else rows
            rows = np.concatenate([rows[:, :14] * factor, rows[:, 14:]], axis=1)
            same = overlaps(face.row[None, :4], rows[:, :4])[0]
            if same.size and same.max() >= 0.5:
                seen.append(rows[[int(same.argmax())]])
        if len(seen) == 2:
            moved.append(float(point_errors(seen[0], seen[1])[0]))
    return float(np.median(moved)) if moved else float("nan")


def _up(side: int) -> int:
    return max(32, -(-side // 32) * 32)
