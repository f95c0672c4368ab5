"""A second look at every face, at sizes of its own, so that its landmarks do not depend on its distance.

A small detector places eyes and mouth a little differently in a large face and a small one, and the embedding
moves with them, so that the same picture at another size looks less like itself. At any one size they also
tremble: YuNet itself moves them by 7 % of the distance between the eyes when a picture is shown at 90 % of
its size (`train detector evaluate` measures it). The mean of all answers about a face, in looks at several
sizes, trembles much less.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from netcafe_face.domain.faces import Detection, FloatArray, Image
from netcafe_face.vision.boxes import overlaps
from netcafe_face.vision.ports import Detector, FaceNetwork

SMALLEST_FACE_PX = 20.0
"""Smaller faces are too blurred when they are enlarged for a second look to help."""

MOST_LOOKS = 40
"""In a crowd the largest faces are looked at again, and the rest keep their first landmarks."""

SIZES = (0.8, 1.0, 1.25)
"""Sides of the squares of a face's looks, as parts of `side_px`."""

_SURROUNDINGS = 2.0
_OFF_CENTRE = 0.2
_SAME_FACE_IOU = 0.5
_GREY = (114, 114, 114)


class SecondLook:
    """Find faces with a detector, then place their landmarks anew, as the mean of looks at `SIZES`.

    Args:
        detector: finds the faces.
        network: looks again at one face at a time.
        side_px: side of the middle one of the squares that hold a face and as much again around it.
    """

    def __init__(self, detector: Detector, network: FaceNetwork, side_px: int) -> None:
        self._detector = detector
        self._network = network
        self._side_px = side_px

    def detect(self, image_bgr: Image) -> list[Detection]:
        """Find the faces of a picture, uint8 (h, w, 3) BGR, in reading order.

        A face that is not found again keeps its first landmarks; boxes and scores stay as they were.

        Raises:
            ModelUnusable: the network failed.
            ValueError: it is no such picture, or has no pixel.
        """
        found = self._detector.detect(image_bgr)
        sizes = sorted((face.size_px for face in found), reverse=True)
        least = max(SMALLEST_FACE_PX, sizes[MOST_LOOKS - 1] if len(sizes) >= MOST_LOOKS else 0.0)
        return [self._again(image_bgr, face) if face.size_px >= least else face for face in found]

    def _again(self, image_bgr: Image, face: Detection) -> Detection:
        looks = [self._look(image_bgr, face, round(self._side_px * size)) for size in SIZES]
        found = [points for points in looks if points is not None]
        return replace(face, landmarks=np.mean(found, axis=0)) if found else face

    def _look(self, image_bgr: Image, face: Detection, side_px: int) -> FloatArray | None:
        """Return the landmarks (5, 2), in pixels of the frame, as seen in a square of one size."""
        import cv2

        x, y, w, h = (float(value) for value in face.box)
        scale = side_px / (_SURROUNDINGS * max(w, h))
        half = side_px / 2
        source, part = image_bgr, scale
        if scale < 0.6:
            # warpAffine does not average, so a large face is shrunk by area first.
            left, top, right, bottom = _around(face, image_bgr)
            cut = image_bgr[top:bottom, left:right]
            size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
            source = np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            x, y, part = (x - left) * scale, (y - top) * scale, 1.0
            w, h = w * scale, h * scale
        shift = np.array([half - part * (x + w / 2), half - part * (y + h / 2)])
        move = np.array([[part, 0.0, shift[0]], [0.0, part, shift[1]]])
        square = cv2.warpAffine(source, move, (side_px, side_px), borderValue=_GREY)
        rows = self._network.find_all(np.asarray(square, dtype=np.uint8))
        middles = rows[:, :2] + rows[:, 2:4] / 2
        central = np.abs(middles - half).max(axis=1, initial=0.0) < _OFF_CENTRE * side_px
        rows = rows[central & np.isfinite(rows).all(axis=1)]
        if not len(rows):
            return None
        # Which answer is the surest changes with a trifle; their mean hardly does.
        surest = rows[[int(rows[:, 14].argmax())]]
        same = rows[overlaps(surest[:, :4], rows[:, :4])[0] >= _SAME_FACE_IOU]
        points = np.average(same[:, 4:14], axis=0, weights=same[:, 14]).reshape(5, 2)
        centre = face.box[:2] + face.box[2:] / 2
        return np.asarray((points - half) / scale + centre, dtype=face.landmarks.dtype)


def _around(face: Detection, image_bgr: Image) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of what the second look shows, inside the picture."""
    middle = face.box[:2] + face.box[2:] / 2
    reach = _SURROUNDINGS * float(max(face.box[2:])) / 2 + 1
    left, top = (max(0, int(value)) for value in middle - reach)
    right = min(image_bgr.shape[1], int(middle[0] + reach) + 1)
    bottom = min(image_bgr.shape[0], int(middle[1] + reach) + 1)
    return left, top, max(right, left + 1), max(bottom, top + 1)
