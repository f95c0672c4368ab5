"""Eight identities on the unit circle: what each loss makes of embeddings with two numbers.

After figure 3 of Deng et al., “ArcFace”, 2019: dots are normalised embeddings, lines the classes' centres.
Around the circle stands how many embeddings lie in each direction, since dots hide one another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from netcafe_face.trainer import drawing
from netcafe_face.trainer.figures.learning import Learned, Recipe, learn
from netcafe_face.trainer.figures.options import FigureOptions
from netcafe_face.trainer.figures.tasks import Task, crops_task, made_up_task
from netcafe_face.trainer.losses.registry import LOSSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

IDENTITIES = 8
_EACH = 1500
_STEPS, _CROP_STEPS = 1500, 1000
_BINS = 180
_HIGHEST = 0.85
_REACH = 1.45


@dataclass(frozen=True, eq=False)
class Circle:
    """Where embeddings lie on the circle after training.

    Attributes:
        angles: float64 (n,), direction of each embedding, radians.
        labels: int64 (n,).
        centres: float64 (k,), direction of each class's centre or, for pair losses, of its mean embedding.
        owners: int64 (k,), the class of each centre.
        learned_centres: the centres are the head's, not means.
        median_theta: median angle between an embedding and its class's nearest centre, radians.
        right: part of the embeddings whose nearest centre is their own class's.
    """

    angles: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    centres: npt.NDArray[np.float64]
    owners: npt.NDArray[np.int64]
    learned_centres: bool
    median_theta: float
    right: float


def draw_two(options: FigureOptions) -> Figure:
    """Draw Norm-Softmax beside ArcFace."""
    return _draw(options, ("norm-softmax", "arcface"), columns=2)


def draw_all_losses(options: FigureOptions) -> Figure:
    """Draw every loss."""
    return _draw(options, tuple(LOSSES), columns=4)


def circle_of(learned: Learned, task: Task) -> Circle:
    """Find where a network of two outputs puts the task's samples."""
    rows = learned.embed(task.shown).double().numpy()
    labels = task.shown.labels.numpy()
    trained = learned.centres()
    if trained is None:
        means = np.stack([rows[labels == label].mean(axis=0) for label in range(task.classes)])
        centres = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    else:
        centres = trained.double().numpy()
    owners = np.repeat(np.arange(task.classes), len(centres) // task.classes)
    cosines = rows @ centres.T
    own = np.where(owners == labels[:, None], cosines, -1.0).max(axis=1)
    return Circle(
        angles=np.arctan2(rows[:, 1], rows[:, 0]),
        labels=labels,
        centres=np.arctan2(centres[:, 1], centres[:, 0]),
        owners=owners,
        learned_centres=trained is not None,
        median_theta=float(np.median(np.arccos(np.clip(own, -1, 1)))),
        right=float(np.mean(owners[cosines.argmax(axis=1)] == labels)),
    )


def _draw(options: FigureOptions, losses: Sequence[str], columns: int) -> Figure:
    if options.crops is None:
        task = made_up_task(IDENTITIES, _EACH, options.seed)
        steps, batch = options.steps(_STEPS), 128
    else:
        task = crops_task(options.crops, IDENTITIES)
        steps, batch = options.steps(_CROP_STEPS), 64
    circles = [
        circle_of(learn(task, Recipe(loss, 2, steps, batch, seed=options.seed), options.watch), task)
        for loss in losses
    ]
    says = (
        f"{IDENTITIES} identities, two numbers per embedding, normalised: {task.words}.\n"
        "Line: a class's centre (dashed: its mean, where a loss has none). Outside: how many lie there.\n"
        "Under each name: the median angle to the own centre, and how often the nearest centre is the own."
    )
    with drawing.look():
        return _sheet(says, losses, circles, columns)


def _sheet(says: str, losses: Sequence[str], circles: Sequence[Circle], columns: int) -> Figure:
    rows = math.ceil(len(losses) / columns)
    height_in = rows * (drawing.WIDTH_IN / columns + 0.3) + 1.5
    figure = drawing.sheet(height_in, "Embeddings on the unit circle", says)
    panels = np.atleast_1d(figure.subplots(rows, columns)).ravel().tolist()
    for axes in panels:
        drawing.bare(axes)
    for axes, loss, circle in zip(panels, losses, circles, strict=False):
        _panel(axes, circle, dot=5.0 if columns == 2 else 2.0)
        axes.set_title(LOSSES[loss].display_name, pad=17)
        words = f"{math.degrees(circle.median_theta):.1f}°, {circle.right:.1%}"
        place: Any = {"transform": axes.transAxes, "ha": "center", "va": "bottom"}
        axes.text(0.5, 1.0, words, color=drawing.MUTED, fontsize=9.5, **place)
    drawing.identities_legend(figure, IDENTITIES)
    return figure


def _panel(axes: Axes, circle: Circle, dot: float) -> None:
    turn = np.linspace(0, 2 * math.pi, 361)
    axes.plot(np.cos(turn), np.sin(turn), color=drawing.FAINT, linewidth=1, zorder=1)
    _petals(axes, circle)
    for label in range(IDENTITIES):
        colour = drawing.PEOPLE[label]
        chosen = circle.angles[circle.labels == label]
        axes.scatter(np.cos(chosen), np.sin(chosen), s=dot, color=colour, linewidths=0, zorder=3)
        for centre in circle.centres[circle.owners == label]:
            line = "-" if circle.learned_centres else (0, (3, 2))
            ends = [0, math.cos(centre)], [0, math.sin(centre)]
            axes.plot(*ends, color=colour, linestyle=line, linewidth=1.8, zorder=2, solid_capstyle="round")
    axes.set(xlim=(-_REACH, _REACH), ylim=(-_REACH, _REACH), aspect="equal")


def _petals(axes: Axes, circle: Circle) -> None:
    from matplotlib.collections import PolyCollection

    edges = np.linspace(-math.pi, math.pi, _BINS + 1)
    places = np.repeat(edges, 2)[1:-1]
    rims = []
    for label in range(IDENTITIES):
        counts, _ = np.histogram(circle.angles[circle.labels == label], edges)
        # Below 1, the exponent keeps a sharp peak and a long tail in one picture.
        heights = 1.03 + _HIGHEST * (counts / max(1, counts.sum())) ** 0.7
        radii = np.concatenate([np.repeat(heights, 2), np.full(2 * _BINS, 1.03)])
        turns = np.concatenate([places, places[::-1]])
        rims.append(np.stack([radii * np.cos(turns), radii * np.sin(turns)], axis=1))
    petals = PolyCollection(rims, facecolors=drawing.PEOPLE, alpha=0.55, linewidths=0, zorder=2)
    axes.add_collection(petals, autolim=False)
