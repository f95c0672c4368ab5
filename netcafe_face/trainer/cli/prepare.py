"""`prepare`: from pictures to aligned crops."""

from __future__ import annotations

from pathlib import Path

import click

from netcafe_face.terminal.texts import example


@click.command(
    "prepare",
    epilog=example(
        "python3 main.py train prepare lfw-people.tar --out crops/lfw-people",
        "python3 main.py train prepare photos/groups --nameless --out crops/groups",
    ),
)
@click.argument("pictures_at", metavar="FOLDER|TAR", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder of the crops."
)
@click.option(
    "--nameless", is_flag=True, help="Folders do not name people: take every face of every picture."
)
@click.option("--group", default="", help="The set's name in reports, instead of the output folder's.")
@click.option(
    "--pack",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("models/netcafe-mini"),
    show_default=True,
    help="The model pack whose detector finds the faces.",
)
@click.option(
    "--detector",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A detector in YuNet's format, instead of the pack's.",
)
def prepare_command(
    pictures_at: Path, out: Path, nameless: bool, group: str, pack: Path, detector: Path | None
) -> None:
    """Cut aligned crops out of pictures, with the app's own detector and alignment.

    The set is a folder or tar with one folder for each person, or, with --nameless, pictures of anybody.
    Pictures that cannot be read or show no face are reported and left out, and so are pictures to train on
    that are held out under another name, byte for byte.
    """
    from itertools import chain, islice

    import tqdm

    from netcafe_face.domain.errors import N_
    from netcafe_face.trainer.data.crops import save_crops
    from netcafe_face.trainer.data.detectors import detector_of_file, detector_of_pack
    from netcafe_face.trainer.data.prepare import PrepareReport, align_pictures
    from netcafe_face.trainer.data.reading import count_pictures, pictures
    from netcafe_face.trainer.data.twins import twins_across_split
    from netcafe_face.trainer.errors import DataUnusable

    finder = detector_of_file(detector) if detector else detector_of_pack(pack)
    report = PrepareReport()
    with tqdm.tqdm(total=count_pictures(pictures_at), unit="pictures", mininterval=1.0) as bar:
        read = pictures(pictures_at, identities=not nameless, report=report.reading)
        first = list(islice(read, 1))  # from then on it is known whether the folders will do
        report.reading.refuse_unusable(pictures_at, least_identities=0)
        twins = twins_across_split([(pictures_at, not nameless)])[0]
        crops = align_pictures(chain(first, read), finder, group or out.name, report, bar.update, twins)
    if not len(crops):
        raise DataUnusable(path=pictures_at, reason=N_("no face was found in any of its pictures"))
    save_crops(out, crops)
    for line in report.lines():
        click.echo(line)
    held = sum(record.held_out for record in crops.records)
    click.echo(f"{len(crops) - held} crops to train on, {held} held out; written to {out}")
