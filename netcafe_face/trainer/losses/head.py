"""One head for all losses of the softmax family, made of four choices.

A class j has a centre W_j, and θ_j is the angle between it and the embedding x. The choices are: normalise
W or not, normalise x or not, the target function f, the scale s. The logit of class j is s·|W_j|·|x|·cos θ_j
with |W_j| and |x| taken as 1 where normalised, and only for the true class y does f(θ_y) stand in the place
of cos θ_y. The loss is the cross-entropy, −log(e^{f_y} / Σ_j e^{f_j}).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from netcafe_face.trainer.losses import margins
from netcafe_face.trainer.losses.annealing import Annealing
from netcafe_face.trainer.losses.numeric import SHORTEST, at_least_float32, unit_rows

READ = {
    "cosine": (),
    "psi": ("m1",),
    "cosface": ("m3",),
    "arcface": ("m2", "easy_margin"),
    "combined": ("m1", "m2", "m3"),
}
"""The target functions, and what each reads of a head's margins."""
SMALL_SET_CLASSES = 10_000
"""Fewer classes than this are a small set: the papers' 64 was found on CASIA-WebFace's 10,575 and more."""

_INITIAL_LENGTH = 0.226
"""Expected length of a new centre: arcface_torch's, which draws 512 values with a deviation of 0.01."""


def default_scale(classes: int) -> float:
    """Choose s: 64, or 30 for a small set (fewer than `SMALL_SET_CLASSES` identities)."""
    return 30.0 if classes < SMALL_SET_CLASSES else 64.0


@dataclass(frozen=True)
class HeadConfig:
    """The four choices of a head, and the numbers that belong to them.

    Args:
        target: a key of `READ`.
        normalise_weights: take |W_j| as 1.
        normalise_features: take |x| as 1.
        scale: s.
        m1: factor of the angle.
        m2: added to the angle, radians.
        m3: subtracted from the cosine.
        easy_margin: ArcFace only, see `margins.arcface`.
        centers: K centres a class; the nearest one counts (Deng et al., Sub-center ArcFace, 2020).
        bias: add b_j to each logit; for the plain softmax.
        annealing: blend the target with plain cos θ, less and less.

    Raises:
        ValueError: a choice that does not exist or numbers that make no margin.
    """

    target: str = "cosine"
    normalise_weights: bool = True
    normalise_features: bool = True
    scale: float = 64.0
    m1: float = 1.0
    m2: float = 0.0
    m3: float = 0.0
    easy_margin: bool = False
    centers: int = 1
    bias: bool = False
    annealing: Annealing | None = None

    def __post_init__(self) -> None:
        refused = {
            f"no target function is called {self.target}": self.target not in READ,
            f"the scale must be above 0, got {self.scale}": not self.scale > 0,
            f"m1 must be at least 1, got {self.m1}": not self.m1 >= 1,
            f"m2 must lie from 0 to π/2, got {self.m2}": not 0 <= self.m2 <= torch.pi / 2,
            f"m3 must be at least 0, got {self.m3}": not self.m3 >= 0,
            f"a class needs at least one centre, got {self.centers}": self.centers < 1,
            "a bias belongs to a head without a margin": self.bias and self.target != "cosine",
            # Their papers define ψ so; what is annealed is L-Softmax and A-Softmax.
            f"m must be a whole number, got {self.m1}": self.annealing is not None and self.m1 % 1 != 0,
        }
        for reason, happened in refused.items():
            if happened:
                raise ValueError(reason)

    def target_of(self, cos: Tensor) -> Tensor:
        """Apply the target function, without annealing, to cos θ of any shape."""
        if self.target == "psi":
            return margins.psi(cos, self.m1)
        if self.target == "cosface":
            return margins.cosface(cos, self.m3)
        if self.target == "arcface":
            return margins.arcface(cos, self.m2, self.easy_margin)
        if self.target == "combined":
            return margins.combined(cos, self.m1, self.m2, self.m3)
        return margins.cosine(cos)


