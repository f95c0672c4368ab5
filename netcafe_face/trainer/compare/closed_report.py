"""What the closed-set experiment gave: kept beside its runs, and as a report."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netcafe_face.trainer import drawing
from netcafe_face.trainer.compare.closed_data import PER_PERSON, ClosedData
from netcafe_face.trainer.compare.page import page, table
from netcafe_face.trainer.compare.statistics import spread
from netcafe_face.trainer.compare.tables import markdown_table, percent
from netcafe_face.trainer.compare.writing import write_text
from netcafe_face.trainer.errors import RunUnusable
from netcafe_face.trainer.losses.registry import LOSSES

_FILE = "closed.json"
_TITLE = "Closed set: a few people told apart"


@dataclass(frozen=True)
class ClosedOutcome:
    """One run's results.

    Attributes:
        chosen_by: accuracy on the crops for choosing.
        confusion: who was taken for whom on the test crops: the true person's row.
        others: verification accuracy on other people; NaN without any.
        failed: why the run gave nothing; "" where it did.
    """

    loss: str
    seed: int
    rate: float
    chosen_by: float = math.nan
    steps: int = 0
    converged: bool = False
    confusion: tuple[tuple[int, ...], ...] = ()
    others: float = math.nan
    failed: str = ""

    @property
    def accuracy(self) -> float:
        """Return the part of the test crops that are rightly named."""
        counts = np.asarray(self.confusion)
        return float(np.trace(counts) / counts.sum()) if counts.size else math.nan


def save_closed(folder: Path, outcome: ClosedOutcome) -> None:
    """Write a run's outcome into its folder.

    Raises:
        OutputError: it cannot be written.
    """
    write_text(folder / _FILE, json.dumps(asdict(outcome)))


def load_closed(folder: Path) -> ClosedOutcome | None:
    """Read a run's outcome, or return None where it has none yet.

    Raises:
        RunUnusable: it is damaged.
    """
    if not (folder / _FILE).exists():
        return None
    try:
        body: dict[str, Any] = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        rows = tuple(tuple(int(value) for value in row) for row in body.pop("confusion"))
        return ClosedOutcome(**body, confusion=rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunUnusable(path=folder, reason=str(error)) from error


def write_closed(
    outcomes: Sequence[ClosedOutcome], data: ClosedData, folder: Path, command: str
) -> list[Path]:
    """Write report.md, report.html and the confusion matrices into a folder, and return the files.

    Raises:
        OutputError: a file cannot be written.
    """
    head, lines = _table(outcomes)
    paragraphs = [*_sentences(data), f"Made by: {command}"]
    people = ["person", "to learn from", "for choosing", "test"]
    counts = [[name, str(a), str(b), str(c)] for name, a, b, c in data.real]
    figure = _confusions(outcomes, len(data.real))
    drawing.save_bytes(folder / "confusion.png", figure)
    text = [f"# {_TITLE}", *paragraphs, markdown_table(head, lines), markdown_table(people, counts)]
    write_text(folder / "report.md", "\n\n".join([*text, "![confusion](confusion.png)"]) + "\n")
    body = [table(head, lines), table(people, counts)]
    write_text(folder / "report.html", page(_TITLE, paragraphs, body, {"confusion.png": figure}))
    return [folder / name for name in ("report.md", "report.html", "confusion.png")]


def _table(outcomes: Sequence[ClosedOutcome]) -> tuple[list[str], list[list[str]]]:
    lines = []
    for loss in dict.fromkeys(one.loss for one in outcomes):
        done = [one for one in outcomes if one.loss == loss and not one.failed]
        accuracy, others = (
            spread([value for value in values if value == value])
            for values in (
                [one.accuracy for one in done],
                [one.others for one in done],
            )
        )
        late = sum(not one.converged for one in done)
        failed = sum(bool(one.failed) for one in outcomes if one.loss == loss)
        notes = [f"not converged ({late} of {len(done)})"] * bool(late) + [f"{failed} diverged"] * bool(
            failed
        )
        name = LOSSES[loss].display_name
        lines.append([name, percent(accuracy), percent(others), ", ".join(notes) or "converged"])
    return ["loss", "closed-set accuracy (%)", "verification of other people (%)", "note"], lines


def _sentences(data: ClosedData) -> list[str]:
    how = (
        "Each recording is wholly on one side of the split."
        if data.split_by == "recording"
        else "The split is within people, by photo, with near-duplicates on one side."
    )
    filled = sum(count.training < PER_PERSON for count in data.real)
    others = (
        f"Verification of other people: {len(data.others)} crops of people never trained on, LFW protocol."
    )
    return [
        f"{len(data.real)} people; here and only here the test shows people who were trained on. {how}",
        f"{filled} of {len(data.real)} people have fewer than {PER_PERSON} photos to learn from: augmented "
        "copies fill them up; the table below has the real counts. Test photos are never augmented.",
        "A face is given to the person whose mean training embedding is nearest, for all losses alike.",
        others if len(data.others) else "Verification of other people was not measured: there were no crops.",
    ]


def _confusions(outcomes: Sequence[ClosedOutcome], people: int) -> bytes:
    losses = list(dict.fromkeys(one.loss for one in outcomes if not one.failed))
    with drawing.look():
        figure = drawing.plot(2.6 * max(1, len(losses)), 3.0)
        for number, loss in enumerate(losses):
            total = np.sum([one.confusion for one in outcomes if one.loss == loss and not one.failed], axis=0)
            axes = figure.add_subplot(1, len(losses), number + 1)
            axes.imshow(total / np.maximum(total.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
            axes.grid(visible=False)
            axes.set_xticks(range(people), [str(n + 1) for n in range(people)], fontsize=8)
            axes.set_yticks(range(people), [str(n + 1) for n in range(people)], fontsize=8)
            axes.set_title(LOSSES[loss].display_name, fontsize=10)
            axes.set_xlabel("answered person", fontsize=9)
            if not number:
                axes.set_ylabel("true person", fontsize=9)
        return drawing.encoded(figure)
