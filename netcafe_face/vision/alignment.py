"""Five-point alignment to ArcFace's template."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_, DegenerateLandmarks
from netcafe_face.domain.faces import Image

CROP_SIZE = 112

ARCFACE_TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float64,
)
"""Where the landmarks lie in a 112×112 crop (Deng et al., ArcFace, 2019; insightface)."""

_SMALLEST_SPREAD_PX = 0.5


def similarity_transform(landmarks: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Find the similarity (rotation, scale, shift) that lays landmarks on the template.

    The least-squares solution of Umeyama, “Least-squares estimation of transformation parameters between two
    point patterns”, 1991; reflections are excluded.

    Args:
        landmarks: (5, 2), x, y in pixels.

    Returns:
        float64 (2, 3), to be used with cv2.warpAffine.

    Raises:
        DegenerateLandmarks: the points are not finite, coincide, lie on a line or are mirrored.
        ValueError: they are not five points.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    if points.shape != (5, 2):
        raise ValueError(f"landmarks must have shape (5, 2), got {points.shape}")
    if not np.isfinite(points).all():
        raise DegenerateLandmarks(reason=N_("a point is not a number"))
    centred = points - points.mean(axis=0)
    wanted = ARCFACE_TEMPLATE - ARCFACE_TEMPLATE.mean(axis=0)
    spread = np.linalg.svd(centred, compute_uv=False) / np.sqrt(len(points))
    if spread[1] < _SMALLEST_SPREAD_PX or spread[1] < 0.05 * spread[0]:
        raise DegenerateLandmarks(reason=N_("the points lie on one spot or one line"))
    covariance = wanted.T @ centred / len(points)
    left, singular, right = np.linalg.svd(covariance)
    if np.linalg.det(covariance) <= 0:
        raise DegenerateLandmarks(reason=N_("the points are mirrored"))
    rotation = left @ right
    scale = singular.sum() / (centred**2).sum() * len(points)
    shift = ARCFACE_TEMPLATE.mean(axis=0) - scale * rotation @ points.mean(axis=0)
    return np.hstack([scale * rotation, shift[:, None]])


def align(image_bgr: Image, landmarks: npt.ArrayLike) -> Image:
    """Cut a face out, upright and at a fixed size.

    Args:
        image_bgr: uint8 (h, w, 3).
        landmarks: (5, 2), x, y in pixels of the image.

    Returns:
        uint8 (112, 112, 3), BGR; black where the image ends.

    Raises:
        DegenerateLandmarks, ValueError: see `similarity_transform`.
    """
    import cv2

    transform = similarity_transform(landmarks)
    crop = cv2.warpAffine(image_bgr, transform, (CROP_SIZE, CROP_SIZE), borderValue=0.0)
    return np.asarray(crop, dtype=np.uint8)
