"""From the choices of a run to what the loop works on: crops, networks, teachers and their answers."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from netcafe_face.domain.faces import FloatArray
from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.backbones.start import load_start
from netcafe_face.trainer.data.augment import STRENGTHS
from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.data.mixing import MixedFaces
from netcafe_face.trainer.data.split import SPLIT_SENTENCE
from netcafe_face.trainer.distil.answers import Question, ask, mark_of
from netcafe_face.trainer.distil.teacher import Teacher
from netcafe_face.trainer.distil.terms import DistilTerms
from netcafe_face.trainer.errors import DataUnusable, OptionsRefused, RunUnusable
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.batches import Order, PeopleOrder, Samples, ShuffledOrder, Source
from netcafe_face.trainer.loop.config import NO_LOSS, TrainConfig
from netcafe_face.trainer.loop.distributed import ALONE, Group
from netcafe_face.trainer.loop.objective import Objective
from netcafe_face.trainer.loop.training import Plan
from netcafe_face.trainer.loop.validation import Validation
from netcafe_face.trainer.losses.registry import LOSSES, build_loss


@dataclass(frozen=True)
class Surroundings:
    """Where a run lives.

    Attributes:
        folder: of the run.
        answers: folder in which teachers' answers are kept, for this and other runs.
        group: the processes that train together.
        tensorboard: also write TensorBoard events.
        say: is told what happens before the first step.
    """

    folder: Path
    answers: Path
    group: Group = ALONE
    tensorboard: bool = True
    say: Callable[[str], None] = print


def make_plan(config: TrainConfig, crops: CropSet, around: Surroundings) -> Plan:
    """Prepare a run: check it against what its folder holds, ask the teachers, make the networks.

    Only crops that are not held out are learned from; the named ones that are held out validate.

    Raises:
        DataUnusable: there is too little to learn from or to validate with.
        RunUnusable: the folder holds another run.
        OptionsRefused, TeacherUnusable: see there.
    """
    training, held_out = crops.training(), crops.held_out().labelled()
    labels, names = training.labels()
    if len(training) < 2:
        raise DataUnusable(path=around.folder, reason=f"only {len(training)} crops to learn from")
    if config.loss != NO_LOSS and len(names) < 2:
        raise DataUnusable(path=around.folder, reason=f"a loss needs two people, and there are {len(names)}")
    teachers = [_teacher(text) for text in config.teachers]
    validation = Validation(held_out)
    _record(config, training, names, validation, teachers, around)
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    backbone = build_backbone(config.backbone, config.dim)
    if config.start_from:
        load_start(backbone, Path(config.start_from))
    sources = _sources(config, training, labels, teachers, around)
    terms = [teacher.dim for teacher in teachers]
    objective = Objective(
        _loss(config, len(names)),
        config.loss_weight,
        DistilTerms(config.dim, terms, config.cosine_weight, config.relational_weight) if terms else None,
    )
    return Plan(
        config=config,
        folder=around.folder,
        backbone=backbone,
        objective=objective,
        samples=Samples(sources, STRENGTHS[config.augment], config.seed),
        order=_order(config, sources),
        validate=validation.score,
        group=around.group,
        tensorboard=around.tensorboard,
    )


def _teacher(text: str) -> Teacher:
    input_name, colon, path = text.partition(":")
    if not colon:
        raise OptionsRefused(
            reason=f"a teacher is given as input:file, such as imagenet:teacher.onnx, not {text}"
        )
    return Teacher(Path(path), input_name)


def _loss(config: TrainConfig, classes: int) -> nn.Module | None:
    if config.loss == NO_LOSS:
        return None
    overrides: dict[str, Any] = {}
    if config.scale:
        overrides["scale"] = config.scale
    if config.margin:
        overrides["margin"] = config.margin
    return build_loss(config.loss, config.dim, classes, **overrides)


def _sources(
    config: TrainConfig,
    training: CropSet,
    labels: np.ndarray[Any, np.dtype[np.int64]],
    teachers: Sequence[Teacher],
    around: Surroundings,
) -> list[Source]:
    pixels = np.asarray(training.crops_bgr)
    mark = mark_of(training)
    real = Question(pixels, len(training), f"real-{mark}")
    sources = [Source(pixels, labels, _answers(teachers, real, config, around))]
    if config.mixtures:
        mixed = MixedFaces(pixels, config.seed)
        question = Question(mixed, config.mixtures, f"mixed-{config.seed}-{mark}")
        nameless = np.full(config.mixtures, -1, dtype=np.int64)
        sources.append(Source(mixed, nameless, _answers(teachers, question, config, around)))
    return sources


def _answers(
    teachers: Sequence[Teacher], question: Question, config: TrainConfig, around: Surroundings
) -> FloatArray:
    answers = []
    for teacher in teachers:
        done = 0

        def tell(count: int, teacher: Teacher = teacher) -> None:
            nonlocal done
            done += count
            if done % 10_000 < count or done >= question.count:
                around.say(f"{teacher.path.name} answered for {done} of {question.count} crops")

        answers.append(ask(teacher, question, around.answers, config.threads, tell))
    return np.concatenate(answers, axis=1) if answers else np.empty((question.count, 0), dtype=np.float32)


def _order(config: TrainConfig, sources: Sequence[Source]) -> Order:
    if config.loss != NO_LOSS and LOSSES[config.loss].needs_pk_batches:
        if len(sources) > 1:
            raise OptionsRefused(
                reason=f"{config.loss} needs batches of people, so there can be no mixed faces"
            )
        each = max(2, config.batch // config.people_per_batch)
        return PeopleOrder(sources[0].labels, config.batch // each, each, config.seed)
    mixed = round(config.batch * config.mixture_share) if len(sources) > 1 else 0
    shares = [config.batch - mixed, mixed][: len(sources)]
    return ShuffledOrder([len(source) for source in sources], shares, config.seed)


def _record(
    config: TrainConfig,
    training: CropSet,
    names: Sequence[str],
    validation: Validation,
    teachers: Sequence[Teacher],
    around: Surroundings,
) -> None:
    """Write what the run is, or refuse a folder that holds another one."""
    data = {
        "crops": len(training),
        "people": len(names),
        "named_crops": sum(bool(record.name) for record in training.records),
        "groups": _counts(training),
        "mark": mark_of(training),
        "held_out_crops": validation.crops,
        "held_out_people": validation.people,
        "split": SPLIT_SENTENCE,
    }
    record: dict[str, Any] = {
        "config": config.to_json(),
        "data": data,
        "teachers": [
            {"file": one.path.name, "input": one.input_name, "sha256": one.sha256, "dim": one.dim}
            for one in teachers
        ],
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "commit": _commit(),
    }
    if (around.folder / checkpoint.RECORD).exists():
        before = checkpoint.read_record(around.folder)
        other = TrainConfig.from_json(before["config"]).differences(config)
        # More steps, and how fast and with what one works, do not make another run.
        other = [name for name in other if name not in _FREE]
        if other or before["data"]["mark"] != data["mark"]:
            reason = f"it holds another run ({', '.join(other) or 'other crops'}); choose another folder"
            raise RunUnusable(path=around.folder, reason=reason)
        record["commit"] = before.get("commit", "")
    if around.group.first:
        checkpoint.write_record(around.folder, record)


_FREE = frozenset(
    [
        "steps",
        "threads",
        "workers",
        "compiled",
        "patience",
        "validate_every",
        "checkpoint_every",
        "start_from",
        "teachers",
    ]
)


def _counts(crops: CropSet) -> dict[str, int]:
    groups = sorted({record.group for record in crops.records})
    return {group: sum(record.group == group for record in crops.records) for group in groups}


def _commit() -> str:
    """Return the commit that trains, with “+” where files are changed, or "" outside a checkout."""
    here = Path(__file__).parent
    try:
        head = subprocess.run(
            ["git", "describe", "--always", "--dirty=+"], cwd=here, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip()
