"""What a run is, as its folder says it, and whether a folder holds the same run or another one."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from netcafe_face.trainer.commit import program_commit
from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.data.split import SPLIT_SENTENCE
from netcafe_face.trainer.distil.answers import mark_of
from netcafe_face.trainer.distil.teacher import Teacher
from netcafe_face.trainer.errors import OptionsRefused, RunUnusable
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.validation import Validator

STAGES = "stages"
"""The kind of a run that was trained stage by stage, in its record."""

_FREE = frozenset(
    [
        *("steps", "threads", "workers", "compiled", "patience", "validate_every", "checkpoint_every"),
        *("start_from", "teachers"),
    ]
)
"""More steps, and how fast and with what one works, do not make another run; teachers are told by content."""

_FREE_STAGES = _FREE - {"steps"}
"""Stages that are done had their whole schedule, so the later ones must have the same."""


def record_of(
    config: TrainConfig, training: CropSet, validation: Validator | None, teachers: Sequence[Teacher]
) -> dict[str, Any]:
    """Return what a run is: its choices, data, teachers and programs, as plain values."""
    data = {
        "crops": len(training),
        "people": len(training.labels()[1]),
        "named_crops": sum(bool(record.name) for record in training.records),
        "groups": _counts(training),
        "mark": mark_of(training),
        "held_out_crops": validation.crops if validation else 0,
        "held_out_people": validation.people if validation else 0,
        "split": SPLIT_SENTENCE,
    }
    return {
        "config": config.to_json(),
        "data": data,
        "teachers": [
            {"file": one.path.name, "input": one.input_name, "sha256": one.sha256, "dim": one.dim}
            for one in teachers
        ],
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "commit": program_commit(),
    }


def claim(record: dict[str, Any], folder: Path) -> None:
    """Write into a folder what run it holds; only who trains in it does so, see `alone_in`.

    Raises:
        RunUnusable: meanwhile another run began in it, or it cannot be written.
    """
    refuse_another_run(record, folder)
    checkpoint.write_record(folder, record)


def refuse_another_run(record: dict[str, Any], folder: Path) -> None:
    """Refuse a folder that holds another run; of the same one, keep the commit that began it.

    Args:
        record: of the run that is to begin or to go on.
        folder: where it is to be kept; may be missing.

    Raises:
        RunUnusable: it holds another run, or nobody can tell.
    """
    if not (folder / checkpoint.RECORD).exists():
        if (folder / checkpoint.LAST).exists():
            reason = f"it holds a checkpoint but no {checkpoint.RECORD} that says of what"
            raise RunUnusable(path=folder, reason=reason)
        return
    before = checkpoint.read_record(folder)
    try:
        begun = TrainConfig.from_json(before["config"])
        other = begun.differences(TrainConfig.from_json(record["config"]))
        other = [name for name in other if name not in (_FREE_STAGES if "maps" in record else _FREE)]
        other += ["other crops"] if before["data"]["mark"] != record["data"]["mark"] else []
        other += ["other maps"] if before.get("maps") != record.get("maps") else []
        other += ["other teachers"] if _asked(before) != _asked(record) else []
        record["commit"] = before.get("commit", "")
        # The weights that it began with are those of then, whatever is said now.
        record["config"]["start_from"] = begun.start_from
    except (KeyError, TypeError, AttributeError, OptionsRefused) as error:
        raise RunUnusable(path=folder, reason=f"its {checkpoint.RECORD} is damaged: {error}") from error
    if other:
        reason = f"it holds another run ({', '.join(other)}); choose another folder"
        raise RunUnusable(path=folder, reason=reason)


def _asked(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [(teacher["sha256"], teacher["input"]) for teacher in record["teachers"]]


def _counts(crops: CropSet) -> dict[str, int]:
    groups = sorted({record.group for record in crops.records})
    return {group: sum(record.group == group for record in crops.records) for group in groups}
