"""Portraits made harder: heads turned, bowed and partly covered.

Portraits show whole faces from the front; people who sit at a screen look down, turn away, wear caps and
masks, and sit behind other things. What is made here is no true turn and no true mask, but the teacher
answers for what is seen.
"""

from __future__ import annotations

import cv2
import numpy as np

from netcafe_face.domain.faces import FloatArray, Image

_TURNED_SHARE, _BOWED_SHARE, _COVERED_SHARE = 0.4, 0.4, 0.2
_HEAD_WIDTH, _HEAD_HEIGHT = 0.3, 0.38
"""Half the head's width and height in an LFW photo, as parts of the photo's."""
_MOST = 0.45
"""The largest move, as part of those; from a half on the picture would fold over itself."""


def posed(portrait_bgr: Image, rng: np.random.Generator) -> Image:
    """Turn or bow the head in the middle of a portrait, or neither, or both.

    Args:
        portrait_bgr: uint8 (h, w, 3), one face in the middle.
        rng: draws how far.

    Returns:
        uint8 (h, w, 3).
    """
    turn = rng.uniform(-_MOST, _MOST) if rng.random() < _TURNED_SHARE else 0.0
    # A café's camera hangs above the screens: more heads are bowed than raised.
    bow = rng.uniform(-0.4 * _MOST, _MOST) if rng.random() < _BOWED_SHARE else 0.0
    return moved(portrait_bgr, turn, bow) if turn or bow else portrait_bgr


def moved(portrait_bgr: Image, turn: float, bow: float) -> Image:
    """Move the middle of a head, all else less, and nothing beyond the head.

    One side of the head is foreshortened by it, as by a turn.

    Args:
        portrait_bgr: uint8 (h, w, 3).
        turn: to the right, as part of half the head's width.
        bow: down, as part of half its height.
    """
    across, down = _places(portrait_bgr)
    inside = _falling(across)[None, :] * _falling(down)[:, None]
    height, width = portrait_bgr.shape[:2]
    from_x = np.arange(width, dtype=np.float32)[None, :] - np.float32(turn * _HEAD_WIDTH * width) * inside
    from_y = np.arange(height, dtype=np.float32)[:, None] - np.float32(bow * _HEAD_HEIGHT * height) * inside
    result = cv2.remap(portrait_bgr, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(result, dtype=np.uint8)


def covered(portrait_bgr: Image, other_bgr: Image, rng: np.random.Generator) -> Image:
    """Cover one side of a face, or of all that is there, in one of a few portraits.

    Args:
        portrait_bgr: uint8 (h, w, 3), one face in the middle.
        other_bgr: a picture to cover it with, unless with a colour.
        rng: draws which side, how much of it, and with what.
    """
    if rng.random() >= _COVERED_SHARE:
        return portrait_bgr
    across, down = _places(portrait_bgr)
    way = rng.uniform(0, 2 * np.pi)
    beyond = np.cos(way) * across[None, :] + np.sin(way) * down[:, None] > rng.uniform(-0.1, 0.5)
    if rng.random() < 0.5:  # a mask, a hand, hair; else a screen, a door, another's shoulder
        beyond &= across[None, :] ** 2 + down[:, None] ** 2 < 1
    if rng.random() < 0.5:
        height, width = portrait_bgr.shape[:2]
        cover = np.asarray(cv2.resize(other_bgr, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        cover = cover[::-1]  # a face that stands on its head is none
    else:
        cover = np.broadcast_to(rng.integers(0, 256, 3).astype(np.uint8), portrait_bgr.shape)
    return np.asarray(np.where(beyond[..., None], cover, portrait_bgr), dtype=np.uint8)


def _places(portrait_bgr: Image) -> tuple[FloatArray, FloatArray]:
    """Return where columns and rows lie from the middle, in halves of the head's width and height."""
    height, width = portrait_bgr.shape[:2]
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    across = (x - np.float32((width - 1) / 2)) / np.float32(_HEAD_WIDTH * width)
    down = (y - np.float32((height - 1) / 2)) / np.float32(_HEAD_HEIGHT * height)
    return across, down


def _falling(part: FloatArray) -> FloatArray:
    return np.asarray(np.clip(1 - part * part, 0, None), dtype=np.float32)