class MarginHead(nn.Module):
    """Turn embeddings into logits of the training classes, with a margin for the true one.

    Always computes in float32 (float64 if given it), also under autocast: near θ = 0 the slope of a margin is
    lost in half precision.

    Args:
        dim: values of an embedding.
        classes: how many identities.
        config: the four choices.
        generator: draws the first centres; without one, torch's global generator does.
    """

    weight: nn.Parameter
    step: Tensor

    def __init__(
        self, dim: int, classes: int, config: HeadConfig, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.dim, self.classes, self.config = dim, classes, config
        drawn = torch.randn(classes * config.centers, dim, generator=generator)
        self.weight = nn.Parameter(drawn * (_INITIAL_LENGTH / dim**0.5))
        self.bias = nn.Parameter(torch.zeros(classes * config.centers)) if config.bias else None
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Compute the logits to give to `F.cross_entropy`.

        Args:
            embeddings: (n, dim), any floating dtype, of any length.
            labels: int64 (n,), 0 to classes − 1.

        Returns:
            (n, classes), float32 (float64 for float64).

        Raises:
            ValueError: the shapes are others.
        """
        return self.logits(embeddings, labels, self.weight, self.bias)

    def scores(self, embeddings: Tensor) -> Tensor:
        """Compute the logits (n, classes) without any margin, as one classifies with the head."""
        return self._plain(embeddings, self.weight, self.bias)[0]

    @torch.no_grad()
    def target_angles(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Measure θ_y in radians, (n,), between each embedding and its own class's nearest centre."""
        centres = self.weight.view(self.classes, -1)[labels].view(-1, self.dim)
        cos = (
            (unit_rows(centres).view(len(labels), -1, self.dim) * unit_rows(embeddings)[:, None])
            .sum(2)
            .amax(1)
        )
        return margins.angle(cos.clamp(-1, 1))

    def logits(self, embeddings: Tensor, labels: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Compute logits against given centres, all of them or, for class sampling, some.

        Args:
            embeddings: (n, dim).
            labels: int64 (n,), which of the given classes.
            weight: (c × centers, dim), the centres of one class one after the other.
            bias: (c × centers,) or None.

        Returns:
            (n, c), float32 at least.
        """
        if embeddings.ndim != 2 or embeddings.shape[1] != self.dim or labels.shape != embeddings.shape[:1]:
            shapes = f"{tuple(embeddings.shape)} and {tuple(labels.shape)}"
            raise ValueError(f"wanted embeddings (n, {self.dim}) and labels (n,), got {shapes}")
        logits, winners = self._plain(embeddings, weight, bias)
        if self.config.target == "cosine":
            return logits
        own = (torch.arange(len(labels), device=labels.device), labels)
        length = self._target_length(embeddings, labels, weight, winners)
        cos = logits[own] / length
        target = self.config.target_of(cos)
        if self.config.annealing:
            self.step += self.training
            target = margins.annealed(target, cos, self.config.annealing.strength(self.step))
        # In place: a second copy of all logits would be the largest tensor of the step.
        return logits.index_put_(own, length * target)

    def _plain(self, embeddings: Tensor, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Give the logits without margin and, with several centres, which one won, (n, c)."""
        config = self.config
        with torch.autocast(embeddings.device.type, enabled=False):
            features = unit_rows(embeddings) if config.normalise_features else at_least_float32(embeddings)
            centres = at_least_float32(weight)
            shift = None if bias is None else at_least_float32(bias)
            logits = F.linear(config.scale * features, centres, shift)
            if config.normalise_weights:
                # Dividing n×c logits touches less memory than dividing c×dim weights.
                logits = logits / torch.linalg.vector_norm(centres, dim=1).clamp(min=SHORTEST)
        if config.centers == 1:
            return logits, None
        pooled = logits.view(len(logits), -1, config.centers).max(2)
        return pooled.values, pooled.indices

    def _target_length(
        self, embeddings: Tensor, labels: Tensor, weight: Tensor, winners: Tensor | None
    ) -> Tensor:
        """Give s·|W_y|·|x| for each sample, (n,), with 1 for what is normalised."""
        length = torch.full((), self.config.scale, device=weight.device)
        if not self.config.normalise_features:
            length = length * torch.linalg.vector_norm(at_least_float32(embeddings), dim=1)
        if not self.config.normalise_weights:
            rows = labels * self.config.centers
            if winners is not None:
                rows = rows + winners.gather(1, labels[:, None])[:, 0]
            length = length * torch.linalg.vector_norm(at_least_float32(weight[rows]), dim=1)
        return length.clamp(min=SHORTEST)
