"""What each loss puts in the place of cos θ for a sample's own class.

After figure 4 of Deng et al., “ArcFace”, 2019. The lower the curve, the more a loss asks of a sample that
lies at that angle from its class's centre. Drawn from the very functions that training uses.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from netcafe_face.trainer import drawing
from netcafe_face.trainer.figures.options import FigureOptions
from netcafe_face.trainer.losses.registry import LOSSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVES = (
    ("norm-softmax", "Softmax", "cos θ"),
    ("sphereface", "SphereFace", "cos 1.35θ"),
    ("cosface", "CosFace", "cos θ − 0.35"),
    ("arcface", "ArcFace", "cos(θ + 0.5)"),
    ("combined", "Combined", "cos(θ + 0.3) − 0.2"),
)


def draw(options: FigureOptions) -> Figure:
    """Draw the target functions from 0° to 180°, and how much they ask more than softmax."""
    degrees = np.linspace(0, 180, 1441)
    says = (
        "What stands in the place of cos θ for a sample's own class. Left: the target itself. Right: how "
        "much lower than cos θ it is, which is what the loss demands of a sample at this angle. Past 151°, "
        "where cos(θ + 0.5) would rise again, ArcFace goes on with cos θ − 0.5·sin 0.5; SphereFace past 133° "
        "with ψ."
    )
    with drawing.look():
        figure = drawing.sheet(5.1, "Target logits", says)
        left, right = figure.subplots(1, 2)
        plain = target(CURVES[0][0], degrees)
        for loss, name, formula in CURVES:
            values = target(loss, degrees)
            left.plot(degrees, values, label=name, **drawing.LOSS_LINES[loss])
            right.plot(degrees, plain - values, label=f"{name}: {formula}", **drawing.LOSS_LINES[loss])
        left.set_ylabel("target logit ÷ s")
        right.set_ylabel("cos θ − target (margin in cosine)")
        for axes in (left, right):
            _angles(axes)
        left.axhline(-1, color=drawing.MUTED, linewidth=0.7)
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def target(
    loss: str, degrees: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Compute a loss's target function at angles in degrees, without annealing."""
    head = LOSSES[loss].head
    assert head is not None
    cosines = torch.cos(torch.from_numpy(np.radians(degrees)))
    return np.asarray(head.target_of(cosines).numpy(), dtype=np.float64)


def _angles(axes: Axes) -> None:
    axes.set(xlim=(0, 180), xlabel="θ between embedding and own centre (degrees)")
    axes.set_xticks(range(0, 181, 30))
    axes.axvline(math.degrees(math.pi / 2), color=drawing.FAINT, linewidth=1.2)
