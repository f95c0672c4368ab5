"""`export`, `quantise` and `pack`: from a training run to what the program ships."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from netcafe_face.terminal.texts import as_json_text, example
from netcafe_face.trainer.cli.bars import Bars

_ANY = click.Path(path_type=Path, exists=True)
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_NEW_FILE = click.Path(path_type=Path, dir_okay=False)
_TYPED = "netcafe_face.trainer.export.typed"


class _Remembering(click.Command):
    """A command that remembers what was typed after its name, for the files it writes.

    Of paths from this computer's root only the names are kept: the rest says nothing to others.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, and keep them."""
        words = [Path(word).name if Path(word).is_absolute() else word for word in args]
        ctx.meta[_TYPED] = shlex.join(["python3", "main.py", "train", str(self.name), *words])
        return super().parse_args(ctx, args)


def _typed() -> str:
    typed: str = click.get_current_context().meta[_TYPED]
    return typed


@click.command(
    "export",
    cls=_Remembering,
    epilog=example("python3 main.py train export runs/first --data crops/lfw-people --out embedder.onnx"),
)
@click.argument("run", type=_FOLDER)
@click.option("--out", type=_NEW_FILE, required=True, help="The ONNX file.")
@click.option("--data", type=_FOLDER, multiple=True, required=True, help="Crops to compare it with.")
@click.option(
    "--checkpoint",
    "which",
    type=click.Choice(["best", "last"]),
    default="best",
    show_default=True,
    help="Which of the run.",
)
@click.option("--name", default="", help="Written into the file; the run's name where it is not given.")
@click.option(
    "--most", type=click.IntRange(1), default=512, show_default=True, help="Crops compared at most."
)
def export_command(run: Path, out: Path, data: tuple[Path, ...], which: str, name: str, most: int) -> None:
    """Write the network of RUN as ONNX, if the file does the same as the run on every crop.

    Its input is 3×112×112 RGB as (x − 127.5) / 127.5, in batches of any size, and its one output is the
    embedding, not normalised. It is compared with torch, loaded through insightface and through the
    program's pack loader.
    """
    from netcafe_face.trainer.commit import program_commit
    from netcafe_face.trainer.data.crops import joined, load_crops
    from netcafe_face.trainer.export.crops import spread
    from netcafe_face.trainer.export.onnx import export_onnx
    from netcafe_face.trainer.export.origin import Origin
    from netcafe_face.trainer.export.runs import as_record, load_run

    trained = load_run(run, f"{which}.pt")
    crops = spread(joined([load_crops(folder) for folder in data]).crops_bgr, most)
    origin = Origin(name or run.resolve().name, program_commit(), _typed(), as_record(trained.stages))
    done = export_onnx(trained.backbone, out, crops, origin)
    click.echo(
        f"{out}: {done.size_bytes / 1e6:.2f} MB, {done.dim} values; lowest cosine to torch on {done.crops} "
        f"crops {done.lowest_cosine:.6f}"
    )


@click.command(
    "quantise",
    cls=_Remembering,
    epilog=example("python3 main.py train quantise embedder.onnx --data crops/lfw-people --out int8.onnx"),
)
@click.argument("network", type=_FILE, metavar="EMBEDDER.onnx")
@click.option("--out", type=_NEW_FILE, required=True, help="The INT8 file.")
@click.option(
    "--data",
    type=_FOLDER,
    multiple=True,
    required=True,
    help="Crops: those to train on set the ranges, the held-out ones measure.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Chooses the pairs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def quantise_command(network: Path, out: Path, data: tuple[Path, ...], seed: int, as_json: bool) -> None:
    """Write EMBEDDER.onnx with 8-bit weights and activations, and say what that costs and gains.

    Accuracy is measured on held-out people, the same pairs for both files; speed with ONNX Runtime on one
    thread, both files by turns.
    """
    from netcafe_face.trainer.data.crops import joined, load_crops
    from netcafe_face.trainer.evaluation.material import material_from_crops
    from netcafe_face.trainer.export.quantise import quantise

    crops = joined([load_crops(folder) for folder in data])
    material = material_from_crops(crops, ", ".join(folder.name for folder in data), False, seed)
    done = quantise(network, out, crops.training().crops_bgr, material)
    click.echo(as_json_text(done.as_json(), indent=1) if as_json else "\n".join(done.lines()))
    click.echo(f"written: {out}", err=True)


@click.command(
    "pack",
    cls=_Remembering,
    epilog=example(
        "python3 main.py train pack --embedder runs/first --detector detector.onnx "
        "--detector-figures figures.json --data lfw-people.tar --version 1.0.0 --out models/my-pack",
    ),
)
@click.option("--embedder", type=_ANY, required=True, help="A run, or what `export` or `quantise` wrote.")
@click.option("--detector", type=_ANY, required=True, help="An ONNX file in YuNet's format, or a pack.")
@click.option("--detector-figures", type=_FILE, help="JSON of its examination.")
@click.option("--detector-run", type=_FOLDER, help="The folder of its training.")
@click.option(
    "--data",
    type=_ANY,
    multiple=True,
    required=True,
    help="Folder or tar, one folder a person; the held-out people measure the pack.",
)
@click.option("--people", type=_ANY, multiple=True, help="The same, of which no network saw anybody.")
@click.option(
    "--distinct",
    type=_ANY,
    multiple=True,
    help="Pictures in which every face is another person; held-out ones.",
)
@click.option(
    "--look",
    type=_ANY,
    multiple=True,
    help="Pictures that all show somebody: in how many does the detector find nobody?",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The pack's folder."
)
@click.option("--version", required=True, help="The pack's version.")
@click.option("--teacher", "teachers", type=_FILE, multiple=True, help="No weight may be one of this file's.")
@click.option(
    "--licence", "licences", multiple=True, metavar="FILE=LICENCE", help="Of a teacher that is not known."
)
@click.option("--groups", type=_FILE, help="A CSV with the columns name,group: results for each group.")
@click.option("--commands", type=_FILE, help="A text with all earlier commands, for the model card.")
@click.option("--model-card", type=_NEW_FILE, help="Also write the model card there, with the curves beside.")
@click.option("--figures", "figures_at", type=_NEW_FILE, help="Also write all figures there, as JSON.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Chooses pairs and draws.")
@click.option(
    "--draws", type=click.IntRange(0, 10_000), default=200, show_default=True, help="For the intervals."
)
def pack_command(**choices: Any) -> None:
    """Make a model pack: detector, embedder, and a card written from what is measured here.

    Faces are found with the pack's own detector and embedded as the program does it. Thresholds, accuracy
    and what masks, distance and darkness do are measured on people no network was trained on. The pack
    takes its place only when it is whole.
    """
    from netcafe_face.trainer.export.making import PackChoices, make

    with Bars() as bars:
        lines = make(PackChoices(command=_typed(), **choices), bars, lambda text: click.echo(text, err=True))
    for line in lines:
        click.echo(line)
