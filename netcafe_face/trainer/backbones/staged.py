"""A plain network in stages whose outputs have the shapes of a MobileFaceNet's maps.

A teacher's maps can therefore teach each stage alone (see `trainer.stages`), and the stages put
together are an embedder like any other.
"""

from __future__ import annotations

import torch
from torch import nn

_HIDDEN = 80


class LinearBlock(nn.Module):
    """Two plain 3×3 convolutions, the first with batch norm and ReLU, around a residual connection.

    The output is linear, as that of a MobileNetV2 block is (Sandler et al., 2018), so that it can be any map.
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, hidden: int = _HIDDEN) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, hidden, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(hidden)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(hidden, channels, 3, 1, 1)
        same = stride == 1 and channels_in == channels
        self.shortcut: nn.Module = nn.Identity() if same else nn.Conv2d(channels_in, channels, 1, stride)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the block's features, (n, channels, h / stride, w / stride)."""
        inner = self.conv2(self.relu(self.norm(self.conv1(features))))
        total: torch.Tensor = inner + self.shortcut(features)
        return total


class StagedNetwork(nn.Module):
    """An embedder of five stages: images (n, 3, 112, 112) to embeddings (n, dim).

    `stages` give (64, 28, 28), (128, 14, 14), (128, 14, 14), (128, 7, 7) and (dim,). The last one weighs its
    7×7 pixels by a depthwise convolution, as MobileFaceNet does (Chen et al., 2018).
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        wide = 512
        self.stages = nn.ModuleList(
            [
                nn.Sequential(
                    nn.Conv2d(3, 96, 8, 4, 2, bias=False),
                    nn.BatchNorm2d(96),
                    nn.ReLU(inplace=True),
                    nn.Conv2d(96, 64, 1),
                    LinearBlock(64, 64, hidden=48),
                ),
                nn.Sequential(LinearBlock(64, 128, 2), LinearBlock(128, 128)),
                nn.Sequential(LinearBlock(128, 128), LinearBlock(128, 128)),
                nn.Sequential(LinearBlock(128, 128, 2, 128), LinearBlock(128, 128, 1, 128)),
                nn.Sequential(
                    nn.Conv2d(128, wide, 1, bias=False),
                    nn.BatchNorm2d(wide),
                    nn.ReLU(inplace=True),
                    nn.Conv2d(wide, wide, 7, groups=wide, bias=False),
                    nn.Flatten(),
                    nn.Linear(wide, dim),
                ),
            ]
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return embeddings, (n, dim), not normalised, of images (n, 3, 112, 112)."""
        features = images
        for stage in self.stages:
            features = stage(features)
        return features
