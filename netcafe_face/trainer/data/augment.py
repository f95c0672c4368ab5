"""Augmentations that make a good crop look like one from a café's camera.

Each takes and gives uint8 (112, 112, 3) RGB and a random generator, so that the same seed gives the same
picture again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import cv2
import numpy as np

from netcafe_face.domain.faces import Image

Augmentation = Callable[[Image, np.random.Generator], Image]

_SIDE = 112
_ACROSS = np.linspace(-1, 1, _SIDE, dtype=np.float32)


def flip(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Mirror left and right."""
    return np.ascontiguousarray(crop_rgb[:, ::-1])


def jitter(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Turn, scale and shift a little, as a detector that places landmarks inexactly does."""
    angle, scale = rng.normal(0, 3.0), float(np.exp(rng.normal(0, 0.035)))
    matrix = cv2.getRotationMatrix2D((_SIDE / 2, _SIDE / 2), float(angle), scale)
    matrix[:, 2] = matrix[:, 2] + rng.normal(0, 1.8, 2)
    return _u8(cv2.warpAffine(crop_rgb, matrix, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE))


def small(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Make it as small as a face far from the camera, 16 to 56 pixels, and enlarge it again."""
    side = int(np.exp(rng.uniform(np.log(16), np.log(56))))
    tiny = cv2.resize(crop_rgb, (side, side), interpolation=cv2.INTER_AREA)
    way = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[int(rng.integers(2))]
    return _u8(cv2.resize(tiny, (_SIDE, _SIDE), interpolation=way))


def blurred(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Blur it, out of focus or by motion."""
    if rng.random() < 0.5:
        return _u8(cv2.GaussianBlur(crop_rgb, (0, 0), float(rng.uniform(0.6, 2.2))))
    length, angle = int(rng.integers(3, 10)), float(rng.uniform(0, 180))
    kernel = np.zeros((length, length), dtype=np.float32)
    kernel[length // 2] = 1.0
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), angle, 1.0)
    kernel = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), dtype=np.float32)
    return _u8(cv2.filter2D(crop_rgb, -1, kernel / max(float(kernel.sum()), 1e-3)))


def lit(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Change brightness, contrast and gamma: the dim light and the bright windows of a café."""
    ramp = np.linspace(0, 1, 256)
    gamma, gain, lift = np.exp(rng.normal(0, 0.3)), rng.uniform(0.45, 1.25), rng.uniform(-0.06, 0.1)
    table = np.clip((ramp**gamma * gain + lift) * 255, 0, 255).astype(np.uint8)
    return _u8(cv2.LUT(crop_rgb, table))


def tinted(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Colour the light, as screens and neon do; sometimes down to grey, as night cameras see."""
    if rng.random() < 0.25:
        grey = cv2.cvtColor(crop_rgb, cv2.COLOR_RGB2GRAY)
        return _u8(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB))
    gains = rng.uniform(0.75, 1.15, 3)
    tables = np.clip(np.arange(256)[:, None] * gains, 0, 255).astype(np.uint8)[:, None, :]
    return _u8(cv2.LUT(crop_rgb, tables))


def shaded(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Light it from one side."""
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.6)
    across = np.float32(np.cos(angle)) * _ACROSS[None, :] + np.float32(np.sin(angle)) * _ACROSS[:, None]
    light = 1 - np.float32(depth) * (0.5 + 0.5 * np.clip(across, -1, 1))
    return _u8(cv2.multiply(crop_rgb, cv2.merge([light] * 3), dtype=cv2.CV_8U))


def noisy(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Add the noise of a small sensor."""
    strength, coloured = np.float32(rng.uniform(3, 14)), rng.random() < 0.6
    grain = rng.standard_normal((_SIDE, _SIDE, 3 if coloured else 1), dtype=np.float32) * strength
    return _u8(cv2.add(crop_rgb, grain if coloured else cv2.merge([grain] * 3), dtype=cv2.CV_8U))


def compressed(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Compress it as a network camera does."""
    quality = int(rng.integers(18, 70))
    done, data = cv2.imencode(".jpg", crop_rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR) if done else None
    return crop_rgb if decoded is None else _u8(decoded[:, :, ::-1])


def masked(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Paint a mask over nose and mouth."""
    out = crop_rgb.copy()
    top = rng.integers(60, 74)
    shape = np.array([[14, top + 6], [56, top - 4], [98, top + 6], [94, 104], [56, 116], [18, 104]])
    shape = (shape + rng.integers(-4, 5, shape.shape)).astype(np.int32)
    colour = rng.choice([[235, 240, 245], [120, 175, 215], [30, 30, 35], [200, 190, 180]])
    wanted = np.clip(colour + rng.integers(-20, 20, 3), 0, 255)
    cv2.fillPoly(out, [shape], [int(value) for value in wanted], lineType=cv2.LINE_AA)
    for height in rng.integers(top + 8, 104, 3):
        cv2.line(out, (20, int(height)), (92, int(height)), [int(v * 0.92) for v in wanted], 1)
    return out


def with_glasses(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Paint glasses on, clear or dark."""
    out = crop_rgb.copy()
    radius = (int(rng.integers(11, 16)), int(rng.integers(9, 14)))
    dark, width = rng.random() < 0.3, int(rng.integers(1, 4))
    frame = [int(value) for value in rng.integers(0, 70, 3)]
    for x in (38, 74):
        if dark:
            cv2.ellipse(out, (x, 52), radius, 0, 0, 360, [25, 25, 30], -1, cv2.LINE_AA)
        cv2.ellipse(out, (x, 52), radius, 0, 0, 360, frame, width, cv2.LINE_AA)
    cv2.line(out, (38 + radius[0], 51), (74 - radius[0], 51), frame, width, cv2.LINE_AA)
    return out


def covered(crop_rgb: Image, rng: np.random.Generator) -> Image:
    """Hide a rectangle, as a hand or a headset does (random erasing, Zhong et al., 2020)."""
    out = crop_rgb.copy()
    width, height = (int(value) for value in rng.integers(16, 44, 2))
    left, top = int(rng.integers(0, _SIDE - width)), int(rng.integers(0, _SIDE - height))
    out[top : top + height, left : left + width] = rng.integers(0, 256, 3)
    return out


AUGMENTATIONS: Mapping[str, Augmentation] = MappingProxyType(
    {
        "flip": flip,
        "jitter": jitter,
        "masked": masked,
        "glasses": with_glasses,
        "covered": covered,
        "shaded": shaded,
        "lit": lit,
        "tinted": tinted,
        "small": small,
        "blurred": blurred,
        "noisy": noisy,
        "compressed": compressed,
    }
)
"""In a camera's order: what is before the lens, the light, the lens, the sensor, the wire."""

_CAFE = {
    "flip": 0.5,
    "jitter": 0.7,
    "masked": 0.04,
    "glasses": 0.05,
    "covered": 0.05,
    "shaded": 0.12,
    "lit": 0.4,
    "tinted": 0.25,
    "small": 0.2,
    "blurred": 0.15,
    "noisy": 0.15,
    "compressed": 0.25,
}
_HALF = {name: chance / 2 for name, chance in _CAFE.items()} | {"flip": 0.5, "jitter": 0.7}
_LIGHT = {"flip": 0.5, "jitter": 0.5, "lit": 0.15, "tinted": 0.1, "small": 0.06, "compressed": 0.1}


@dataclass(frozen=True)
class AugmentConfig:
    """How often each augmentation happens, 0 to 1, by its name in `AUGMENTATIONS`."""

    chances: Mapping[str, float] = field(default_factory=lambda: dict(_CAFE))

    def __post_init__(self) -> None:
        unknown = set(self.chances) - set(AUGMENTATIONS)
        if unknown:
            raise ValueError(f"unknown augmentations: {sorted(unknown)}")


STRENGTHS: Mapping[str, AugmentConfig] = MappingProxyType(
    {
        "none": AugmentConfig({}),
        "flip": AugmentConfig({"flip": 0.5}),
        "light": AugmentConfig(_LIGHT),
        "half-cafe": AugmentConfig(_HALF),
        "cafe": AugmentConfig(_CAFE),
    }
)


def augment(crop_rgb: Image, rng: np.random.Generator, strength: AugmentConfig) -> Image:
    """Return a crop as a café's camera might have seen it; the one given is not changed."""
    for name, change in AUGMENTATIONS.items():
        if rng.random() < strength.chances.get(name, 0.0):
            crop_rgb = change(crop_rgb, rng)
    return crop_rgb


def _u8(pixels: object) -> Image:
    return np.asarray(pixels).astype(np.uint8, copy=False)
