"""What a comparison consists of, and who of the held-out people is for what."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from netcafe_face.trainer.backbones.registry import backbone_named
from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.errors import DataUnusable, OptionsRefused
from netcafe_face.trainer.evaluation.verification import Pairs, fold_count, held_out_pairs
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.losses.registry import LOSSES

FIVE = ("softmax", "triplet", "sphereface", "cosface", "arcface")
"""The losses of the proposal."""

RATES = (0.02, 0.05, 0.1, 0.2)
"""Learning rates among which each loss has its own chosen."""

PATIENCE = 5
"""Evaluations without a rise after which a run has converged."""

_HOW = frozenset({"threads", "workers", "compiled", "checkpoint_every"})
"""Choices that say how a run is carried out, not what comes out of it."""


def _base() -> TrainConfig:
    return TrainConfig(
        backbone="plain-tiny",
        schedule="constant",
        augment="light",
        patience=PATIENCE,
        steps=20_000,
        validate_every=250,
        checkpoint_every=250,
    )


@dataclass(frozen=True)
class ComparePlan:
    """A comparison.

    Attributes:
        losses: keys of `LOSSES`.
        seeds: each gives the same first weights and order of crops to all losses (pair losses need batches
            of people, so their order is their own, from the same seed).
        rates: learning rates tried for each loss.
        search_steps: steps of each trial; the one with the highest validation accuracy counts.
        base: everything else, the same for all.

    Raises:
        OptionsRefused: a loss or the backbone is unknown, or there is nothing to compare.
    """

    losses: tuple[str, ...] = FIVE
    seeds: tuple[int, ...] = (0, 1, 2)
    rates: tuple[float, ...] = RATES
    search_steps: int = 500
    base: TrainConfig = field(default_factory=_base)

    def __post_init__(self) -> None:
        unknown = [name for name in self.losses if name not in LOSSES]
        if unknown:
            raise OptionsRefused(reason=f"there is no loss {unknown[0]!r}; there are {', '.join(LOSSES)}")
        if len(set(self.losses)) != len(self.losses) or len(set(self.seeds)) != len(self.seeds):
            raise OptionsRefused(reason="a loss or a seed is given twice")
        if len(set(self.rates)) != len(self.rates) or not all(0 < rate < math.inf for rate in self.rates):
            raise OptionsRefused(reason="learning rates are above 0, and each is given once")
        backbone_named(self.base.backbone)
        if not self.losses or not self.seeds or not self.rates or self.search_steps < 1:
            raise OptionsRefused(reason="a comparison needs a loss, a seed, a learning rate and search steps")

    def run(self, loss: str, seed: int, rate: float) -> TrainConfig:
        """Return the choices of one full run."""
        return replace(self.base, loss=loss, seed=seed, learning_rate=rate)

    def trial(self, loss: str, rate: float) -> TrainConfig:
        """Return the choices of a short run that tries a learning rate, with the first seed.

        Its warm-up is a tenth of it: within the warm-up of a full run no rate would be seen at its height.
        """
        return replace(
            self.run(loss, self.seeds[0], rate),
            steps=self.search_steps,
            warmup=min(self.base.warmup, self.search_steps // 10),
            validate_every=self.search_steps,
            checkpoint_every=self.search_steps,
        )

    def to_json(self) -> dict[str, Any]:
        """Return what all runs share, as plain values: losses and seeds may be added later."""
        base = {name: value for name, value in self.base.to_json().items() if name not in _HOW}
        return {"rates": list(self.rates), "search_steps": self.search_steps, "base": base}


def is_for_choosing(name: str) -> bool:
    """Tell whether a held-out person is for choosing (when to stop, which rate) and not for the report.

    Whoever decides when a run stops cannot say without bias how good it is, so the held-out people are
    halved by their names, once and for all.
    """
    return hashlib.sha256(("netcafe-choose-" + name).encode("utf-8")).digest()[0] % 2 == 0


def drawn_pairs(crops: CropSet) -> Pairs:
    """Draw the pairs of a set by the LFW protocol: ten folds, or as many as there are people for.

    Raises:
        DataUnusable: there are too few people for two folds.
    """
    names = [record.name for record in crops.records]
    return held_out_pairs(names, folds=fold_count(names))


@dataclass(frozen=True)
class Parts:
    """Whom runs may see and whom the report measures.

    Attributes:
        seen: crops to train on, and held-out people who choose the rate and when to stop.
        reported: held-out people who are measured.
        halved: nobody who is measured has chosen; where the people are too few for that, all of them do both.
    """

    seen: CropSet
    reported: CropSet
    halved: bool


def parted(crops: CropSet) -> Parts:
    """Part a set for a comparison.

    Raises:
        DataUnusable: there are too few held-out people to measure anything on.
    """
    held_out = np.array([bool(record.name) and record.held_out for record in crops.records], dtype=bool)
    choosing = np.array([is_for_choosing(record.name) for record in crops.records], dtype=bool)
    try:
        for half in (choosing, ~choosing):
            drawn_pairs(crops.select(held_out & half))
    except DataUnusable:
        drawn_pairs(crops.select(held_out))
        return Parts(crops, crops.select(held_out), halved=False)
    reported = held_out & ~choosing
    return Parts(crops.select(~reported), crops.select(reported), halved=True)
