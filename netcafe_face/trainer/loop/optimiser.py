"""The optimisers, and how long a gradient may be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.losses.sampling import RowSGD, clip_gradients


def build_optimiser(config: TrainConfig, parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
    """Make the optimiser of a run.

    Args:
        config: the choices.
        parameters: of the backbone and the objective.
    """
    # Norms and biases are not decayed: that would only shrink what the next layer scales back.
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if config.optimiser == "adamw":
        return torch.optim.AdamW(groups, lr=config.learning_rate)
    kind = RowSGD if config.class_sample < 1 else torch.optim.SGD
    return kind(groups, lr=config.learning_rate, momentum=config.momentum, nesterov=config.momentum > 0)


def clip(config: TrainConfig, parameters: Sequence[nn.Parameter]) -> torch.Tensor:
    """Shorten the gradients of all parameters together as the choices say, and return their length before."""
    longest = config.clip or math.inf
    if config.class_sample < 1:  # gradients of sampled classes are sparse, which torch's own cannot clip
        return clip_gradients(parameters, longest)
    return nn.utils.clip_grad_norm_(parameters, longest)
