"""Running a comparison: for each loss a small search for its learning rate, then a run for every seed."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from netcafe_face.domain.errors import Cancelled
from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.backbones.start import load_start
from netcafe_face.trainer.compare.outcome import Outcome, load_outcome, save_outcome
from netcafe_face.trainer.compare.plan import ComparePlan, drawn_pairs, parted
from netcafe_face.trainer.compare.writing import claim
from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.distil.answers import mark_of
from netcafe_face.trainer.errors import Diverged
from netcafe_face.trainer.evaluation.angles import angles_of
from netcafe_face.trainer.evaluation.material import Material
from netcafe_face.trainer.evaluation.rates import curve, equal_error_rate, tar_at_far
from netcafe_face.trainer.evaluation.scores import all_pair_scores
from netcafe_face.trainer.evaluation.verification import ten_fold_accuracy
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.setup import Surroundings, make_plan, refuse_seen
from netcafe_face.trainer.loop.training import State, train
from netcafe_face.trainer.loop.validation import embed

HELD_OUT = "held-out people"


@dataclass
class Comparison:
    """A comparison on its way.

    Attributes:
        plan: what is compared.
        crops: the data, training and held-out people together.
        folder: where all runs are kept; what is there already is not run again.
        sets: further verification sets, by their name in the report.
        say: is told what happens.
        should_stop: tells whether somebody asked to stop.
    """

    plan: ComparePlan
    crops: CropSet
    folder: Path
    sets: dict[str, Material] = field(default_factory=dict)
    say: Callable[[str], None] = print
    should_stop: Callable[[], bool] = lambda: False

    def run(self) -> list[Outcome]:
        """Run what is not done yet, and return all outcomes, by loss and seed.

        Raises:
            Cancelled: it was asked to stop; the same command goes on later.
            DataUnusable: there are too few people to learn from, to choose by or to report on.
            RunUnusable: the folder holds another comparison; see also `train`.
        """
        sets = {name: len(material.crops_bgr) for name, material in self.sets.items()}
        parts = parted(self.crops)  # before hours of training, not after the first run
        seen, reported = parts.seen, parts.reported
        refuse_seen(self.crops.training(), self.crops.held_out().labelled())
        claim(self.folder, {**self.plan.to_json(), "data": mark_of(self.crops), "sets": sets})
        outcomes = []
        for loss in self.plan.losses:
            rate = self._chosen_rate(loss, seen)
            for seed in self.plan.seeds:
                folder = self.folder / "runs" / f"{loss}-{seed}"
                outcome = load_outcome(folder)
                if outcome is None:
                    outcome = self._outcome(self.plan.run(loss, seed, rate), folder, seen, reported)
                    save_outcome(folder, outcome)
                outcomes.append(outcome)
                figure = outcome.failed or f"accuracy {outcome.accuracies[HELD_OUT]:.2%}"
                self.say(f"{loss}, seed {seed}: {figure} after {outcome.steps} steps")
        return outcomes

    def _chosen_rate(self, loss: str, seen: CropSet) -> float:
        scores = []
        for rate in self.plan.rates if len(self.plan.rates) > 1 else ():
            folder = self.folder / "search" / f"{loss}-{rate:g}"
            tried = load_outcome(folder)
            if tried is None:
                tried = self._trial(self.plan.trial(loss, rate), folder, seen)
                save_outcome(folder, tried)
            accuracy = tried.accuracies.get("validation", -math.inf)
            self.say(f"{loss}, learning rate {rate:g}: {tried.failed or f'validation {accuracy:.2%}'}")
            scores.append((accuracy, -rate))
        return -max(scores)[1] if scores else self.plan.rates[0]

    def _trial(self, config: TrainConfig, folder: Path, seen: CropSet) -> Outcome:
        try:
            state = self._train(config, folder, seen)
        except Diverged as error:
            return Outcome(config.loss, config.seed, config.learning_rate, failed=str(error))
        return Outcome(
            config.loss,
            config.seed,
            config.learning_rate,
            steps=state.step,
            seconds=state.seconds,
            accuracies={"validation": state.best},
        )

    def _outcome(self, config: TrainConfig, folder: Path, seen: CropSet, reported: CropSet) -> Outcome:
        try:
            state = self._train(config, folder, seen)
        except Diverged as error:
            return Outcome(config.loss, config.seed, config.learning_rate, failed=str(error))
        network = build_backbone(config.backbone, config.dim)
        load_start(network, folder)
        device = torch.device("cpu")
        embeddings = embed(network, np.asarray(reported.crops_bgr), device)
        scores = all_pair_scores(embeddings, reported.labels()[0])
        pairs = drawn_pairs(reported)
        accuracies = {HELD_OUT: ten_fold_accuracy(pairs.cosines(embeddings), pairs).mean}
        for name, material in self.sets.items():
            if material.pairs is not None:
                cosines = material.pairs.cosines(embed(network, material.crops_bgr, device))
                accuracies[name] = ten_fold_accuracy(cosines, material.pairs).mean
        angles, roc = angles_of(scores), curve(scores, 200)
        return Outcome(
            config.loss,
            config.seed,
            config.learning_rate,
            steps=state.step,
            best_step=state.best_step,
            seconds=state.seconds,
            converged=state.stopped_early,
            accuracies=accuracies,
            tar=tar_at_far(scores, 1e-3).tar,
            eer=equal_error_rate(scores)[0],
            genuine_theta=angles.genuine_mean,
            impostor_theta=angles.impostor_mean,
            roc=(tuple(roc.far.tolist()), tuple(roc.tar.tolist())),
        )

    def _train(self, config: TrainConfig, folder: Path, seen: CropSet) -> State:
        with tempfile.TemporaryDirectory() as answers:
            around = Surroundings(folder, Path(answers), tensorboard=False, say=self.say)
            state = train(make_plan(config, seen, around), self.should_stop)
        if state.step < config.steps and not state.stopped_early:
            raise Cancelled
        return state
