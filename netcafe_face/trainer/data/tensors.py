"""From aligned crops to what the networks take."""

from __future__ import annotations

import numpy as np
import torch

from netcafe_face.trainer.data.crops import Crops

MEAN = 127.5
STD = 127.5
"""The networks take RGB as (x − 127.5) / 127.5, which is what ArcFace networks are fed."""


def to_input(crops_rgb: Crops) -> torch.Tensor:
    """Return crops, uint8 (n, 112, 112, 3) RGB, as float32 (n, 3, 112, 112), channels last in memory."""
    pixels = torch.from_numpy(np.ascontiguousarray(crops_rgb))
    return scale(pixels)


def scale(pixels: torch.Tensor) -> torch.Tensor:
    """Return RGB pixels, uint8 (n, 112, 112, 3), as float32 (n, 3, 112, 112), channels last in memory."""
    return pixels.permute(0, 3, 1, 2).float().sub_(MEAN).div_(STD)
