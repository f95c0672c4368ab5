"""Pictures to train on: mosaics of faces of all sizes, cuts of rooms and streets, and both mixed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import Image
from netcafe_face.trainer.detector.degrade import degrade
from netcafe_face.trainer.detector.photos import Photos
from netcafe_face.trainer.detector.portraits import covered, posed
from netcafe_face.trainer.errors import OptionsRefused

_SCENE_STREAM = 7021
"""Keeps the random numbers of scenes apart from those of other things with the same seed."""

_SMALLEST_TILE_PX = 34
_ROOM_SHARE = 0.3
_ROOM_TILE_SHARE = 0.22
_WHOLE_PORTRAIT_SHARE = 0.12
_SPOT_SHARE = 0.35
_MOST_ENLARGED = 2.0
_CLEAN_TEACHER_SHARE = 0.25
_FACE_PART = 0.42
"""A face's part of an LFW photo's width, as YuNet sees it."""

RECIPE = 2
"""Raised whenever the scenes of a seed become other ones."""


@dataclass(frozen=True)
class Scene:
    """A picture and what the teacher is shown of it.

    Attributes:
        student_bgr: uint8 (side, side, 3), as the student sees it.
        teacher_bgr: the same, or in a quarter of all scenes the picture before its degradation.
    """

    student_bgr: Image
    teacher_bgr: Image


class SceneMaker:
    """Makes scenes: the same one for the same seed and number, in any order.

    Args:
        photos: to make them of.
        side_px: of the square scenes, a multiple of 32.
        seed: of all random choices.

    Raises:
        OptionsRefused: the side is no multiple of 32.
    """

    def __init__(self, photos: Photos, side_px: int, seed: int) -> None:
        if side_px % 32 or side_px < 64:
            raise OptionsRefused(reason=N_("a scene's side must be a multiple of 32, and at least 64"))
        self._photos = photos
        self._side_px = side_px
        self._seed = seed
        # Between a fair share for every photo and one for every place: some places have ten photos.
        sizes = np.sqrt([len(place) for place in photos.rooms])
        self._chances = sizes / sizes.sum() if len(sizes) else sizes

    def scene(self, number: int) -> Scene:
        """Return scene `number`, counted from zero."""
        rng = np.random.default_rng([_SCENE_STREAM, self._seed, number])
        rooms, heads = self._photos.rooms, self._photos.portraits or self._photos.spots
        if not heads or (rooms and rng.random() < _ROOM_SHARE):
            clean = self._room(rng, self._side_px, whole=True)
        else:
            clean = self._mosaic(rng)
        spoiled = degrade(clean, rng)
        return Scene(spoiled, clean if rng.random() < _CLEAN_TEACHER_SHARE else spoiled)

    def _mosaic(self, rng: np.random.Generator) -> Image:
        """Tile a scene: cut the square in two again and again, and fill each part with a face or a room."""
        canvas = np.empty((self._side_px, self._side_px, 3), dtype=np.uint8)
        # The depth is drawn for the whole scene, so that scenes of many small faces are as many as close-ups.
        least = float(np.exp(rng.uniform(np.log(_SMALLEST_TILE_PX), np.log(1.2 * self._side_px))))
        waiting = [(0, 0, self._side_px, self._side_px)]
        while waiting:
            x, y, width, height = waiting.pop()
            if max(width, height) > 2 * least or (max(width, height) > 1.4 * least and rng.random() < 0.6):
                part = float(rng.uniform(0.35, 0.65))
                if width >= height:
                    cut = round(width * part)
                    waiting += [(x, y, cut, height), (x + cut, y, width - cut, height)]
                else:
                    cut = round(height * part)
                    waiting += [(x, y, width, cut), (x, y + cut, width, height - cut)]
                continue
            canvas[y : y + height, x : x + width] = self._tile(rng, width, height)
        return canvas

    def _tile(self, rng: np.random.Generator, width: int, height: int) -> Image:
        side = max(width, height)
        if self._photos.rooms and rng.random() < _ROOM_TILE_SHARE:
            tile = self._room(rng, side, whole=False)
        elif self._photos.spots and (not self._photos.portraits or rng.random() < _SPOT_SHARE):
            tile = self._spot(rng, side, min(width, height))
        else:
            tile = self._portrait(rng, side, min(width, height))
        top, left = (side - height) // 2, (side - width) // 2
        return tile[top : top + height, left : left + width]

    def _portrait(self, rng: np.random.Generator, side: int, free: int) -> Image:
        """Show a face of random size, turn and place, most often whole, in a square."""
        photos = self._photos.portraits
        photo, other = (photos[int(number)] for number in rng.integers(len(photos), size=2))
        height, width = photo.shape[:2]
        if rng.random() < _WHOLE_PORTRAIT_SHARE:
            scale = side / max(height, width)
        else:
            wanted = free * float(rng.uniform(0.3, 0.85))
            scale = wanted / (_FACE_PART * width)
        slack = 0.5 * max(0.0, free - _FACE_PART * width * scale)
        photo = covered(posed(photo, rng), other, rng)
        return _shown(photo, (width / 2, height / 2), scale, rng, side, slack)

    def _spot(self, rng: np.random.Generator, side: int, free: int) -> Image:
        """Show one of the places that are shown more often, of random size, most often whole."""
        spot = self._photos.spots[int(rng.integers(len(self._photos.spots)))]
        scale = min(_MOST_ENLARGED, free * float(rng.uniform(0.25, 0.85)) / spot.size_px)
        slack = 0.5 * max(0.0, free - spot.size_px * scale)
        return _shown(spot.photo_bgr, spot.middle, scale, rng, side, slack)

    def _room(self, rng: np.random.Generator, side: int, whole: bool) -> Image:
        """Show a random part of a room at a random scale."""
        place = self._photos.rooms[int(rng.choice(len(self._chances), p=self._chances))]
        photo = place[int(rng.integers(len(place)))]
        height, width = photo.shape[:2]
        least = side / max(height, width) * (0.8 if whole else 0.5)
        most = max(1.5 * least, 1.6 if whole else 1.0)
        scale = float(np.exp(rng.uniform(np.log(least), np.log(most))))
        reach = np.maximum(0, np.array([width, height]) - side / scale) / 2
        middle = np.array([width, height]) / 2 + rng.uniform(-1, 1, 2) * reach
        return _shown(photo, (float(middle[0]), float(middle[1])), scale, rng, side, 0.0)


def _shown(
    photo: Image,
    middle: tuple[float, float],
    scale: float,
    rng: np.random.Generator,
    side: int,
    slack: float = 0.0,
) -> Image:
    """Cut a square out of a photo: turned and stretched, most often a little, and often mirrored."""
    if scale < 0.6:
        # warpAffine does not average, so what gets much smaller is shrunk by area first.
        size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
        middle = (middle[0] * size[0] / photo.shape[1], middle[1] * size[1] / photo.shape[0])
        photo, scale = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8), 1.0
    angle = float(np.deg2rad(rng.normal(0, 12 if rng.random() < 0.6 else 28)))
    stretch = np.exp(rng.normal(0, 0.07 if rng.random() < 0.6 else 0.2, 2))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = scale * turn @ np.diag(stretch * np.array([mirror, 1.0]))
    shift = side / 2 + rng.uniform(-1, 1, 2) * slack - matrix @ np.array(middle)
    move = np.hstack([matrix, shift[:, None]])
    way = (cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT)[int(rng.integers(3))]
    grey = float(rng.integers(0, 200))
    shown = cv2.warpAffine(photo, move, (side, side), borderMode=way, borderValue=(grey, grey, grey))
    return np.asarray(shown, dtype=np.uint8)
