"""What a café's camera does to a picture of any size: light, colour, blur, noise, compression.

Each takes and gives uint8 (h, w, 3) BGR and a random generator; nothing moves, so that the teacher's answers
to the clean picture stay right for the degraded one.
"""

from __future__ import annotations

import cv2
import numpy as np

from netcafe_face.domain.faces import Image

_RAMP = np.linspace(0, 1, 256)


def light(image_bgr: Image, rng: np.random.Generator, strength: float = 1.0) -> Image:
    """Change brightness, contrast, gamma and the colour of the light."""
    gamma = np.exp(rng.normal(0, 0.3 * strength))
    gain = 1 + strength * (rng.uniform(0.45, 1.3) - 1)
    lift = strength * rng.uniform(-0.06, 0.1)
    casts = 1 + strength * rng.normal(0, 0.06, 3)
    tables = np.clip((_RAMP[:, None] ** gamma * gain + lift) * casts, 0, 1) * 255
    return _u8(cv2.LUT(image_bgr, tables[None].astype(np.uint8)))


def noise(image_bgr: Image, rng: np.random.Generator, strength: float = 1.0) -> Image:
    """Add a sensor's noise."""
    # A tile of noise, shifted, is as random to a network as fresh noise and far cheaper.
    sigma = float(rng.uniform(2, 14) * strength)
    grain = rng.normal(0, sigma, (64, 64, 3))
    height, width = image_bgr.shape[:2]
    tiled = np.tile(grain, (height // 64 + 1, width // 64 + 1, 1))[:height, :width]
    return _u8(np.clip(image_bgr + tiled, 0, 255))


def blur(image_bgr: Image, rng: np.random.Generator) -> Image:
    """Blur it: out of focus, or by having been small."""
    height, width = image_bgr.shape[:2]
    if rng.random() < 0.5:
        return _u8(cv2.GaussianBlur(image_bgr, (0, 0), float(rng.uniform(0.5, 1.8))))
    part = float(rng.uniform(0.35, 0.8))
    tiny = cv2.resize(
        image_bgr, (max(1, int(width * part)), max(1, int(height * part))), interpolation=cv2.INTER_AREA
    )
    return _u8(cv2.resize(tiny, (width, height), interpolation=cv2.INTER_LINEAR))


def compression(image_bgr: Image, rng: np.random.Generator) -> Image:
    """Compress it as a camera's stream does."""
    _good, data = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(18, 80))])
    return _u8(cv2.imdecode(data, cv2.IMREAD_COLOR))


def grey(image_bgr: Image) -> Image:
    """Take its colours, as an infrared camera does."""
    return _u8(cv2.cvtColor(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))


def degrade(image_bgr: Image, rng: np.random.Generator) -> Image:
    """Apply a random few of them, in the order in which they happen in a camera."""
    result = image_bgr
    if rng.random() < 0.6:
        result = light(result, rng)
    if rng.random() < 0.08:
        result = grey(result)
    if rng.random() < 0.35:
        result = blur(result, rng)
    if rng.random() < 0.35:
        result = noise(result, rng)
    if rng.random() < 0.35:
        result = compression(result, rng)
    return result


def _u8(image: object) -> Image:
    return np.ascontiguousarray(image, dtype=np.uint8)
