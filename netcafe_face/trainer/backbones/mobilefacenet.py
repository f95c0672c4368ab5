"""MobileFaceNet (Chen et al., “Efficient CNNs for Accurate Real-Time Face Verification”, 2018).

What is odd about it:

- The inverted residual is MobileNetV2's with PReLU for ReLU6, and its first 1×1 convolution is always there.
- The last 7×7 pixels are not averaged but weighed, channel by channel, by a “global depthwise convolution”,
  since the middle of an aligned crop says more about a face than its corners. No activation follows it.
- Few multiply-adds are not little time: depthwise convolutions and PReLU wait for memory, so that on a CPU it
  trains far slower than a plain network of as many multiply-adds. The command `backbones` measures both.
- The paper's table is for 128 numbers per face, where it has 0.99 M parameters and 221 M multiply-adds;
  arcface_torch's “mbf” is a larger relative of it with more channels and blocks.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn


class Stage(NamedTuple):
    """A row of the paper's table 1: t, c, n and s of its bottlenecks; the first of them has the stride."""

    expansion: int
    channels: int
    blocks: int
    stride: int


STAGES = (
    Stage(2, 64, 5, 2),
    Stage(4, 128, 1, 2),
    Stage(2, 128, 6, 1),
    Stage(4, 128, 1, 2),
    Stage(2, 128, 2, 1),
)
STEM_CHANNELS = 64
LAST_CHANNELS = 512
LAST_PX = 7


class Bottleneck(nn.Module):
    """An inverted residual: 1×1 expansion, 3×3 depthwise, 1×1 linear projection, added where shapes allow."""

    def __init__(self, channels_in: int, channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.body = nn.Sequential(
            *_convolution(channels_in, wide, 1),
            *_convolution(wide, wide, 3, stride=stride, groups=wide),
            *_convolution(wide, channels, 1, bends=False),
        )
        self.adds = stride == 1 and channels_in == channels

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the block's features, (n, channels, h / stride, w / stride)."""
        out: torch.Tensor = self.body(features)
        return out + features if self.adds else out


class MobileFaceNet(nn.Module):
    """MobileFaceNet: images (n, 3, 112, 112) to embeddings (n, dim), not normalised.

    Args:
        dim: the embedding's length; 128 in the paper.
    """

    def __init__(self, dim: int = 128) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            *_convolution(3, STEM_CHANNELS, 3, stride=2),
            *_convolution(STEM_CHANNELS, STEM_CHANNELS, 3, groups=STEM_CHANNELS),
        )
        self.stages = nn.Sequential(*_stages())
        self.pool = nn.Sequential(
            *_convolution(STAGES[-1].channels, LAST_CHANNELS, 1),
            nn.Conv2d(LAST_CHANNELS, LAST_CHANNELS, LAST_PX, groups=LAST_CHANNELS, bias=False),
            nn.BatchNorm2d(LAST_CHANNELS),
            nn.Flatten(),
        )
        self.embedding = nn.Sequential(nn.Linear(LAST_CHANNELS, dim, bias=False), nn.BatchNorm1d(dim))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return embeddings, (n, dim), of images (n, 3, 112, 112)."""
        embeddings: torch.Tensor = self.embedding(self.pool(self.stages(self.stem(images))))
        return embeddings


def _convolution(
    channels_in: int, channels: int, kernel: int, *, stride: int = 1, groups: int = 1, bends: bool = True
) -> list[nn.Module]:
    layers: list[nn.Module] = [
        nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(channels),
    ]
    return [*layers, nn.PReLU(channels)] if bends else layers


def _stages() -> list[nn.Module]:
    made: list[nn.Module] = []
    before = STEM_CHANNELS
    for stage in STAGES:
        for position in range(stage.blocks):
            stride = stage.stride if position == 0 else 1
            made.append(Bottleneck(before, stage.channels, stride, stage.expansion))
            before = stage.channels
    return made
