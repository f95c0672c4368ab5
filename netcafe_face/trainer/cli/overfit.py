"""`overfit`: can a network learn a few photos by heart?"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from netcafe_face.terminal.texts import example
from netcafe_face.trainer.cli.common import crops_option


@click.command(
    "overfit",
    epilog=example(
        "python3 main.py train overfit --data crops/lfw-people --backbone resnet34 --backbone resnet50 "
        "--out runs/overfit",
        "python3 main.py train compare --data crops/lfw-people --overfit runs/overfit --out runs/compare",
    ),
)
@crops_option
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where it is kept."
)
@click.option("--backbone", "backbones", multiple=True, required=True, help="A network; may be given again.")
@click.option(
    "--loss",
    "losses",
    multiple=True,
    default=("softmax", "arcface"),
    show_default=True,
    help="A loss; may be given again.",
)
@click.option("--steps", type=click.IntRange(1), default=300, show_default=True, help="At most so many.")
@click.option("--batch", type=click.IntRange(2), default=16, show_default=True, help="Crops a step.")
@click.option("--learning-rate", type=float, default=0.001, show_default=True, help="Of AdamW.")
@click.option("--validate-every", type=click.IntRange(1), default=10, show_default=True, help="Steps.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of weights and order.")
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True, help="Of torch.")
@click.pass_context
def overfit_command(
    ctx: click.Context,
    data: tuple[Path, ...],
    out: Path,
    backbones: tuple[str, ...],
    losses: tuple[str, ...],
    steps: int,
    batch: int,
    learning_rate: float,
    validate_every: int,
    seed: int,
    threads: int,
) -> None:
    """Let networks learn 32 photos by heart: what cannot do that has a fault, and needs no longer training.

    A network has done it when every two photos of one person are nearer than any two of two people; it is
    then left at once. Its results can stand in the report of `compare`, for networks too large
    to be compared.

    Exit status: 0 when all did, 1 when one did not, 130 when it was stopped.
    """
    from netcafe_face.trainer.compare.overfit import OverfitTask, run_overfit
    from netcafe_face.trainer.data.crops import joined, load_crops
    from netcafe_face.trainer.loop.config import TrainConfig
    from netcafe_face.trainer.loop.interrupts import stop_when_asked

    base = TrainConfig(
        dim=512,
        batch=batch,
        people_per_batch=max(2, batch // 4),
        steps=steps,
        optimiser="adamw",
        learning_rate=learning_rate,
        weight_decay=0.0,
        schedule="constant",
        warmup=5,
        ema=0.0,
        augment="none",
        seed=seed,
        validate_every=validate_every,
        checkpoint_every=validate_every,
        threads=threads,
        workers=0,
        compiled=False,  # compiling takes longer than these few steps
    )
    crops = joined([load_crops(folder) for folder in data])
    command = "python3 main.py train " + shlex.join(sys.argv[1:])
    with stop_when_asked() as should_stop:
        task = OverfitTask(crops, out, base, backbones, losses, command)
        report = run_overfit(task, click.echo, should_stop)
    ctx.exit(any(one.separated < 1 for one in report.outcomes))
