"""`stages`: train a network stage by stage."""

from __future__ import annotations

from pathlib import Path

import click

from netcafe_face.terminal.texts import example
from netcafe_face.trainer.cli.common import place_options


@click.command(
    "stages",
    epilog=example(
        "python3 main.py train stages --data crops/lfw-people --teacher imagenet:teacher.onnx "
        "--map a --map b --map c --map d --out runs/stages",
        "python3 main.py train fit --backbone plain-staged --start-from runs/stages --data crops/lfw-people "
        "--loss none --teacher imagenet:teacher.onnx --out runs/whole",
    ),
)
@place_options
@click.option("--teacher", required=True, metavar="INPUT:FILE", help="A teacher of the same dimension.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    required=True,
    metavar="TENSOR",
    help="Where in the teacher a stage ends, one for each stage but the last.",
)
@click.option("--mixtures", type=click.IntRange(0), default=10_000, show_default=True, help="Mixed faces.")
@click.option("--steps", type=click.IntRange(1), default=600, show_default=True, help="Of each stage.")
@click.option("--batch", type=click.IntRange(2), default=64, show_default=True, help="Crops a step.")
@click.option("--learning-rate", type=float, default=0.002, show_default=True, help="The highest one.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of weights and mixtures.")
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True, help="Of torch.")
@click.option("--compiled/--no-compiled", default=True, show_default=True, help="Use torch.compile.")
def stages_command(
    data: tuple[Path, ...],
    teacher: str,
    maps: tuple[str, ...],
    out: Path,
    answers: Path,
    mixtures: int,
    steps: int,
    batch: int,
    learning_rate: float,
    seed: int,
    threads: int,
    compiled: bool,
) -> None:
    """Train the backbone plain-staged from the inside of a teacher, each stage alone, to begin `fit` with.

    The teacher's maps stay in eight bits beside its answers, some 130 KB a crop for foamliu's MobileFaceNet.
    Stopped at any time it goes on with the stage it was at when the same command is given again.

    Exit status: 0 when all stages are done, 130 when it was stopped.
    """
    from netcafe_face.domain.errors import Cancelled
    from netcafe_face.trainer.data.crops import joined, load_crops
    from netcafe_face.trainer.loop.config import NO_LOSS, TrainConfig
    from netcafe_face.trainer.loop.interrupts import stop_when_asked
    from netcafe_face.trainer.stages.setup import school

    config = TrainConfig(
        backbone="plain-staged",
        loss=NO_LOSS,
        teachers=(teacher,),
        mixtures=mixtures,
        steps=steps,
        batch=batch,
        learning_rate=learning_rate,
        optimiser="adamw",
        weight_decay=1e-4,
        schedule="warmup-stable-decay",
        warmup=min(200, steps // 10),  # a stage begins alone, so its first steps must not be long
        decay_from=0.6,
        augment="none",
        ema=0.0,
        seed=seed,
        threads=threads,
        compiled=compiled,
    )
    crops = joined([load_crops(folder) for folder in data]).training()
    with stop_when_asked() as should_stop:
        whole = school(config, maps, crops, (out, answers), click.echo, should_stop)
    if not whole:
        raise Cancelled
    click.echo(f"all stages are done; kept in {out}")
