"""The detector that is trained: plain convolutions where the picture is large, separable ones below.

Depthwise convolutions are slow in training on CPUs, and slowest where the picture is large, so the three
first layers, which halve the picture to YuNet's finest stride, are plain and narrow. From there on it is
built of YuNet's blocks: 1×1, 3×3 depthwise, batch norm, ReLU, and its tiny feature pyramid;
a deeper one has residual blocks of the same kind where the picture is small.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from netcafe_face.trainer.detector.layout import ANSWER_WIDTH, STRIDES

PIXEL_SCALE = 1 / 128
"""Pixels are scaled and not shifted, so that the scale can be folded into the first weights exactly."""
_RARE = -4.6
"""The score's bias at the start, so that nothing is a face (Lin et al., Focal Loss, 2017)."""


@dataclass(frozen=True)
class Widths:
    """How wide and deep the network is.

    Attributes:
        stem: channels of the two first layers; the first costs most, and in OpenCV steps of eight are what
            counts.
        body: channels of all the rest.
        blocks: separable blocks at strides 8, 16 and 32.
        deeper: residual blocks after those at strides 16 and 32, where a block costs a quarter and a
            sixteenth of one at stride 8, and sees as much more of what is around a face.
    """

    stem: tuple[int, int] = (8, 32)
    body: int = 64
    blocks: tuple[int, int, int] = (3, 2, 2)
    deeper: int = 0


class DetectorNet(nn.Module):
    """Picture in, answers of every cell out.

    `forward` takes float32 (n, 3, h, w), BGR from 0 to 255, h and w multiples of 32, and gives float32
    (n, cells, 15): the score before its sigmoid, the box and the points as in `layout`, strides 8, 16, 32 one
    after the other, each row by row.
    """

    def __init__(self, widths: Widths = Widths()) -> None:
        super().__init__()
        self.widths = widths
        self.pixel_scale = PIXEL_SCALE
        first, second = widths.stem
        body = widths.body
        self.stem = nn.Sequential(_plain(3, first), _plain(first, second), _plain(second, body))
        self.stages = nn.ModuleList(
            nn.Sequential(*(_separable(body) for _ in range(count))) for count in widths.blocks
        )
        for stage in (self.stages[1], self.stages[2]):
            assert isinstance(stage, nn.Sequential)
            stage.extend(_Residual(body) for _ in range(widths.deeper))
        self.necks = nn.ModuleList(_separable(body) for _ in STRIDES)
        self.heads = nn.ModuleList(_separable(body) for _ in STRIDES)
        self.answers = nn.ModuleList(_Answer(body) for _ in STRIDES)

    def forward(self, images: Tensor) -> Tensor:
        """Return the answers of all cells."""
        return torch.cat([each.flatten(2).transpose(1, 2) for each in self.maps(images)], dim=1)

    def maps(self, images: Tensor) -> list[Tensor]:
        """Return the answers as one float32 (n, 15, h / stride, w / stride) for each stride."""
        fine = self._fine(images)
        middle = self.stages[1](functional.max_pool2d(fine, 2))
        coarse = self.necks[2](self.stages[2](functional.max_pool2d(middle, 2)))
        middle = self.necks[1](middle + _enlarged(coarse))
        return self._answered([self.necks[0](fine + _enlarged(middle)), middle, coarse])

    def identities(self) -> set[str]:
        """Return the names of the weights without which an untrained network would answer the same."""
        return {
            f"{place}.{name}"
            for place, block in self.named_modules()
            if isinstance(block, _Residual)
            for name in block.state_dict()
        }

    def parts(self, images: Tensor, theirs: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        """Return what each part makes of the maps that a teacher has before it, and the answers likewise.

        Args:
            images: as for `forward`.
            theirs: six maps, as `DenseTeacher.maps` gives them.
        """
        fine, middle, coarse, low_fine, low_middle, low_coarse = theirs
        made = [
            self._fine(images),
            self.stages[1](functional.max_pool2d(fine, 2)),
            self.stages[2](functional.max_pool2d(middle, 2)),
            self.necks[0](fine + _enlarged(low_middle)),
            self.necks[1](middle + _enlarged(low_coarse)),
            self.necks[2](coarse),
        ]
        levels = self._answered([low_fine, low_middle, low_coarse])
        return made, torch.cat([each.flatten(2).transpose(1, 2) for each in levels], dim=1)

    def _fine(self, images: Tensor) -> Tensor:
        found: Tensor = self.stages[0](
            self.stem(images * self.pixel_scale if self.pixel_scale != 1 else images)
        )
        return found

    def _answered(self, levels: list[Tensor]) -> list[Tensor]:
        return [
            answer(head(level)) for answer, head, level in zip(self.answers, self.heads, levels, strict=True)
        ]


def _enlarged(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="nearest")


class _Answer(nn.Module):
    def __init__(self, body: int) -> None:
        super().__init__()
        self.across = nn.Conv2d(body, ANSWER_WIDTH, 1)
        self.around = nn.Conv2d(ANSWER_WIDTH, ANSWER_WIDTH, 3, padding=1, groups=ANSWER_WIDTH)
        with torch.no_grad():
            # One weight of a point's nine starts as the identity, else its gradient starts near zero.
            self.around.weight.mul_(0.3)[:, :, 1, 1] += 1.0
            self.around.bias.zero_()[0] = _RARE  # type: ignore[union-attr]

    def forward(self, features: Tensor) -> Tensor:
        found: Tensor = self.around(self.across(features))
        return found


class _Residual(nn.Module):
    """A separable block whose answer is added to what it is asked about (He et al., 2016).

    It begins as the identity (Goyal et al., ImageNet in 1 Hour, 2017), so that a trained network can be made
    deeper and answers as before.
    """

    def __init__(self, body: int) -> None:
        super().__init__()
        norm = nn.BatchNorm2d(body)
        nn.init.zeros_(norm.weight)
        self.branch = nn.Sequential(*_convolutions(body), norm)

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(features + self.branch(features))


def _plain(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


def _separable(body: int) -> nn.Sequential:
    return nn.Sequential(*_convolutions(body), nn.BatchNorm2d(body), nn.ReLU())


def _convolutions(body: int) -> list[nn.Module]:
    return [
        nn.Conv2d(body, body, 1, bias=False),
        nn.Conv2d(body, body, 3, padding=1, groups=body, bias=False),
    ]
