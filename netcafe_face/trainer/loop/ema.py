"""Averaged weights: what is validated and exported (Polyak and Juditsky, 1992)."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Averaged:
    """An exponential moving average of a network's weights.

    Args:
        network: whose weights are averaged.
        keep: part of the average that is kept each step; in the first steps less, so that the random
            weights at the start are soon forgotten.
    """

    def __init__(self, network: nn.Module, keep: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
        self._keep = keep

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after a step, counted from zero."""
        keep = min(self._keep, (1 + step) / (10 + step))
        for mean, now in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)
