"""Training a small network for a figure: the same few lines for every loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from netcafe_face.trainer.figures.options import Watch
from netcafe_face.trainer.figures.tasks import Samples, Task
from netcafe_face.trainer.losses.registry import LOSSES, HeadLoss, build_loss

_CHUNK = 512

Angles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        loss: a key of `LOSSES`.
        dim: the embedding's length.
        steps: of Adam, with a learning rate that rises for a tenth of them and falls to 0 along a cosine.
        batch: samples of a step.
        learning_rate: the highest one.
        options: of the loss.
        seed: of weights and batches.
    """

    loss: str
    dim: int
    steps: int
    batch: int = 128
    learning_rate: float = 3e-3
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Learned:
    """A network and its loss after training."""

    network: nn.Module
    loss: nn.Module

    def embed(self, samples: Samples) -> torch.Tensor:
        """Return unit embeddings, float32 (n, dim)."""
        return embed(self.network, samples.inputs)

    def centres(self) -> torch.Tensor | None:
        """Return the classes' unit centres, (classes × K, dim), or None for a loss that has none."""
        if not isinstance(self.loss, HeadLoss):
            return None
        return F.normalize(self.loss.head.weight.detach(), dim=1)


def learn(
    task: Task,
    recipe: Recipe,
    watch: Watch,
    at_step: Callable[[int, Learned], None] = lambda step, learned: None,
) -> Learned:
    """Train a network.

    Args:
        task: what on.
        recipe: how.
        watch: is told of progress.
        at_step: called before every step with its number, and once after the last.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    network = task.network(recipe.dim, generator)
    options = dict(recipe.options)
    if LOSSES[recipe.loss].head:
        options["generator"] = generator
    loss = build_loss(recipe.loss, recipe.dim, task.classes, **options)
    learned = Learned(network, loss)
    optimiser = torch.optim.Adam([*network.parameters(), *loss.parameters()], lr=recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, recipe.steps))
    network.train()
    for step in range(recipe.steps):
        at_step(step, learned)
        inputs, labels = task.draw(recipe.batch, generator)
        value = loss(network(inputs), labels)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
        watch(f"training with {LOSSES[recipe.loss].display_name}", step + 1, recipe.steps)
    at_step(recipe.steps, learned)
    return learned


@torch.no_grad()
def embed(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Return unit embeddings, float32 (n, dim), of a network in evaluation mode, which is put back."""
    was_training = network.training
    network.eval()
    parts = [network(inputs[start : start + _CHUNK]) for start in range(0, len(inputs), _CHUNK)]
    network.train(was_training)
    return F.normalize(torch.cat(parts), dim=1)


def pair_angles(embeddings: torch.Tensor, labels: torch.Tensor) -> tuple[Angles, Angles]:
    """Measure θ of all pairs in radians: those of one person, and those of two people."""
    rows = embeddings.double().numpy()
    first, second = np.triu_indices(len(rows), 1)
    theta = np.arccos(np.clip((rows @ rows.T)[first, second], -1, 1))
    same = (labels[:, None] == labels).numpy()[first, second]
    return theta[same], theta[~same]


def _rate(step: int, steps: int) -> float:
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + float(np.cos(np.pi * min(1.0, (step - warm) / max(1, steps - warm)))))
