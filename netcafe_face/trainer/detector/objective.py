"""What the student is told: to answer in every cell as the teacher does, most of all where faces are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from netcafe_face.trainer.detector.config import WHOLLY_A_FACE
from netcafe_face.trainer.detector.layout import STRIDES

_LEAST_SCORE = 0.05
"""Below this a teacher's box and points mean nothing, so they are not taught."""

_LARGEST_LOG = 4.0
_USUAL_PX = 32.0


@dataclass(frozen=True)
class Terms:
    """The parts of the loss, each a scalar.

    Attributes:
        score: Kullback-Leibler divergence of the scores, summed over cells, for each face cell.
        box: error of the box, as part of the face's size.
        points: mean absolute error of the points, as part of the face's size.
    """

    score: Tensor
    box: Tensor
    points: Tensor

    def total(self) -> Tensor:
        """Return the loss: a point error of a hundredth of the face weighs like 0.2 nats a face cell."""
        return self.score + 5.0 * self.box + 20.0 * self.points


def cell_strides(side_px: int) -> Tensor:
    """Return the stride of each cell of a square picture, float32 (cells,)."""
    return torch.cat([torch.full(((side_px // stride) ** 2,), float(stride)) for stride in STRIDES])


def compare(student: Tensor, teacher: Tensor, strides: Tensor, least_px: float = 0.0) -> Terms:
    """Compare answers cell by cell.

    Box and points count as part of the face's size, because that is what alignment needs, and each cell by
    the teacher's score, so that all cells near a face teach, the surest most, from which FaceDetectorYN takes
    the face. There they also count by the root of the face's size: a scene has room for few large faces.

    Args:
        student: float (n, cells, 15), scores before the sigmoid (`DetectorNet`).
        teacher: float (n, cells, 15), scores from 0 to 1 (`DenseTeacher`).
        strides: float (cells,), of each cell, see `cell_strides`.
        least_px: what is smaller is no face, and becomes one up to half as much again; 0 where all count.
    """
    logs = teacher[:, :, 3:5].clamp(-_LARGEST_LOG, _LARGEST_LOG)
    size = torch.exp(logs.mean(2))
    sure = teacher[:, :, 0] * _large_enough(size * strides, least_px)
    apart = functional.binary_cross_entropy_with_logits(student[:, :, 0], sure, reduction="none")
    own = functional.binary_cross_entropy(sure.clamp(1e-6, 1 - 1e-6), sure, reduction="none")
    weight = sure * (sure > _LEAST_SCORE)
    faces = weight.sum().clamp(min=1.0)
    shown = weight * (size * strides / _USUAL_PX).sqrt()
    parts = shown.sum().clamp(min=1.0)
    off = (student[:, :, 1:] - teacher[:, :, 1:]).abs()
    box = off[:, :, 0:2].mean(2) / size + off[:, :, 2:4].mean(2)
    points = off[:, :, 4:].mean(2) / size
    return Terms(
        (apart - own).sum() / faces,
        (box * shown).sum() / parts,
        (points * shown).sum() / parts,
    )


def _large_enough(size_px: Tensor, least_px: float) -> Tensor | float:
    if not least_px:
        return 1.0
    return ((size_px / least_px - 1) / (WHOLLY_A_FACE - 1)).clamp(0, 1)


def map_error(own: list[Tensor], theirs: list[Tensor]) -> Tensor:
    """Return how far maps, float (n, c, h, w), are from a teacher's, as shares of their variance, summed."""
    errors = [
        (one - other).square().mean() / other.var().clamp(min=1e-6)
        for one, other in zip(own, theirs, strict=True)
    ]
    return torch.stack(errors).sum()
