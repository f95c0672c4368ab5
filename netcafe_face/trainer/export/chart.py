"""The curves of a training, drawn for the model card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from netcafe_face.trainer import drawing
from netcafe_face.trainer.export.onnx import new_file
from netcafe_face.trainer.export.runs import Stage


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
    from matplotlib.ticker import PercentFormatter

    with drawing.look():
        figure = drawing.plot(7.2, 3.2)
        left, right = figure.subplots(1, 2)
        left.plot(*_line(rows, "objective"), color=drawing.MUTED, linewidth=1)
        left.set(xlabel="hours of training", ylabel="objective")
        for name, label, at in (("accuracy", "accuracy", 0), ("tar", "TAR at FAR 1e-3", 4)):
            right.plot(*_line(rows, name), **drawing.line_style(at), marker=".", linewidth=1, label=label)
        right.set(xlabel="hours of training", ylabel="held-out people")
        right.yaxis.set_major_formatter(PercentFormatter(1.0))
        right.legend(loc="lower right")
        with new_file(path) as scratch:
            scratch.write_bytes(drawing.encoded(figure))
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
