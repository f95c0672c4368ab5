"""What is seen of a face: detection, quality, embedding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]


def _frozen(array: npt.ArrayLike, shape: tuple[int, ...], name: str) -> FloatArray:
    values = np.array(array, dtype=np.float32)
    if values.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite")
    values.flags.writeable = False
    return values


@dataclass(frozen=True, eq=False)
class Detection:
    """A face found in a frame.

    Attributes:
        box: float32 (4,), x, y, width, height in pixels of the frame.
        landmarks: float32 (5, 2), x, y in pixels: eye, eye, nose, mouth corner, mouth corner; in each pair
            the one on the left of the picture comes first.
        score: the detector's confidence, 0 to 1.

    Raises:
        ValueError: box or landmarks are of another shape, or not finite.
    """

    box: FloatArray
    landmarks: FloatArray
    score: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "box", _frozen(self.box, (4,), "box"))
        object.__setattr__(self, "landmarks", _frozen(self.landmarks, (5, 2), "landmarks"))

    @property
    def size_px(self) -> float:
        """Return the face's size: the shorter side of its box, in pixels."""
        return float(min(self.box[2], self.box[3]))


class QualityFlaw(Enum):
    """A reason why a face should not be stored, or trusted."""

    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TURNED_AWAY = "turned_away"
    CUT_OFF = "cut_off"


UNTRUSTED_FLAWS = frozenset({QualityFlaw.TOO_SMALL, QualityFlaw.BLURRED})
"""Flaws that make strangers look alike to a network, so that nobody is named over them."""


@dataclass(frozen=True)
class QualityReport:
    """How usable one face is.

    Attributes:
        size_px: shorter side of the box in pixels.
        sharpness: 0 (blurred) to 1 (sharp), from the aligned crop.
        brightness: mean luminance of the aligned crop, 0 to 255.
        contrast: standard deviation of that luminance, 0 to 127.5.
        yaw: turn to the side estimated from the landmarks, degrees, 0 is frontal.
        pitch: nod estimated from the landmarks, degrees, 0 is frontal.
        roll: tilt of the line between the eyes, degrees.
        outside: part of the box outside the frame, 0 to 1.
        flaws: what makes it unfit for enrolment; empty when it is fit.
    """

    size_px: float
    sharpness: float
    brightness: float
    contrast: float
    yaw: float
    pitch: float
    roll: float
    outside: float
    flaws: frozenset[QualityFlaw]

    @property
    def trusted(self) -> bool:
        """Return whether a name may rest on this face."""
        return not self.flaws & UNTRUSTED_FLAWS

    @property
    def score(self) -> float:
        """Return one figure, 0 to 1, to rank the crops of one person by."""
        size = min(self.size_px / 112.0, 1.0)
        pose = max(0.0, 1.0 - abs(self.yaw) / 60.0) * max(0.0, 1.0 - abs(self.pitch) / 60.0)
        light = max(0.0, 1.0 - abs(self.brightness - 127.5) / 127.5)
        score = size * (0.25 + 0.75 * self.sharpness) * pose * (0.5 + 0.5 * light) * (1.0 - self.outside)
        return float(min(1.0, max(0.0, score)))


def unit_rows(vectors: npt.ArrayLike) -> FloatArray:
    """Scale each row of a float (n, d) array to length 1.

    Raises:
        ValueError: the array is not two-dimensional, or a row is zero or not finite.
    """
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.ndim != 2:
        raise ValueError(f"embeddings must have shape (n, d), got {rows.shape}")
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths < 1e-6).any():
        raise ValueError("an embedding is zero or not finite")
    return np.asarray(rows / lengths, dtype=np.float32)
