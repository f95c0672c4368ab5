"""`evaluate`: how well networks tell people apart."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from netcafe_face.terminal.texts import as_json_text, example
from netcafe_face.trainer.cli.bars import Bars

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_ANY = click.Path(path_type=Path, exists=True)
_TYPED = "netcafe_face.trainer.evaluate.typed"


class _Remembering(click.Command):
    """A command that remembers what was typed after its name, so that a report can say how to repeat it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, and keep them."""
        ctx.meta[_TYPED] = list(args)
        return super().parse_args(ctx, args)


@click.command(
    "evaluate",
    cls=_Remembering,
    epilog=example(
        "python3 main.py train evaluate models/netcafe-mini crops/lfw-people --out reports/mini",
        "python3 main.py train evaluate ours.onnx theirs.onnx lfw.bin --input arcface --input imagenet",
    ),
)
@click.argument("paths", nargs=-1, required=True, metavar="MODEL.onnx|PACK... DATA", type=_ANY)
@click.option("--pairs", type=_FILE, help="LFW's pairs.txt, or a list of pairs, of the pictures in DATA.")
@click.option(
    "--protocol", type=click.Choice(["FP", "FF"]), default="FP", show_default=True, help="Of CFP's folder."
)
@click.option(
    "--everyone/--held-out",
    "everyone",
    default=None,
    help="Whom of DATA to test on: everyone, or only people who are never trained on, which is the default "
    "for prepared crops, and for any people where a network trained by this program is tested.",
)
@click.option("--groups", type=_FILE, help="A CSV with the columns name,group: results for each group.")
@click.option("--train-names", type=_ANY, help="What was trained on: a list of names, or a folder of crops.")
@click.option(
    "--allow-shared", multiple=True, metavar="NAME", help="Let this person be in training and test."
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    help="What ONNX files take, once for all or once for each: arcface (the default; rgb255 for a "
    "file that scales pixels itself, as MXNet's networks do), imagenet, "
    "retail-0095, rgb128, rgb255, bgr255, or COLOUR:MEAN:STD such as BGR:127.5:128.",
)
@click.option("--pack", type=_ANY, help="The pack whose detector finds faces, instead of the shipped one.")
@click.option("--detector", type=_FILE, help="A detector in YuNet's format, instead of a pack's.")
@click.option("--threads", type=click.IntRange(0, 256), default=0, help="For networks; 0 chooses.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Chooses pairs and draws.")
@click.option(
    "--draws",
    type=click.IntRange(0, 10_000),
    default=200,
    show_default=True,
    help="How often people are drawn again for intervals; 0 for Wilson's only.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write report and figures here."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def evaluate_command(paths: tuple[Path, ...], out: Path | None, as_json: bool, **choices: Any) -> None:
    """Measure how well networks tell people apart, all of them on the same faces and pairs.

    A MODEL is an ONNX embedder of any origin, or a model pack's folder. DATA is a folder of crops made by
    `prepare` (only its held-out people are tested on, unless --everyone), a folder or tar with one folder a
    person (the same where a network trained by this program is among the MODELs), CFP's folder, an
    insightface .bin, or LFW's pairs.txt beside its pictures.
    """
    if len(paths) < 2:
        raise click.UsageError("give one MODEL.onnx or PACK or several, and DATA last")
    from netcafe_face.trainer.evaluation.running import Request, evaluate, write_report
    from netcafe_face.trainer.evaluation.sources import SHIPPED_PACK, SourceOptions

    typed: list[str] = click.get_current_context().meta[_TYPED]
    source = SourceOptions(
        people={None: "", True: "all", False: "held-out"}[choices["everyone"]],
        pairs=choices["pairs"],
        protocol=choices["protocol"],
        pack=choices["pack"] or SHIPPED_PACK,
        detector=choices["detector"],
    )
    request = Request(
        models=paths[:-1],
        data=paths[-1],
        inputs=choices["inputs"],
        source=source,
        groups=choices["groups"],
        trained_on=choices["train_names"],
        allowed=choices["allow_shared"],
        threads=choices["threads"],
        seed=choices["seed"],
        draws=choices["draws"],
        command=shlex.join(["python3", "main.py", "train", "evaluate", *typed]),
    )
    with Bars() as bars:
        evaluation = evaluate(request, bars)
    files = write_report(evaluation, out) if out else []
    click.echo(as_json_text(evaluation.as_json(), indent=1) if as_json else evaluation.as_text())
    for path in files:
        click.echo(f"written: {path}", err=True)
