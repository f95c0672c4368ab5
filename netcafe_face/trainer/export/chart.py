"""The curves of a training, drawn for the model card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from netcafe_face.trainer import drawing
from netcafe_face.trainer.detector.history import DetectorStage
from netcafe_face.trainer.export.onnx import new_file
from netcafe_face.trainer.export.runs import Stage

_IN_A_ROW = 4
_FIRST_PART = 50
_DETECTOR_TERMS = (
    ("score", "error of the score (nats a face cell)"),
    ("points", "error of the points (part of the face)"),
)


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


def draw_detector(stages: Sequence[DetectorStage], path: Path) -> bool:
    """Draw the parts of the detector's loss against scenes shown, stage after stage, as PNG.

    Returns:
        Whether there was anything to draw.

    Raises:
        RunUnusable: a run's log cannot be read.
        ExportFailed: the file cannot be written.
    """
    lines, before = [], 0.0
    for stage in stages:
        batch = stage.config.batch
        rows = [{**row, "shown": (before + row["step"] * batch) / 1000} for row in stage.curve()]
        # The first rows are those of random weights, and would flatten all that follows.
        lines.append(rows if stage.config.start_from else rows[-(-len(rows) // _FIRST_PART) :])
        before += stage.steps * batch
    if not any(lines):
        return False
    with drawing.look():
        figure = drawing.plot(7.2, 3.2 + 0.25 * -(-len(lines) // _IN_A_ROW))
        for axes, (name, label) in zip(figure.subplots(1, 2), _DETECTOR_TERMS, strict=True):
            for number, rows in enumerate(lines):
                line = [row["shown"] for row in rows], [row[name] for row in rows]
                axes.plot(*line, **drawing.line_style(number), linewidth=1, label=f"stage {number + 1}")
            axes.set(xlabel="thousand scenes shown", ylabel=label)
            axes.set_ylim(bottom=0)
        if len(lines) > 1:
            figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=_IN_A_ROW)
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
