"""What the closed-set experiment gave: kept beside its runs, and as a report."""

from __future__ import annotations

import csv
import io
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
from netcafe_face.trainer.compare.plan import ComparePlan
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
        steps: steps done; `best_step` is the one whose weights are measured.
        confusion: who was taken for whom on the test crops: the true person's row.
        others: verification accuracy on other people; NaN without any.
        failed: why the run gave nothing; "" where it did.
    """

    loss: str
    seed: int
    rate: float
    chosen_by: float = math.nan
    steps: int = 0
    best_step: int = 0
    converged: bool = False
    confusion: tuple[tuple[int, ...], ...] = ()
    others: float = math.nan
    failed: str = ""

    @property
    def accuracy(self) -> float:
        """Return the part of the test crops that are rightly named."""
        counts = np.asarray(self.confusion)
        return float(np.trace(counts) / counts.sum()) if counts.size else math.nan

    @property
    def balanced(self) -> float:
        """Return the mean over people of the part of their test crops that is rightly named."""
        counts = np.asarray(self.confusion)
        return float((np.diag(counts) / counts.sum(axis=1)).mean()) if counts.size else math.nan


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
    outcomes: Sequence[ClosedOutcome], data: ClosedData, plan: ComparePlan, folder: Path, command: str
) -> list[Path]:
    """Write report.md, report.html, runs.csv and the confusion matrices into a folder, and return the files.

    Raises:
        OutputError: a file cannot be written.
    """
    head, lines = _table(outcomes)
    paragraphs = [*_sentences(data, plan, outcomes), f"Made by: {command}"]
    people = ["", "person", "to learn from", "for choosing", "test"]
    counts = [[str(n), name, str(a), str(b), str(c)] for n, (name, a, b, c) in enumerate(data.real, 1)]
    figure = _confusions(outcomes, len(data.real))
    drawing.save_bytes(folder / "confusion.png", figure)
    text = [f"# {_TITLE}", *paragraphs, markdown_table(head, lines), markdown_table(people, counts)]
    write_text(folder / "report.md", "\n\n".join([*text, "![confusion](confusion.png)"]) + "\n")
    body = [table(head, lines), table(people, counts)]
    write_text(folder / "report.html", page(_TITLE, paragraphs, body, {"confusion.png": figure}))
    write_text(folder / "runs.csv", _csv(outcomes))
    return [folder / name for name in ("report.md", "report.html", "runs.csv", "confusion.png")]


def _table(outcomes: Sequence[ClosedOutcome]) -> tuple[list[str], list[list[str]]]:
    lines = []
    for loss in dict.fromkeys(one.loss for one in outcomes):
        done = [one for one in outcomes if one.loss == loss and not one.failed]
        late = sum(not one.converged for one in done)
        failed = sum(bool(one.failed) for one in outcomes if one.loss == loss)
        notes = [f"not converged ({late} of {len(done)})"] * bool(late)
        notes += [f"{failed} diverged"] * bool(failed)
        figures = (
            [one.accuracy for one in done],
            [one.balanced for one in done],
            [one.others for one in done],
        )
        cells = [percent(spread([value for value in values if value == value])) for values in figures]
        rates = ", ".join(f"{rate:g}" for rate in dict.fromkeys(one.rate for one in done))
        steps = [spread([float(number) for number in numbers]).mean for numbers in _steps(done)]
        told = " / ".join(f"{step:.0f}" for step in steps) or "–"
        note = ", ".join(notes) or "converged"
        lines.append([LOSSES[loss].display_name, *cells, rates or "–", told, note])
    head = ["loss", "closed-set accuracy (%)", "mean over people (%)", "verification of other people (%)"]
    return [*head, "learning rate", "steps: best / stopped", "note"], lines


def _steps(outcomes: Sequence[ClosedOutcome]) -> list[tuple[int, ...]]:
    return list(zip(*((one.best_step, one.steps) for one in outcomes), strict=True))


def _who(data: ClosedData) -> str:
    if data.split_by == "recording":
        return f"{len(data.real)} people"
    return f"The {len(data.real)} people with the most photos of those who are not held out"


def _sentences(data: ClosedData, plan: ComparePlan, outcomes: Sequence[ClosedOutcome]) -> list[str]:
    how = (
        "Each recording is wholly on one side of the split."
        if data.split_by == "recording"
        else "The split is within people, by photo, with near-duplicates on one side."
    )
    filled = sum(count.training < PER_PERSON for count in data.real)
    tests = [count.test for count in data.real]
    reached = [one.accuracy for one in outcomes if not one.failed]
    middle = float(np.mean(reached)) if reached else 0.5
    error = 100 * math.sqrt(middle * (1 - middle) / sum(tests))
    base, several = plan.base, len(plan.seeds) > 1
    seeds = f"{len(plan.seeds)} seeds; ± is their standard deviation" if several else "one seed"
    rates = ", ".join(f"{rate:g}" for rate in plan.rates)
    chose = (
        f" Each learning rate ({rates}) had a full run, and these photos chose among them."
        if len(plan.rates) > 1
        else f" All had the learning rate {rates}; none was searched for."
    )
    others = (
        f"Verification of other people: {len(data.others)} crops of people never trained on, LFW protocol."
    )
    return [
        f"{_who(data)}; here and only here the test shows people who were trained on. {how}",
        f"{filled} of {len(data.real)} people have fewer than {PER_PERSON} photos to learn from: augmented "
        "copies fill them up; the table below has the real counts. Test photos are never augmented.",
        f"Network {base.backbone} with {base.dim} values, batches of {base.batch}, {seeds}, "
        f"{base.optimiser}, augmentation “{base.augment}”. The photos for choosing say when to stop "
        f"({base.patience} evaluations, {base.validate_every} steps apart, without a rise, at most "
        f"{base.steps} steps).{chose}",
        f"{sum(tests)} test photos, {max(tests) / sum(tests):.0%} of them of one person: always that answer "
        f"would be right so often. Chance in the photos alone moves an accuracy by ± {error:.1f} points (one "
        "standard error); smaller differences do not say which loss is better.",
        "A face is given to the person whose mean training embedding is nearest, for all losses alike. The "
        "figure shows shares of the true person's row, all seeds together; the table numbers the people.",
        others if len(data.others) else "Verification of other people was not measured: there were too few.",
    ]


def _csv(outcomes: Sequence[ClosedOutcome]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["loss", "seed", "learning_rate", "steps", "best_step", "converged"]
    head += ["accuracy_for_choosing", "accuracy"]
    writer.writerow([*head, "mean_over_people", "verification_of_others", "failed"])
    for one in outcomes:
        figures = [one.chosen_by, one.accuracy, one.balanced, one.others]
        run = [one.loss, one.seed, one.rate, one.steps, one.best_step, one.converged]
        writer.writerow([*run, *figures, one.failed])
    return out.getvalue()


def _confusions(outcomes: Sequence[ClosedOutcome], people: int) -> bytes:
    losses = list(dict.fromkeys(one.loss for one in outcomes if not one.failed))
    across = min(3, max(1, len(losses)))
    down = max(1, -(-len(losses) // across))
    side = max(3.2, 0.4 * people)
    with drawing.look():
        figure = drawing.plot(side * across, side * down)
        for number, loss in enumerate(losses):
            total = np.sum([one.confusion for one in outcomes if one.loss == loss and not one.failed], axis=0)
            shares = total / np.maximum(total.sum(axis=1, keepdims=True), 1)
            axes = figure.add_subplot(down, across, number + 1)
            axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
            for row, column in zip(*np.nonzero(total), strict=True):
                dark = shares[row, column] > 0.5
                text = f"{100 * shares[row, column]:.0f}"
                axes.text(
                    column,
                    row,
                    text,
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="white" if dark else "black",
                )
            axes.grid(visible=False)
            axes.set_xticks(range(people), [str(n + 1) for n in range(people)], fontsize=8)
            axes.set_yticks(range(people), [str(n + 1) for n in range(people)], fontsize=8)
            axes.set_title(LOSSES[loss].display_name, fontsize=10)
            axes.set_xlabel("answered person", fontsize=9)
            if number % across == 0:
                axes.set_ylabel("true person (%)", fontsize=9)
        return drawing.encoded(figure)
