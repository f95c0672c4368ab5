"""The curves of a training, drawn for the model card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netcafe_face.trainer.export.onnx import new_file
from netcafe_face.trainer.export.runs import Stage

_RC: Any = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True}
_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#666666"


def draw_training(stages: Sequence[Stage], path: Path) -> bool:
    """Draw objective, held-out accuracy and TAR against hours of training, stage after stage, as PNG.

    Returns:
        Whether there was anything to draw.

    Raises:
        RunUnusable: a run's log cannot be read.
        ExportFailed: the file cannot be written.
    """
    rows = _joined(stages)
    if not rows:
        return False
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({**_RC, "grid.alpha": 0.3}):
        figure = Figure(figsize=(7.2, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot(*_line(rows, "objective"), color=_GREY, linewidth=1)
        left.set(xlabel="hours of training", ylabel="objective")
        for name, colour, label in (("accuracy", _BLUE, "accuracy"), ("tar", _ORANGE, "TAR at FAR 1e-3")):
            right.plot(*_line(rows, name), color=colour, marker=".", linewidth=1, label=label)
        right.set(xlabel="hours of training", ylabel="held-out people")
        right.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0))
        right.legend(frameon=False, loc="center right")
        # Without a date and a program's version the same figures give the same bytes.
        with new_file(path) as scratch:
            figure.savefig(scratch, format="png", dpi=110, metadata={"Software": None})
    return True


def _joined(stages: Sequence[Stage]) -> list[dict[str, float]]:
    rows, before = [], 0.0
    for stage in stages:
        curve = stage.curve()
        rows += [{**row, "hours": before + row["seconds"] / 3600} for row in curve]
        before += stage.seconds / 3600 if curve else 0.0
    return rows


def _line(rows: Sequence[dict[str, float]], name: str) -> tuple[list[float], list[float]]:
    known = [row for row in rows if math.isfinite(row.get(name, math.nan))]
    return [row["hours"] for row in known], [row[name] for row in known]
