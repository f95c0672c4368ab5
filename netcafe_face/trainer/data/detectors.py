"""Detectors to cut crops with: a pack's, or any network in YuNet's format."""

from __future__ import annotations

import hashlib
from pathlib import Path

from netcafe_face.domain.errors import ModelUnusable
from netcafe_face.vision.card import DetectorCard
from netcafe_face.vision.detection import MultiScaleDetector, YuNet, build_detector
from netcafe_face.vision.packs import load_pack
from netcafe_face.vision.ports import Detector
from netcafe_face.vision.runtime import Runtime

SCORE_THRESHOLD = 0.6
NMS_THRESHOLD = 0.3
FACE_PX = (12.0, 250.0)
"""What YuNet is used with where no card says otherwise."""


def detector_of_pack(folder: Path) -> Detector:
    """Load a pack's detector, as the app does.

    Raises:
        PackError: the pack cannot be used.
        ModelUnusable: its detector cannot be loaded or run.
    """
    return build_detector(load_pack(folder), Runtime(threads=1))


def detector_of_file(path: Path) -> Detector:
    """Load a network in YuNet's format, with YuNet's usual thresholds, at every scale.

    Raises:
        ModelUnusable: it cannot be read, loaded or run.
    """
    import cv2

    cv2.setNumThreads(1)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelUnusable(path=path, reason=error.strerror or str(error)) from error
    card = DetectorCard(
        kind="yunet",
        file=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        colour="BGR",
        mean=0.0,
        std=1.0,
        det_size=None,
        score_threshold=SCORE_THRESHOLD,
        nms_threshold=NMS_THRESHOLD,
        face_px=FACE_PX,
        second_look_px=0,
    )
    return MultiScaleDetector(YuNet(path, data, card), card.face_px)
