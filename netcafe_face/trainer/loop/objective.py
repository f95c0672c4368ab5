"""What a step is judged by: the loss over the named crops and the teachers' terms over all of them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from netcafe_face.trainer.distil.terms import DistilTerms
from netcafe_face.trainer.losses.sampling import SampledHeadLoss


class Objective(nn.Module):
    """The sum of a loss and of teachers' terms, either of which may be missing.

    Args:
        loss: takes embeddings (n, dim) and labels (n,) and gives a scalar.
        loss_weight: of the loss.
        teachers: the terms of the teachers.
    """

    def __init__(self, loss: nn.Module | None, loss_weight: float, teachers: DistilTerms | None) -> None:
        super().__init__()
        self.loss = loss
        self.teachers = teachers
        self._loss_weight = loss_weight

    def placed(self, device: torch.device) -> Objective:
        """Move everything to a device but the centres of sampled classes, which may be too many for it."""
        if isinstance(self.loss, SampledHeadLoss):
            if self.teachers is not None:
                self.teachers.to(device)
            return self
        return self.to(device)

    def forward(
        self, embeddings: torch.Tensor, labels: torch.Tensor, answers: torch.Tensor
    ) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        """Return the value to be made small, and its parts.

        Args:
            embeddings: (n, dim).
            labels: int64 (n,), −1 where there is no name: the loss leaves these out.
            answers: (n, d), the teachers' unit rows side by side.
        """
        total = embeddings.new_zeros(())
        parts: dict[str, torch.Tensor] = {}
        if self.loss is not None:
            named = labels >= 0
            if bool(named.any()):
                value = self.loss(embeddings[named], labels[named])
                total = total + self._loss_weight * value
                parts["loss"] = value.detach()
        if self.teachers is not None:
            value = self.teachers(embeddings, answers)
            total = total + value
            parts["teachers"] = value.detach()
        return total, parts
