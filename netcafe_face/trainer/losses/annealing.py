"""λ annealing: large margins are approached from plain softmax, or training does not start at all."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Annealing:
    """The schedule λ(t) = max(lowest, base·(1 + gamma·t)^−power), t = 1 at the first training step.

    As in Liu et al., SphereFace, 2017; the defaults are those of the authors' training files.
    """

    base: float = 1000.0
    gamma: float = 0.12
    power: float = 1.0
    lowest: float = 5.0

    def __post_init__(self) -> None:
        if min(self.base, self.gamma, self.power, self.lowest) < 0:
            raise ValueError(f"λ annealing takes no negative numbers, got {self}")

    def strength(self, step: Tensor) -> Tensor:
        """Compute λ at a step.

        Args:
            step: int64 scalar, counted from 1.

        Returns:
            float32 scalar on the same device.
        """
        falling = self.base * torch.pow(1 + self.gamma * step.to(torch.float32), -self.power)
        return falling.clamp(min=self.lowest)
