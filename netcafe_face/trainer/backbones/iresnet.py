"""Residual networks in their face form: for 112×112 crops, with an embedding instead of a classification.

The layout is that of Deng et al., “ArcFace”, 2019, and insightface's arcface_torch, layer for layer:

- The stem is one 3×3 convolution with stride 1 and without max-pooling, since a face of 112 pixels has none
  to waste. Each of the four stages halves the size: 56, 28, 14, 7 pixels.
- A block is BN-Conv-BN-PReLU-Conv-BN (Han et al., “Deep Pyramidal Residual Networks”, 2017), and there is no
  activation after the addition. The second convolution carries the stride.
- The output is BN-Dropout-FC-BN. The last BN has a bias but a fixed scale of 1: a margin head looks at
  directions only, and a scale of its own would fight with the head's.

What is odd about it: “ResNet-50” has no bottleneck blocks. It is (3, 4, 14, 3) blocks of two 3×3
convolutions, with 43.6 M parameters. Half of the parameters of ResNet-18 lie in one fully connected layer,
25,088 × 512.
"""

from __future__ import annotations

import torch
from torch import nn

STAGE_CHANNELS = (64, 128, 256, 512)
LAST_PX = 7

RESNET18 = (2, 2, 2, 2)
RESNET34 = (3, 4, 6, 3)
RESNET50 = (3, 4, 14, 3)


class IRBlock(nn.Module):
    """BN-Conv-BN-PReLU-Conv-BN with a residual connection, (n, c, h, w) to (n, channels, h/stride, w/stride).

    Args:
        channels_in: of the features that come in.
        channels: of both convolutions.
        stride: of the second convolution and of the 1×1 convolution that then stands on the shortcut.
    """

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.prelu = nn.PReLU(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the block's features."""
        out = self.prelu(self.norm2(self.conv1(self.norm1(features))))
        out = self.norm3(self.conv2(out)) + self.shortcut(features)
        return torch.as_tensor(out)


class IResNet(nn.Module):
    """A face ResNet: images (n, 3, 112, 112) to embeddings (n, dim), not normalised.

    Convolutions start as in ArcFace's MXNet code, Gaussian with the variance 2 / fan-out. (arcface_torch uses
    a standard deviation of 0.1 for all of them; before BN that changes only how fast the weights turn.)

    Args:
        blocks: residual blocks of each of the four stages.
        dim: the embedding's length.
        dropout: share of features left out before the fully connected layer: 0 in arcface_torch, 0.4 in the
            paper.
    """

    def __init__(self, blocks: tuple[int, int, int, int], dim: int = 512, dropout: float = 0.0) -> None:
        super().__init__()
        first, last = STAGE_CHANNELS[0], STAGE_CHANNELS[-1]
        self.stem = nn.Sequential(
            nn.Conv2d(3, first, 3, 1, 1, bias=False), nn.BatchNorm2d(first), nn.PReLU(first)
        )
        self.stages = nn.Sequential(*_stages(blocks))
        self.norm = nn.BatchNorm2d(last)
        self.dropout = nn.Dropout(dropout)
        self.embedding = nn.Linear(last * LAST_PX**2, dim)
        self.output_norm = nn.BatchNorm1d(dim)
        self.output_norm.weight.requires_grad_(False)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return embeddings, (n, dim), of images (n, 3, 112, 112)."""
        features = self.norm(self.stages(self.stem(images)))
        embeddings: torch.Tensor = self.output_norm(self.embedding(self.dropout(features).flatten(1)))
        return embeddings


def _stages(blocks: tuple[int, int, int, int]) -> list[nn.Module]:
    made: list[nn.Module] = []
    before = STAGE_CHANNELS[0]
    for channels, count in zip(STAGE_CHANNELS, blocks, strict=True):
        for position in range(count):
            made.append(IRBlock(before, channels, stride=2 if position == 0 else 1))
            before = channels
    return made
