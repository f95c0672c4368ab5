"""Several processes that train one network together, on one machine or many, started by torchrun.

Each process takes its part of every batch through the network, and all look at the whole batch's embeddings:
losses over pairs, teachers' relations and batch normalisation are then what one process would have computed,
and so is the curve of the loss.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn

from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.trainer.loop.synced import with_synced_norms

Value = TypeVar("Value")

_LONGEST_WAIT = timedelta(hours=24)
"""The others wait while the first process asks the teachers; torchrun ends all when one of them fails."""

_TURNS = 3


def best_device(number: int = 0) -> torch.device:
    """Return a GPU where there is one, else the processor.

    Args:
        number: of the process on its machine; each takes a GPU of its own.

    Raises:
        OptionsRefused: there are GPUs, but fewer than processes.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    if number >= torch.cuda.device_count():
        reason = f"process {number + 1} of this machine has no GPU: there are {torch.cuda.device_count()}"
        raise OptionsRefused(reason=reason)
    return torch.device("cuda", number)


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

    def synced(self, network: nn.Module) -> nn.Module:
        """Make a network's batch normalisation see the whole batch, and return the same network."""
        return network

    def gathered(
        self, embeddings: torch.Tensor, labels: torch.Tensor, answers: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the whole batch's embeddings, labels and answers, on this process's device.

        Gradients flow into this process's own embeddings only.
        """
        return embeddings, labels.to(self.device), answers.to(self.device)

    def sum_gradients(self, network: nn.Module) -> None:
        """Add up the gradients of all processes."""

    def from_first(self, measure: Callable[[], Value]) -> Value:
        """Return what the first process measures."""
        return measure()

    def in_turn(self, work: Callable[[], Value]) -> Value:
        """Let the first process work, then the first one of every machine, then all others.

        For work that leaves files, which those who come later find.
        """
        return work()

    def agreed(self, wish: bool) -> bool:
        """Tell whether any process wishes it, so that all do the same."""
        return wish


ALONE = Group()


@dataclass(frozen=True)
class JoinedGroup(Group):
    """Several processes.

    Attributes:
        local_rank: this process among those of its machine.
    """

    local_rank: int = 0

    def synced(self, network: nn.Module) -> nn.Module:
        """Make a network's batch normalisation see the whole batch, and return the same network."""
        return with_synced_norms(network, self.device)

    def gathered(
        self, embeddings: torch.Tensor, labels: torch.Tensor, answers: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the whole batch's embeddings, labels and answers, on this process's device.

        Gradients flow into this process's own embeddings only.
        """
        parts = self._of_all(embeddings.detach())
        parts[self.rank] = embeddings
        return torch.cat(parts), torch.cat(self._of_all(labels)), torch.cat(self._of_all(answers))

    def sum_gradients(self, network: nn.Module) -> None:
        """Add up the gradients of all processes."""
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        together = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(together)
        parts = torch.split(together, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))

    def from_first(self, measure: Callable[[], Value]) -> Value:
        """Return what the first process measures; the others wait for it."""
        told: list[Value] = [measure()] if self.first else [None]  # type: ignore[list-item] # filled below
        dist.broadcast_object_list(told, 0, device=torch.device("cpu"))
        return told[0]

    def in_turn(self, work: Callable[[], Value]) -> Value:
        """Let the first process work, then the first one of every machine, then all others.

        For work that leaves files, which those who come later find.
        """
        mine = 0 if self.first else 1 if self.local_rank == 0 else 2
        done: list[Value] = []
        for turn in range(_TURNS):
            if turn == mine:
                done.append(work())
            self.agreed(False)
        return done[0]

    def agreed(self, wish: bool) -> bool:
        """Tell whether any process wishes it, so that all do the same."""
        wishes = torch.tensor([int(wish)])
        dist.all_reduce(wishes)
        return bool(wishes.item())

    def _of_all(self, own: torch.Tensor) -> list[torch.Tensor]:
        own = own.to(self.device).contiguous()
        parts = [torch.empty_like(own) for _ in range(self.size)]
        if own.numel():  # without teachers, answers have no columns
            dist.all_gather(parts, own)
        return parts


@contextmanager
def joined_group() -> Iterator[Group]:
    """Join the processes that torchrun started with this one, or be alone.

    Raises:
        OptionsRefused: the processes cannot find each other, or there are fewer GPUs than processes.
    """
    places = _places(os.environ)
    if places is None:
        yield Group(device=best_device())
        return
    rank, size, local_rank = places
    device = best_device(local_rank)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    # Small things that every process must know travel between processors, also where GPUs train.
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    try:
        dist.init_process_group(backend, timeout=_LONGEST_WAIT)
    except (ValueError, RuntimeError) as error:
        raise OptionsRefused(reason=f"the processes do not find each other: {error}") from error
    try:
        yield JoinedGroup(rank, size, device, local_rank)
    finally:
        dist.destroy_process_group()


def _places(environ: Mapping[str, str]) -> tuple[int, int, int] | None:
    """Return rank, number of processes and rank on this machine, as torchrun gives them; None when alone."""
    try:
        rank, size = int(environ["RANK"]), int(environ["WORLD_SIZE"])
        local_rank = int(environ.get("LOCAL_RANK", rank))
    except KeyError:
        return None
    except ValueError as error:
        raise OptionsRefused(reason="RANK, WORLD_SIZE and LOCAL_RANK must be numbers") from error
    return None if size == 1 else (rank, size, local_rank)
