"""Batch normalisation over the parts of a batch that several processes hold."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class SyncedBatchNorm(_BatchNorm):
    """Batch normalisation with the mean and variance of all processes' equally large parts.

    The same weights, buffers and numbers as `nn.BatchNorm1d` and `2d` over the whole batch. For processors,
    on which torch's own `nn.SyncBatchNorm` refuses to work.
    """

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Normalise features (n, c) or (n, c, h, w); with the running statistics when not in training."""
        if not self.training:
            return super().forward(features)
        axes = [0, *range(2, features.ndim)]
        shape = [1, -1, *(1 for _ in range(2, features.ndim))]
        mean = _mean_of_all(features.mean(axes))
        centred = features - mean.view(shape)
        variance = _mean_of_all(centred.square().mean(axes))
        self._note(mean, variance, features.numel() // features.shape[1] * dist.get_world_size())
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return centred * scale.view(shape) + self.bias.view(shape)

    @torch.no_grad()
    def _note(self, mean: torch.Tensor, variance: torch.Tensor, count: int) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)

    def _check_input_dim(self, input: torch.Tensor) -> None:  # noqa: A002 - the name torch gives it
        """Take any: the layers that are replaced have checked theirs."""


def with_synced_norms(network: nn.Module, device: torch.device) -> nn.Module:
    """Replace a network's batch normalisations by synced ones that keep their weights and names.

    Args:
        network: is changed and returned; its state dict stays the same.
        device: where it computes.
    """
    if device.type == "cuda":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return converted
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(module, name, _synced(child))
    return network


def _synced(plain: nn.BatchNorm1d | nn.BatchNorm2d) -> SyncedBatchNorm:
    made = SyncedBatchNorm(plain.num_features, plain.eps, plain.momentum)
    # The very same tensors, for an optimiser may have them already.
    made.weight, made.bias = plain.weight, plain.bias
    made.running_mean, made.running_var = plain.running_mean, plain.running_var
    made.num_batches_tracked = plain.num_batches_tracked
    return made.train(plain.training)


class _SumOfAll(torch.autograd.Function):
    """The sum over all processes; what depends on it in any of them gives its gradient to all."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        return _summed(values)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return _summed(gradient)


def _summed(values: torch.Tensor) -> torch.Tensor:
    total = values.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total


def _mean_of_all(values: torch.Tensor) -> torch.Tensor:
    total: torch.Tensor = _SumOfAll.apply(values)  # type: ignore[no-untyped-call]
    return total / dist.get_world_size()
