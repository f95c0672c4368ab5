"""A detector file as it is examined: in OpenCV's FaceDetectorYN, as the program runs it."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import cv2
import numpy as np

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.errors import TeacherUnusable

LEAST_SCORE = 0.1
"""Boxes below this are not even looked at."""

NMS_IOU = 0.3
_MOST_BOXES = 5000
_NO_SUPPRESSION = 1.0


class Finder:
    """An ONNX detector in YuNet's output format.

    Suppression goes from the surest box down, so the boxes of a higher threshold are those of `find` that
    reach it: one run is enough for all thresholds.

    Args:
        path: the file.

    Attributes:
        path: the file.
        sha256: of the file.

    Raises:
        TeacherUnusable: OpenCV cannot load it, or it is no detector.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            data = path.read_bytes()
            self.sha256 = hashlib.sha256(data).hexdigest()
            model = np.frombuffer(data, dtype=np.uint8)
            self._detector = cv2.FaceDetectorYN.create(
                "onnx", model, np.empty(0, np.uint8), (320, 320), LEAST_SCORE, NMS_IOU, _MOST_BOXES
            )
        except OSError as error:
            raise TeacherUnusable(path=path, reason=error.strerror or str(error)) from error
        except cv2.error as error:
            raise TeacherUnusable(path=path, reason=N_("OpenCV cannot load it")) from error
        try:
            self.find(np.zeros((64, 64, 3), dtype=np.uint8))  # OpenCV notices only now what is no detector
        except TeacherUnusable as error:
            raise TeacherUnusable(path=path, reason=N_("it does not have YuNet's twelve outputs")) from error

    def find(self, image_bgr: Image) -> FloatArray:
        """Return float32 (n, 15): x, y, width, height, five times x, y, and the score, the surest first.

        Raises:
            TeacherUnusable: it cannot be run.
        """
        return self._found(image_bgr, NMS_IOU)

    def find_all(self, image_bgr: Image) -> FloatArray:
        """Return the same with every answer about a face, and not the surest alone.

        Raises:
            TeacherUnusable: it cannot be run.
        """
        return self._found(image_bgr, _NO_SUPPRESSION)

    def _found(self, image_bgr: Image, nms_iou: float) -> FloatArray:
        try:
            self._detector.setNMSThreshold(nms_iou)
            self._detector.setInputSize((image_bgr.shape[1], image_bgr.shape[0]))
            _, rows = self._detector.detect(image_bgr)
        except cv2.error as error:
            raise TeacherUnusable(path=self.path, reason=str(error)) from error
        if rows is None:
            return np.empty((0, 15), np.float32)
        found = np.array(rows, dtype=np.float32)
        found = found[np.isfinite(found).all(axis=1) & (found[:, 2:4] > 0).all(axis=1)]
        return found[np.argsort(-found[:, 14], kind="stable")]


class SureFinder:
    """The same with a threshold: what the program's second look asks for.

    Args:
        finder: to be asked.
        least: score a box must have.
    """

    def __init__(self, finder: Finder, least: float) -> None:
        self._finder = finder
        self._least = least

    def find(self, image_bgr: Image) -> FloatArray:
        """Return the boxes that reach the threshold, float32 (n, 15)."""
        return self._sure(self._finder.find(image_bgr))

    def find_all(self, image_bgr: Image) -> FloatArray:
        """Return every answer that reaches the threshold, float32 (n, 15)."""
        return self._sure(self._finder.find_all(image_bgr))

    def _sure(self, rows: FloatArray) -> FloatArray:
        return rows[rows[:, 14] >= self._least]


def milliseconds(finders: list[Finder], size: tuple[int, int], rounds: int) -> list[float]:
    """Return how long each takes for a picture of a width and height, one thread.

    They take turns, and what counts is the least processor time of a round, so that a busy computer slows
    none more than the others.
    """
    cv2.setNumThreads(1)
    picture = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    taken: list[list[float]] = [[] for _ in finders]
    for number in range(rounds + 1):
        for finder, times in zip(finders, taken, strict=True):
            before = time.process_time()
            finder.find(picture)
            if number:  # the first run prepares the network
                times.append(1000 * (time.process_time() - before))
    return [min(times) for times in taken]
