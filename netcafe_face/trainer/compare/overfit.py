"""Whether a network can learn at all: a few photos by heart, before hours are spent on many."""

from __future__ import annotations

import copy
import json
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from netcafe_face.domain.errors import N_, Cancelled
from netcafe_face.domain.faces import FloatArray
from netcafe_face.trainer.backbones.registry import backbone_named
from netcafe_face.trainer.compare.writing import claim, write_text
from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.data.tensors import to_input
from netcafe_face.trainer.distil.answers import mark_of
from netcafe_face.trainer.errors import DataUnusable, Diverged, RunUnusable
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.setup import Surroundings, make_plan
from netcafe_face.trainer.loop.training import train
from netcafe_face.trainer.loop.validation import Score, embed
from netcafe_face.trainer.losses.registry import LOSSES

PEOPLE, EACH = 8, 4
"""32 photos."""

_FILE = "overfit.json"


@dataclass(frozen=True)
class Overfit:
    """What came of one network with one loss.

    Attributes:
        separated: part of the genuine pairs whose cosine is above that of every impostor pair, 0 to 1; with 1
            the photos are known by heart.
        steps: steps done; it ends with the first evaluation that finds all separated.
        failed: why there is no result; "" where there is one.
    """

    backbone: str
    loss: str
    separated: float = 0.0
    steps: int = 0
    seconds: float = 0.0
    failed: str = ""


@dataclass(frozen=True)
class OverfitReport:
    """All that one command checked.

    Attributes:
        command: that makes it again.
        photos: that were learned by heart.
        people: whom they show.
        outcomes: one for each network and loss.
    """

    command: str
    photos: int
    people: int
    outcomes: tuple[Overfit, ...]

    def sentence(self) -> str:
        """Say it in one sentence for a report on networks that were really trained."""
        told = "; ".join(_told(one) for one in self.outcomes)
        return (
            f"Not compared, only checked to overfit {self.photos} photos of {self.people} people, that is, "
            "to bring every two photos of one person nearer than any two of two people: "
            f"{told}. Made by: {self.command}"
        )


def _told(one: Overfit) -> str:
    what = f"{one.backbone} with {LOSSES[one.loss].display_name}"
    if one.failed:
        return f"{what} failed ({one.failed})"
    if one.separated < 1:
        return f"{what} did not in {one.steps} steps ({one.separated:.0%} of the pairs)"
    return f"{what} did in {one.steps} steps"


def separated(embeddings: FloatArray, labels: npt.NDArray[np.int64]) -> float:
    """Return the part of the genuine pairs whose cosine is above that of every impostor pair.

    Args:
        embeddings: float32 (n, dim), unit rows.
        labels: int64 (n,).

    Raises:
        ValueError: there is no genuine or no impostor pair.
    """
    first, second = np.triu_indices(len(labels), 1)
    cosines, same = (embeddings @ embeddings.T)[first, second], labels[first] == labels[second]
    if same.all() or not same.any():
        raise ValueError("genuine and impostor pairs are needed")
    return float((cosines[same] > cosines[~same].max()).mean())


class ByHeart:
    """Measures a network on the very photos that it learns."""

    people = crops = 0  # none is held out

    def __init__(self, photos: CropSet) -> None:
        self._crops_bgr = np.asarray(photos.crops_bgr)
        self._labels = photos.labels()[0]
        self.done = False

    def score(self, network: nn.Module, device: torch.device) -> Score:
        """Evaluate a network as it now is, with its batch normalisation measured on these very photos.

        The running means of the training are those of dozens of steps ago, and nothing but them would be
        waited for.
        """
        measured = copy.deepcopy(network)
        # All at once, like a batch of the training: the means and variances are then those of all photos.
        update_bn([to_input(self._crops_bgr[..., ::-1])], measured, device)
        part = separated(embed(measured, self._crops_bgr, device), self._labels)
        self.done = part == 1.0
        return Score(part, math.nan)


