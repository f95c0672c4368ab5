"""How well a detector does: against another detector, against people's marks, and where nobody is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from netcafe_face.domain.faces import Detection, FloatArray, Image
from netcafe_face.trainer.detector.matching import pair, point_errors, sizes_px
from netcafe_face.vision.ports import FaceNetwork
from netcafe_face.vision.second_look import SecondLook

NEAR_IOU = 0.3
"""From here on a box lies where something is, whatever it is."""


@dataclass(frozen=True)
class Agreement:
    """A detector against a reference on one sheet.

    Attributes:
        sheet: its name.
        pictures, faces: how many; of the reference's faces those that are large enough count.
        recall: part of the reference's faces that it found.
        error_median, error_p90: of the points, as part of the distance between the eyes, over found faces.
        second_median, second_p90: the same where both take the program's second look, so that less of it is
            how much a detector's points tremble.
        extra: boxes a picture that the reference does not have.
    """

    sheet: str
    pictures: int
    faces: int
    recall: float
    error_median: float
    error_p90: float
    second_median: float
    second_p90: float
    extra: float

    def as_json(self) -> dict[str, Any]:
        """Return it for a file."""
        return {name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(self).items()}


@dataclass(frozen=True)
class Truth:
    """A detector against people's marks on one sheet.

    Attributes:
        faces: marked faces that are large enough.
        recall: part of them that it found.
        false_alarms: boxes of that size a picture that no marked face of any size touches.
    """

    faces: int
    recall: float
    false_alarms: float

    def as_json(self) -> dict[str, Any]:
        """Return it for a file."""
        return {name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(self).items()}


def sure(rows: FloatArray, least: float) -> FloatArray:
    """Return the boxes that reach a score."""
    return rows[rows[:, 14] >= least]


@dataclass(frozen=True)
class Findings:
    """What a detector found on a sheet, at its threshold.

    Attributes:
        rows: float32 (n, 15) for each picture.
        looked: the same faces with the points of the second look; the same as `rows` where it has none.
    """

    rows: list[FloatArray]
    looked: list[FloatArray]


def agreement(name: str, reference: Findings, found: Findings, face_px: float) -> Agreement:
    """Compare what two detectors found on a sheet.

    Args:
        name: of the sheet.
        reference: of the one that is believed.
        found: of the other.
        face_px: size from which the reference's faces count.
    """
    faces = hits = extra = 0
    first: list[float] = []
    second: list[float] = []
    pictures = zip(reference.rows, reference.looked, found.rows, found.looked, strict=True)
    for wanted, wanted_again, own, own_again in pictures:
        pairs = pair(wanted, own)
        large = sizes_px(wanted) >= face_px
        faces += int(large.sum())
        counted = large[pairs.wanted]
        hits += int(counted.sum())
        extra += len(pairs.extra)
        rows, columns = pairs.wanted[counted], pairs.found[counted]
        first += point_errors(wanted[rows], own[columns]).tolist()
        second += point_errors(wanted_again[rows], own_again[columns]).tolist()
    count = len(reference.rows)
    recall = hits / faces if faces else float("nan")
    return Agreement(name, count, faces, recall, *_spread(first), *_spread(second), extra / count)


def truth(boxes: list[FloatArray], found: list[FloatArray], face_px: float) -> Truth:
    """Compare what a detector found with what people marked.

    Args:
        boxes: float (n, 4) for each picture.
        found: float (m, 15) for each picture.
        face_px: size from which a face counts; smaller marked faces are neither wanted nor false.
    """
    faces = hits = alarms = 0
    for wanted, own in zip(boxes, found, strict=True):
        large = sizes_px(wanted) >= face_px
        faces += int(large.sum())
        hits += int(large[pair(wanted, own).wanted].sum())
        free = pair(wanted, own, NEAR_IOU).extra
        alarms += int((sizes_px(own[free]) >= face_px).sum())
    return Truth(faces, hits / faces if faces else float("nan"), alarms / max(1, len(boxes)))


def look_again(image_bgr: Image, rows: FloatArray, finder: FaceNetwork, side_px: int) -> FloatArray:
    """Return found faces with the points that the program's second look gives them.

    Args:
        image_bgr: the picture.
        rows: float32 (n, 15), what was found in it.
        finder: looks again.
        side_px: side of the square in which it looks.
    """
    faces = [Detection(row[:4], row[4:14].reshape(5, 2), float(row[14])) for row in rows]
    again = SecondLook(_Known(faces), finder, side_px).detect(image_bgr)
    result = rows.copy()
    for row, face in zip(result, again, strict=True):
        row[4:14] = np.asarray(face.landmarks, dtype=np.float32).reshape(10)
    return result


class _Known:
    """A detector that has already looked."""

    def __init__(self, faces: list[Detection]) -> None:
        self._faces = faces

    def detect(self, image_bgr: Image) -> list[Detection]:
        return self._faces


def _spread(errors: list[float]) -> tuple[float, float]:
    if not errors:
        return float("nan"), float("nan")
    return float(np.median(errors)), float(np.quantile(errors, 0.9))
