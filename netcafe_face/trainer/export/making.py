"""The `pack` command's work: from choices to a pack, its figures and its model card."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from netcafe_face.trainer.commit import program_commit
from netcafe_face.trainer.errors import DataUnusable, OptionsRefused
from netcafe_face.trainer.evaluation.groups import read_groups
from netcafe_face.trainer.evaluation.sources import Progress
from netcafe_face.trainer.export.chart import draw_detector, draw_training
from netcafe_face.trainer.export.detector import DetectorFacts, detector_of_file, detector_of_pack
from netcafe_face.trainer.export.faces import FaceSource, Kind
from netcafe_face.trainer.export.figures import MeasureOptions, looked_json
from netcafe_face.trainer.export.model_card import Charts, model_card
from netcafe_face.trainer.export.onnx import new_file
from netcafe_face.trainer.export.packing import MadePack, PackPlan, make_pack
from netcafe_face.trainer.export.runs import load_run
from netcafe_face.trainer.export.words import percent, rate


@dataclass(frozen=True)
class PackChoices:
    """What was asked for; see the command's options.

    Attributes:
        commands: the earlier commands, for the model card; without it, those of the runs' records.
        command: this one.
    """

    embedder: Path
    detector: Path
    detector_figures: Path | None
    detector_run: Path | None
    data: tuple[Path, ...]
    people: tuple[Path, ...]
    distinct: tuple[Path, ...]
    look: tuple[Path, ...]
    out: Path
    version: str
    teachers: tuple[Path, ...]
    licences: tuple[str, ...]
    groups: Path | None
    commands: Path | None
    model_card: Path | None
    figures_at: Path | None
    seed: int
    draws: int
    command: str


def make(choices: PackChoices, progress: Progress, say: Callable[[str], None]) -> list[str]:
    """Make a pack and what else was asked for, and say in a few lines what came of it.

    Raises:
        NetcafeError: see `make_pack`; or a file cannot be read or written.
    """
    if choices.commands and not choices.model_card:
        raise OptionsRefused(reason="commands are for a model card; say where it goes with --model-card")
    earlier = _read(choices.commands) if choices.commands else None
    licences = _licences(choices.licences)
    plan = PackPlan(
        out=choices.out,
        version=choices.version,
        embedder=load_run(choices.embedder) if choices.embedder.is_dir() else choices.embedder,
        detector=_detector(choices, licences),
        sources=(
            *(FaceSource(path) for path in choices.data),
            *(FaceSource(path, everyone=True) for path in choices.people),
            *(FaceSource(path, Kind.DISTINCT) for path in choices.distinct),
        ),
        options=MeasureOptions(
            choices.seed, choices.draws, read_groups(choices.groups) if choices.groups else {}
        ),
        looked_at=tuple(FaceSource(path, Kind.NAMELESS) for path in choices.look),
        teachers=choices.teachers,
        licences=licences,
        commit=program_commit(),
        command=choices.command,
    )
    made = make_pack(plan, progress, say)
    if choices.figures_at:
        body = {**made.figures.as_json(), "looked": [looked_json(view) for view in made.looked]}
        _write(choices.figures_at, json.dumps(body, ensure_ascii=False, indent=1) + "\n")
    if choices.model_card:
        _write_model_card(made, earlier, choices.command, choices.model_card)
    return _lines(made)


def _write_model_card(made: MadePack, earlier: list[str] | None, command: str, path: Path) -> None:
    assets, name = path.parent / "assets", made.pack.card.name
    chart, detector_chart = assets / f"{name}-training.png", assets / f"{name}-detector.png"
    charts = Charts(
        _beside(path, chart) if draw_training(made.stages, chart) else "",
        _beside(path, detector_chart) if draw_detector(made.detector.stages, detector_chart) else "",
    )
    before = [stage.command for stage in made.stages] if earlier is None else earlier
    _write(path, model_card(made, [*before, command], charts))


def _beside(path: Path, chart: Path) -> str:
    return Path(os.path.relpath(chart, path.parent)).as_posix()


def _detector(choices: PackChoices, licences: dict[str, str]) -> DetectorFacts:
    if choices.detector.is_dir():
        if choices.detector_figures or choices.detector_run:
            raise OptionsRefused(reason="a pack's card says how its detector is used; figures go with a file")
        return detector_of_pack(choices.detector)
    return detector_of_file(choices.detector, choices.detector_figures, choices.detector_run, licences)


def _licences(stated: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in stated:
        file, equals, licence = text.partition("=")
        if not (file and equals and licence):
            raise OptionsRefused(reason=f"a licence is given as FILE=LICENCE, not {text}")
        found[file] = licence
    return found


def _lines(made: MadePack) -> list[str]:
    figures, card = made.figures, made.pack.card
    lines = [f"{card.pack_id} in {made.pack.folder}"]
    if figures.measured.accuracy is not None:
        lines.append(
            f"accuracy {figures.measured.accuracy.mean:.2%} on {figures.sets[0].scores.people} people"
        )
    lines += [
        f"FAR {rate(one.point.far)}: cosine {one.point.threshold:.4f} ({one.set_name}"
        f"{', extrapolated' if one.point.extrapolated else ''}), true pairs accepted {percent(one.tar)}"
        for one in figures.chosen
    ]
    lines.append(f"{figures.ms_per_face:.1f} ms a face, {figures.embedder_bytes / 1e6:.1f} MB")
    return lines


def _read(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataUnusable(path=path, reason=str(error)) from error
    if any("```" in line for line in lines):
        raise DataUnusable(path=path, reason="three backticks would end the card's list of commands")
    return lines


def _write(path: Path, text: str) -> None:
    with new_file(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
