"""The sample café's picture: six seats, and people who move, lean back, and sit in changing light."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import Image
from netcafe_face.sample.people import CUTOUT_PX, Cutout
from netcafe_face.sample.script import COLUMNS, HEIGHT_PX, ROWS, SEATS, WIDTH_PX, Stay, sitting

SEAT_W, SEAT_H = WIDTH_PX // COLUMNS, HEIGHT_PX // ROWS
_FACE_PX = 104.0
_ARRIVAL_S = 0.5
_NOISES = 11
_DESK_PX = 34


class Scene:
    """Render the sample café at any time; the same time always gives the same picture.

    Args:
        cutouts: people by key.
    """

    def __init__(self, cutouts: Mapping[str, Cutout]) -> None:
        self.cutouts = cutouts
        self._empty = {seat.name: _empty_seat(number, seat.name) for number, seat in enumerate(SEATS)}

    def render(self, at_s: float) -> Image:
        """Return uint8 (720, 1280, 3) BGR at a time in seconds."""
        picture = np.empty((HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
        present = {stay.seat: stay for stay in sitting(at_s)}
        for number, seat in enumerate(SEATS):
            row, column = divmod(number, COLUMNS)
            tile = self._empty[seat.name]
            if seat.name in present:
                tile = self._occupied(tile, present[seat.name], at_s, number)
            left, top = column * SEAT_W, row * SEAT_H
            picture[top : top + SEAT_H, left : left + SEAT_W] = tile
            # The last column is two pixels wider, because 1280 is no multiple of three.
            picture[top : top + SEAT_H, left + SEAT_W :] = tile[:, -1:]
        return picture

    def _occupied(self, tile: Image, stay: Stay, at_s: float, number: int) -> Image:
        person = self.cutouts[stay.person]
        move = _movement(person.face_px, stay, at_s, number)
        size = (SEAT_W, SEAT_H)
        warped = cv2.warpAffine(person.image_bgr, move, size, flags=cv2.INTER_LINEAR)
        alpha = cv2.warpAffine(person.alpha, move, size, flags=cv2.INTER_LINEAR)[:, :, None]
        mixed = tile.astype(np.float32) * (1 - alpha) + warped.astype(np.float32) * alpha
        mixed[-_DESK_PX:] = tile[-_DESK_PX:]
        return _through_a_camera(mixed, at_s, number)


def _movement(face_px: float, stay: Stay, at_s: float, number: int) -> npt.NDArray[np.float64]:
    """Return the affine (2, 3) from the cut-out to the seat: pan, zoom and tilt, and walking in and out."""
    phase = 1.7 * number
    zoom = _FACE_PX / face_px * (1.0 + 0.12 * math.sin(0.5 * at_s + phase))
    tilt = 7.0 * math.sin(0.37 * at_s + 2 * phase)
    # Nobody appears from nowhere: people slide in from below and out again.
    inside = min(at_s - stay.from_s, stay.to_s - at_s) / _ARRIVAL_S
    lower = SEAT_H * 0.9 * (1.0 - min(1.0, max(0.0, inside)) ** 0.5)
    x = SEAT_W / 2 + 26.0 * math.sin(0.61 * at_s + phase)
    y = SEAT_H * 0.52 + 12.0 * math.sin(0.83 * at_s + phase) + lower
    move = cv2.getRotationMatrix2D((CUTOUT_PX / 2, CUTOUT_PX * 0.45), tilt, zoom)
    move[:, 2] += np.array([x - CUTOUT_PX / 2, y - CUTOUT_PX * 0.45])
    return np.asarray(move, dtype=np.float64)


def _through_a_camera(tile: npt.NDArray[np.float32], at_s: float, number: int) -> Image:
    """Change light and colour, blur and add noise, as a cheap camera in a dim room does."""
    light = 0.9 + 0.16 * math.sin(0.29 * at_s + number)
    warmth = np.array([0.96, 1.0, 1.03] if number % 2 else [1.05, 1.0, 0.95], np.float32)
    blur_px = 0.6 + 0.25 * (1 + math.sin(0.9 * at_s + number))
    blurred = cv2.GaussianBlur(tile * (light * warmth), (0, 0), blur_px)
    noise = _noise()[(round(at_s * 1000) + 3 * number) % _NOISES]
    return np.asarray(np.clip(blurred + noise, 0, 255), dtype=np.uint8)


@cache
def _noise() -> npt.NDArray[np.float32]:
    """Return a few noisy tiles, because new noise for every tile would cost more than all the rest."""
    size = (_NOISES, SEAT_H, SEAT_W, 1)
    return np.random.default_rng(7).normal(0, 4.0, size).astype(np.float32)


def _empty_seat(number: int, name: str) -> Image:
    """Draw a seat without anybody: a wall, a chair's back, a desk, and the seat's name."""
    walls = ((118, 96, 74), (96, 104, 84), (110, 88, 100))
    shade = np.linspace(1.15, 0.7, SEAT_H, dtype=np.float32)[:, None, None]
    tile = np.broadcast_to(np.array(walls[number % 3], np.float32) * shade, (SEAT_H, SEAT_W, 3))
    image = np.ascontiguousarray(np.clip(tile, 0, 255).astype(np.uint8))
    middle = SEAT_W // 2
    cv2.ellipse(image, (middle, SEAT_H), (150, 170), 0, 180, 360, (52, 46, 44), cv2.FILLED, cv2.LINE_AA)
    cv2.rectangle(image, (0, SEAT_H - _DESK_PX), (SEAT_W, SEAT_H), (62, 74, 92), cv2.FILLED)
    cv2.rectangle(image, (0, 0), (SEAT_W - 1, SEAT_H - 1), (40, 36, 34), 2)
    font = cv2.FontFace("sans")
    cv2.putText(image, name, (16, SEAT_H - 10), (235, 235, 235), font, 22, 600)
    return image
