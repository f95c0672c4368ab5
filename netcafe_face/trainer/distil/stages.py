"""Learning a network stage by stage, each from the teacher's maps before and after it.

Every stage is fed with what the teacher has at that place, so none has to wait until the one before it is
good, and each is a shallow network with an answer for every pixel. This takes minutes where the whole network
would take hours; the whole is then trained from there. After Li et al., “Blockwisely supervised neural
architecture search with knowledge distillation”, 2020, and Wang et al., “Progressive blockwise knowledge
distillation”, 2018.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from netcafe_face.domain.faces import FloatArray
from netcafe_face.trainer.backbones.staged import StagedNetwork
from netcafe_face.trainer.data.tensors import to_input
from netcafe_face.trainer.distil.answers import Faces
from netcafe_face.trainer.distil.maps import MapStore
from netcafe_face.trainer.distil.terms import cosine_term
from netcafe_face.trainer.errors import Diverged, RunUnusable
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.compiling import maybe_compile
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.optimiser import build_optimiser, clip
from netcafe_face.trainer.loop.progress import Progress
from netcafe_face.trainer.loop.schedule import learning_rate

Numbers = npt.NDArray[np.int64]
Pair = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Lessons:
    """What the stages learn from.

    Attributes:
        faces: the crops.
        maps: the teacher's, one for each stage but the last.
        answers: its embeddings, float32 (n, dim) unit rows.
    """

    faces: Faces
    maps: MapStore
    answers: FloatArray

    def pair(self, stage: int, crops: Numbers) -> Pair:
        """Return what a stage is given and what it should give, for some crops."""
        return self._before(stage, crops), self._after(stage, crops)

    def _before(self, stage: int, crops: Numbers) -> torch.Tensor:
        if stage == 0:
            return to_input(np.stack([np.asarray(self.faces[crop])[:, :, ::-1] for crop in crops.tolist()]))
        maps = torch.from_numpy(self.maps.rows(stage - 1, crops))
        return maps.contiguous(memory_format=torch.channels_last)

    def _after(self, stage: int, crops: Numbers) -> torch.Tensor:
        last = stage == len(self.maps.parts)
        return torch.from_numpy(self.answers[crops] if last else self.maps.rows(stage, crops))


def stage_loss(given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return the mean square error of maps (n, c, h, w), or the mean of 1 − cos of embeddings (n, d)."""
    return cosine_term(given, wanted) if wanted.ndim == 2 else functional.mse_loss(given, wanted)


def train_stages(
    network: StagedNetwork,
    lessons: Lessons,
    config: TrainConfig,
    folder: Path,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Train all stages, one after the other, for `config.steps` each; what is done already is kept.

    Args:
        network: is trained.
        lessons: what it learns from.
        config: the choices; the schedule is that of one stage.
        folder: of the run; a checkpoint is written after each stage.
        should_stop: asked after each step; a stage that is not finished begins anew the next time.

    Returns:
        How many stages are done.

    Raises:
        RunUnusable: the folder cannot be read or written, or holds another network.
        Diverged: a loss is no longer a number.
    """
    torch.set_num_threads(config.threads)
    done, seconds = _resumed(network, folder)
    for number in range(done, len(network.stages)):
        began = time.monotonic()
        try:
            if not _train_stage(network.stages[number], number, lessons, config, should_stop):
                return number
        except _NoNumber as error:
            reason = f"in stage {number + 1} the loss is no longer a number"
            raise Diverged(path=folder, reason=reason) from error
        seconds += time.monotonic() - began
        progress = {"stages": number + 1, "step": (number + 1) * config.steps, "seconds": seconds}
        checkpoint.save(folder / checkpoint.BEST, {"backbone": network.state_dict(), "ema": None, **progress})
    return len(network.stages)


class _NoNumber(Exception):
    pass


def _resumed(network: StagedNetwork, folder: Path) -> tuple[int, float]:
    file = folder / checkpoint.BEST
    if not file.exists():
        return 0, 0.0
    state = checkpoint.load(file)
    try:
        network.load_state_dict(state["backbone"])
        return int(state["stages"]), float(state["seconds"])
    except (KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise RunUnusable(path=file, reason="it is of another network") from error


def _train_stage(
    stage: nn.Module, number: int, lessons: Lessons, config: TrainConfig, should_stop: Callable[[], bool]
) -> bool:
    stage.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    progress = Progress(config.steps, 0, config.batch)
    forward = maybe_compile(stage, config.compiled, progress.say)
    # A stage begins alone, so its optimiser's first steps must not be long.
    alone = replace(config, warmup=min(config.warmup, config.steps // 10))
    parameters = list(stage.parameters())
    optimiser = build_optimiser(alone, parameters)
    recent = 0.0
    for step in range(config.steps):
        if should_stop():
            return False
        rng = np.random.default_rng([config.seed, 4, number, step])
        given, wanted = lessons.pair(number, rng.integers(0, lessons.maps.count, config.batch))
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(alone, step)
        loss = stage_loss(forward(given), wanted)
        if not torch.isfinite(loss):
            raise _NoNumber
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        clip(alone, parameters)
        optimiser.step()
        recent += (loss.item() - recent) / min(step + 1, 50)
        progress.show(step, {f"stage {number + 1}": recent})
    progress.say(f"stage {number + 1}: {recent:.4f}")
    return True
