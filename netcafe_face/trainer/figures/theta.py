"""θ between embeddings and their own classes' centres, from the start to the end of training.

After figure 4 (b) of Deng et al., “ArcFace”, 2019. Drawn from a small training done here, or from the log of
a real run.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_
from netcafe_face.trainer import drawing
from netcafe_face.trainer.errors import RunUnusable
from netcafe_face.trainer.figures.learning import Learned, Recipe, learn
from netcafe_face.trainer.figures.options import FigureOptions
from netcafe_face.trainer.figures.tasks import Samples, Task, made_up_task
from netcafe_face.trainer.loop.checkpoint import CURVE
from netcafe_face.trainer.losses.registry import LOSSES, HeadLoss

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COMPARED = ("norm-softmax", "arcface")
_DIM, _PEOPLE, _EACH, _STEPS = 32, 60, 300, 1200
_MOMENTS = 60

Numbers = npt.NDArray[np.float64]


@dataclass
class Course:
    """How θ went: at which steps it was measured, and all angles then, in degrees."""

    steps: list[int] = field(default_factory=list)
    degrees: list[Numbers] = field(default_factory=list)

    def band(self) -> tuple[Numbers, Numbers, Numbers]:
        """Return the 10%, 50% and 90% points of θ at each step."""
        low, middle, high = np.percentile(np.stack(self.degrees), (10, 50, 90), axis=1)
        return low, middle, high


def draw(options: FigureOptions) -> Figure:
    """Draw θ over the steps; of a training done here also its distribution at three moments."""
    return _draw_run(options.run) if options.run else _draw_here(options)


def course_of(loss: str, task: Task, options: FigureOptions) -> Course:
    """Train with a loss and keep θ of the samples shown, at about 60 steps."""
    steps = options.steps(_STEPS)
    moments = set(np.linspace(0, steps, min(_MOMENTS, steps) + 1).astype(int).tolist())
    course = Course()

    def note(step: int, learned: Learned) -> None:
        if step in moments:
            course.steps.append(step)
            course.degrees.append(_degrees(learned, task.shown))

    learn(task, Recipe(loss, _DIM, steps, seed=options.seed), options.watch, note)
    return course


def theta_columns(folder: Path) -> Mapping[str, Numbers]:
    """Read the steps and angles from a run's log: its columns that begin with “theta”, in radians.

    Raises:
        RunUnusable: there is no log, or no angle in it.
    """
    file = folder / CURVE
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        names = ["step", *(name for name in (rows[0] if rows else {}) if name.startswith("theta"))]
        columns = {name: np.array([float(row[name]) for row in rows]) for name in names}
    except (OSError, csv.Error, KeyError, ValueError, TypeError) as error:
        raise RunUnusable(path=file, reason=str(error)) from error
    if len(columns) < 2:
        raise RunUnusable(path=file, reason=N_("its log has no column “theta”; train it with a margin loss"))
    return columns


def _draw_here(options: FigureOptions) -> Figure:
    task = made_up_task(_PEOPLE, _EACH, options.seed, shown_each=30)
    courses = {loss: course_of(loss, task, options) for loss in COMPARED}
    says = (
        f"{task.words.capitalize()}; {_DIM} numbers per embedding.\n"
        "Left: the median, and the range from 10% to 90%. Right: ArcFace's angles at three moments."
    )
    with drawing.look():
        figure = drawing.sheet(4.5, "θ to the own class's centre, from start to end of training", says)
        left, right = figure.subplots(1, 2)
        for loss, course in courses.items():
            low, middle, high = course.band()
            left.fill_between(
                course.steps, low, high, color=drawing.LOSS_LINES[loss]["color"], alpha=0.18, lw=0
            )
            left.plot(course.steps, middle, label=LOSSES[loss].display_name, **drawing.LOSS_LINES[loss])
        left.set(xlabel="training step", ylabel="θ (degrees)", ylim=(0, 120), xlim=(0, left.dataLim.x1))
        left.set_yticks(range(0, 121, 30))
        left.legend(loc="upper right")
        _moments(right, courses["arcface"])
    return figure


def _moments(axes: Axes, course: Course) -> None:
    last = len(course.steps) - 1
    early = max(1, last // 12)
    edges = np.arange(0, 121, 2).tolist()
    shades = ("#8A94A3", "#E69F00", drawing.LOSS_LINES["arcface"]["color"])
    for place, words, colour in zip((0, early, last), ("start", "early", "end"), shades, strict=True):
        label = f"{words}: step {course.steps[place]:,}"
        axes.hist(course.degrees[place], edges, density=True, color=colour, alpha=0.6, label=label)
    axes.set(xlabel="θ (degrees)", ylabel="density per degree", xlim=(0, 120))
    axes.set_xticks(range(0, 121, 30))
    axes.set_ylim(top=axes.get_ylim()[1] * 1.28)
    axes.legend(loc="upper right")


def _draw_run(folder: Path) -> Figure:
    columns = dict(theta_columns(folder))
    steps = columns.pop("step")
    says = "Means over the steps since the line before, of the crops trained on, from the run's own log."
    with drawing.look():
        figure = drawing.sheet(4.2, "θ to the own class's centre, from start to end of training", says)
        axes = figure.subplots()
        for (name, radians), colour in zip(columns.items(), drawing.PEOPLE, strict=False):
            axes.plot(steps, np.degrees(radians), color=colour, label=name)
        axes.set(xlabel="training step", ylabel="θ (degrees)", xlim=(0, None))
        axes.set_ylim(bottom=0)
        axes.legend()
    return figure


def _degrees(learned: Learned, samples: Samples) -> Numbers:
    assert isinstance(learned.loss, HeadLoss)
    theta = learned.loss.head.target_angles(learned.embed(samples), samples.labels)
    return np.asarray(theta.double().numpy() * (180 / math.pi), dtype=np.float64)
