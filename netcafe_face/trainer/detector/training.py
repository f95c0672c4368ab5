"""The loop that trains the detector."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.backbones.start import load_start
from netcafe_face.trainer.commit import program_commit
from netcafe_face.trainer.detector.config import DetectorConfig
from netcafe_face.trainer.detector.degrade import light
from netcafe_face.trainer.detector.layout import STRIDES
from netcafe_face.trainer.detector.network import DetectorNet, Widths
from netcafe_face.trainer.detector.objective import cell_strides, compare, map_error
from netcafe_face.trainer.detector.store import SceneStore, key_in
from netcafe_face.trainer.detector.teacher import DenseTeacher
from netcafe_face.trainer.errors import OptionsRefused, RunUnusable
from netcafe_face.trainer.loop.alone import alone_in
from netcafe_face.trainer.loop.checkpoint import (
    CURVE,
    LAST,
    last_of,
    load,
    read_record,
    save,
    write_record,
)
from netcafe_face.trainer.loop.compiling import maybe_compile
from netcafe_face.trainer.loop.ema import Averaged
from netcafe_face.trainer.loop.logs import RunLog
from netcafe_face.trainer.loop.progress import Progress

_ORDER_STREAM, _LIGHT_STREAM = 7022, 7023
_LIT_SHARE = 0.5
_CLIP = 5.0
_FORGET = 0.98


@dataclass
class DetectorRun:
    """What changes while a run goes on.

    Attributes:
        network: the student.
        averaged: its averaged weights, which are exported.
        optimiser: AdamW.
        step: steps done.
        seconds: of training so far, over all sessions; nan where not all of them counted.
        recent: the parts of the loss, averaged over the last steps.
    """

    network: DetectorNet
    averaged: Averaged
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    recent: dict[str, float] = field(default_factory=dict)

    def state(self, config: DetectorConfig) -> dict[str, Any]:
        """Return it for a checkpoint."""
        return {
            "backbone": self.network.state_dict(),
            "ema": self.averaged.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "recent": self.recent,
            "config": asdict(config),
        }

    def note(self, values: dict[str, float]) -> None:
        """Take the loss of a step into the averages."""
        for name, value in values.items():
            self.recent[name] = value + _FORGET * (self.recent.get(name, value) - value)

    def restore(self, state: dict[str, Any], file: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            RunUnusable: it is of another network.
        """
        try:
            self.network.load_state_dict(state["backbone"])
            self.averaged.network.load_state_dict(state["ema"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step = int(state["step"])
            self.seconds = float(state.get("seconds", math.nan))
            self.recent = dict(state.get("recent", {}))
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise RunUnusable(path=file, reason=str(error).splitlines()[0]) from error


def start_run(config: DetectorConfig, starts: Sequence[Path] = ()) -> DetectorRun:
    """Return a run that has not begun, with random weights or those of other runs.

    Args:
        config: choices.
        starts: the other runs' folders or checkpoints of them, of whose averaged weights the mean is taken:
            where these began with the same weights and saw other scenes, it is often better than each
            (Wortsman et al., Model Soups, 2022).

    Raises:
        OptionsRefused: a run is there twice.
        RunUnusable: there is no checkpoint, or it is of another network.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = DetectorNet(Widths(deeper=config.deeper))
    if starts:
        _begin_with(network, starts)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    plain = [weight for weight in network.parameters() if weight.ndim < 2]
    decayed = [weight for weight in network.parameters() if weight.ndim >= 2]
    groups: list[dict[str, Any]] = [{"params": decayed}, {"params": plain, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay)
    return DetectorRun(network, Averaged(network, config.average), optimiser)


def check_start(config: DetectorConfig, folder: Path) -> None:
    """Stop where a run that has not begun could not take the weights that it shall begin with.

    Raises:
        OptionsRefused: a run is there twice.
        RunUnusable: there is no checkpoint, or it is of another network.
    """
    if config.start_from and not (folder / LAST).exists():
        start_run(config, _starts(config))


def rate_at(config: DetectorConfig, step: int) -> float:
    """Return the learning rate of a step, counted from zero: up, level, down along half a cosine."""
    rise = min(1.0, (step + 1) / max(1, config.warmup))
    left = (config.steps - step) / max(1, config.decay_steps)
    fall = 1.0 if left >= 1 else 0.5 * (1 - math.cos(math.pi * left))
    return config.learning_rate * rise * fall


def numbers_at(config: DetectorConfig, step: int) -> list[tuple[int, int]]:
    """Return epoch and scene of each sample of a step; every epoch shows all scenes in another order."""
    chosen = []
    for sample in range(step * config.batch, (step + 1) * config.batch):
        epoch, place = divmod(sample, config.scenes)
        chosen.append((epoch, int(_order(config.seed, config.scenes, epoch)[place])))
    return chosen


def batch_at(store: SceneStore, config: DetectorConfig, step: int) -> tuple[Tensor, Tensor]:
    """Return the scenes of a step, float32 (n, 3, side, side) BGR from 0 to 255, and the teacher's answers.

    Half of the scenes are shown in another light than last time.
    """
    images, answers = [], []
    for epoch, number in numbers_at(config, step):
        rng = np.random.default_rng([_LIGHT_STREAM, config.seed, epoch, number])
        scene = np.asarray(store.scenes_bgr[number])
        images.append(light(scene, rng, 0.5) if rng.random() < _LIT_SHARE else scene)
        answers.append(np.asarray(store.answers[number], dtype=np.float32))
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    return batch.float().contiguous(memory_format=torch.channels_last), torch.from_numpy(np.stack(answers))


def train(
    store: SceneStore,
    config: DetectorConfig,
    folder: Path,
    should_stop: Callable[[], bool] = lambda: False,
    teacher: DenseTeacher | None = None,
) -> DetectorRun:
    """Train, or go on where an earlier call was ended.

    In the first `config.map_steps` steps each part of the network is fed with the teacher's maps and learns
    to give the next ones, so that none has to wait for those before it; see `trainer.stages`.

    Args:
        store: scenes and answers.
        config: choices; all but the length, and what it began with, must be those the run began with.
        folder: of the run: last.pt, curve.csv, run.json.
        should_stop: asked after each step; the run is then saved and left.
        teacher: is asked for its maps in the first steps.

    Raises:
        OptionsRefused: the run in the folder began with other choices, or the teacher has no such maps.
        RunUnusable: the folder cannot be read or written, or another process trains in it.
    """
    if config.map_steps:
        _check_maps(teacher, config)
    with alone_in(folder):
        return _trained(store, config, folder, should_stop, teacher)


def _trained(
    store: SceneStore,
    config: DetectorConfig,
    folder: Path,
    should_stop: Callable[[], bool],
    teacher: DenseTeacher | None,
) -> DetectorRun:
    torch.set_num_threads(config.threads)
    cv2.setNumThreads(config.threads)
    record = _record(config, store, teacher)
    if (folder / LAST).exists():
        state = load(folder / LAST)
        begun = state.get("config")
        config = config.continuing(begun if isinstance(begun, dict) else {})
        run = start_run(config)
        run.restore(state, folder / LAST)
        record = _continued(record, config, folder)
    else:
        run = start_run(config, _starts(config))
    write_record(folder, record)
    log = RunLog(folder / CURVE, run.step, None)
    progress = Progress(config.steps, run.step, config.batch)
    student = maybe_compile(run.network, config.compile, progress.say)
    strides = cell_strides(store.scenes_bgr.shape[1])
    began = time.monotonic() - run.seconds
    while run.step < config.steps:
        images, answers = batch_at(store, config, run.step)
        rate = rate_at(config, run.step)
        for group in run.optimiser.param_groups:
            group["lr"] = rate
        inside = torch.zeros(())
        if teacher is not None and run.step < config.map_steps:
            theirs = _maps(teacher, images)
            made, found = run.network.parts(images, theirs)
            inside = map_error(made, theirs)
        else:
            found = student(images)
        terms = compare(found, answers, strides, config.least_face_px)
        loss = terms.total() + inside
        run.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(run.network.parameters(), _CLIP)
        run.optimiser.step()
        run.averaged.update(run.network, run.step)
        seen = {"loss": loss, "score": terms.score, "box": terms.box, "points": terms.points, "maps": inside}
        run.note({name: float(value.detach()) for name, value in seen.items()})
        progress.show(run.step, run.recent)
        run.seconds = time.monotonic() - began
        if run.step % config.report_every == 0:
            log.write({"step": run.step, "seconds": round(run.seconds, 1), **run.recent, "rate": rate})
        run.step += 1
        asked = should_stop()
        if run.step % config.report_every == 0 or run.step == config.steps or asked:
            save(folder / LAST, run.state(config))
        if asked:
            break
    log.close()
    return run


def _starts(config: DetectorConfig) -> list[Path]:
    return [Path(start) for start in config.start_from]


def _begin_with(network: DetectorNet, starts: Sequence[Path]) -> None:
    files = [last_of(start) for start in starts]
    if len({file.parent.resolve() for file in files}) < len(files):
        raise OptionsRefused(reason=N_("a run has no mean with itself"))
    # A mean with blocks that one of them lacks would be one with random weights.
    may_lack = network.identities() if len(files) == 1 else ()
    taken = []
    for file in files:
        load_start(network, file, may_lack)
        taken.append(copy.deepcopy(network.state_dict()))
    network.load_state_dict(
        {
            name: torch.stack([each[name].float() for each in taken]).mean(0).to(weight.dtype)
            for name, weight in taken[0].items()
        }
    )


def _record(config: DetectorConfig, store: SceneStore, teacher: DenseTeacher | None) -> dict[str, Any]:
    record = {"kind": "detector", "config": asdict(config), "store": store.record, "commit": program_commit()}
    if teacher is not None:
        record["teacher"] = {"file": teacher.path.name, "sha256": teacher.sha256}
    return record


def _continued(record: dict[str, Any], config: DetectorConfig, folder: Path) -> dict[str, Any]:
    """Return the record of a run that goes on: as it began, but for the choices that may change.

    Raises:
        OptionsRefused: it began with other scenes.
        RunUnusable: its record cannot be read.
    """
    before = read_record(folder)
    if key_in(before.get("store")) != key_in(record["store"]):
        raise OptionsRefused(reason=N_("the run began with other scenes or another teacher"))
    return {**record, **before, "config": asdict(config)}


def _check_maps(teacher: DenseTeacher | None, config: DetectorConfig) -> None:
    """Compare the shapes of the teacher's maps with those of the network's parts."""
    if teacher is None:
        raise OptionsRefused(reason=N_("steps with maps need a teacher"))
    body, side = Widths().body, config.side_px
    theirs = [each.shape[1:] for each in teacher.maps(np.zeros((1, side, side, 3), dtype=np.uint8))]
    if theirs != 2 * [(body, side // stride, side // stride) for stride in STRIDES]:
        raise OptionsRefused(reason=N_("the teacher's maps do not have the shapes of this network's parts"))


def _maps(teacher: DenseTeacher, images: Tensor) -> list[Tensor]:
    pictures = images.permute(0, 2, 3, 1).numpy().astype(np.uint8)
    return [
        torch.from_numpy(each).contiguous(memory_format=torch.channels_last)
        for each in teacher.maps(pictures)
    ]


@lru_cache(maxsize=2)
def _order(seed: int, scenes: int, epoch: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng([_ORDER_STREAM, seed, epoch]).permutation(scenes)
