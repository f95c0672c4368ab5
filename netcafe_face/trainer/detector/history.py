"""How a detector came about: the runs that led to it, and whether a file is what the last of them exports."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.detector.config import DetectorConfig
from netcafe_face.trainer.detector.export import answers_as, network_of
from netcafe_face.trainer.errors import ExportFailed, OptionsRefused, RunUnusable
from netcafe_face.trainer.loop.checkpoint import CURVE, LAST, last_of, load, read_record

_CURVES = ("step", "score", "points")


@dataclass(frozen=True)
class DetectorStage:
    """One run, as it was recorded.

    Attributes:
        config: its choices.
        store: of what its scenes were made.
        teacher: file and sha256, or nothing where only `store` tells of it.
        steps: after which its weights were taken.
        seconds: of training until then; nan where it was not recorded.
        commit: of the program, "" where unknown.
        folder: of the run.
        began_with: numbers, from 1, of the stages of whose weights it took the mean; none for random ones.
    """

    config: DetectorConfig
    store: Mapping[str, Any]
    teacher: Mapping[str, Any]
    steps: int
    seconds: float
    commit: str
    folder: Path
    began_with: tuple[int, ...] = ()

    def curve(self) -> list[dict[str, float]]:
        """Return what was logged until then, a row a report, with `step`, `score` and `points`.

        Raises:
            RunUnusable: the log cannot be read, or lacks one of these.
        """
        file = self.folder / CURVE
        try:
            with file.open(encoding="utf-8", newline="") as stream:
                rows = [{name: float(row[name]) for name in _CURVES} for row in csv.DictReader(stream)]
            return [row for row in rows if row["step"] < self.steps]
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            raise RunUnusable(path=file, reason=str(error)) from error


def detector_stages(folder: Path) -> tuple[DetectorStage, ...]:
    """Read the records of a run and of those with whose weights it and they began, the first one first.

    Raises:
        RunUnusable: a record or checkpoint is missing or damaged.
    """
    stages: dict[Path, DetectorStage] = {}
    _gather(folder, (), stages)
    return tuple(stages.values())


def refuse_another_detector(file: Path, folder: Path) -> None:
    """Stop where a detector is not what a run exports.

    Args:
        file: the ONNX file.
        folder: of the run.

    Raises:
        OptionsRefused: it answers otherwise, or cannot be run at all.
        RunUnusable: the run or the file cannot be read.
    """
    network = network_of(folder / LAST)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise RunUnusable(path=file, reason=error.strerror or str(error)) from error
    try:
        answers_as(network, data)
    except ExportFailed as error:
        reason = (
            f"{file.name} is not what {folder / LAST} exports ({error.details['reason']}): export it again"
        )
        raise OptionsRefused(reason=reason) from error


def _gather(start: Path, after: tuple[Path, ...], stages: dict[Path, DetectorStage]) -> None:
    """Add a run to the stages, behind those that it began with; some of them may be there already."""
    checkpoint = last_of(start).resolve()
    if checkpoint in after:
        raise RunUnusable(path=start, reason=N_("its runs begin with each other without an end"))
    if checkpoint not in stages:
        stage = _stage(last_of(start))
        starts = [Path(each) for each in stage.config.start_from]
        for each in starts:
            _gather(each, (*after, checkpoint), stages)
        numbers = {known: number for number, known in enumerate(stages, start=1)}
        began_with = tuple(numbers[last_of(each).resolve()] for each in starts)
        stages[checkpoint] = replace(stage, began_with=began_with)


def _stage(checkpoint: Path) -> DetectorStage:
    folder = checkpoint.parent
    record, state = read_record(folder), load(checkpoint)
    try:
        teacher = dict(record.get("teacher") or {})
        # Older runs have no record of their teacher but the start of its SHA-256.
        str(teacher["file"] if teacher else record["store"]["key"]["teacher"])
        return DetectorStage(
            config=DetectorConfig.from_json(record["config"]),
            store=dict(record["store"]),
            teacher=teacher,
            steps=int(state["step"]),
            seconds=float(state.get("seconds", math.nan)),
            commit=str(record.get("commit", "")),
            folder=folder,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunUnusable(path=folder, reason=f"its record lacks {error}") from error
    except OptionsRefused as error:
        raise RunUnusable(path=folder, reason=str(error)) from error
