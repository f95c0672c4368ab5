"""Annotated copies of pictures: boxes, names and states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from netcafe_face.domain.faces import Image
from netcafe_face.domain.people import Presence
from netcafe_face.domain.results import Label, SeenFace

FONT = Path(__file__).resolve().parents[2] / "assets" / "fonts" / "BeVietnamPro_600SemiBold.ttf"
"""OpenCV's own font draws “ờ” as “ớ”, which is another name."""

COLOURS_BGR = {
    Presence.KNOWN: (96, 150, 24),
    Presence.BANNED: (40, 40, 205),
    Presence.UNDECIDED: (16, 140, 230),
    Presence.STRANGER: (150, 110, 70),
}
_CORNERS_ONLY = {Presence.UNDECIDED, Presence.STRANGER}
"""Drawn as corners, not as a whole frame, so that state does not rest on colour alone."""


def plain_caption(label: Label) -> str:
    """Compose a caption in English: the name or the state, and the similarity."""
    words = label.text or label.presence.value
    return words if label.similarity is None else f"{words} {label.similarity:.2f}"


def annotate(
    image_bgr: Image, faces: Sequence[SeenFace], caption: Callable[[Label], str] = plain_caption
) -> Image:
    """Return a copy of a picture with its faces marked.

    Args:
        image_bgr: uint8 (h, w, 3).
        faces: what was seen.
        caption: composes the text beside a face; letters beyond ASCII are drawn as they are.

    Returns:
        uint8 (h, w, 3), BGR.
    """
    copy = image_bgr.copy()
    height, width = copy.shape[:2]
    line = max(1, round(min(height, width) / 400))
    for seen in faces:
        colour = COLOURS_BGR[seen.label.presence]
        _frame(copy, seen, colour, line)
    for seen in faces:
        _caption(copy, seen, caption(seen.label))
    return copy


def _frame(image: Image, seen: SeenFace, colour: tuple[int, int, int], line: int) -> None:
    import cv2

    x, y, w, h = (round(float(value)) for value in seen.face.detection.box)
    if seen.label.presence not in _CORNERS_ONLY:
        cv2.rectangle(image, (x, y), (x + w, y + h), colour, line, cv2.LINE_AA)
        return
    for corner_x, step_x in ((x, w // 4), (x + w, -(w // 4))):
        for corner_y, step_y in ((y, h // 4), (y + h, -(h // 4))):
            cv2.line(image, (corner_x, corner_y), (corner_x + step_x, corner_y), colour, line, cv2.LINE_AA)
            cv2.line(image, (corner_x, corner_y), (corner_x, corner_y + step_y), colour, line, cv2.LINE_AA)


def _caption(image: Image, seen: SeenFace, text: str) -> None:
    import cv2

    if not text:
        return
    height, width = image.shape[:2]
    x, y, w, h = (float(value) for value in seen.face.detection.box)
    size = int(np.clip(w / 6, 11, max(12, min(height, width) / 22)))
    font = cv2.FontFace(str(FONT))
    left, top, text_width, text_height = cv2.getTextSize((width, height), text, (0, 0), font, size, 400)
    pad = max(2, size // 4)
    at_x = int(np.clip(x, 0, max(0, width - text_width - 2 * pad)))
    at_y = int(y) - text_height - 2 * pad
    if at_y < 0:
        at_y = int(min(y + h, max(0, height - text_height - 2 * pad)))
    cv2.rectangle(
        image,
        (at_x, at_y),
        (at_x + text_width + 2 * pad, at_y + text_height + 2 * pad),
        COLOURS_BGR[seen.label.presence],
        cv2.FILLED,
    )
    cv2.putText(
        image,
        text,
        (at_x + pad - left, at_y + pad - top),
        (255, 255, 255),
        font,
        size,
        400,
        cv2.PUT_TEXT_ALIGN_LEFT,
    )
