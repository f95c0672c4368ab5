"""The backbones by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from netcafe_face.trainer.backbones.iresnet import RESNET18, RESNET34, RESNET50, IResNet
from netcafe_face.trainer.backbones.mobilefacenet import MobileFaceNet
from netcafe_face.trainer.backbones.plain import PlainNetwork, PlainShape
from netcafe_face.trainer.backbones.staged import StagedNetwork
from netcafe_face.trainer.errors import OptionsRefused


@dataclass(frozen=True)
class BackboneSpec:
    """A backbone that can be asked for by name.

    Attributes:
        build: makes it, with random weights, for an embedding's length.
        paper: where it comes from.
        note: what it is good for.
    """

    name: str
    build: Callable[[int], nn.Module]
    paper: str
    note: str


def _plain(name: str, shape: PlainShape, note: str) -> BackboneSpec:
    return BackboneSpec(name, partial(PlainNetwork, shape), "plain residual network (He et al., 2016)", note)


_IR_PAPER = "Deng et al., “ArcFace”, 2019 (IR blocks)"


_SPECS = (
    _plain(
        "plain-tiny",
        PlainShape("8x8/4", 16, (16, 32, 64, 128), (1, 1, 1, 1)),
        "for comparisons and tests on a CPU",
    ),
    _plain(
        "plain-small",
        PlainShape("3x3/2", 16, (32, 64, 128, 256), (1, 2, 2, 1)),
        "1.6 M parameters; learns fast on two CPU cores",
    ),
    _plain(
        "plain-medium",
        PlainShape("8x8/4", 32, (32, 64, 128, 256), (1, 2, 2, 2)),
        "2.8 M parameters",
    ),
    BackboneSpec(
        "plain-staged",
        StagedNetwork,
        "plain residual network (He et al., 2016) with MobileFaceNet's maps",
        "1.5 M parameters; can learn stage by stage from a teacher's maps; what the shipped pack is made of",
    ),
    BackboneSpec(
        "mobilefacenet",
        MobileFaceNet,
        "Chen et al., “MobileFaceNets”, 2018",
        "few multiply-adds, slow to train",
    ),
    BackboneSpec("resnet18", partial(IResNet, RESNET18), _IR_PAPER, "24 M parameters; for GPUs"),
    BackboneSpec("resnet34", partial(IResNet, RESNET34), _IR_PAPER, "34 M parameters; for GPUs"),
    BackboneSpec("resnet50", partial(IResNet, RESNET50), _IR_PAPER, "44 M parameters; for GPUs"),
)

BACKBONES: dict[str, BackboneSpec] = {spec.name: spec for spec in _SPECS}


def backbone_named(name: str) -> BackboneSpec:
    """Find a backbone.

    Raises:
        OptionsRefused: there is no such backbone.
    """
    spec = BACKBONES.get(name)
    if spec is None:
        raise OptionsRefused(reason=f"there is no backbone {name!r}; there are {', '.join(BACKBONES)}")
    return spec


def build_backbone(name: str, dim: int) -> nn.Module:
    """Make a backbone with random weights.

    Args:
        name: a key of `BACKBONES`.
        dim: the embedding's length.

    Raises:
        OptionsRefused: there is no such backbone.
    """
    return backbone_named(name).build(dim)
