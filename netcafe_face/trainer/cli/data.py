"""`inspect` and `augmentations`: look at the data before training on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netcafe_face.terminal.texts import as_json_text, example

if TYPE_CHECKING:
    from netcafe_face.domain.faces import Image
    from netcafe_face.trainer.data.crops import CropSet
    from netcafe_face.trainer.data.inspecting import Inspection
    from netcafe_face.trainer.data.label_errors import LabelErrors


@click.command(
    "inspect",
    epilog=example(
        "python3 main.py train inspect lfw-people.tar --sheet sheet.png",
        "python3 main.py train inspect crops/lfw-people --model models/netcafe-mini --json report.json",
    ),
)
@click.argument("data", metavar="FOLDER|TAR|CROPS", type=click.Path(path_type=Path, exists=True))
@click.option("--nameless", is_flag=True, help="Folders do not name people.")
@click.option(
    "--model",
    type=click.Path(path_type=Path, exists=True),
    help="An ONNX embedder or a model pack, to find likely label errors among crops.",
)
@click.option("--input", "input_name", default="", help="What an ONNX embedder expects; see `evaluate`.")
@click.option("--sheet", type=click.Path(path_type=Path, dir_okay=False), help="Write a contact sheet (PNG).")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write all of it.")
def inspect_command(
    data: Path,
    nameless: bool,
    model: Path | None,
    input_name: str,
    sheet: Path | None,
    json_file: Path | None,
) -> None:
    """Say what is in photos or aligned crops, and what is probably wrong with them.

    Identities and images beside the published figures of LFW, CFP-FP and AgeDB-30, sizes, light and
    sharpness, equal and nearly equal images under different names, equal ones on both sides of the split,
    and, with --model, images that look like somebody else than they are called.
    """
    from netcafe_face.config.atomic import write_atomically
    from netcafe_face.trainer.data.inspection_report import as_json, as_lines

    crops, found = _inspected(data, nameless)
    errors = _label_errors(crops, model, input_name)
    for line in as_lines(found, errors):
        click.echo(line)
    if json_file is not None:
        write_atomically(json_file, as_json_text(as_json(found, errors), indent=2).encode("utf-8"))
    if sheet is not None:
        _write_sheet(sheet, crops, found, errors)


def _inspected(data: Path, nameless: bool) -> tuple[CropSet | None, Inspection]:
    import tqdm

    from netcafe_face.trainer.data.crops import load_crops
    from netcafe_face.trainer.data.inspecting import inspect_crops, inspect_pictures
    from netcafe_face.trainer.data.reading import count_pictures

    crops = load_crops(data) if (data / "crops.json").is_file() else None
    total = count_pictures(data) if crops is None else len(crops)
    with tqdm.tqdm(total=total, unit="images", mininterval=1.0, leave=False, disable=None) as bar:
        if crops is None:
            return None, inspect_pictures(data, not nameless, bar.update)
        return crops, inspect_crops(data, crops, bar.update)


def _label_errors(crops: CropSet | None, model: Path | None, input_name: str) -> LabelErrors | None:
    if model is None:
        return None
    import numpy as np
    import tqdm

    from netcafe_face.trainer.data.label_errors import label_errors
    from netcafe_face.trainer.errors import OptionsRefused
    from netcafe_face.trainer.evaluation.embedding import load_embedder
    from netcafe_face.trainer.evaluation.inputs import input_named

    names = [record.name for record in crops.records] if crops is not None else []
    if crops is None or len(set(names) - {""}) < 2:
        raise OptionsRefused(reason="--model looks at aligned crops of two or more people; see `prepare`")
    embedder = load_embedder(model, input_named(input_name) if input_name else None)
    with tqdm.tqdm(total=len(crops), unit="faces", mininterval=1.0, leave=False, disable=None) as bar:

        def count_on(count: int) -> None:
            bar.update(count)

        return label_errors(embedder.embed(np.asarray(crops.crops_bgr), count_on), names)


def _write_sheet(path: Path, crops: CropSet | None, found: Inspection, errors: LabelErrors | None) -> None:
    import numpy as np

    from netcafe_face.trainer.data.contact_sheet import contact_sheet
    from netcafe_face.trainer.data.inspection_report import pixels_of, sheet_rows
    from netcafe_face.trainer.data.reading import read_some
    from netcafe_face.vision.images import decode, write_image

    rows = sheet_rows(found, errors)
    sources = {found.looks[at].source for _label, places in rows for at in places}
    files = read_some(found.path, sources) if crops is None else {}

    def read(at: int) -> Image:
        source = found.looks[at].source
        return np.asarray(crops.crops_bgr[at]) if crops is not None else decode(files[source], source)

    if rows:
        write_image(path, contact_sheet(pixels_of(found, rows, read), [label for label, _places in rows]))


@click.command(
    "augmentations",
    epilog=example("python3 main.py train augmentations crops/lfw-people --sheet augmentations.png"),
)
@click.argument("data", metavar="CROPS", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The contact sheet to write (PNG).",
)
@click.option("--faces", type=click.IntRange(1, 40), default=8, show_default=True, help="Columns of faces.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of faces and chances.")
def augmentations_command(data: Path, sheet: Path, faces: int, seed: int) -> None:
    """Draw some faces as they are, with each augmentation, and with all as a training sees them.

    The faces are drawn from those that are trained on.
    """
    from netcafe_face.trainer.data.augmentation_sheet import augmentation_sheet
    from netcafe_face.trainer.data.crops import load_crops
    from netcafe_face.vision.images import write_image

    write_image(sheet, augmentation_sheet(load_crops(data), faces, seed))
    click.echo(f"written to {sheet}")