def few(crops: CropSet) -> CropSet:
    """Choose `EACH` photos of the first `PEOPLE` people, by name, that have so many.

    Raises:
        DataUnusable: there are not two such people.
    """
    labels, names = crops.labels()
    places = [np.flatnonzero(labels == label)[:EACH] for label in range(len(names))]
    full = [each for each in places if len(each) == EACH][:PEOPLE]
    if len(full) < 2:
        reason = f"{len(full)} people have {EACH} photos or more, and two are needed"
        raise DataUnusable(path=N_("given"), reason=reason)
    return crops.select(np.concatenate(full))


@dataclass(frozen=True)
class OverfitTask:
    """What is asked for.

    Attributes:
        crops: of which a few are learned by heart; held-out people are not used.
        folder: where runs and results are kept; what is there already is not run again.
        base: everything but network and loss.
        backbones: keys of `BACKBONES`.
        losses: keys of `LOSSES`.
        command: what makes it again.
    """

    crops: CropSet
    folder: Path
    base: TrainConfig
    backbones: Sequence[str]
    losses: Sequence[str]
    command: str


def run_overfit(
    task: OverfitTask, say: Callable[[str], None], should_stop: Callable[[], bool]
) -> OverfitReport:
    """Train each network with each loss until it knows the photos by heart, and keep the results.

    Raises:
        Cancelled: it was asked to stop; the same command goes on later.
        DataUnusable, OptionsRefused, RunUnusable: see `few`, `make_plan` and `train`.
    """
    photos = few(task.crops.training().labelled())
    for name in task.backbones:
        backbone_named(name)
    free = {"backbone", "loss", "steps", "threads", "compiled"}
    base = {name: value for name, value in task.base.to_json().items() if name not in free}
    claim(task.folder, {"base": base, "data": mark_of(photos)})
    outcomes = []
    for backbone in task.backbones:
        for loss in task.losses:
            config = replace(task.base, backbone=backbone, loss=loss)
            outcome = _one(config, photos, task.folder / "runs" / f"{backbone}-{loss}", say, should_stop)
            outcomes.append(outcome)
            say(outcome.failed or _told(outcome))
    report = OverfitReport(task.command, len(photos), len(photos.labels()[1]), tuple(outcomes))
    write_text(task.folder / _FILE, json.dumps(asdict(report), indent=2) + "\n")
    return report


def load_overfit(folder: Path) -> OverfitReport:
    """Read what an earlier command found.

    Raises:
        RunUnusable: it is missing or damaged.
    """
    body = _read(folder / _FILE)
    try:
        return OverfitReport(**body | {"outcomes": tuple(Overfit(**one) for one in body["outcomes"])})
    except (KeyError, TypeError) as error:
        raise RunUnusable(path=folder / _FILE, reason=str(error)) from error


def _one(
    config: TrainConfig,
    photos: CropSet,
    folder: Path,
    say: Callable[[str], None],
    should_stop: Callable[[], bool],
) -> Overfit:
    if (folder / _FILE).exists():
        try:
            kept = Overfit(**_read(folder / _FILE))
        except TypeError as error:
            raise RunUnusable(path=folder / _FILE, reason=str(error)) from error
        if kept.failed or kept.separated == 1 or kept.steps >= config.steps:
            return kept
    by_heart = ByHeart(photos)
    try:
        with tempfile.TemporaryDirectory() as answers:
            around = Surroundings(folder, Path(answers), tensorboard=False, say=say)
            plan = make_plan(config, photos, around, by_heart)
            state = train(plan, lambda: by_heart.done or should_stop())
    except Diverged as error:
        outcome = Overfit(config.backbone, config.loss, failed=str(error))
    else:
        if state.step < config.steps and state.best < 1:
            raise Cancelled
        steps = state.best_step if state.best == 1 else state.step
        outcome = Overfit(config.backbone, config.loss, state.best, steps, round(state.seconds, 1))
    write_text(folder / _FILE, json.dumps(asdict(outcome), indent=2) + "\n")
    return outcome


def _read(file: Path) -> dict[str, Any]:
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunUnusable(path=file, reason=str(error)) from error
    if not isinstance(body, dict):
        raise RunUnusable(path=file, reason=N_("it is damaged"))
    return body
