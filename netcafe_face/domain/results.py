"""What recognition hands out: small frozen values that every other room may read."""

from __future__ import annotations

from dataclasses import dataclass

from netcafe_face.domain.faces import Detection, FloatArray, Image, QualityReport
from netcafe_face.domain.matching import DecisionRule, Match
from netcafe_face.domain.people import Presence


@dataclass(frozen=True, eq=False)
class Face:
    """One face of a frame.

    Attributes:
        crop_bgr: uint8 (112, 112, 3), aligned; None when the landmarks were degenerate.
        embedding: float32 (d,), unit length; None when there is no crop.
        match: None when nothing was searched.
    """

    detection: Detection
    quality: QualityReport
    crop_bgr: Image | None = None
    embedding: FloatArray | None = None
    match: Match | None = None


@dataclass(frozen=True)
class Label:
    """What to write beside a face.

    Attributes:
        presence: known, banned, undecided or stranger.
        text: the customer's name where known or banned, else empty.
        similarity: cosine to the nearest customer, or None when nobody is enrolled.
        track_id: the track it belongs to, 0 in a still picture.
    """

    presence: Presence
    text: str
    similarity: float | None
    track_id: int = 0
    customer_id: int | None = None


@dataclass(frozen=True, eq=False)
class SeenFace:
    """A face and its label, as shown on screen."""

    face: Face
    label: Label


@dataclass(frozen=True, eq=False)
class FrameResult:
    """Everything one frame gave.

    Attributes:
        source: the source's name.
        frame_bgr: uint8 (h, w, 3), the frame itself, not to be written to.
        faces: in reading order of their boxes.
        rule: the identification rule in force for this frame.
        captured_at_s: monotonic seconds when the frame was read.
        position_s: time within a video file, else None.
        recognise_ms: time spent on this frame.
    """

    source: str
    frame_bgr: Image
    faces: tuple[SeenFace, ...]
    rule: DecisionRule
    captured_at_s: float
    position_s: float | None
    recognise_ms: float
