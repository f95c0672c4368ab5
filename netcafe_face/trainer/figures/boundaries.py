"""Two classes and the margin between them, in feature space and in (θ₁, θ₂), for every loss.

After figure 5 of Deng et al., “ArcFace”, 2019. A sample of class 1 is content where its target logit is
higher than the logit of class 2, a sample of class 2 the other way round; between both lies the margin, where
neither is. All is computed by the target functions that training uses, without annealing.

The triplet loss compares with samples, not with centres: here a class's centre stands for the sample. The
contrastive loss compares no two classes, so it has no such boundary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from netcafe_face.trainer import drawing
from netcafe_face.trainer.figures.options import FigureOptions
from netcafe_face.trainer.losses.pairs import TripletLoss
from netcafe_face.trainer.losses.registry import LOSSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Grid = npt.NDArray[np.float64]

WITH_BOUNDARY = tuple(name for name in LOSSES if name != "contrastive")
LONGER = 1.3
"""|W₁| ÷ |W₂| where a loss does not normalise centres: then the boundary is not halfway between them."""

_COLUMNS = 5
_CENTRES_DEG = ((45.0,), (135.0,))
_SUB_CENTRES_DEG = ((27.0, 45.0, 63.0), (117.0, 135.0, 153.0))
_ONE, _TWO, _MARGIN = "#BFDCEF", "#F9DDB1", "#BFC6D1"


@dataclass(frozen=True, eq=False)
class Contentment:
    """By how much samples are content, above 0 where they are; arrays of one shape.

    Attributes:
        first: target logit of class 1 less logit of class 2, for a sample of class 1.
        second: the same for a sample of class 2.
    """

    first: Grid
    second: Grid


def contentment(loss: str, cos_1: Grid, cos_2: Grid) -> Contentment:
    """Compute how content samples are whose cosines to the centres of both classes are given."""
    head = LOSSES[loss].head
    if head is None:
        margin = TripletLoss().margin
        # ‖a − p‖² + margin < ‖a − n‖², with ‖a − b‖² = 2 − 2·cos θ on unit vectors.
        return Contentment(2 * (cos_1 - cos_2) - margin, 2 * (cos_2 - cos_1) - margin)
    longer = 1.0 if head.normalise_weights else LONGER
    target_1, target_2 = (
        np.asarray(head.target_of(torch.from_numpy(cosines)).numpy()) for cosines in (cos_1, cos_2)
    )
    return Contentment(longer * target_1 - cos_2, target_2 - longer * cos_1)


def draw(options: FigureOptions) -> Figure:
    """Draw for each loss half the unit disc of a two-dimensional feature space, and the angles beneath."""
    says = (
        "Where a sample of class 1 (blue) or 2 (yellow) has the higher logit with its own margin counted "
        "in; grey: the margin. Above, features on half a disc, the classes' centres 90° apart; below, all "
        f"angles to both centres. Softmax and L-Softmax: |W₁| = {LONGER:g}·|W₂|, b = 0. L- and A-Softmax: "
        "m = 4, λ = 0."
    )
    blocks = -(-len(WITH_BOUNDARY) // _COLUMNS)
    with drawing.look():
        figure = drawing.sheet(1.6 + 3.2 * blocks, "Decision boundaries of two classes", says)
        parts: Any = figure.subfigures(blocks, 1)
        for block, part in enumerate(parts):
            losses = WITH_BOUNDARY[block * _COLUMNS : (block + 1) * _COLUMNS]
            panels = part.subplots(2, _COLUMNS, height_ratios=(1, 1.75), squeeze=False)
            for column, loss in enumerate(losses):
                _features(panels[0, column], loss)
                _angles(panels[1, column], loss)
                if column:
                    panels[1, column].set(yticklabels=[], ylabel="")
        _legend(figure)
    return figure


def _features(axes: Axes, loss: str) -> None:
    centres = _SUB_CENTRES_DEG if loss == "subcenter-arcface" else _CENTRES_DEG
    directions = np.linspace(0, 180, 1441)
    cos_1, cos_2 = (np.cos(np.radians(directions - np.array(own)[:, None])).max(axis=0) for own in centres)
    found = contentment(loss, cos_1, cos_2)
    for owner, colour in ((found.first, _ONE), (found.second, _TWO)):
        _sectors(axes, directions, owner > 0, colour)
    _sectors(axes, directions, (found.first <= 0) & (found.second <= 0), _MARGIN)
    for own, longer, colour in zip(
        centres, (True, False), (drawing.PEOPLE[0], drawing.PEOPLE[4]), strict=True
    ):
        for degrees in own:
            length = _length(loss, longer)
            tip = length * np.cos(np.radians(degrees)), length * np.sin(np.radians(degrees))
            axes.annotate(
                "", tip, (0, 0), arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.6}
            )
    axes.set(xlim=(-1.02, 1.02), ylim=(-0.02, 1.03), aspect="equal")
    axes.set_title(LOSSES[loss].display_name)
    drawing.bare(axes)


def _length(loss: str, longer: bool) -> float:
    head = LOSSES[loss].head
    normalised = head is None or head.normalise_weights
    return 0.95 if normalised or longer else 0.95 / LONGER


def _sectors(axes: Axes, degrees: Grid, inside: npt.NDArray[np.bool_], colour: str) -> None:
    x, y = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]])))
    for start, stop in edges.reshape(-1, 2):
        stop = min(stop, len(degrees) - 1)
        axes.fill(
            np.append(0, x[start : stop + 1]), np.append(0, y[start : stop + 1]), color=colour, linewidth=0
        )


def _angles(axes: Axes, loss: str) -> None:
    degrees = np.linspace(0, 90, 181)
    theta_1, theta_2 = np.meshgrid(np.radians(degrees), np.radians(degrees))
    found = contentment(loss, np.cos(theta_1), np.cos(theta_2))
    axes.set_facecolor(_MARGIN)
    axes.grid(visible=False)
    for owner, colour in ((found.first, _ONE), (found.second, _TWO)):
        axes.contourf(degrees, degrees, owner, levels=[0, 1e3], colors=[colour])
        line: Any = {"colors": [drawing.INK], "linewidths": 1.1}
        axes.contour(degrees, degrees, owner, levels=[0], **line)
    axes.set(aspect="equal", xlabel="θ₁ (degrees)", ylabel="θ₂ (degrees)")
    axes.set_xticks([0, 45, 90])
    axes.set_yticks([0, 45, 90])


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Patch(color=_ONE, label="class 1"),
        Patch(color=_MARGIN, label="margin"),
        Patch(color=_TWO, label="class 2"),
        Line2D([], [], color=drawing.INK, linewidth=1.1, label="decision boundary"),
        Line2D([], [], color=drawing.PEOPLE[0], label="centre of class 1"),
        Line2D([], [], color=drawing.PEOPLE[4], label="centre of class 2"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=6, columnspacing=1.2)
