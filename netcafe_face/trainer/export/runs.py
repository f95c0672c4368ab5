"""Training runs as the export sees them: the network, and the record of how it came about."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import onnx
from torch import nn

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.errors import OptionsRefused, RunUnusable
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.record import STAGES

RECORD = "record"
"""The entry of an ONNX file's metadata that holds its stages as JSON."""

_MOST_STAGES = 20


@dataclass(frozen=True)
class Stage:
    """One training run, as it was recorded.

    Attributes:
        config: its choices; files are named, not placed.
        data: what it learned from: counts of crops, people and sets, and the split.
        teachers: file, input, sha256 and dim of each.
        step: the step whose weights are taken.
        seconds: of training until then.
        commit: of the program, "" where unknown.
        command: its choices written out as a command.
        folder: of the run; None where only the record is at hand.
        kind: "stages" where it learned stage by stage, which keeps no log, else "".
    """

    config: TrainConfig
    data: Mapping[str, Any]
    teachers: tuple[Mapping[str, Any], ...]
    step: int
    seconds: float
    commit: str
    command: str
    folder: Path | None = None
    kind: str = ""

    @property
    def epochs(self) -> float:
        """Return how often each real crop was seen."""
        share = 1.0 - (self.config.mixture_share if self.config.mixtures else 0.0)
        return self.step * self.config.batch * share / max(1, int(self.data["crops"]))

    def curve(self) -> list[dict[str, float]]:
        """Return what was logged up to this step, a row a report; nothing where there is no log at hand.

        Raises:
            RunUnusable: the log cannot be read.
        """
        if self.folder is None or self.kind == STAGES:
            return []
        file = self.folder / checkpoint.CURVE
        try:
            with file.open(encoding="utf-8", newline="") as stream:
                rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]
            return [row for row in rows if row["step"] <= self.step]
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            raise RunUnusable(path=file, reason=str(error)) from error

    def as_json(self) -> dict[str, Any]:
        """Return everything but the folder."""
        kept = {name: value for name, value in vars(self).items() if name != "folder"}
        return kept | {"config": self.config.to_json(), "teachers": [dict(one) for one in self.teachers]}


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A network and the stages that led to it, the first one first."""

    backbone: nn.Module
    stages: tuple[Stage, ...]


def load_run(folder: Path, which: str = checkpoint.BEST) -> TrainedRun:
    """Load a run's network, the averaged weights where there are any, and its record.

    Where a run began with the weights of another one, that one's record belongs to it.

    Args:
        folder: of the run.
        which: its checkpoint, `best.pt` or `last.pt`.

    Raises:
        RunUnusable: a record or checkpoint is missing, damaged or of another network.
    """
    stage, state, start = _read(folder, which)
    backbone = build_backbone(stage.config.backbone, stage.config.dim)
    try:
        backbone.load_state_dict(checkpoint.weights(state))
    except (KeyError, RuntimeError, TypeError, AttributeError) as error:
        raise RunUnusable(path=folder / which, reason=N_("it is of another network")) from error
    stages = [stage]
    while start:
        if len(stages) >= _MOST_STAGES:
            raise RunUnusable(path=folder, reason=N_("its runs begin with each other without an end"))
        earlier = Path(start)
        place = (earlier, checkpoint.BEST) if earlier.is_dir() else (earlier.parent, earlier.name)
        stage, _, start = _read(*place)
        stages.insert(0, stage)
    return TrainedRun(backbone.eval(), tuple(stages))


def as_record(stages: tuple[Stage, ...]) -> str:
    """Return stages as JSON, for an ONNX file's metadata."""
    return json.dumps([stage.as_json() for stage in stages], ensure_ascii=False, sort_keys=True)


def stages_of(path: Path) -> tuple[Stage, ...]:
    """Read the stages that an exported ONNX file carries.

    Raises:
        RunUnusable: it carries none, or cannot be read.
    """
    try:
        properties = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
        record = json.loads(properties[RECORD])
        return tuple(_stage(one, one) for one in record)
    except RunUnusable:
        raise
    except KeyError as error:
        raise RunUnusable(path=path, reason=N_("it carries no record of its training")) from error
    except Exception as error:
        raise RunUnusable(path=path, reason=str(error).partition("\n")[0]) from error


def _read(folder: Path, which: str) -> tuple[Stage, dict[str, Any], str]:
    record, state = checkpoint.read_record(folder), checkpoint.load(folder / which)
    try:
        start = str(record["config"].get("start_from", ""))
        return replace(_stage(record, state), folder=folder), state, start
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunUnusable(path=folder / checkpoint.RECORD, reason=f"its record lacks {error}") from error
    except OptionsRefused as error:
        raise RunUnusable(path=folder / checkpoint.RECORD, reason=str(error)) from error


def _stage(record: Mapping[str, Any], state: Mapping[str, Any]) -> Stage:
    config = _unplaced(TrainConfig.from_json(record["config"]))
    data = dict(record["data"])
    int(data["crops"]), int(data["people"])
    return Stage(
        config=config,
        data=data,
        teachers=tuple(dict(teacher) for teacher in record["teachers"]),
        step=int(state["step"]),
        seconds=float(state["seconds"]),
        commit=str(record.get("commit", "")),
        command=str(record.get("command") or _written_out(config, data, record)),
        kind=str(record.get("kind", "")),
    )


def _unplaced(config: TrainConfig) -> TrainConfig:
    """Leave out in which folders files lay: that says nothing to others."""
    teachers = []
    for teacher in config.teachers:
        kind, _, file = teacher.partition(":")
        teachers.append(f"{kind}:{Path(file).name}")
    start = Path(config.start_from)
    named = f"{start.parent.name}/{start.name}" if start.suffix == ".pt" else start.name
    return replace(config, teachers=tuple(teachers), start_from=named)


def _written_out(config: TrainConfig, data: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Write the choices that are not the defaults as a command."""
    if record.get("kind") == STAGES:
        return _stages_written_out(config, data, record["maps"])
    words = ["python3", "main.py", "train", "fit"]
    for group in data.get("groups", {}):
        words += ["--data", f"crops/{group}"]
    for field in fields(TrainConfig):
        value = getattr(config, field.name)
        option = f"--{field.name.replace('_', '-')}"
        if value == field.default:
            continue
        if field.name == "teachers":
            for teacher in value:
                words += ["--teacher", teacher]
        elif isinstance(value, bool):
            words.append(option if value else f"--no-{option[2:]}")
        elif field.name == "start_from":
            words += [option, f"runs/{value}"]
        else:
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    return shlex.join([*words, "--out", "runs/NAME"])


def _stages_written_out(config: TrainConfig, data: Mapping[str, Any], maps: Sequence[str]) -> str:
    """Write a stage-wise training as a command."""
    words = ["python3", "main.py", "train", "stages"]
    for group in data.get("groups", {}):
        words += ["--data", f"crops/{group}"]
    words += ["--teacher", config.teachers[0]]
    for name in maps:
        words += ["--map", name]
    for name in ("mixtures", "steps", "batch", "learning_rate", "seed"):
        words += [f"--{name.replace('_', '-')}", f"{getattr(config, name):g}"]
    return shlex.join([*words, "--out", "runs/NAME"])
