"""Detectors: pictures in, boxes with five landmarks out, from seat-camera faces to close-ups."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netcafe_face.domain.errors import N_, ModelUnusable
from netcafe_face.domain.faces import Detection, FloatArray, Image
from netcafe_face.vision.ports import Detector, FaceNetwork
from netcafe_face.vision.runtime import Runtime, provider_names, session_options
from netcafe_face.vision.second_look import SecondLook

if TYPE_CHECKING:
    from netcafe_face.vision.card import DetectorCard
    from netcafe_face.vision.packs import ModelPack

LONGEST_SIDE_PX = 1280
"""Frames are shrunk to this for the first pass; faces under 1/100 of it are too small to recognise anyway."""

_SMALLEST_SIDE_PX = 32
_PASS_RATIO = 4.0
_BORDER_PART = 0.125
_SAME_FACE_IOU = 0.35
_SAME_FACE_INSIDE = 0.65
_MUCH_LARGER = 6.0
_LESS_SURE = 0.3
_NO_SUPPRESSION = 1.0


class MultiScaleDetector:
    """Run a detector at as many scales as the frame needs, and merge what they find.

    A detector is reliable for faces within a range of pixels only (`face_px` on its card). The first pass
    sees the frame at up to `longest_side_px`; each further pass is four times smaller with a border around
    it, so that faces which fill the frame are found whole.

    Args:
        network: the detector for one scale.
        face_px: smallest and largest reliable face, in pixels of the network's input.
        longest_side_px: of the first pass.
    """

    def __init__(
        self, network: FaceNetwork, face_px: tuple[float, float], longest_side_px: int = LONGEST_SIDE_PX
    ) -> None:
        self._network = network
        self._largest_face_px = face_px[1]
        self._longest_side_px = longest_side_px

    def detect(self, image_bgr: Image) -> list[Detection]:
        """Find the faces of a picture, uint8 (h, w, 3) BGR, in reading order.

        Raises:
            ModelUnusable: the network failed.
            ValueError: it is no such picture, or has no pixel.
        """
        if (
            image_bgr.ndim != 3
            or image_bgr.shape[2] != 3
            or image_bgr.dtype != np.uint8
            or not image_bgr.size
        ):
            raise ValueError(f"a frame is uint8 (h, w, 3), got {image_bgr.dtype} {image_bgr.shape}")
        height, width = image_bgr.shape[:2]
        found = [self._pass(image_bgr, scale) for scale in self._scales(height, width)]
        rows = _merge(np.concatenate(found)) if found else np.empty((0, 15), dtype=np.float32)
        rows = rows[_reading_order(rows[:, :4])]
        return [Detection(row[:4], row[4:14].reshape(5, 2), float(row[14])) for row in rows]

    def _scales(self, height: int, width: int) -> list[float]:
        scale = min(1.0, self._longest_side_px / max(height, width))
        scales = []
        while True:
            scales.append(scale)
            if min(height, width) * scale <= self._largest_face_px:
                break
            scale /= _PASS_RATIO
        return [s for s in scales if min(height, width) * s >= 4]

    def _pass(self, image_bgr: Image, scale: float) -> FloatArray:
        import cv2

        height, width = image_bgr.shape[:2]
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = (
            image_bgr
            if size == (width, height)
            else cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA)
        )
        # A close-up needs room around it; a wide shot gains nothing from it.
        closeup = min(size) <= self._largest_face_px
        border = max(8, round(max(size) * _BORDER_PART)) if closeup else 0
        if border or min(size) < _SMALLEST_SIDE_PX:
            missing = max(0, _SMALLEST_SIDE_PX - min(size))
            border = max(border, (missing + 1) // 2)
            small = cv2.copyMakeBorder(
                small, border, border, border, border, cv2.BORDER_CONSTANT, value=(114, 114, 114)
            )
        rows = self._network.find(np.asarray(small, dtype=np.uint8))
        rows = rows[np.isfinite(rows).all(axis=1) & (rows[:, 2:4] >= 2).all(axis=1)]
        rows = rows[np.sqrt(rows[:, 2] * rows[:, 3]) <= 1.25 * self._largest_face_px]
        rows[:, (0, 1, *range(4, 14))] -= border
        rows[:, :14] *= np.tile(np.array([width / size[0], height / size[1]], dtype=np.float32), 7)
        return np.asarray(rows, dtype=np.float32)


def _merge(rows: FloatArray) -> FloatArray:
    """Keep one box for each face, the surest; what lies inside a much larger face is none."""
    area = rows[:, 2] * rows[:, 3]
    by_score = np.argsort(-rows[:, 14], kind="stable")
    kept: list[int] = []
    for index in (int(index) for index in by_score):
        # A close-up gives the finer passes eyes and chins that look like faces.
        much_larger = np.flatnonzero(
            (area > _MUCH_LARGER * area[index]) & (rows[:, 14] > rows[index, 14] - _LESS_SURE)
        )
        rivals = [*kept, *(int(other) for other in much_larger)]
        if not any(_same_face(rows[index], rows[other], area[index], area[other]) for other in rivals):
            kept.append(index)
    return rows[kept]


def _reading_order(boxes: FloatArray) -> list[int]:
    """Order boxes line by line; a line goes on while middles lie above the bottom of its first box."""
    middles, bottoms = boxes[:, 1] + boxes[:, 3] / 2, boxes[:, 1] + boxes[:, 3]
    order: list[int] = []
    line: list[int] = []
    for index in (int(index) for index in np.argsort(middles, kind="stable")):
        if line and middles[index] > bottoms[line[0]]:
            order += sorted(line, key=lambda one: float(boxes[one, 0]))
            line = []
        line.append(index)
    return order + sorted(line, key=lambda one: float(boxes[one, 0]))


def _same_face(one: FloatArray, other: FloatArray, one_area: float, other_area: float) -> bool:
    left, top = np.maximum(one[:2], other[:2])
    right, bottom = np.minimum(one[:2] + one[2:4], other[:2] + other[2:4])
    shared = max(0.0, float(right - left)) * max(0.0, float(bottom - top))
    together = one_area + other_area - shared
    return bool(shared > _SAME_FACE_IOU * together or shared > _SAME_FACE_INSIDE * min(one_area, other_area))


class YuNet:
    """A network in YuNet's output format, run by OpenCV's `FaceDetectorYN`.

    Args:
        path: names the network in errors.
        data: the ONNX file's bytes, because OpenCV cannot open every Windows path.
        card: thresholds.

    Raises:
        ModelUnusable: OpenCV cannot load or run it.
    """

    def __init__(self, path: Path, data: bytes, card: DetectorCard) -> None:
        import cv2

        self._path = path
        self._nms_threshold = card.nms_threshold
        # OpenCV 5 warns about its own default target at every load.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            model = np.frombuffer(data, dtype=np.uint8)
            self._detector = cv2.FaceDetectorYN.create(
                "onnx",
                model,
                np.empty(0, np.uint8),
                (320, 320),
                card.score_threshold,
                card.nms_threshold,
                5000,
            )
        except cv2.error as error:
            raise ModelUnusable(path=path, reason=str(error)) from error
        self.find(np.full((64, 64, 3), 114, dtype=np.uint8))

    def find(self, image_bgr: Image) -> FloatArray:
        """Return float32 (n, 15): x, y, width, height, five times x, y, and the score."""
        return self._found(image_bgr, self._nms_threshold)

    def find_all(self, image_bgr: Image) -> FloatArray:
        """Return the same with every answer about a face, and not the surest alone."""
        return self._found(image_bgr, _NO_SUPPRESSION)

    def _found(self, image_bgr: Image, nms_threshold: float) -> FloatArray:
        import cv2

        try:
            self._detector.setNMSThreshold(nms_threshold)
            self._detector.setInputSize((image_bgr.shape[1], image_bgr.shape[0]))
            _, rows = self._detector.detect(image_bgr)
        except cv2.error as error:
            raise ModelUnusable(path=self._path, reason=str(error)) from error
        return np.empty((0, 15), np.float32) if rows is None else np.array(rows, dtype=np.float32)


class Scrfd:
    """insightface's SCRFD at one fixed input size.

    Args:
        path: the ONNX file.
        card: input size, colour order, mean, std and thresholds.
        runtime: provider and threads.

    Raises:
        ModelUnusable: it cannot be loaded or gives no landmarks.
    """

    def __init__(self, path: Path, card: DetectorCard, runtime: Runtime) -> None:
        self._path = path
        if card.det_size is None:
            raise ModelUnusable(path=path, reason=N_("its card gives no det_size"))
        self.side_px = max(card.det_size)
        self._swap = card.colour != "RGB"
        self._nms_threshold = card.nms_threshold
        self._model = _load_scrfd(path, card, runtime)
        self.find(np.full((64, 64, 3), 114, dtype=np.uint8))

    def find(self, image_bgr: Image) -> FloatArray:
        """Return float32 (n, 15): x, y, width, height, five times x, y, and the score."""
        return self._found(image_bgr, self._nms_threshold)

    def find_all(self, image_bgr: Image) -> FloatArray:
        """Return the same with every answer about a face, and not the surest alone."""
        return self._found(image_bgr, _NO_SUPPRESSION)

    def _found(self, image_bgr: Image, nms_threshold: float) -> FloatArray:
        height, width = image_bgr.shape[:2]
        # On a square of the network's own size its own resizing does nothing.
        side = max(self.side_px, height, width)
        square = np.full((side, side, 3), 114, dtype=np.uint8)
        # insightface takes BGR and gives the network RGB, always.
        square[:height, :width] = image_bgr[:, :, ::-1] if self._swap else image_bgr
        try:
            self._model.nms_thresh = nms_threshold
            boxes, landmarks = self._model.detect(square)
        except Exception as error:
            raise ModelUnusable(path=self._path, reason=str(error)) from error
        if landmarks is None:
            raise ModelUnusable(path=self._path, reason="no landmarks")
        sizes = boxes[:, 2:4] - boxes[:, :2]
        points = landmarks.reshape(len(boxes), 10)
        return np.hstack([boxes[:, :2], sizes, points, boxes[:, 4:5]]).astype(np.float32)


def _load_scrfd(path: Path, card: DetectorCard, runtime: Runtime) -> Any:
    from insightface import model_zoo

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = model_zoo.get_model(
                str(path),
                model_task="detection",
                model_metadata={"preprocessing": {"mean": card.mean, "std": card.std}},
                providers=provider_names(runtime),
                sess_options=session_options(runtime),
            )
            model.prepare(
                0,
                input_size=card.det_size,
                det_thresh=card.score_threshold,
                nms_thresh=card.nms_threshold,
            )
    except Exception as error:
        raise ModelUnusable(path=path, reason=str(error)) from error
    return model


def build_detector(pack: ModelPack, runtime: Runtime, longest_side_px: int = LONGEST_SIDE_PX) -> Detector:
    """Load a pack's detector.

    Raises:
        ModelUnusable: the network cannot be loaded or run.
    """
    import cv2

    cv2.setNumThreads(runtime.thread_count)
    card = pack.card.detector
    path = pack.folder / card.file
    network: YuNet | Scrfd
    if card.kind == "yunet":
        network = YuNet(path, pack.read_detector(), card)
    else:
        network = Scrfd(path, card, runtime)
        longest_side_px = min(longest_side_px, network.side_px)
    detector = MultiScaleDetector(network, card.face_px, longest_side_px)
    return SecondLook(detector, network, card.second_look_px) if card.second_look_px else detector
