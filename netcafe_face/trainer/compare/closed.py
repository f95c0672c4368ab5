"""The closed-set experiment: a few people told apart, with all losses."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from netcafe_face.domain.errors import Cancelled
from netcafe_face.domain.faces import FloatArray, unit_rows
from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.backbones.start import load_start
from netcafe_face.trainer.compare.closed_data import ClosedData, read_closed
from netcafe_face.trainer.compare.closed_report import ClosedOutcome, load_closed, save_closed, write_closed
from netcafe_face.trainer.compare.plan import ComparePlan, drawn_pairs
from netcafe_face.trainer.compare.writing import claim
from netcafe_face.trainer.data.crops import CropSet, joined
from netcafe_face.trainer.distil.answers import mark_of
from netcafe_face.trainer.errors import Diverged
from netcafe_face.trainer.evaluation.verification import ten_fold_accuracy
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.setup import Surroundings, make_plan
from netcafe_face.trainer.loop.training import train
from netcafe_face.trainer.loop.validation import Score, embed

_CPU = torch.device("cpu")


def confusion(
    network: nn.Module, training: CropSet, asked: CropSet, device: torch.device = _CPU
) -> npt.NDArray[np.int64]:
    """Count who is taken for whom, by the nearest mean of a person's training embeddings.

    The same rule serves all losses, with and without a classifier of their own.

    Returns:
        int64 (people, people): the true person's row, the answered person's column.
    """
    labels, names = training.labels()
    centres = _centres(embed(network, np.asarray(training.crops_bgr), device), labels, len(names))
    number = {name: index for index, name in enumerate(names)}
    truth = np.array([number[record.name] for record in asked.records], dtype=np.int64)
    answers = (embed(network, np.asarray(asked.crops_bgr), device) @ centres.T).argmax(axis=1)
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (truth, answers), 1)
    return counts


def _centres(embeddings: FloatArray, labels: npt.NDArray[np.int64], people: int) -> FloatArray:
    return unit_rows(np.stack([embeddings[labels == label].mean(axis=0) for label in range(people)]))


class ClosedValidation:
    """Closed-set accuracy on the crops for choosing."""

    def __init__(self, data: ClosedData) -> None:
        # A sixth of the augmented crops gives the same centres in a sixth of the time.
        self._training = data.training.select(np.arange(0, len(data.training), 6))
        self._asked = data.choosing
        self.people = len(data.real)
        self.crops = len(data.choosing)

    def score(self, network: nn.Module, device: torch.device) -> Score:
        """Evaluate a network in its present state."""
        counts = confusion(network, self._training, self._asked, device)
        return Score(float(np.trace(counts) / counts.sum()), math.nan)


@dataclass(frozen=True)
class ClosedRun:
    """What the runs of a closed-set experiment share."""

    plan: ComparePlan
    data: ClosedData
    folder: Path
    say: Callable[[str], None]
    should_stop: Callable[[], bool]

    def outcomes(self) -> list[ClosedOutcome]:
        """Run what is not done yet.

        Raises:
            Cancelled: it was asked to stop.
        """
        outcomes = []
        for loss in self.plan.losses:
            for seed in self.plan.seeds:
                outcome = self._one(loss, seed)
                self.say(
                    f"{loss}, seed {seed}: {outcome.failed or f'closed-set accuracy {outcome.accuracy:.2%}'}"
                )
                outcomes.append(outcome)
        return outcomes

    def _one(self, loss: str, seed: int) -> ClosedOutcome:
        folder = self.folder / "runs" / f"{loss}-{seed}"
        kept = load_closed(folder)
        if kept is not None:
            return kept
        tried: list[ClosedOutcome] = []
        for rate in self.plan.rates:
            config = self.plan.run(loss, seed, rate)
            try:
                tried.append(self._trained(config, self.folder / "runs" / f"{loss}-{seed}-{rate:g}"))
            except Diverged as error:
                tried.append(ClosedOutcome(loss, seed, rate, failed=str(error)))
        best = max(tried, key=lambda one: -math.inf if one.failed else one.chosen_by)
        save_closed(folder, best)
        return best

    def _trained(self, config: TrainConfig, folder: Path) -> ClosedOutcome:
        data = self.data
        with tempfile.TemporaryDirectory() as answers:
            around = Surroundings(folder, Path(answers), tensorboard=False, say=self.say)
            state = train(make_plan(config, data.training, around, ClosedValidation(data)), self.should_stop)
        if state.step < config.steps and not state.stopped_early:
            raise Cancelled
        network = build_backbone(config.backbone, config.dim)
        load_start(network, folder)
        counts = confusion(network, data.training, data.test)
        return ClosedOutcome(
            config.loss,
            config.seed,
            config.learning_rate,
            chosen_by=state.best,
            steps=state.step,
            best_step=state.best_step,
            converged=state.stopped_early,
            confusion=tuple(tuple(int(value) for value in row) for row in counts),
            others=_verification(network, data.others),
        )


def _verification(network: nn.Module, others: CropSet) -> float:
    if not len(others):
        return math.nan
    pairs = drawn_pairs(others)
    return ten_fold_accuracy(pairs.cosines(embed(network, np.asarray(others.crops_bgr), _CPU)), pairs).mean


@dataclass(frozen=True)
class ClosedTask:
    """What a closed-set experiment is asked to do.

    Attributes:
        plan: losses, seeds and the choices of the runs.
        path: the people's folder, see `read_closed`.
        folder: where runs and report go.
        command: what makes it again, for the report.
        others: other people's crops, for verification.
    """

    plan: ComparePlan
    path: Path
    folder: Path
    command: str
    others: CropSet | None = None


def run_closed(
    task: ClosedTask, say: Callable[[str], None], should_stop: Callable[[], bool]
) -> Sequence[Path]:
    """Run the closed-set experiment and write its report; return the files.

    Raises:
        DataUnusable: see `read_closed`.
        RunUnusable: the folder holds another experiment.
        Cancelled: it was asked to stop; the same command goes on later.
    """
    data = read_closed(task.path, task.others)
    everything = joined([data.training, data.choosing, data.test, data.others])
    claim(task.folder, {**task.plan.to_json(), "data": mark_of(everything)})
    outcomes = ClosedRun(task.plan, data, task.folder, say, should_stop).outcomes()
    return write_closed(outcomes, data, task.plan, task.folder, task.command)
