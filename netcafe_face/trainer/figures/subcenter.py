"""Wrong names in the training data, and what sub-centres do with them: K = 1 against K = 3.

After Deng et al., “Sub-center ArcFace”, 2020. A part of the samples gets another person's name. With one
centre a class, wrong samples pull at the centre of the right ones; with three, they can gather at a centre of
their own. A class's dominant centre is the one that most of its samples are nearest to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from netcafe_face.trainer import drawing
from netcafe_face.trainer.figures.learning import Learned, Recipe, learn
from netcafe_face.trainer.figures.options import FigureOptions
from netcafe_face.trainer.figures.tasks import Samples, Task, World, drawing_from, made_up_task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOISE = 0.3
CENTRES = (1, 3)
_PEOPLE, _EACH, _DIM, _STEPS = 30, 120, 16, 700

_ELSEWHERE: Any = {"alpha": 0.3, "hatch": "///", "edgecolor": drawing.PAPER, "linewidth": 0}
_LABEL = {"facecolor": drawing.PAPER, "edgecolor": "none", "pad": 1.5, "alpha": 0.85}

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gathered:
    """Where the training samples ended.

    Attributes:
        degrees: float64 (n,), θ to the dominant centre of the class that the sample's name says.
        dominant: bool (n,), of that class's centres the dominant one is nearest.
        wrong: bool (n,), the name is wrong.
    """

    degrees: Numbers
    dominant: Flags
    wrong: Flags


def draw(options: FigureOptions) -> Figure:
    """Draw θ of rightly and wrongly named samples for both K, and at which centres they ended."""
    task, samples, wrong = noisy_task(options.seed)
    found = {}
    for count in CENTRES:
        recipe = Recipe(
            "subcenter-arcface",
            _DIM,
            options.steps(_STEPS),
            learning_rate=1e-3,
            options={"centers": count},
            seed=options.seed,
        )
        found[count] = gathered(learn(task, recipe, options.watch), samples, wrong)
    says = (
        f"{len(wrong):,} training samples of {_PEOPLE} made-up people, {wrong.sum():,} of them with a wrong "
        "name; ArcFace with K centres a class.\n"
        "The dominant centre is the one that most of a class's samples are nearest to."
    )
    with drawing.look():
        figure = drawing.sheet(4.3, "Sub-centres and wrong names: K = 1 against K = 3", says)
        left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 0.95))
        for axes, (count, result) in zip((left, middle), found.items(), strict=True):
            _angles(axes, result)
            axes.set_title(f"K = {count}")
        top = max(axes.get_ylim()[1] for axes in (left, middle))
        left.set(ylim=(0, top), ylabel="density per degree")
        middle.set(ylim=(0, top), yticklabels=[])
        _ends(right, found[CENTRES[-1]])
        _legend(figure)
    return figure


def noisy_task(seed: int) -> tuple[Task, Samples, Flags]:
    """Make a task with wrong names; return it, its training samples, and which of them are wrong."""
    world = World(seed)
    samples = world.samples(world.people(_PEOPLE), _EACH, part=0)
    rng = np.random.default_rng([seed, 3])
    wrong = np.zeros(len(samples.labels), dtype=bool)
    wrong[rng.choice(len(wrong), round(NOISE * len(wrong)), replace=False)] = True
    shifted = (samples.labels.numpy() + rng.integers(1, _PEOPLE, len(wrong))) % _PEOPLE
    named = Samples(samples.inputs, torch.from_numpy(np.where(wrong, shifted, samples.labels.numpy())))
    return replace(made_up_task(_PEOPLE, 1, seed), draw=drawing_from(named), shown=named), named, wrong


def gathered(learned: Learned, samples: Samples, wrong: Flags) -> Gathered:
    """Find at which centre of its named class each sample ended."""
    labels = samples.labels.numpy()
    centres = learned.centres()
    assert centres is not None
    own = centres.double().numpy().reshape(int(labels.max()) + 1, -1, centres.shape[1])
    cosines = np.einsum("nd,nkd->nk", learned.embed(samples).double().numpy(), own[labels])
    nearest = cosines.argmax(axis=1)
    dominant = np.array([np.bincount(nearest[labels == label]).argmax() for label in range(len(own))])[labels]
    to_dominant = np.take_along_axis(cosines, dominant[:, None], axis=1)[:, 0]
    theta = np.arccos(np.clip(to_dominant, -1, 1)) * (180 / math.pi)
    return Gathered(theta, nearest == dominant, wrong)


def _angles(axes: Axes, result: Gathered) -> None:
    edges = np.arange(0, 181, 4).tolist()
    for chosen, colour in ((~result.wrong, drawing.CLEAN), (result.wrong, drawing.NOISY)):
        axes.hist(result.degrees[chosen], edges, density=True, color=colour, alpha=0.6)
    axes.set(xlabel="θ to dominant centre (degrees)", xlim=(0, 180))
    axes.set_xticks(range(0, 181, 60))


def _ends(axes: Axes, result: Gathered) -> None:
    kinds = ((~result.wrong, "right name", drawing.CLEAN), (result.wrong, "wrong name", drawing.NOISY))
    for place, (chosen, _, colour) in enumerate(kinds):
        counts = int((result.dominant & chosen).sum()), int((~result.dominant & chosen).sum())
        part = counts[0] / sum(counts)
        axes.bar(place, part, color=colour, alpha=0.6, width=0.6)
        axes.bar(place, 1 - part, bottom=part, color=colour, width=0.6, **_ELSEWHERE)
        for count, height in zip(counts, (part / 2, (1 + part) / 2), strict=True):
            if count:
                axes.text(place, height, f"{count:,}", ha="center", va="center", fontsize=9.5, bbox=_LABEL)
    axes.set_xticks(range(len(kinds)), [words for _, words, _ in kinds])
    axes.set(ylim=(0, 1), xlim=(-0.5, 1.5), ylabel="part of the samples")
    axes.set_title(f"K = {CENTRES[-1]}: nearest centre")
    axes.grid(visible=False)


def _legend(figure: Figure) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=drawing.CLEAN, alpha=0.6, label="right name"),
        Patch(facecolor=drawing.NOISY, alpha=0.6, label="wrong name"),
        Patch(facecolor=drawing.MUTED, label="nearest to another centre than the dominant one", **_ELSEWHERE),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
