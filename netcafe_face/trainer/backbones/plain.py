"""Small residual networks of plain 3×3 convolutions and ReLU, made for training and running on CPUs.

Depthwise convolutions and PReLU save multiply-adds but not time on a CPU: a plain convolution keeps its
arithmetic units busy, forwards and backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class PlainShape:
    """The shape of a plain network.

    Attributes:
        stem: "3x3/2" (112 → 56 pixels) or "8x8/4" (112 → 28, which leaves out the costly first rows).
        stem_channels: of the stem.
        channels: of the four stages, at 28, 14, 7 and 4 pixels.
        blocks: residual blocks of the stages.
    """

    stem: str
    stem_channels: int
    channels: tuple[int, int, int, int]
    blocks: tuple[int, int, int, int]


class PlainBlock(nn.Module):
    """Two 3×3 convolutions with batch normalisation and a residual connection (He et al., 2016)."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the block's features, (n, channels, h / stride, w / stride)."""
        out = self.relu(self.norm1(self.conv1(features)))
        out = self.norm2(self.conv2(out))
        return torch.relu(out + self.shortcut(features))


class PlainNetwork(nn.Module):
    """A plain convolutional embedder: images (n, 3, 112, 112) to embeddings (n, dim).

    The last 4×4 pixels are weighed by a depthwise convolution, as in MobileFaceNet (Chen et al., 2018).
    """

    def __init__(self, shape: PlainShape, dim: int) -> None:
        super().__init__()
        first = shape.stem_channels
        self.stem = nn.Sequential(_stem(shape), nn.BatchNorm2d(first), nn.ReLU(inplace=True))
        self.stages = nn.Sequential(*_stages(shape))
        last = shape.channels[-1]
        self.pool = nn.Sequential(
            nn.Conv2d(last, last, 4, groups=last, bias=False), nn.BatchNorm2d(last), nn.Flatten()
        )
        self.embedding = nn.Sequential(nn.Linear(last, dim, bias=False), nn.BatchNorm1d(dim))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return embeddings, (n, dim), not normalised, of images (n, 3, 112, 112)."""
        embeddings: torch.Tensor = self.embedding(self.pool(self.stages(self.stem(images))))
        return embeddings


def _stem(shape: PlainShape) -> nn.Conv2d:
    if shape.stem == "3x3/2":
        return nn.Conv2d(3, shape.stem_channels, 3, 2, 1, bias=False)
    if shape.stem == "8x8/4":
        return nn.Conv2d(3, shape.stem_channels, 8, 4, 2, bias=False)
    raise ValueError(f"stem must be '3x3/2' or '8x8/4', got {shape.stem!r}")


def _stages(shape: PlainShape) -> Sequence[nn.Module]:
    blocks: list[nn.Module] = []
    before = shape.stem_channels
    for stage, (channels, count) in enumerate(zip(shape.channels, shape.blocks, strict=True)):
        for position in range(count):
            halves = position == 0 and not (stage == 0 and shape.stem == "8x8/4")
            blocks.append(PlainBlock(before, channels, 2 if halves else 1))
            before = channels
    return blocks
