"""`compare`: several losses on the same data, network, budget and seeds."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from netcafe_face.terminal.texts import example


@click.command(
    "compare",
    epilog=example(
        "python3 main.py train compare --data crops/lfw-people --out runs/compare",
        "python3 main.py train compare --closed crops/lfw-people --out runs/closed",
        "python3 main.py train compare --closed recordings --out runs/closed-own",
    ),
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    help="Crops made by `prepare`; may be given again. With --closed: other people.",
)
@click.option(
    "--closed",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Closed set instead: folders of a few people made by `collect`, or crops made by `prepare`.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where it is kept."
)
@click.option(
    "--loss", "losses", multiple=True, help="A loss; may be given several times.  [default: the five]"
)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="How many seeds.")
@click.option(
    "--rate", "rates", type=float, multiple=True, help="A learning rate to try; may be given again."
)
@click.option("--search-steps", type=click.IntRange(1), default=500, show_default=True, help="Of each trial.")
@click.option(
    "--overfit",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Say in the report what `overfit` found of larger networks.",
)
@click.option("--set", "sets", multiple=True, metavar="NAME=FILE", help="A .bin set to measure on, too.")
@click.option("--backbone", default="plain-tiny", show_default=True, help="The network of all runs.")
@click.option("--steps", type=click.IntRange(1), default=20_000, show_default=True, help="At most so many.")
@click.option("--validate-every", type=click.IntRange(1), default=250, show_default=True, help="Steps.")
@click.option("--batch", type=click.IntRange(2), default=128, show_default=True, help="Crops a step.")
@click.option("--augment", default="light", show_default=True, help="How crops are changed.")
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True, help="Of torch.")
@click.option("--compiled/--no-compiled", default=True, show_default=True, help="Use torch.compile.")
def compare_command(data: tuple[Path, ...], closed: Path | None, out: Path, **choices: Any) -> None:
    """Train several losses alike and write a report: Markdown, CSV and HTML with figures.

    Stopped at any time it goes on when the same command is given again. Each loss has its own learning rate,
    chosen by the same small search. With --closed a few people are told apart, split by recording, and each
    learning rate has a full run.
    """
    from netcafe_face.trainer.errors import OptionsRefused
    from netcafe_face.trainer.loop.interrupts import stop_when_asked

    if not data and closed is None:
        raise OptionsRefused(reason="--data or --closed is needed")
    if closed is not None and (choices["sets"] or choices["overfit"]):
        raise OptionsRefused(reason="--set and --overfit do not go with --closed")
    plan = _plan(choices)
    command = "python3 main.py train " + shlex.join(sys.argv[1:])
    with stop_when_asked() as should_stop:
        if closed is not None:
            from netcafe_face.trainer.compare.closed import ClosedTask, run_closed

            others = _crops(data).held_out() if data else None
            files = run_closed(ClosedTask(plan, closed, out, command, others), click.echo, should_stop)
        else:
            files = _open(plan, data, choices, out, command, should_stop)
    for file in files:
        click.echo(file)


def _plan(choices: dict[str, Any]) -> Any:
    from netcafe_face.trainer.compare.plan import FIVE, RATES, ComparePlan

    standard = ComparePlan()
    names = ("backbone", "steps", "validate_every", "batch", "augment", "threads", "compiled")
    base = replace(standard.base, **{name: choices[name] for name in names})
    return ComparePlan(
        losses=choices["losses"] or FIVE,
        seeds=tuple(range(choices["seeds"])),
        rates=choices["rates"] or RATES,
        search_steps=choices["search_steps"],
        base=replace(base, checkpoint_every=base.validate_every),
    )


def _open(
    plan: Any, data: tuple[Path, ...], choices: dict[str, Any], out: Path, command: str, should_stop: Any
) -> list[Path]:
    from netcafe_face.trainer.compare.overfit import load_overfit
    from netcafe_face.trainer.compare.report import write_report
    from netcafe_face.trainer.compare.running import Comparison
    from netcafe_face.trainer.compare.sets import read_sets

    checked = load_overfit(choices["overfit"]) if choices["overfit"] else None
    crops = _crops(data).labelled()
    comparison = Comparison(plan, crops, out, read_sets(choices["sets"], crops), click.echo, should_stop)
    return write_report(plan, crops, comparison.run(), out, command, checked)


def _crops(data: tuple[Path, ...]) -> Any:
    from netcafe_face.trainer.data.crops import joined, load_crops

    return joined([load_crops(folder) for folder in data])
