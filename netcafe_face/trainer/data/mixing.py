"""New faces made of known ones, for a teacher to be asked about.

A teacher gives an answer for any picture, so a student can learn from faces that nobody has: two aligned
faces blended, one face's upper half over another's lower half, a face stretched and warped. Each is told by
its number alone, so that only the teacher's answers need to be stored.
"""

from __future__ import annotations

import cv2
import numpy as np

from netcafe_face.domain.faces import Image
from netcafe_face.trainer.data.crops import Crops

MIXING = 2
"""Grows whenever the same seed gives other mixtures: answers kept for earlier ones are then of no use."""

_SIDE = 112
_GRID = 5
_MIDDLE = np.array([56, 62], dtype=np.float32)
_FROM_MIDDLE = np.stack(np.meshgrid(np.arange(_SIDE), np.arange(_SIDE)), axis=2).astype(np.float32) - _MIDDLE


class MixedFaces:
    """An endless list of faces mixed from crops.

    Args:
        crops_bgr: uint8 (n, 112, 112, 3), of which at least two.
        seed: another seed gives other mixtures.

    Raises:
        ValueError: there are fewer than two crops.
    """

    def __init__(self, crops_bgr: Crops, seed: int) -> None:
        if len(crops_bgr) < 2:
            raise ValueError("mixing needs at least two crops")
        self._crops_bgr = crops_bgr
        self._seed = seed

    def __getitem__(self, number: int) -> Image:
        """Return mixture `number`, uint8 (112, 112, 3) BGR, always the same for the same crops and seed."""
        rng = np.random.default_rng([self._seed, number])
        first = int(rng.integers(len(self._crops_bgr)))
        second = (first + 1 + int(rng.integers(len(self._crops_bgr) - 1))) % len(self._crops_bgr)
        one, other = self._crop(first, rng), self._crop(second, rng)
        kind = rng.random()
        if kind < 0.30:
            mixed = one
        elif kind < 0.75:
            mixed = _blended(one, other, float(rng.uniform(0.3, 0.7)))
        else:
            mixed = _joined(one, other, rng)
        return _warped(mixed, rng)

    def _crop(self, index: int, rng: np.random.Generator) -> Image:
        crop = np.asarray(self._crops_bgr[index])
        return np.ascontiguousarray(crop[:, ::-1]) if rng.random() < 0.5 else crop


def _blended(one: Image, other: Image, share: float) -> Image:
    return np.asarray(cv2.addWeighted(one, share, other, 1 - share, 0), dtype=np.uint8)


def _joined(one: Image, other: Image, rng: np.random.Generator) -> Image:
    """Lay one face's part over the other, with a soft edge through the middle of the face."""
    ramp = np.clip((np.arange(_SIDE) - rng.uniform(44, 78)) / rng.uniform(6, 20) + 0.5, 0, 1)
    across = np.repeat(ramp[:, None].astype(np.float32), _SIDE, axis=1)
    weight = across if rng.random() < 0.75 else across.T.copy()
    return np.asarray(cv2.blendLinear(one, other, weight, 1 - weight), dtype=np.uint8)


def _warped(crop: Image, rng: np.random.Generator) -> Image:
    """Bend a face smoothly and stretch it, so that its proportions become another person's."""
    bend = rng.normal(0, rng.uniform(0.3, 2.6), (_GRID, _GRID, 2)).astype(np.float32)
    field = cv2.resize(bend, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
    stretch = np.exp(rng.normal(0, 0.05, 2)).astype(np.float32)
    places = np.asarray(field + _FROM_MIDDLE * stretch + _MIDDLE, dtype=np.float32)
    # Two maps: an empty array in the place of the second one is read as a map, beyond its end.
    across, down = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    bent = cv2.remap(crop, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, dtype=np.uint8)
