"""The report of a comparison: what it was made of, what it found, as Markdown, CSV and HTML."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from netcafe_face.trainer.compare.charts import charts
from netcafe_face.trainer.compare.outcome import Outcome, load_outcome
from netcafe_face.trainer.compare.overfit import OverfitReport
from netcafe_face.trainer.compare.page import html
from netcafe_face.trainer.compare.plan import ComparePlan, drawn_pairs, parted
from netcafe_face.trainer.compare.running import HELD_OUT
from netcafe_face.trainer.compare.summary import Row, rows_of, verdict
from netcafe_face.trainer.compare.tables import as_csv, markdown
from netcafe_face.trainer.compare.writing import write_text
from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.drawing import save_bytes
from netcafe_face.trainer.loop.checkpoint import RECORD, read_record
from netcafe_face.trainer.loop.setup import people_order
from netcafe_face.trainer.losses.head import default_scale
from netcafe_face.trainer.losses.registry import LOSSES

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
        RunUnusable: a run's record, curve or outcome is damaged.
    """
    rows = rows_of(outcomes)
    figures = charts(outcomes, rows, folder)
    commits = _commits(outcomes, folder)
    paragraphs = [verdict(outcomes), *_sentences(plan, crops, outcomes, folder), f"Made by: {command}"]
    paragraphs += _several_versions(commits)
    if checked is not None:
        paragraphs.append(checked.sentence())
    files = []
    for name, data in figures.items():
        save_bytes(folder / name, data)
        files.append(folder / name)
    titled = [_titled(row, crops) for row in rows]
    texts = {
        "report.md": markdown(TITLE, titled, paragraphs, list(figures)),
        "runs.csv": as_csv(outcomes, commits),
        "report.html": html(TITLE, titled, paragraphs, figures),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
        files.append(folder / name)
    return files


def _titled(row: Row, crops: CropSet) -> Row:
    """Name the held-out people after the set, where it is LFW: its own pairs are another figure."""
    lfw = all("lfw" in record.group.casefold() for record in crops.held_out().records)
    title = f"held-out {'LFW ' if lfw else ''}people, LFW protocol"
    return replace(
        row, accuracies={title if name == HELD_OUT else name: one for name, one in row.accuracies.items()}
    )


def _commits(outcomes: Sequence[Outcome], folder: Path) -> list[str]:
    """Return the commit at which each run began; "" where its record does not say."""
    runs = [folder / "runs" / f"{one.loss}-{one.seed}" for one in outcomes]
    return [str(read_record(run).get("commit", "")) if (run / RECORD).exists() else "" for run in runs]


def _several_versions(commits: Sequence[str]) -> list[str]:
    counts = Counter(commits)
    if len(counts) < 2:
        return []
    told = ", ".join(f"{commit or 'unknown'} ({count})" for commit, count in counts.items())
    return [
        f"The runs were not all begun with the same version of the trainer: {told}; + stands for changes "
        "that were not committed. All have the same choices and data, which a folder of runs checks."
    ]


def _sentences(plan: ComparePlan, crops: CropSet, outcomes: Sequence[Outcome], folder: Path) -> list[str]:
    training, base = crops.training().labelled(), plan.base
    people = len(training.labels()[1])
    sets = ", ".join(sorted({record.group for record in training.records}))
    tried = [load_outcome(found.parent) for found in sorted((folder / "search").glob("*/outcome.json"))]
    hours = sum(one.seconds for one in [*outcomes, *tried] if one is not None) / 3600
    seeds = f"{len(plan.seeds)} seeds; ± is their standard deviation" if len(plan.seeds) > 1 else "one seed"
    scale = default_scale(people)
    return [
        f"Trained on {len(training)} photos of {people} people ({sets}), network {base.backbone} with "
        f"{base.dim} values, batches of {base.batch}, {seeds}. A seed gives every loss the same first "
        "weights and the same order of photos, but for losses over pairs, which need batches of people.",
        f"{base.optimiser}, momentum {base.momentum:g}, weight decay {base.weight_decay:g}, learning "
        f"rate {base.schedule} after {base.warmup} steps of warm-up, averaged weights ({base.ema:g}), "
        f"augmentation “{base.augment}”. Losses that normalise have s = {scale:g} and the margin of their "
        "paper; neither was tuned.",
        *_pair_losses(plan, training),
        _choosing(plan, crops, outcomes),
        _tested(crops, outcomes),
        *_other_sets(outcomes),
        f"All runs and trials took {hours:.1f} hours together, with {base.threads} of {os.cpu_count()} cores "
        "and whatever else they did. It is a comparison on a small set with a small network: it says how the "
        "losses compare here, not on millions of photos.",
    ]


def _other_sets(outcomes: Sequence[Outcome]) -> list[str]:
    names = dict.fromkeys(name for one in outcomes for name in one.accuracies if name != HELD_OUT)
    if not names:
        return []
    return [
        f"{', '.join(names)}: no picture of these sets is trained on, near-duplicates included, and nobody "
        "by name; where their pairs have no names, some of their people may be among those trained on."
    ]


def _pair_losses(plan: ComparePlan, training: CropSet) -> list[str]:
    """Say what losses over pairs saw, which leave people with one photo out."""
    names = [LOSSES[loss].display_name for loss in plan.losses if LOSSES[loss].needs_pk_batches]
    if not names:
        return []
    counts = np.bincount(training.labels()[0])
    repeated = counts[counts > 1]
    each = people_order(plan.base, training.labels()[0])
    return [
        f"{', '.join(names)}: only the {repeated.sum()} photos of the {len(repeated)} people with two photos "
        f"or more, as batches of {each.people} people with {each.each} photos each."
    ]


def _choosing(plan: ComparePlan, crops: CropSet, outcomes: Sequence[Outcome]) -> str:
    parts = parted(crops)
    folds = len(np.unique(drawn_pairs(parts.reported).fold))
    base, several = plan.base, len(plan.rates) > 1
    rates = ", ".join(f"{rate:g}" for rate in plan.rates)
    tried = f"the learning rate (of {rates}, each tried for {plan.search_steps} steps) and "
    chose = tried if several else ""
    edges = {min(plan.rates), max(plan.rates)} if several else set()
    names = dict.fromkeys(LOSSES[one.loss].display_name for one in outcomes if one.rate in edges)
    edge = f" Chosen at the edge of those tried: {', '.join(names)}." if names else ""
    who = (
        f"half of all held-out people only: the other half chose {chose}when to stop"
        if parts.halved
        else f"too few to be halved, so the same people chose {chose}when to stop, and figures are too good"
    )
    return (
        f"“{HELD_OUT.capitalize()}” are people never trained on, {folds} folds by the LFW protocol; {who} "
        f"({base.patience} evaluations, {base.validate_every} steps apart, without a rise, at most "
        f"{base.steps} steps).{edge}"
    )


def _tested(crops: CropSet, outcomes: Sequence[Outcome]) -> str:
    """Say how many people the figures rest on, and how far chance in them alone may carry."""
    tested = parted(crops).reported
    counts = np.bincount(tested.labels()[0])
    pairs = len(drawn_pairs(tested))
    genuine = np.sort(counts * (counts - 1) // 2)[::-1]
    measured = [one.accuracies[HELD_OUT] for one in outcomes if not one.failed]
    middle = float(np.mean(measured)) if measured else 0.5
    error = 100 * math.sqrt(middle * (1 - middle) / pairs)
    return (
        f"Tested on {len(tested)} photos of {len(counts)} people, {(counts > 1).sum()} of them with two or "
        f"more: {pairs} pairs, drawn person by person, so chance alone moves an accuracy by ± {error:.1f} "
        f"points (one standard error, taking pairs as independent). TAR, EER, θ and ROC are over all "
        f"{genuine.sum()} genuine pairs, of which the five people with the most photos give "
        f"{genuine[:5].sum() / max(1, genuine.sum()):.0%}."
    )
