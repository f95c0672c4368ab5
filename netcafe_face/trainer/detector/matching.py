"""Whose box is whose: found faces paired with wanted ones, and how far apart their points lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import FloatArray
from netcafe_face.vision.boxes import overlaps

SAME_FACE_IOU = 0.5


@dataclass(frozen=True)
class Pairing:
    """Which found faces are which wanted ones.

    Attributes:
        wanted: int64 (p,), their rows.
        found: int64 (p,), the rows that are the same faces.
        extra: int64, rows of found faces that are no wanted face.
    """

    wanted: npt.NDArray[np.int64]
    found: npt.NDArray[np.int64]
    extra: npt.NDArray[np.int64]


def pair(wanted: FloatArray, found: FloatArray, least: float = SAME_FACE_IOU) -> Pairing:
    """Pair boxes one to one, the largest overlap first.

    Args:
        wanted: (n, 4 or more): x, y, width, height.
        found: (m, 4 or more), likewise.
        least: overlap below which two boxes are not the same face.
    """
    table = overlaps(wanted[:, :4], found[:, :4])
    pairs: list[tuple[int, int]] = []
    for place in np.argsort(-table, axis=None, kind="stable"):
        row, column = np.unravel_index(place, table.shape)
        if table[row, column] < least:
            break
        pairs.append((int(row), int(column)))
        table[row, :] = table[:, column] = -1.0
    rows = np.array([row for row, _column in pairs], dtype=np.int64)
    columns = np.array([column for _row, column in pairs], dtype=np.int64)
    return Pairing(rows, columns, np.setdiff1d(np.arange(len(found)), columns).astype(np.int64))


def point_errors(wanted: FloatArray, found: FloatArray) -> FloatArray:
    """Return how far the points of paired faces lie apart, as part of the distance between the eyes.

    The distance between the eyes is at least a fifth of the box's width: in a profile they fall together.

    Args:
        wanted: (p, 15), rows of FaceDetectorYN.
        found: (p, 15); the same row is the same face.

    Returns:
        float64 (p,): the mean over the five points.
    """
    one = np.asarray(wanted, dtype=np.float64)
    own = one[:, 4:14].reshape(-1, 5, 2)
    others = np.asarray(found, dtype=np.float64)[:, 4:14].reshape(-1, 5, 2)
    eyes = np.linalg.norm(own[:, 0] - own[:, 1], axis=1)
    apart = np.linalg.norm(own - others, axis=2).mean(axis=1)
    return np.asarray(apart / np.maximum(eyes, 0.2 * one[:, 2]))


def sizes_px(boxes: FloatArray) -> FloatArray:
    """Return the size of faces: the root of the box's area, in pixels."""
    return np.asarray(np.sqrt(np.clip(boxes[:, 2] * boxes[:, 3], 0, None)))
