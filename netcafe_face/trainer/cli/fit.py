"""`fit`: train one network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netcafe_face.terminal.texts import example
from netcafe_face.trainer.cli.common import config_options, place_options


@click.command(
    "fit",
    epilog=example(
        "python3 main.py train fit --data crops/lfw-people --out runs/first",
        "python3 main.py train fit --data crops/lfw-people --out runs/student --loss none "
        "--teacher imagenet:teacher.onnx --mixtures 50000",
    ),
)
@place_options
@click.option("--tensorboard/--no-tensorboard", default=True, help="Also write TensorBoard events.")
@config_options
def fit_command(data: tuple[Path, ...], out: Path, answers: Path, tensorboard: bool, **choices: Any) -> None:
    """Train a network on aligned crops, with a loss, with teachers, or with both.

    Stopped at any time (Ctrl-C, kill, a pulled plug) it goes on from its last checkpoint when the same
    command is given again. On several GPUs or machines start it with torchrun.

    Exit status: 0 when the run has ended, 130 when it was stopped.
    """
    from netcafe_face.domain.errors import Cancelled
    from netcafe_face.trainer.data.crops import joined, load_crops
    from netcafe_face.trainer.loop.config import TrainConfig
    from netcafe_face.trainer.loop.distributed import joined_group
    from netcafe_face.trainer.loop.interrupts import stop_when_asked
    from netcafe_face.trainer.loop.setup import Surroundings, make_plan
    from netcafe_face.trainer.loop.training import train

    config = TrainConfig(**choices)
    with joined_group() as group:
        say = click.echo if group.first else _silent
        plan = make_plan(
            config,
            joined([load_crops(folder) for folder in data]),
            Surroundings(out, answers, group, tensorboard, say),
        )
        with stop_when_asked() as should_stop:
            state = train(plan, should_stop)
    end = "stopped early" if state.stopped_early else "done" if state.step >= config.steps else "interrupted"
    best = f"best accuracy {state.best:.4f} at step {state.best_step}, " if state.best_step else ""
    say(f"{end} after {state.step} steps; {best}kept in {out}")
    if end == "interrupted":
        raise Cancelled


def _silent(text: str) -> None:
    """Say nothing: another process of the group does."""
