"""A comparison as a table: Markdown for people, CSV for programs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from netcafe_face.trainer.compare.outcome import Outcome
from netcafe_face.trainer.compare.published import PUBLISHED, SETS, SOURCE, TARGET
from netcafe_face.trainer.compare.statistics import Spread
from netcafe_face.trainer.compare.summary import Row
from netcafe_face.trainer.losses.registry import LOSSES

BESIDE = f"{SOURCE}. Other data, another network: beside ours, never mixed with it."


def percent(value: Spread, digits: int = 2) -> str:
    """Return mean ± standard deviation in percent, or a dash without a value."""
    if not value.count:
        return "–"
    mean = f"{100 * value.mean:.{digits}f}"
    return mean if math.isnan(value.sd) else f"{mean} ± {100 * value.sd:.{digits}f}"


def ours(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the lines of our own table."""
    sets = list(dict.fromkeys(name for row in rows for name in row.accuracies))
    head = ["loss", *(f"accuracy, {name} (%)" for name in sets), "TAR at FAR 1e-3 (%)", "EER (%)"]
    head += ["θ genuine / impostor (rad)", "learning rate", "steps: best / stopped", "note"]
    lines = []
    for row in rows:
        empty = Spread(math.nan, math.nan, 0)
        line = [row.name, *(percent(row.accuracies.get(name, empty)) for name in sets)]
        line += [percent(row.tar), percent(row.eer)]
        line += [f"{row.genuine_theta.mean:.2f} / {row.impostor_theta.mean:.2f}", f"{row.rate:g}"]
        steps = "–" if math.isnan(row.steps) else f"{row.best_step:.0f} / {row.steps:.0f}"
        lines.append([*line, steps, row.note or "converged"])
    return head, lines


def published() -> tuple[list[str], list[list[str]]]:
    """Return the head and the lines of the published table, and the wanted figures."""
    lines = [
        [LOSSES[loss].display_name, *(f"{value:.2f}" for value in PUBLISHED[loss])] for loss in PUBLISHED
    ]
    lines.append(["wanted of ArcFace", *(f"≥ {value:.2f}" for value in TARGET)])
    return ["loss", *SETS], lines


def markdown_table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def markdown(title: str, rows: Sequence[Row], paragraphs: Sequence[str], figures: Sequence[str]) -> str:
    """Return the whole report in Markdown, with its figures beside it."""
    parts = [f"# {title}", *paragraphs, markdown_table(*ours(rows))]
    parts += ["## Published figures", BESIDE, markdown_table(*published())]
    parts += [f"![{name.rsplit('.', 1)[0].replace('-', ' ')}]({name})" for name in figures]
    return "\n\n".join(parts) + "\n"


def as_csv(outcomes: Sequence[Outcome], commits: Sequence[str]) -> str:
    """Return every run, with the commit it was begun at, as a line of CSV, unrounded."""
    sets = list(dict.fromkeys(name for outcome in outcomes for name in outcome.accuracies))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["loss", "seed", "learning_rate", "steps", "best_step", "seconds", "converged"]
        + [f"accuracy: {name}" for name in sets]
        + ["tar_at_far_1e-3", "eer", "genuine_theta_rad", "impostor_theta_rad", "commit", "failed"]
    )
    for one, commit in zip(outcomes, commits, strict=True):
        writer.writerow(
            [one.loss, one.seed, one.rate, one.steps, one.best_step, round(one.seconds, 1), one.converged]
            + [one.accuracies.get(name, "") for name in sets]
            + [one.tar, one.eer, one.genuine_theta, one.impostor_theta, commit, one.failed]
        )
    return out.getvalue()
