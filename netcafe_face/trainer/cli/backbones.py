"""The command that lists the backbones with what each costs on this computer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from netcafe_face.terminal.texts import as_json_text, example

if TYPE_CHECKING:
    from netcafe_face.trainer.backbones.report import BackboneCost

_HEADS = ("parameters", "multiply-adds", "ms/face", "images/s", "compiled")
_WIDTH = 13


@click.command(
    "backbones", epilog=example("python3 main.py train backbones plain-small mobilefacenet --seconds 1")
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--dim", type=click.IntRange(2, 4096), default=512, show_default=True, help="Embedding's length."
)
@click.option("--batch", type=click.IntRange(2, 4096), default=32, show_default=True, help="Images a step.")
@click.option("--threads", type=click.IntRange(1, 256), default=1, show_default=True, help="In training.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.01, 600),
    default=3.0,
    show_default=True,
    help="How long each figure is measured.",
)
@click.option("--compile/--no-compile", "compiles", default=True, help="Measure torch.compile as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def backbones_command(
    names: tuple[str, ...], dim: int, batch: int, threads: int, seconds: float, compiles: bool, as_json: bool
) -> None:
    """List the backbones NAME, or all, with what each costs on this computer.

    Parameters; multiply-adds and ONNX Runtime's milliseconds (median, one thread) for one face; images a
    second in training, forward, backward and an SGD step on random pictures, as it is and through
    torch.compile. Large networks take minutes.
    """
    from netcafe_face.trainer.backbones.registry import BACKBONES, backbone_named
    from netcafe_face.trainer.backbones.report import ReportOptions, measure

    options = ReportOptions(dim, threads, seconds, batch, compiles)
    chosen = [backbone_named(name) for name in names or BACKBONES]
    width = max(len(spec.name) for spec in chosen)
    if not as_json:
        click.echo(_row("backbone", _HEADS, width))
    costs = []
    for spec in chosen:
        costs.append(measure(spec.name, options))
        if not as_json:
            click.echo(_row(spec.name, _cells(costs[-1]), width) + f"  {spec.note}")
    if as_json:
        click.echo(as_json_text([asdict(cost) for cost in costs], indent=2))


def _row(name: str, cells: Sequence[str], width: int) -> str:
    return name.ljust(width) + "".join(cell.rjust(_WIDTH + 1) for cell in cells)


def _cells(cost: BackboneCost) -> tuple[str, ...]:
    compiled = cost.compiled_images_per_s
    return (
        f"{cost.parameters / 1e6:.2f} M",
        f"{cost.multiply_adds / 1e6:,.0f} M",
        f"{cost.latency_ms:.2f}",
        f"{cost.eager_images_per_s:.1f}",
        "-" if compiled is None else f"{compiled:.1f}",
    )
