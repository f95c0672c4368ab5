"""The report of a comparison: what it was made of, what it found, as Markdown, CSV and HTML."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from netcafe_face.trainer.compare.charts import charts
from netcafe_face.trainer.compare.outcome import Outcome
from netcafe_face.trainer.compare.overfit import OverfitReport
from netcafe_face.trainer.compare.page import html
from netcafe_face.trainer.compare.plan import ComparePlan
from netcafe_face.trainer.compare.running import HELD_OUT
from netcafe_face.trainer.compare.summary import rows_of, verdict
from netcafe_face.trainer.compare.tables import as_csv, markdown
from netcafe_face.trainer.compare.writing import write_text
from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.drawing import save_bytes

TITLE = "Losses compared"


def write_report(
    plan: ComparePlan,
    crops: CropSet,
    outcomes: Sequence[Outcome],
    folder: Path,
    command: str,
    checked: OverfitReport | None = None,
) -> list[Path]:
    """Write report.md, runs.csv, report.html and the figures into a folder, and return the files.

    Args:
        plan: what was compared.
        crops: the data, training and held-out.
        outcomes: of all runs.
        folder: of the comparison.
        command: what makes it again.
        checked: networks that were only seen to overfit.

    Raises:
        OutputError: a file cannot be written.
    """
    rows = rows_of(outcomes)
    figures = charts(outcomes, rows, folder)
    paragraphs = [verdict(outcomes), *_sentences(plan, crops, outcomes), f"Made by: {command}"]
    if checked is not None:
        paragraphs.append(checked.sentence())
    files = []
    for name, data in figures.items():
        save_bytes(folder / name, data)
        files.append(folder / name)
    texts = {
        "report.md": markdown(TITLE, rows, paragraphs, list(figures)),
        "runs.csv": as_csv(outcomes),
        "report.html": html(TITLE, rows, paragraphs, figures),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
        files.append(folder / name)
    return files


def _sentences(plan: ComparePlan, crops: CropSet, outcomes: Sequence[Outcome]) -> list[str]:
    training, base = crops.training().labelled(), plan.base
    people = len(training.labels()[1])
    sets = ", ".join(sorted({record.group for record in training.records}))
    hours = sum(outcome.seconds for outcome in outcomes) / 3600
    seeds = f"{len(plan.seeds)} seeds" if len(plan.seeds) > 1 else "one seed"
    rates = ", ".join(f"{rate:g}" for rate in plan.rates)
    chose = f"the learning rate (of {rates}, each tried for {plan.search_steps} steps) and "
    return [
        f"Trained on {len(training)} photos of {people} people ({sets}), network {base.backbone} with "
        f"{base.dim} values, batches of {base.batch}, {seeds}. A seed gives every loss the same first "
        "weights and the same order of photos, but for losses over pairs, which need batches of people.",
        f"“{HELD_OUT.capitalize()}” are people never trained on, ten folds by the LFW protocol; half of all "
        f"held-out people only: the other half chose {chose if len(plan.rates) > 1 else ''}when to stop "
        f"({base.patience} evaluations, {base.validate_every} steps apart, without a rise, at most "
        f"{base.steps} steps).",
        f"This is a comparison on a small set with a small network, {hours:.1f} hours on a machine of "
        f"{os.cpu_count()} cores: it says how the losses compare here, not on millions of photos.",
    ]
