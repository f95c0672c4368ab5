"""Everything that decides a training run, in one value that is kept with it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from netcafe_face.trainer.data.augment import STRENGTHS
from netcafe_face.trainer.errors import OptionsRefused

NO_LOSS = "none"
"""The name of no loss: the student learns from its teachers alone."""

OPTIMISERS = ("sgd", "adamw")
SCHEDULES = ("constant", "cosine", "step", "warmup-stable-decay")

_FROM_ONE = ("dim", "batch", "people_per_batch", "steps", "validate_every", "checkpoint_every", "threads")
_FROM_ZERO = (
    *("loss_weight", "scale", "margin", "centers", "learning_rate", "weight_decay", "warmup", "clip", "seed"),
    *("cosine_weight", "relational_weight", "mixtures", "patience", "workers"),
)
_SHARES = ("class_sample", "momentum", "ema", "mixture_share", "decay_from")


@dataclass(frozen=True)
class TrainConfig:
    """The choices of a training run.

    Attributes:
        backbone: its name, as `train backbones` lists them.
        dim: length of the embedding.
        loss: one of softmax, norm-softmax, l-softmax, a-softmax, sphereface, cosface, arcface, combined,
            subcenter-arcface, triplet, contrastive, or none.
        loss_weight: of the loss beside the teachers' terms.
        scale: s of the margin losses; 0 takes the loss's own.
        margin: m of the margin losses; 0 takes the loss's own.
        m1: factor of the angle in the combined margin; without it the loss's own.
        m2: added to the angle in the combined margin, radians; without it the loss's own.
        m3: subtracted from the cosine in the combined margin; without it the loss's own.
        easy_margin: ArcFace's treatment of wide angles: those of π/2 and more have no margin.
        centers: K centres a class of the margin losses; 0 takes the loss's own.
        class_sample: part of the classes a step looks at (PartialFC), 1.0 for all.
        batch: crops a step, over all processes together.
        people_per_batch: P of the P×K batches that pair losses need.
        steps: of the whole run.
        optimiser: "sgd" or "adamw".
        learning_rate: the highest one.
        weight_decay: of the optimiser, on all weights but norms and biases.
        momentum: of sgd.
        schedule: "constant", "cosine", "step" or "warmup-stable-decay".
        warmup: steps in which the learning rate rises from zero.
        decay_from: part of the run after which "warmup-stable-decay" decays.
        clip: largest norm of the gradient; 0 for none.
        ema: how much of the averaged weights is kept each step; 0 for no averaging.
        augment: how much the faces are changed.
        seed: of weights, order, augmentations and mixtures.
        teachers: ONNX files, each with its input: "imagenet:teacher.onnx".
        cosine_weight: of the teachers' term that says where each face lies.
        relational_weight: of the teachers' term that says how faces lie to each other.
        mixtures: how many mixed faces the teachers are asked about.
        mixture_share: part of each batch that is mixed faces.
        validate_every: steps between evaluations.
        patience: evaluations without a rise after which the run stops; 0 for never.
        checkpoint_every: steps between checkpoints: at most so many are lost.
        threads: of torch.
        workers: processes that read and augment.
        compiled: use torch.compile where there is a C++ compiler.
        mixed_precision: train in half precision where there is a GPU.
        start_from: a run or checkpoint of the same backbone whose weights are taken; "" for random ones.
    """

    backbone: str = "plain-small"
    dim: int = 128
    loss: str = "arcface"
    loss_weight: float = 1.0
    scale: float = 0.0
    margin: float = 0.0
    m1: float | None = None
    m2: float | None = None
    m3: float | None = None
    easy_margin: bool = False
    centers: int = 0
    class_sample: float = 1.0
    batch: int = 128
    people_per_batch: int = 32
    steps: int = 10_000
    optimiser: str = "sgd"
    learning_rate: float = 0.05
    weight_decay: float = 5e-4
    momentum: float = 0.9
    schedule: str = "cosine"
    warmup: int = 200
    decay_from: float = 0.8
    clip: float = 5.0
    ema: float = 0.999
    augment: str = "cafe"
    seed: int = 0
    teachers: tuple[str, ...] = ()
    cosine_weight: float = 1.0
    relational_weight: float = 1.0
    mixtures: int = 0
    mixture_share: float = 0.5
    validate_every: int = 500
    patience: int = 0
    checkpoint_every: int = 500
    threads: int = 2
    workers: int = 1
    compiled: bool = True
    mixed_precision: bool = True
    start_from: str = ""

    def __post_init__(self) -> None:
        for name, allowed in (("optimiser", OPTIMISERS), ("schedule", SCHEDULES), ("augment", STRENGTHS)):
            if getattr(self, name) not in allowed:
                raise OptionsRefused(reason=f"{name} is one of {', '.join(allowed)}")
        for name in _FROM_ONE:
            if getattr(self, name) < 1:
                raise OptionsRefused(reason=f"{name} must be at least 1")
        for name in _FROM_ZERO:
            if not 0 <= getattr(self, name) < math.inf:
                raise OptionsRefused(reason=f"{name} must be 0 or more")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise OptionsRefused(reason=f"{name} must be 0 to 1")
        self._refuse_contradictions()

    def _refuse_contradictions(self) -> None:
        if self.batch < 2:
            raise OptionsRefused(reason="batch must be at least 2, because batch normalisation needs two")
        if not self.class_sample or (self.class_sample < 1 and self.optimiser != "sgd"):
            raise OptionsRefused(reason="class_sample must be more than 0, and below 1 it needs sgd")
        if self.loss == NO_LOSS and not self.teachers:
            raise OptionsRefused(reason="without a loss there must be a teacher")
        if self.mixtures and not self.teachers:
            raise OptionsRefused(reason="mixed faces have no names, so they need a teacher")

    def to_json(self) -> dict[str, Any]:
        """Return the choices as plain values."""
        return {**asdict(self), "teachers": list(self.teachers)}

    @staticmethod
    def from_json(values: dict[str, Any]) -> TrainConfig:
        """Return the choices kept by `to_json`.

        Raises:
            OptionsRefused: a value is unknown or refused.
        """
        known = {field.name for field in fields(TrainConfig)}
        if set(values) - known:
            raise OptionsRefused(reason=f"unknown: {', '.join(sorted(set(values) - known))}")
        return TrainConfig(**{**values, "teachers": tuple(values.get("teachers", ()))})

    def differences(self, other: TrainConfig) -> list[str]:
        """Return the names of the choices in which two runs differ."""
        return [
            field.name for field in fields(self) if getattr(self, field.name) != getattr(other, field.name)
        ]

    def __str__(self) -> str:
        return json.dumps(self.to_json(), sort_keys=True)
