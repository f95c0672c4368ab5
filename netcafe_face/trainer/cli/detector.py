"""`detector`: train, measure and export the network that finds faces."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netcafe_face.terminal.texts import as_json_text, example

if TYPE_CHECKING:
    from netcafe_face.trainer.detector.finder import Finder
    from netcafe_face.trainer.detector.store import SceneStore, StoreKey
    from netcafe_face.trainer.detector.teacher import DenseTeacher

_SHOWN = 10
_PLACE = click.Path(path_type=Path, exists=True)
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def detector() -> None:
    """Train a detector in YuNet's output format by asking YuNet about every cell, measure it, export it."""


@detector.command(
    "fit",
    epilog=example(
        "python3 main.py train detector fit --teacher face_detection_yunet_2023mar.onnx "
        "--portraits lfw-people.tar --rooms photos/groups --rooms videos/classroom.gif --out runs/detector",
    ),
)
@click.option("--teacher", type=_FILE, required=True, help="YuNet as ONNX, at any input size.")
@click.option("--portraits", type=_PLACE, multiple=True, help="Pictures with a folder for each person.")
@click.option("--rooms", type=_PLACE, multiple=True, help="Other pictures, or a video.")
@click.option("--missed-by", type=_FILE, help="A detector, as ONNX; what it gets wrong is shown more often.")
@click.option("--out", type=_FOLDER, required=True, help="The folder of the run.")
@click.option("--store", type=_FOLDER, help="The folder of the scenes; within the run's where not given.")
@click.option("--seed", default=1, show_default=True, help="Of scenes, first weights and order.")
@click.option("--scenes", default=6000, show_default=True, help="How many scenes are made.")
@click.option("--side", default=256, show_default=True, help="Their side in pixels.")
@click.option("--batch", default=4, show_default=True, help="Scenes a step.")
@click.option("--steps", default=15000, show_default=True, help="In all; may be changed when going on.")
@click.option("--map-steps", default=0, show_default=True, help="First steps, taught by the teacher's maps.")
@click.option("--decay-steps", default=6000, show_default=True, help="Last steps, in which the rate falls.")
@click.option("--learning-rate", default=4e-3, show_default=True, help="Of AdamW.")
@click.option("--threads", default=1, show_default=True, help="Of the computer.")
@click.option("--compile/--no-compile", "compiles", default=False, help="Use torch.compile.")
@click.option(
    "--deeper", default=0, show_default=True, help="Residual blocks added at strides 16 and 32 each."
)
@click.option(
    "--least-face",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Pixels; smaller faces are taught as nothing, wholly as faces from 1.5 times that.",
)
@click.option(
    "--start-from",
    multiple=True,
    help="A run or checkpoint whose weights are taken; of several that began alike, their mean.",
)
def fit(
    teacher: Path,
    portraits: tuple[Path, ...],
    rooms: tuple[Path, ...],
    missed_by: Path | None,
    out: Path,
    store: Path | None,
    seed: int,
    scenes: int,
    side: int,
    batch: int,
    steps: int,
    map_steps: int,
    decay_steps: int,
    learning_rate: float,
    threads: int,
    compiles: bool,
    deeper: int,
    least_face: float,
    start_from: tuple[str, ...],
) -> None:
    """Train on scenes made of photos that are not held out.

    Scenes are made and the teacher is asked once; the store is used again by later runs. Stopped at any time,
    the run goes on from its last checkpoint when the same command is given again.
    """
    import cv2

    from netcafe_face.domain.errors import Cancelled
    from netcafe_face.trainer.detector.config import DetectorConfig
    from netcafe_face.trainer.detector.finder import Finder
    from netcafe_face.trainer.detector.photos import photo_names
    from netcafe_face.trainer.detector.store import existing_store, key_of
    from netcafe_face.trainer.detector.teacher import DenseTeacher
    from netcafe_face.trainer.detector.training import check_start, train
    from netcafe_face.trainer.loop.interrupts import stop_when_asked

    config = DetectorConfig(
        seed=seed,
        scenes=scenes,
        side_px=side,
        batch=batch,
        steps=steps,
        map_steps=map_steps,
        decay_steps=decay_steps,
        learning_rate=learning_rate,
        threads=threads,
        compile=compiles,
        deeper=deeper,
        least_face_px=least_face,
        start_from=tuple(each for each in start_from if each),
    )
    check_start(config, out)  # before the long work
    places = list(portraits), list(rooms)
    cv2.setNumThreads(threads)
    yunet = DenseTeacher(teacher, threads)
    finders = (Finder(teacher), Finder(missed_by)) if missed_by else None
    digests = yunet.sha256, finders[1].sha256 if finders else ""
    key = key_of(photo_names(*places), config.scenes, config.side_px, config.seed, *digests)
    folder = store or out / "scenes"
    made = existing_store(folder, key) or _made(folder, key, places, yunet, finders)
    with stop_when_asked() as should_stop:
        run = train(made, config, out, should_stop, yunet)
    click.echo(f"{run.step} of {config.steps} steps are done; {out / 'last.pt'} has the weights")
    if run.step < config.steps:
        raise Cancelled


