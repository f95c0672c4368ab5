"""How a detector came about: the runs that led to it, and whether a file is what the last of them exports."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.detector.config import DetectorConfig
from netcafe_face.trainer.detector.export import answers_as, network_of
from netcafe_face.trainer.errors import ExportFailed, OptionsRefused, RunUnusable
from netcafe_face.trainer.loop.checkpoint import CURVE, LAST, load, read_record

_MOST_STAGES = 20


@dataclass(frozen=True)
class DetectorStage:
    """One run, as it was recorded.

    Attributes:
        config: its choices.
        store: of what its scenes were made.
        teacher: file and sha256, or nothing where only `store` tells of it.
        steps: that were done.
        seconds: of training; 0 where it was not recorded.
        commit: of the program, "" where unknown.
        folder: of the run.
    """

    config: DetectorConfig
    store: Mapping[str, Any]
    teacher: Mapping[str, Any]
    steps: int
    seconds: float
    commit: str
    folder: Path

    def curve(self) -> list[dict[str, float]]:
        """Return what was logged, a row a report.

        Raises:
            RunUnusable: the log cannot be read.
        """
        file = self.folder / CURVE
        try:
            with file.open(encoding="utf-8", newline="") as stream:
                return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]
        except (OSError, ValueError, TypeError, csv.Error) as error:
            raise RunUnusable(path=file, reason=str(error)) from error


def detector_stages(folder: Path) -> tuple[DetectorStage, ...]:
    """Read the records of a run and of those with whose weights it and they began, the first one first.

    Raises:
        RunUnusable: a record or checkpoint is missing or damaged.
    """
    stages: list[DetectorStage] = []
    start: Path | None = folder
    while start is not None:
        if len(stages) >= _MOST_STAGES:
            raise RunUnusable(path=folder, reason=N_("its runs begin with each other without an end"))
        # The averaged weights are taken, and of a run only the last ones are kept.
        stage = _stage(start if start.is_dir() else start.parent)
        stages.insert(0, stage)
        start = Path(stage.config.start_from) if stage.config.start_from else None
    return tuple(stages)


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
        reason = f"{file.name} is not the detector of {folder}, or of an earlier step of it: export it again"
        raise OptionsRefused(reason=reason) from error


def _stage(folder: Path) -> DetectorStage:
    record, state = read_record(folder), load(folder / LAST)
    try:
        return DetectorStage(
            config=DetectorConfig.from_json(record["config"]),
            store=dict(record["store"]),
            teacher=dict(record.get("teacher") or {}),
            steps=int(state["step"]),
            seconds=float(state.get("seconds", 0.0)),
            commit=str(record.get("commit", "")),
            folder=folder,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunUnusable(path=folder, reason=f"its record lacks {error}") from error
    except OptionsRefused as error:
        raise RunUnusable(path=folder, reason=str(error)) from error
