"""The curves of an evaluation, drawn for print: ROC, DET, CMC and the angles θ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netcafe_face.trainer import drawing
from netcafe_face.trainer.evaluation.measuring import Measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DET_TICKS = (1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.2, 0.4)


def draw_all(results: Sequence[Measured], title: str, folder: Path, suffix: str = ".png") -> list[Path]:
    """Draw every figure that the results have curves for, and return the files.

    Raises:
        OutputError: a file cannot be written.
    """
    drawn = []
    for name, draw in (("roc", roc), ("det", det), ("cmc", cmc), ("gallery", gallery), ("angles", angles)):
        with drawing.look():
            figure = drawing.plot()
            if not draw(figure, results):
                continue
            figure.suptitle(_text(title), fontsize=12)
            drawing.save(figure, folder / f"{name}{suffix}")
            drawn.append(folder / f"{name}{suffix}")
    return drawn


def roc(figure: Figure, results: Sequence[Measured]) -> bool:
    """Draw TAR against FAR on a logarithmic axis; return whether there was anything to draw."""
    axes = figure.add_subplot()
    chosen = [(at, each, each.roc) for at, each in enumerate(results) if each.roc is not None]
    for at, each, line in chosen:
        seen = line.far > 0
        axes.plot(line.far[seen], line.tar[seen], label=_text(each.network.name), **drawing.line_style(at))
    axes.set(xscale="log", ylim=(0, 1.01), xlabel=_far_label(results), ylabel="true-accept rate")
    return _finished(axes, len(chosen))


def det(figure: Figure, results: Sequence[Measured]) -> bool:
    """Draw FRR against FAR on normal-deviate axes (Martin et al., “The DET curve …”, 1997)."""
    from scipy.special import ndtri

    axes = figure.add_subplot()
    chosen = [(at, each, each.roc) for at, each in enumerate(results) if each.roc is not None]
    for at, each, line in chosen:
        inside = (line.far > 0) & (line.far < 0.5) & (line.frr > 0) & (line.frr < 1)
        axes.plot(
            ndtri(line.far[inside]),
            ndtri(line.frr[inside]),
            label=_text(each.network.name),
            **drawing.line_style(at),
        )
    names = [f"{tick:.0%}" if tick >= 0.01 else f"{tick * 100:g}%" for tick in _DET_TICKS]
    axes.set_xticks(ndtri(_DET_TICKS), names)
    axes.set_yticks(ndtri(_DET_TICKS), names)
    axes.set(xlim=ndtri([5e-6, 0.5]), ylim=ndtri([5e-6, 0.6]))
    axes.set(xlabel=_far_label(results), ylabel="false-reject rate")
    return _finished(axes, len(chosen))


def cmc(figure: Figure, results: Sequence[Measured]) -> bool:
    """Draw the part of searches that find the right person among the best k."""
    axes = figure.add_subplot()
    chosen = [(at, each, each.closed) for at, each in enumerate(results) if each.closed is not None]
    for at, each, closed in chosen:
        ranks = np.arange(1, min(len(closed.cmc), 50) + 1)
        label = f"{_text(each.network.name)}, {closed.people:,} people"
        axes.step(ranks, closed.cmc[: len(ranks)], where="post", label=label, **drawing.line_style(at))
    lowest = min((float(closed.cmc[0]) for _, _, closed in chosen), default=0.0)
    axes.set(
        ylim=(max(0.0, lowest - 0.1), 1.005), xlabel="rank", ylabel="right person at this rank or better"
    )
    return _finished(axes, len(chosen))


def gallery(figure: Figure, results: Sequence[Measured]) -> bool:
    """Draw rank 1 against the size of the gallery."""
    axes = figure.add_subplot()
    chosen = [(at, each, each.closed) for at, each in enumerate(results) if each.closed is not None]
    for at, each, closed in chosen:
        sizes, hits = zip(*closed.by_size, strict=True)
        axes.plot(
            sizes, hits, marker="o", markersize=4, label=_text(each.network.name), **drawing.line_style(at)
        )
    axes.set(xscale="log", ylim=(0, 1.01), xlabel="people in the gallery", ylabel="right person first")
    return _finished(axes, len(chosen))


def angles(figure: Figure, results: Sequence[Measured]) -> bool:
    """Draw the distributions of θ of genuine and impostor pairs, one panel a network."""
    chosen = [each for each in results if each.angles is not None]
    figure.set_size_inches(6.4, 1.0 + 2.6 * max(1, len(chosen)))
    panels = np.atleast_1d(figure.subplots(max(1, len(chosen)), 1, sharex=True)).tolist()
    for axes, each in zip(panels, chosen, strict=False):
        if (found := each.angles) is None:
            continue
        for values, label, colour, dashes in (
            (found.genuine, "same person", drawing.GENUINE, "-"),
            (found.impostor, "different people", drawing.IMPOSTOR, "--"),
        ):
            axes.stairs(values, found.edges, fill=True, alpha=0.35, color=colour, label=label)
            axes.stairs(values, found.edges, color=colour, linestyle=dashes)
        axes.set(ylabel="density per radian", xlim=(0, math.pi))
        axes.set_title(_text(each.network.name), fontsize=11)
        axes.legend(loc="upper left")
    panels[-1].set_xlabel(f"θ between embeddings (radians), {results[0].whose}")
    panels[-1].set_xticks(
        [0, math.pi / 4, math.pi / 2, 3 * math.pi / 4, math.pi], ["0", "π/4", "π/2", "3π/4", "π"]
    )
    return bool(chosen)


def _far_label(results: Sequence[Measured]) -> str:
    return f"false-accept rate, {results[0].whose}"


def _text(name: str) -> str:
    """Return a file's name as matplotlib shows it: neither as a formula nor, for its _, not at all."""
    return ("\u200a" if name.startswith("_") else "") + name.replace("$", r"\$")


def _finished(axes: Axes, lines: int) -> bool:
    if lines:
        axes.legend(loc="lower right" if axes.get_ylabel() != "false-reject rate" else "upper right")
    return bool(lines)
