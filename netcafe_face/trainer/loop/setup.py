"""From the choices of a run to what the loop works on: crops, networks, teachers and their answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import FloatArray
from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.backbones.start import load_start
from netcafe_face.trainer.data.augment import STRENGTHS
from netcafe_face.trainer.data.crops import CropSet, picture_hashes
from netcafe_face.trainer.data.mixing import MixedFaces
from netcafe_face.trainer.data.reading import folded_name
from netcafe_face.trainer.distil.answers import Question, ask, counted, mark_of, mixed_mark, real_mark
from netcafe_face.trainer.distil.teacher import Teacher, teacher_named
from netcafe_face.trainer.distil.terms import DistilTerms
from netcafe_face.trainer.errors import DataUnusable, LeakageFound, OptionsRefused
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.batches import Order, PeopleOrder, Samples, ShuffledOrder, Source
from netcafe_face.trainer.loop.config import NO_LOSS, TrainConfig
from netcafe_face.trainer.loop.distributed import ALONE, Group
from netcafe_face.trainer.loop.objective import Objective
from netcafe_face.trainer.loop.record import record_of, refuse_another_run
from netcafe_face.trainer.loop.training import Plan
from netcafe_face.trainer.loop.validation import Validation, Validator
from netcafe_face.trainer.losses.registry import LOSSES, build_loss

_SHOWN = 5

Labels = npt.NDArray[np.int64]


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


def make_plan(
    config: TrainConfig, crops: CropSet, around: Surroundings, validator: Validator | None = None
) -> Plan:
    """Prepare a run: check it against what its folder holds, ask the teachers, make the networks.

    Only crops that are not held out are learned from, and without teachers only those with a name; the named
    ones that are held out validate, unless a validator of another kind is given. Where they are too few for
    that, it is said, and nothing validates.

    Raises:
        DataUnusable: there is too little to learn from, or, for a run with patience, to validate with.
        LeakageFound: somebody who is held out, or a picture of them, is among what is learned from.
        RunUnusable: the folder holds another run.
        OptionsRefused, TeacherUnusable: see there.
    """
    training = crops.training() if config.teachers else crops.training().labelled()
    labels, names = training.labels()
    if len(training) < 2:
        raise DataUnusable(path=N_("given"), reason=f"there are only {len(training)} crops to learn from")
    if config.loss != NO_LOSS and len(names) < 2:
        raise DataUnusable(path=N_("given"), reason=f"a loss needs two people, and there are {len(names)}")
    order = _order(config, labels, around.group)
    _tell_shared_names(training, around)
    refuse_seen(training, crops.held_out().labelled())
    teachers = [teacher_named(text) for text in config.teachers]
    validation = validator or _validation(crops.held_out().labelled(), config, around)
    record = record_of(config, training, validation, teachers)
    refuse_another_run(record, around.folder)
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    backbone = build_backbone(config.backbone, config.dim)
    if config.start_from and not (around.folder / checkpoint.LAST).exists():
        load_start(backbone, Path(config.start_from))
    objective = _objective(config, len(names), teachers)
    sources = _sources(config, training, labels, teachers, around)
    return Plan(
        config=config,
        folder=around.folder,
        record=record,
        backbone=backbone,
        objective=objective,
        samples=Samples(sources, STRENGTHS[config.augment], config.seed),
        order=order,
        validate=validation.score if validation else None,
        group=around.group,
        tensorboard=around.tensorboard,
    )


def refuse_seen(training: CropSet, held_out: CropSet) -> None:
    """Stop where what is learned from shows a held-out person after all: spelt otherwise, or without a name.

    Raises:
        LeakageFound: somebody who is held out, or a picture of them, is among what is learned from.
    """
    names = {folded_name(record.name) for record in training.records if record.name}
    pictures = set(picture_hashes(training.crops_bgr)) if len(held_out) else set()
    digests = picture_hashes(held_out.crops_bgr)
    seen = {
        record.name
        for record, digest in zip(held_out.records, digests, strict=True)
        if folded_name(record.name) in names or digest in pictures
    }
    if seen:
        raise LeakageFound(count=len(seen), names=_some(sorted(seen)))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")


def _tell_shared_names(crops: CropSet, around: Surroundings) -> None:
    groups = {(record.name, record.group) for record in crops.records if record.name}
    counts = Counter(name for name, _ in groups)
    if shared := sorted(name for name, count in counts.items() if count > 1):
        told = f"{len(shared)} names stand in several sets and count as the same people: {_some(shared)}"
        around.say(told)
    spellings: dict[str, set[str]] = {}
    for name in counts:
        spellings.setdefault(folded_name(name), set()).add(name)
    if several := sorted(" / ".join(sorted(names)) for names in spellings.values() if len(names) > 1):
        told = "; ".join(several[:_SHOWN]) + (" …" if len(several) > _SHOWN else "")
        around.say(f"{len(several)} names are spelt in several ways and count as different people: {told}")


def _validation(held_out: CropSet, config: TrainConfig, around: Surroundings) -> Validation | None:
    try:
        return Validation(held_out)
    except DataUnusable as error:
        if config.patience:
            raise
        around.say(f"Nothing is validated, and the last state counts as the best: {error.details['reason']}.")
        return None


def _objective(config: TrainConfig, classes: int, teachers: Sequence[Teacher]) -> Objective:
    loss, dims = _loss(config, classes), [teacher.dim for teacher in teachers]
    terms = DistilTerms(config.dim, dims, config.cosine_weight, config.relational_weight) if dims else None
    return Objective(loss, config.loss_weight, terms)


def _loss(config: TrainConfig, classes: int) -> nn.Module | None:
    if config.loss == NO_LOSS:
        return None
    overrides: dict[str, Any] = {"sample_rate": config.class_sample, "sample_seed": config.seed}
    if config.scale:
        overrides["scale"] = config.scale
    if config.margin:
        overrides["margin"] = config.margin
    if config.easy_margin:
        overrides["easy_margin"] = True
    if config.centers:
        overrides["centers"] = config.centers
    overrides |= {name: getattr(config, name) for name in ("m1", "m2", "m3")}
    return build_loss(config.loss, config.dim, classes, **overrides)


def _sources(
    config: TrainConfig,
    training: CropSet,
    labels: Labels,
    teachers: Sequence[Teacher],
    around: Surroundings,
) -> list[Source]:
    pixels = np.asarray(training.crops_bgr)
    mark = mark_of(training)
    real = Question(pixels, len(training), real_mark(mark))
    sources = [Source(pixels, labels, _answers(teachers, real, config, around))]
    if config.mixtures:
        mixed = MixedFaces(pixels, config.seed)
        question = Question(mixed, config.mixtures, mixed_mark(mark, config.seed))
        nameless = np.full(config.mixtures, -1, dtype=np.int64)
        sources.append(Source(mixed, nameless, _answers(teachers, question, config, around)))
    return sources


def _answers(
    teachers: Sequence[Teacher], question: Question, config: TrainConfig, around: Surroundings
) -> FloatArray:
    answers = []
    for teacher in teachers:
        tell = counted(around.say, f"{teacher.path.name} answered for", question.count)
        asked = partial(ask, teacher, question, around.answers, config.threads, tell)
        answers.append(around.group.in_turn(asked))  # the later ones find what the first one was told
    return np.concatenate(answers, axis=1) if answers else np.empty((question.count, 0), dtype=np.float32)


def _order(config: TrainConfig, labels: Labels, group: Group) -> Order:
    if config.loss != NO_LOSS and config.loss not in LOSSES:
        raise OptionsRefused(reason=f"no loss is called {config.loss}; there are {', '.join(LOSSES)}")
    order = people_order(config, labels) if _needs_people(config) else _shuffled_order(config, labels)
    if (size := len(order.batch(0))) % group.size:
        raise OptionsRefused(reason=f"{group.size} processes cannot share a batch of {size} equally")
    return order


def _needs_people(config: TrainConfig) -> bool:
    return config.loss != NO_LOSS and LOSSES[config.loss].needs_pk_batches


def people_order(config: TrainConfig, labels: Labels) -> PeopleOrder:
    """Return the batches of people of a run with a pair loss: as many of them as asked for, or as there are.

    Raises:
        OptionsRefused: there are mixed faces, or a batch is too small.
        DataUnusable: see `PeopleOrder`.
    """
    if config.mixtures:
        raise OptionsRefused(reason=f"{config.loss} needs batches of people, so there can be no mixed faces")
    repeated = int((np.bincount(labels[labels >= 0]) > 1).sum())
    each = max(2, config.batch // max(2, min(config.people_per_batch, repeated)))
    if config.batch < 2 * each:
        raise OptionsRefused(reason=f"a batch of {config.batch} does not hold two people with {each} crops")
    return PeopleOrder(labels, config.batch // each, each, config.seed)


def _shuffled_order(config: TrainConfig, labels: Labels) -> Order:
    mixed = round(config.batch * config.mixture_share) if config.mixtures else 0
    sources = 2 if config.mixtures else 1
    lengths, shares = [len(labels), config.mixtures], [config.batch - mixed, mixed]
    return ShuffledOrder(lengths[:sources], shares[:sources], config.seed)
