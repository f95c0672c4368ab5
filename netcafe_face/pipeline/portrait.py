"""The small picture of a customer that staff see."""

from __future__ import annotations

import numpy as np

from netcafe_face.domain.faces import Detection, Image

PORTRAIT_PX = 320
_MARGIN = 0.45
"""How much surroundings there are on each side, in parts of the face."""


def portrait(image_bgr: Image, detection: Detection) -> Image:
    """Cut a face out with some surroundings, uint8 (h, w, 3) BGR, at most `PORTRAIT_PX` pixels a side."""
    import cv2

    x, y, w, h = (float(value) for value in detection.box)
    half = max(w, h) * (0.5 + _MARGIN)
    left, top = max(0, round(x + w / 2 - half)), max(0, round(y + h / 2 - half))
    right = min(image_bgr.shape[1], max(left + 1, round(x + w / 2 + half)))
    bottom = min(image_bgr.shape[0], max(top + 1, round(y + h / 2 + half)))
    cut = image_bgr[top:bottom, left:right]
    if cut.size == 0:
        return np.zeros((1, 1, 3), dtype=np.uint8)
    scale = min(1.0, PORTRAIT_PX / max(cut.shape[:2]))
    size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
