"""The figures of a comparison."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from netcafe_face.domain.errors import N_
from netcafe_face.trainer import drawing
from netcafe_face.trainer.compare.outcome import Outcome
from netcafe_face.trainer.compare.running import HELD_OUT
from netcafe_face.trainer.compare.summary import Row
from netcafe_face.trainer.errors import RunUnusable
from netcafe_face.trainer.losses.registry import LOSSES


def charts(outcomes: Sequence[Outcome], rows: Sequence[Row], folder: Path) -> dict[str, bytes]:
    """Draw a comparison's figures: name of the file and PNG.

    Args:
        outcomes: of all runs.
        rows: the same, by loss.
        folder: of the comparison, where the runs' curves are read.

    Raises:
        RunUnusable: a curve is damaged.
    """
    done = [one for one in outcomes if not one.failed]
    if not done:
        return {}
    return {
        "accuracy.png": _accuracy(done, rows),
        "roc.png": _roc(done),
        "validation.png": _validation(done, folder),
    }


def _accuracy(done: Sequence[Outcome], rows: Sequence[Row]) -> bytes:
    with drawing.look():
        figure = drawing.plot(7.2, 0.55 * len(rows) + 1.6)
        axes = figure.subplots()
        for place, row in enumerate(rows):
            values = [100 * one.accuracies[HELD_OUT] for one in done if one.loss == row.loss]
            axes.plot(values, [place] * len(values), "o", color=drawing.PEOPLE[0], alpha=0.6, ms=6)
            if values:
                axes.plot([sum(values) / len(values)], [place], "|", color="black", ms=18, mew=2)
            if not values:
                axes.text(0.5, place, "diverged", transform=axes.get_yaxis_transform(), ha="center")
        axes.set_yticks(range(len(rows)), [row.name for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel("verification accuracy on held-out people (%)")
        axes.set_title("Each seed (dot) and the mean (bar)")
        return drawing.encoded(figure)


def _roc(done: Sequence[Outcome]) -> bytes:
    with drawing.look():
        figure = drawing.plot()
        axes = figure.subplots()
        for loss, runs in _by_loss(done).items():
            for one in runs:
                axes.plot(
                    [max(value, 1e-6) for value in one.roc[0]],
                    [100 * value for value in one.roc[1]],
                    **drawing.LOSS_LINES[loss],
                    lw=1.4,
                    label=LOSSES[loss].display_name if one is runs[0] else None,
                )
        axes.set_xscale("log")
        axes.set_xlim(1e-5, 1)
        axes.set_xlabel("false-accept rate")
        axes.set_ylabel("genuine pairs accepted (%)")
        axes.legend(loc="lower right")
        axes.set_title("ROC on held-out people, one line a seed")
        return drawing.encoded(figure)


def _validation(done: Sequence[Outcome], folder: Path) -> bytes:
    with drawing.look():
        figure = drawing.plot()
        axes = figure.subplots()
        for loss, runs in _by_loss(done).items():
            for one in runs:
                steps, values = _curve(folder / "runs" / f"{one.loss}-{one.seed}" / "curve.csv")
                axes.plot(
                    steps,
                    values,
                    **drawing.LOSS_LINES[loss],
                    lw=1.4,
                    label=LOSSES[loss].display_name if one is runs[0] else None,
                )
        axes.set_xlabel("step")
        axes.set_ylabel("validation accuracy (%)")
        axes.legend(loc="lower right")
        axes.set_title("On the held-out people for choosing, one line a seed")
        return drawing.encoded(figure)


def _by_loss(done: Sequence[Outcome]) -> Mapping[str, list[Outcome]]:
    return {loss: [o for o in done if o.loss == loss] for loss in dict.fromkeys(o.loss for o in done)}


def _curve(file: Path) -> tuple[list[int], list[float]]:
    if not file.exists():
        return [], []
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            points = [(int(row["step"]), float(row["accuracy"])) for row in csv.DictReader(stream)]
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise RunUnusable(path=file, reason=N_("it is damaged")) from error
    measured = [(step, value) for step, value in points if value == value]  # NaN where none was measured
    return [step for step, _ in measured], [100 * value for _, value in measured]
