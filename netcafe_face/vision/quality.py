"""How usable a face is: size, sharpness, exposure, pose, and how much of it lies outside the frame."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import Detection, Image, QualityFlaw, QualityReport

SMALLEST_FACE_PX = 40.0
LEAST_SHARPNESS = 0.25
DARKEST, BRIGHTEST = 40.0, 220.0
LEAST_CONTRAST = 12.0
WIDEST_YAW, WIDEST_PITCH = 40.0, 35.0
MOST_OUTSIDE = 0.15

_HALF_SHARP = 60.0
_NOSE_DEPTH = 0.6
"""How far the tip of the nose stands out, in distances between the eyes."""
_NOSE_HEIGHT = 0.495
"""Where the nose lies between the eyes (0) and the mouth (1) in ArcFace's frontal template."""


def assess(image_bgr: Image, detection: Detection, crop_bgr: Image | None) -> QualityReport:
    """Measure one face.

    Args:
        image_bgr: uint8 (h, w, 3), the frame.
        detection: the face in it.
        crop_bgr: uint8 (112, 112, 3), aligned, or None when the landmarks were degenerate: then sharpness and
            light count as the worst.
    """
    sharpness, brightness, contrast = _look(crop_bgr) if crop_bgr is not None else (0.0, 0.0, 0.0)
    yaw, pitch, roll = pose_degrees(detection.landmarks)
    outside = _outside(image_bgr.shape[1], image_bgr.shape[0], detection)
    flaws = {
        QualityFlaw.TOO_SMALL: detection.size_px < SMALLEST_FACE_PX,
        QualityFlaw.BLURRED: sharpness < LEAST_SHARPNESS,
        QualityFlaw.TOO_DARK: brightness < DARKEST or (brightness < 127 and contrast < LEAST_CONTRAST),
        QualityFlaw.TOO_BRIGHT: brightness > BRIGHTEST or (brightness >= 127 and contrast < LEAST_CONTRAST),
        QualityFlaw.TURNED_AWAY: abs(yaw) > WIDEST_YAW or abs(pitch) > WIDEST_PITCH,
        QualityFlaw.CUT_OFF: outside > MOST_OUTSIDE,
    }
    return QualityReport(
        size_px=detection.size_px,
        sharpness=sharpness,
        brightness=brightness,
        contrast=contrast,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        outside=outside,
        flaws=frozenset(flaw for flaw, found in flaws.items() if found),
    )


def pose_degrees(landmarks: npt.ArrayLike) -> tuple[float, float, float]:
    """Estimate yaw, pitch and roll, in degrees, from five landmarks (5, 2).

    A rough model: the nose stands out by 0.6 eye distances, so it moves sideways against the eyes with the
    tangent of the yaw, and up and down between eyes and mouth with that of the pitch. Yaw is positive when
    the nose points to the right of the picture, pitch when it points up. Degenerate points give 90, 90.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    eye_line = points[1] - points[0]
    roll = math.degrees(math.atan2(eye_line[1], eye_line[0]))
    turn = math.radians(-roll)
    upright = points @ np.array(
        [[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]], dtype=np.float64
    )
    eyes, nose, mouth = upright[:2].mean(axis=0), upright[2], upright[3:].mean(axis=0)
    eye_distance, height = upright[1, 0] - upright[0, 0], mouth[1] - eyes[1]
    if not np.isfinite(points).all() or eye_distance < 1e-6 or height < 1e-6:
        return 90.0, 90.0, roll if math.isfinite(roll) else 0.0
    middle = (eyes[0] + mouth[0]) / 2
    yaw = math.degrees(math.atan((nose[0] - middle) / (_NOSE_DEPTH * eye_distance)))
    drop = (nose[1] - eyes[1]) / height - _NOSE_HEIGHT
    pitch = math.degrees(math.atan(-drop / _NOSE_DEPTH))
    return yaw, pitch, roll


def _look(crop_bgr: Image) -> tuple[float, float, float]:
    import cv2

    # The middle of the crop is skin whatever the hair and the background are.
    grey = cv2.cvtColor(crop_bgr, cv2.COLOR_BGR2GRAY)[24:104, 20:92]
    brightness, contrast = float(grey.mean()), float(grey.std())
    # A dim picture has small differences without being less sharp: compare at one contrast.
    level = np.clip((grey.astype(np.float32) - brightness) * (40.0 / max(contrast, 8.0)), -127, 127)
    edges = float(cv2.Laplacian(level, cv2.CV_32F).var())
    return edges / (edges + _HALF_SHARP), brightness, contrast


def _outside(width: int, height: int, detection: Detection) -> float:
    x, y, w, h = (float(value) for value in detection.box)
    inside_w = max(0.0, min(x + w, width) - max(x, 0.0))
    inside_h = max(0.0, min(y + h, height) - max(y, 0.0))
    return 1.0 - inside_w * inside_h / (w * h) if w > 0 and h > 0 else 1.0
