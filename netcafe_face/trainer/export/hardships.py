"""How much worse it gets when one of two faces is masked, far away or dark: measured on changed crops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.data.augment import masked, noisy
from netcafe_face.trainer.data.crops import Crops
from netcafe_face.trainer.evaluation.verification import Pairs

SMALL_PX = 24
"""About the face of somebody three rows of seats from the camera."""

_DARK = 0.2
_CHANCE = 0x4A2D

Hardship = Callable[[Image, np.random.Generator], Image]


def small(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Shrink a crop to `SMALL_PX` and enlarge it again."""
    tiny = cv2.resize(crop_rgb, (SMALL_PX, SMALL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(tiny, crop_rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def dark(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Take four fifths of the light away, with the noise of a small sensor."""
    return noisy(np.asarray(crop_rgb * _DARK, dtype=np.uint8), rng)


HARDSHIPS: Mapping[str, Hardship] = MappingProxyType({"mask": masked, "small": small, "dark": dark})


@dataclass(frozen=True)
class Hard:
    """What a change of one of the two faces does.

    Attributes:
        name: a key of `HARDSHIPS`.
        tar: part of the true pairs accepted with it.
        plain: part of the same pairs accepted without.
        far: part of the pairs of strangers accepted with it.
        pairs: number of true pairs.
    """

    name: str
    tar: float
    plain: float
    far: float
    pairs: int


@dataclass(frozen=True, eq=False)
class HardTest:
    """What is changed, and how it was before.

    Attributes:
        crops_bgr: uint8 (n, 112, 112, 3).
        embeddings: float32 (n, d), unit rows, of these crops as they are.
        pairs: in each the second face is changed.
        threshold: cosine from which a pair is accepted.
    """

    crops_bgr: Crops
    embeddings: FloatArray
    pairs: Pairs
    threshold: float

    def accepted(self, second: FloatArray) -> npt.NDArray[np.bool_]:
        """Return which pairs are accepted, bool (p,), given each one's second face, float32 (p, d)."""
        cosines = np.einsum("ij,ij->i", self.embeddings[self.pairs.first], second, dtype=np.float64)
        return np.asarray(cosines >= self.threshold)


def measure_hardships(
    test: HardTest, embed: Callable[[Crops], FloatArray], seed: int = 0
) -> tuple[Hard, ...]:
    """Measure every hardship on the same pairs, at one threshold.

    Args:
        test: the faces and pairs.
        embed: gives float32 (n, d) unit rows of crops.
        seed: of masks and noise.
    """
    same = test.pairs.same
    plain = test.accepted(test.embeddings[test.pairs.second])[same]
    rows, places = np.unique(test.pairs.second, return_inverse=True)
    found = []
    for number, (name, change) in enumerate(HARDSHIPS.items()):
        chances = [np.random.default_rng([_CHANCE, seed, number, int(row)]) for row in rows]
        changed = [
            change(test.crops_bgr[row][:, :, ::-1], rng) for row, rng in zip(rows, chances, strict=True)
        ]
        accepted = test.accepted(embed(np.ascontiguousarray(np.stack(changed)[..., ::-1]))[places])
        tar, far = float(accepted[same].mean()), float(accepted[~same].mean())
        found.append(Hard(name, tar, float(plain.mean()), far, int(same.sum())))
    return tuple(found)