@detector.command(
    "export",
    epilog=example("python3 main.py train detector export runs/detector/last.pt detector.onnx"),
)
@click.argument("checkpoint", type=_PLACE)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(checkpoint: Path, file: Path) -> None:
    """Write the averaged weights of CHECKPOINT as an ONNX FILE that OpenCV's FaceDetectorYN runs.

    It is compared with the network on random pictures of several sizes, and not written where they differ.
    """
    from netcafe_face.trainer.detector.export import export_detector, network_of

    export_detector(network_of(checkpoint), file)
    click.echo(f"{file}: {file.stat().st_size} bytes")


@detector.command(
    "evaluate",
    epilog=example(
        "python3 main.py train detector evaluate detector.onnx --reference yunet.onnx "
        "--portraits lfw-people.tar --rooms photos/groups --rooms videos/shop.mp4 "
        "--wider photos/wider --marks widerface_val_labelv2.txt --json figures.json",
    ),
)
@click.argument("file", type=_PLACE)
@click.option("--reference", type=_PLACE, required=True, help="The detector that is believed, as ONNX.")
@click.option("--portraits", type=_PLACE, multiple=True, help="Pictures with a folder for each person.")
@click.option("--rooms", type=_PLACE, multiple=True, help="Other pictures, or a video not trained on.")
@click.option("--wider", type=_PLACE, help="WIDER FACE pictures, of any size.")
@click.option("--marks", type=_PLACE, help="The faces that people marked in them.")
@click.option("--faceless", type=_PLACE, multiple=True, help="Pictures nobody is on.")
@click.option("--most", default=300, show_default=True, help="Pictures of a place; more are thinned evenly.")
@click.option("--score", type=click.FloatRange(0.1, 0.99), help="Threshold; chosen where not given.")
@click.option("--second-look", type=click.IntRange(0, 640), help="Its square's side; chosen where not given.")
@click.option("--reference-score", default=0.7, show_default=True, help="Threshold of the reference.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write the figures there.")
def evaluate(
    file: Path,
    reference: Path,
    portraits: tuple[Path, ...],
    rooms: tuple[Path, ...],
    wider: Path | None,
    marks: Path | None,
    faceless: tuple[Path, ...],
    most: int,
    score: float | None,
    second_look: int | None,
    reference_score: float,
    json_file: Path | None,
) -> None:
    """Examine the ONNX detector FILE on held-out pictures against another one and against people's marks.

    The threshold is chosen as the lowest at which it raises no more false alarms than the reference does,
    face_px as the sizes around 64 pixels at which nine of ten faces are found, the second look as the one
    after which eyes, nose and mouth lie nearest.
    """
    from netcafe_face.trainer.detector import exam
    from netcafe_face.trainer.detector.finder import Finder
    from netcafe_face.trainer.detector.report import ExamPlan, as_lines, examine, without_nan

    places = [(place, True) for place in portraits] + [(place, False) for place in rooms]
    sheets = exam.photo_sheets(places if wider is None else [*places, (wider, False)], most)
    marked = None
    if wider is not None:
        marked = sheets.pop()
        if marks is not None:
            marked = exam.marked_sheet(marked, exam.read_marks(marks))
        sheets.append(marked)
    if faceless or marked is not None:
        sheets.append(exam.faceless_sheet(list(faceless), marked))
    plan = ExamPlan(Finder(reference), reference_score, score=score, second_look_px=second_look)
    figures = examine(Finder(file), sheets, plan, lambda text: click.echo(text, err=True))
    click.echo("\n".join(as_lines(figures)))
    if json_file is not None:
        json_file.write_text(as_json_text(without_nan(figures), indent=2) + "\n", encoding="utf-8")


def _made(
    folder: Path,
    key: StoreKey,
    places: tuple[list[Path], list[Path]],
    teacher: DenseTeacher,
    finders: tuple[Finder, Finder] | None,
) -> SceneStore:
    from netcafe_face.trainer.detector.missed import spots_of
    from netcafe_face.trainer.detector.photos import load_photos
    from netcafe_face.trainer.detector.store import build_store

    photos = load_photos(*places)
    click.echo(f"{len(photos.portraits)} portraits, {sum(map(len, photos.rooms))} other pictures")
    if photos.twins:
        click.echo(f"left out: {photos.twins} pictures that equal held-out ones", err=True)
    for source, reason in photos.broken[:_SHOWN]:
        click.echo(f"left out: {source}: {reason}", err=True)
    if finders:
        photos.spots = spots_of(photos, *finders, partial(_tell, "pictures"))
        click.echo(f"{len(photos.spots)} places are shown more often")
    return build_store(folder, photos, teacher, key, lambda count: _tell("scenes", count, key.scenes))


def _tell(things: str, count: int, total: int) -> None:
    if count % 800 == 0 or count == total:
        click.echo(f"{count} of {total} {things}", err=True)
