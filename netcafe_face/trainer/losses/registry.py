"""All losses by name, with what a report wants to say about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.trainer.losses.annealing import Annealing
from netcafe_face.trainer.losses.head import READ, HeadConfig, MarginHead, default_scale
from netcafe_face.trainer.losses.pairs import ContrastiveLoss, TripletLoss
from netcafe_face.trainer.losses.sampling import SampledHeadLoss


@dataclass(frozen=True)
class LossSpec:
    """One loss of the list.

    Args:
        name: as on the command line.
        display_name: as in tables and legends.
        formula: what is minimised, or the true class's logit; plain text.
        paper: authors, title, year.
        head: the four choices, or None for a loss over pairs.
        pair: the class of a loss over pairs, or None.
        margin_field: which number `margin=` sets; "" where there is none.
    """

    name: str
    display_name: str
    formula: str
    paper: str
    head: HeadConfig | None = None
    pair: type[TripletLoss] | type[ContrastiveLoss] | None = None
    margin_field: str = ""

    @property
    def needs_pk_batches(self) -> bool:
        """Tell whether batches must hold P people with K pictures each."""
        return self.pair is not None


_PSI = "ψ(θ) = (−1)^k cos(mθ) − 2k on [kπ/m, (k+1)π/m]"
_SPHEREFACE_PAPER = "Liu et al., SphereFace: Deep Hypersphere Embedding for Face Recognition, 2017"
_ARCFACE_PAPER = "Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition, 2019"

_SPECS = (
    LossSpec(
        "softmax",
        "Softmax",
        "W_y·x + b_y",
        "cross-entropy; the baseline of every paper named here",
        HeadConfig("cosine", normalise_weights=False, normalise_features=False, scale=1.0, bias=True),
    ),
    LossSpec(
        "norm-softmax",
        "Norm-Softmax",
        "s·cos θ_y",
        "Wang et al., NormFace: L2 Hypersphere Embedding for Face Verification, 2017",
        HeadConfig("cosine"),
    ),
    LossSpec(
        "l-softmax",
        "L-Softmax",
        f"‖W_y‖·‖x‖·(λ·cos θ_y + ψ(θ_y)) / (1 + λ), {_PSI}",
        "Liu et al., Large-Margin Softmax Loss for Convolutional Neural Networks, 2016",
        HeadConfig(
            "psi", normalise_weights=False, normalise_features=False, scale=1.0, m1=4.0, annealing=Annealing()
        ),
        margin_field="m1",
    ),
    LossSpec(
        "a-softmax",
        "A-Softmax",
        f"‖x‖·(λ·cos θ_y + ψ(θ_y)) / (1 + λ), ‖W_j‖ = 1, {_PSI}",
        _SPHEREFACE_PAPER,
        HeadConfig("psi", normalise_features=False, scale=1.0, m1=4.0, annealing=Annealing()),
        margin_field="m1",
    ),
    LossSpec(
        "sphereface",
        "SphereFace",
        f"s·ψ(θ_y), that is s·cos(m·θ_y) up to π/m; {_PSI}",
        f"{_SPHEREFACE_PAPER}; with s and m = 1.35 as in {_ARCFACE_PAPER}",
        HeadConfig("psi", m1=1.35),
        margin_field="m1",
    ),
    LossSpec(
        "cosface",
        "CosFace",
        "s·(cos θ_y − m)",
        "Wang et al., CosFace: Large Margin Cosine Loss for Deep Face Recognition, 2018",
        HeadConfig("cosface", m3=0.35),
        margin_field="m3",
    ),
    LossSpec(
        "arcface",
        "ArcFace",
        "s·cos(θ_y + m); past π − m: s·(cos θ_y − m·sin m)",
        _ARCFACE_PAPER,
        HeadConfig("arcface", m2=0.5),
        margin_field="m2",
    ),
    LossSpec(
        "combined",
        "Combined margin",
        "s·(cos(m1·θ_y + m2) − m3), continued past π as ψ is",
        f"{_ARCFACE_PAPER}, equation 4",
        HeadConfig("combined", m1=1.0, m2=0.3, m3=0.2),
    ),
    LossSpec(
        "subcenter-arcface",
        "Sub-center ArcFace",
        "s·cos(θ_y + m), θ_j to the nearest of K centres of class j; past π − m: s·(cos θ_y − m·sin m)",
        "Deng et al., Sub-center ArcFace: Boosting Face Recognition by Large-Scale Noisy Web Faces, 2020",
        HeadConfig("arcface", m2=0.5, centers=3),
        margin_field="m2",
    ),
    LossSpec(
        "triplet",
        "Triplet",
        "mean of [‖a − p‖² − ‖a − n‖² + m]₊ over semi-hard triplets of unit vectors",
        "Schroff et al., FaceNet: A Unified Embedding for Face Recognition and Clustering, 2015",
        pair=TripletLoss,
        margin_field="margin",
    ),
    LossSpec(
        "contrastive",
        "Contrastive",
        "mean of ½·d² over genuine pairs + mean of ½·[m − d]₊² over impostor pairs of unit vectors",
        "Hadsell et al., Dimensionality Reduction by Learning an Invariant Mapping, 2006; Sun et al., Deep "
        "Learning Face Representation by Joint Identification-Verification, 2014",
        pair=ContrastiveLoss,
        margin_field="margin",
    ),
)
LOSSES: Mapping[str, LossSpec] = {spec.name: spec for spec in _SPECS}


class HeadLoss(nn.Module):
    """The cross-entropy of a head's logits."""

    def __init__(self, head: MarginHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Compute the mean loss of embeddings (n, dim) with int64 labels (n,); a scalar."""
        return F.cross_entropy(self.head(embeddings, labels), labels)


def build_loss(
    name: str,
    dim: int,
    classes: int,
    *,
    generator: torch.Generator | None = None,
    sample_rate: float = 1.0,
    sample_seed: int = 0,
    **overrides: Any,
) -> nn.Module:
    """Make a loss whose forward takes embeddings (n, dim) and int64 labels (n,) and gives a scalar.

    Args:
        name: one of `LOSSES`.
        dim: values of an embedding.
        classes: identities in training; heads have a centre for each.
        generator: draws a head's first centres; without one, torch's global generator does.
        sample_rate: part of the classes a head looks at in each step; below 1 see `sampling`, and the plain
            softmax then has no bias.
        sample_seed: of the samples.
        **overrides: fields of `HeadConfig`, or `margin`, which means the loss's own one. A value of None
            leaves the default. Without `scale` a head that normalises x takes `default_scale(classes)`.

    Raises:
        OptionsRefused: no such loss, no such option, or a value that makes no sense.
    """
    if name not in LOSSES:
        raise OptionsRefused(reason=f"no loss is called {name}; there are {', '.join(LOSSES)}")
    spec = LOSSES[name]
    chosen = _chosen(spec, classes, overrides)
    try:
        if spec.pair:
            if sample_rate != 1:
                raise ValueError(f"{spec.display_name} has no classes to sample")
            return spec.pair(**chosen)
        config = replace(spec.head or HeadConfig(), **chosen)
        if sample_rate == 1:
            return HeadLoss(MarginHead(dim, classes, config, generator))
        head = MarginHead(dim, classes, replace(config, bias=False), generator)
        return SampledHeadLoss(head, sample_rate, sample_seed)
    except ValueError as error:
        raise OptionsRefused(reason=str(error)) from error


def _chosen(spec: LossSpec, classes: int, overrides: Mapping[str, Any]) -> dict[str, Any]:
    chosen = {key: value for key, value in overrides.items() if value is not None}
    if "margin" in chosen and spec.margin_field:
        chosen[spec.margin_field] = chosen.pop("margin")
    unread = {"m1", "m2", "m3", "easy_margin"} - set(READ[spec.head.target]) if spec.head else set()
    known = {field.name for field in fields(HeadConfig)} - unread if spec.head else {"margin"}
    if unknown := sorted(set(chosen) - known):
        raise OptionsRefused(reason=f"{spec.display_name} has no {', '.join(unknown)}")
    if spec.head and spec.head.normalise_features:
        chosen.setdefault("scale", default_scale(classes))
    return chosen
