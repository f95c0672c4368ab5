"""Class sampling, for more identities than memory holds.

An et al., Partial FC: Training 10 Million Identities on a Single Machine, 2021; Killing Two Birds with One
Stone: Efficient and Robust Training of Face Recognition CNNs by Partial FC, 2022. Each step takes the centres
of the identities in its batch and random others, and computes logits and gradients for these only. What a
step holds then grows with the sample, not with the number of identities: logits (n, sampled), gradients
(sampled, dim). Centres and momentum stay complete; the head may lie in main memory while the embeddings are
on a GPU, for only the sampled centres travel.

The gradient of the centres is sparse, and an optimizer must leave alone what was not sampled: a plain one
would go on moving those centres by old momentum and weight decay. `RowSGD` does as arcface_torch does, and
`clip_gradients` stands in for torch's clipping, which knows no sparse gradients.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name
from torch.optim.optimizer import ParamsT

from netcafe_face.trainer.losses.head import MarginHead


def sample_classes(labels: Tensor, classes: int, rate: float, random: np.random.Generator) -> Tensor:
    """Choose the classes of a step: all of the batch's own and random others.

    Args:
        labels: int64 (n,), the batch's classes.
        classes: how many there are.
        rate: part of all classes to reach, above 0 to 1; the batch's own are taken even if they are more.
        random: chooses the others.

    Returns:
        int64 (sampled,), ascending, without repetition, on the CPU.
    """
    own = np.unique(labels.cpu().numpy())
    others = np.delete(np.arange(classes), own)
    missing = min(max(round(rate * classes) - len(own), 0), len(others))
    chosen = random.choice(others, missing, replace=False, shuffle=False)
    return torch.from_numpy(np.sort(np.concatenate([own, chosen])).astype(np.int64))


class SampledHeadLoss(nn.Module):
    """The cross-entropy of a head's logits over a sample of its classes.

    The sample depends on nothing but the seed, the number of steps taken, which the checkpoint keeps, and the
    batch. At rate 1 this is the whole head. Processes that share a batch all see the whole of it and take the
    same sample.

    Args:
        head: any head of one or more centres.
        rate: part of the classes in each step, above 0 to 1.
        seed: of the samples.

    Raises:
        ValueError: no such rate, or a head with a bias, which has no sparse gradient.
    """

    draws: Tensor

    def __init__(self, head: MarginHead, rate: float, seed: int = 0) -> None:
        super().__init__()
        if not 0 < rate <= 1:
            raise ValueError(f"the rate of sampled classes must lie above 0 and up to 1, got {rate}")
        if head.bias is not None:
            raise ValueError("class sampling takes a head without a bias")
        self.head, self.rate, self.seed = head, rate, seed
        self.register_buffer("draws", torch.zeros((), dtype=torch.int64))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Compute the mean loss over the step's sample of classes.

        Args:
            embeddings: (n, dim), any floating dtype; may be on another device than the head.
            labels: int64 (n,), 0 to classes − 1.

        Returns:
            Scalar on the device of the embeddings.
        """
        random = np.random.default_rng([self.seed, int(self.draws)])
        self.draws += self.training
        sampled = sample_classes(labels, self.head.classes, self.rate, random)
        renamed = torch.searchsorted(sampled, labels.cpu()).to(embeddings.device)
        weight = _rows(self.head.weight, sampled, self.head.config.centers).to(embeddings.device)
        return F.cross_entropy(self.head.logits(embeddings, renamed, weight, None), renamed)


class RowSGD(torch.optim.SGD):
    """SGD whose momentum and weight decay touch only those rows that a sparse gradient names.

    A row that was not sampled keeps its value and its momentum until it is sampled again. A sparse gradient
    is used up by the step. Parameters with a dense gradient are treated as `torch.optim.SGD` treats them, so
    one optimizer serves backbone and head.

    Args:
        params: as for `torch.optim.SGD`.
        lr: learning rate.
        momentum: of the gradient, 0 for none.
        weight_decay: added to the gradient, times the parameter.
        nesterov: look ahead along the momentum.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 0.1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(params, lr, momentum, weight_decay=weight_decay, nesterov=nesterov)
        self.register_step_pre_hook(lambda *_: self._step_sparse())

    @torch.no_grad()
    def _step_sparse(self) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None and parameter.grad.is_sparse:
                    self._step_rows(parameter, group)
                    parameter.grad = None

    def _step_rows(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        assert parameter.grad is not None
        gradient = parameter.grad.coalesce()
        rows = gradient.indices()[0]
        change = gradient.values() + group["weight_decay"] * parameter[rows]
        if group["momentum"]:
            state = self.state[parameter]
            if state.get("momentum_buffer") is None:
                state["momentum_buffer"] = torch.zeros_like(parameter)
            kept = group["momentum"] * state["momentum_buffer"][rows] + change
            state["momentum_buffer"][rows] = kept
            change = change + group["momentum"] * kept if group["nesterov"] else kept
        parameter[rows] -= group["lr"] * change


@torch.no_grad()
def clip_gradients(parameters: Iterable[nn.Parameter], longest: float) -> Tensor:
    """Shorten all gradients together, dense and sparse ones, to a common length.

    Args:
        parameters: those without a gradient are left out.
        longest: the length not to be exceeded.

    Returns:
        Scalar, the length before.
    """
    gradients = []
    for parameter in parameters:
        if parameter.grad is not None and parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()
            gradients.append(parameter.grad.values())
        elif parameter.grad is not None:
            gradients.append(parameter.grad)
    length = torch.nn.utils.get_total_norm(gradients)
    shorter = (longest / (length + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(shorter.to(gradient.device))
    return length


def _rows(weight: Tensor, classes: Tensor, centers: int) -> Tensor:
    rows = (classes[:, None] * centers + torch.arange(centers)).flatten()
    return F.embedding(rows.to(weight.device), weight, sparse=True)
