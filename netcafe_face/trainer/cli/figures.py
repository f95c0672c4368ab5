"""The command that draws the figures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netcafe_face.terminal.texts import example
from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.trainer.figures.options import FigureOptions
from netcafe_face.trainer.figures.registry import FIGURES, FigureSpec

if TYPE_CHECKING:
    from netcafe_face.trainer.figures.options import Watch

ALL = "all"
OPTION = {"crops": "crops", "models": "model", "run": "run"}
"""The files that a figure may be drawn from, by their fields of `FigureOptions`, and their options here."""

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command(
    "figures",
    epilog=example(
        "python3 main.py train figures circle --out docs/figures/circle.png",
        "python3 main.py train figures all --out docs/figures",
        "python3 main.py train figures roc-cmc --crops crops/lfw --model models/netcafe-mini --out roc.svg",
    )
    + "\n\n\b\nFigures:\n"
    + "\n".join(f"  {spec.name:14} {spec.shows}" for spec in FIGURES.values()),
)
@click.argument("name", type=click.Choice([*FIGURES, ALL]), metavar="NAME")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The file, .png, .svg or .pdf; for all figures the folder.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of everything random.")
@click.option("--quick", is_flag=True, help="Hardly train, to see whether it works; shows nothing of value.")
@click.option("--crops", type=_FOLDER, help="Crops made by `prepare`, for circle, roc-cmc and embeddings.")
@click.option(
    "--model",
    "models",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="With --crops: an ONNX file or a pack, for roc-cmc and embeddings; may be given several times.",
)
@click.option(
    "--input",
    "model_input",
    default="arcface",
    show_default=True,
    help="What ONNX files take, see `evaluate`.",
)
@click.option("--run", type=_FOLDER, help="A training run's folder, for theta.")
@click.option("--threads", type=click.IntRange(1, 256), default=1, show_default=True, help="In training.")
def figures_command(name: str, out: Path, quick: bool, threads: int, **choices: Any) -> None:
    """Draw the figure NAME, or all, each from a seed and without any data but this program.

    What a figure shows is computed when it is drawn: small networks are trained on made-up people, or real
    crops, networks and runs are read where they are given. One takes up to two minutes on one core.
    """
    import torch

    from netcafe_face.trainer.drawing import check_suffix, save

    wanted = list(FIGURES.values()) if name == ALL else [FIGURES[name]]
    files = [out / f"{spec.name}.png" if name == ALL else out for spec in wanted]
    for file in files:
        check_suffix(file)
    torch.set_num_threads(threads)
    options = FigureOptions(quick=quick, **choices)
    for spec, file in zip(wanted, files, strict=True):
        chosen = fitting(spec, options) if name == ALL else _checked(spec, options)
        with _progress() as watch:
            figure = spec.draw(replace(chosen, watch=watch))
        save(figure, file)
        click.echo(f"{file}: {spec.shows}")


def _checked(spec: FigureSpec, options: FigureOptions) -> FigureOptions:
    """Refuse files that the figure cannot show, rather than draw something else than was asked for."""
    for given in OPTION:
        if getattr(options, given) and given not in spec.takes:
            raise OptionsRefused(reason=f"the figure {spec.name} cannot be drawn from --{OPTION[given]}")
    return options


def fitting(spec: FigureSpec, options: FigureOptions) -> FigureOptions:
    """Leave out the files that one of many figures cannot show."""
    if "models" in spec.takes and not (options.models and options.crops):
        return replace(options, crops=None, models=(), run=None)
    nothing = FigureOptions()
    return replace(options, **{given: getattr(nothing, given) for given in OPTION if given not in spec.takes})


@contextmanager
def _progress() -> Iterator[Watch]:
    """Show a bar on stderr for what is being done, where that is a terminal."""
    from tqdm import tqdm

    shown = ""
    with tqdm(file=sys.stderr, disable=not sys.stderr.isatty(), leave=False) as bar:

        def watch(what: str, done: int, total: int) -> None:
            nonlocal shown
            if what != shown:
                shown = what
                bar.reset(total)
                bar.set_description(what)
            bar.update(done - bar.n)

        yield watch
