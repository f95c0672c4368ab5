"""A-Softmax on the sphere: embeddings with three numbers for m = 1, 2, 3, 4, and the angles of their pairs.

After figure 5 of Liu et al., “SphereFace”, 2017. There m = 4 needs λ annealing; here λ falls to 0, so that
what is seen at the end is m alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from netcafe_face.trainer import drawing
from netcafe_face.trainer.figures.learning import Angles, Recipe, learn, pair_angles
from netcafe_face.trainer.figures.options import FigureOptions
from netcafe_face.trainer.figures.tasks import Task, made_up_task
from netcafe_face.trainer.losses.annealing import Annealing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FACTORS = (1, 2, 3, 4)
IDENTITIES = 6
_EACH, _SHOWN_EACH = 1000, 150
_STEPS = 1500
_SPREAD = 0.55
_ANNEALED = 0.6
"""Part of the training after which λ is below 0.1."""


@dataclass(frozen=True, eq=False)
class Sphere:
    """What came of one m: unit embeddings (n, 3), their classes, centres (classes, 3), angles of pairs."""

    rows: Angles
    labels: Any
    centres: Angles
    genuine: Angles
    impostor: Angles


def draw(options: FigureOptions) -> Figure:
    """Draw four spheres with the angles of their pairs beneath."""
    task = made_up_task(IDENTITIES, _EACH, options.seed, _SHOWN_EACH, _SPREAD)
    spheres = [sphere_of(task, factor, options) for factor in FACTORS]
    says = (
        f"{IDENTITIES} identities, three numbers per embedding: {task.words}.\n"
        "Lines are the classes' centres. Beneath: the angles of all pairs of these samples."
    )
    with drawing.look():
        figure = drawing.sheet(5.7, "A-Softmax on the sphere for m = 1, 2, 3, 4", says)
        grid = figure.add_gridspec(2, len(FACTORS), height_ratios=(1.15, 1))
        first: Axes | None = None
        for column, (factor, sphere) in enumerate(zip(FACTORS, spheres, strict=True)):
            above: Any = figure.add_subplot(grid[0, column], projection="3d")
            _ball(above, sphere)
            above.set_title(f"m = {factor}", pad=0)
            below = figure.add_subplot(grid[1, column], sharex=first, sharey=first)
            first = first or below
            _histogram(below, sphere)
            below.label_outer()
        assert first is not None
        first.set_ylabel("density per radian")
        drawing.identities_legend(figure, IDENTITIES)
    return figure


def sphere_of(task: Task, factor: int, options: FigureOptions) -> Sphere:
    """Train with A-Softmax of one m and find where the samples shown lie."""
    steps = options.steps(_STEPS)
    # 1000 · (1 + γt)^−2 reaches 0.1 when γt = 99.
    falling = Annealing(base=1000.0, gamma=99 / (_ANNEALED * steps), power=2.0, lowest=0.0)
    recipe = Recipe("a-softmax", 3, steps, options={"m1": factor, "annealing": falling}, seed=options.seed)
    learned = learn(task, recipe, options.watch)
    rows = learned.embed(task.shown)
    centres = learned.centres()
    assert centres is not None
    genuine, impostor = pair_angles(rows, task.shown.labels)
    return Sphere(
        rows.double().numpy(), task.shown.labels.numpy(), centres.double().numpy(), genuine, impostor
    )


def _ball(axes: Any, sphere: Sphere) -> None:
    around, up = np.meshgrid(np.linspace(0, 2 * np.pi, 25), np.linspace(-np.pi / 2, np.pi / 2, 13))
    axes.plot_wireframe(
        np.cos(up) * np.cos(around),
        np.cos(up) * np.sin(around),
        np.sin(up),
        color=drawing.FAINT,
        linewidth=0.5,
    )
    for label in range(IDENTITIES):
        colour = drawing.PEOPLE[label]
        dots = sphere.rows[sphere.labels == label]
        axes.scatter(*dots.T, s=3, color=colour, linewidths=0, depthshade=True)
        axes.plot(*np.stack([np.zeros(3), sphere.centres[label]]).T, color=colour, linewidth=1.8)
    axes.set_box_aspect((1, 1, 1), zoom=1.45)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
    axes.view_init(elev=22, azim=35)
    axes.set_axis_off()


def _histogram(axes: Axes, sphere: Sphere) -> None:
    edges = np.linspace(0, math.pi, 61).tolist()
    place: Any = {"transform": axes.transAxes, "ha": "right", "fontsize": 9, "fontweight": "bold"}
    for theta, colour, words, height in (
        (sphere.genuine, drawing.GENUINE, "same person", 0.9),
        (sphere.impostor, drawing.IMPOSTOR, "two people", 0.78),
    ):
        axes.hist(theta, edges, density=True, color=colour, alpha=0.6)
        middle = float(np.mean(theta))
        axes.text(0.98, height, f"{words}: mean {middle:.2f}", color=colour, **place)
    axes.set_xticks([0, math.pi / 4, math.pi / 2, 3 * math.pi / 4, math.pi], ["0", "¼π", "½π", "¾π", "π"])
    axes.set(xlabel="θ of a pair (radians)", xlim=(0, math.pi))
