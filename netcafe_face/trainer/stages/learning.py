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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from netcafe_face.domain.faces import FloatArray
from netcafe_face.trainer.backbones.staged import StagedNetwork
from netcafe_face.trainer.data.tensors import to_input
from netcafe_face.trainer.distil.answers import Faces
from netcafe_face.trainer.distil.maps import MapStore
from netcafe_face.trainer.distil.terms import cosine_term
from netcafe_face.trainer.errors import Diverged, RunUnusable
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.alone import alone_in
from netcafe_face.trainer.loop.compiling import maybe_compile
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.optimiser import build_optimiser, clip
from netcafe_face.trainer.loop.progress import Progress
from netcafe_face.trainer.loop.record import claim
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


@dataclass(frozen=True)
class StageRun:
    """A stage-wise training.

    Attributes:
        network: is trained.
        lessons: what it learns from.
        config: the choices; the schedule is that of one stage.
        folder: of the run; a checkpoint is written after each stage.
        record: what the run is, for its folder.
    """

    network: StagedNetwork
    lessons: Lessons
    config: TrainConfig
    folder: Path
    record: dict[str, Any]

    def train(self, should_stop: Callable[[], bool]) -> bool:
        """Train the stages one after the other, `config.steps` each, and return whether all are done.

        A stage that is not finished when asked to stop begins anew the next time.

        Raises:
            RunUnusable: the folder cannot be read or written, holds another network, or another process
                trains in it.
            Diverged: a loss is no longer a number.
        """
        torch.set_num_threads(self.config.threads)
        with alone_in(self.folder):
            claim(self.record, self.folder)
            done, seconds = self._resumed()
            for number in range(done, len(self.network.stages)):
                began = time.monotonic()
                if not self._stage(number, should_stop):
                    return False
                seconds += time.monotonic() - began
                self._save(number + 1, seconds)
        return True

    def _stage(self, number: int, should_stop: Callable[[], bool]) -> bool:
        config, stage = self.config, self.network.stages[number]
        stage.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload] # torch forgets it
        progress = Progress(config.steps, 0, config.batch)
        forward = maybe_compile(stage, config.compiled, progress.say)
        parameters = list(stage.parameters())
        optimiser = build_optimiser(config, parameters)
        recent = 0.0
        for step in range(config.steps):
            if should_stop():
                return False
            rng = np.random.default_rng([config.seed, 4, number, step])
            chosen = rng.integers(0, self.lessons.maps.count, config.batch)
            given, wanted = self.lessons.pair(number, chosen)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(config, step)
            loss = stage_loss(forward(given), wanted)
            if not torch.isfinite(loss):
                reason = f"in stage {number + 1} the loss is no longer a number"
                raise Diverged(path=self.folder, reason=reason)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            clip(config, parameters)
            optimiser.step()
            recent += (loss.item() - recent) / min(step + 1, 50)
            progress.show(step, {f"stage {number + 1}": recent})
        progress.say(f"stage {number + 1}: {recent:.4f}")
        return True

    def _save(self, done: int, seconds: float) -> None:
        state = {"stages": done, "step": done * self.config.steps, "seconds": seconds}
        weights = {"backbone": self.network.state_dict(), "ema": None}
        checkpoint.save(self.folder / checkpoint.BEST, weights | state)

    def _resumed(self) -> tuple[int, float]:
        file = self.folder / checkpoint.BEST
        if not file.exists():
            return 0, 0.0
        state = checkpoint.load(file)
        try:
            self.network.load_state_dict(state["backbone"])
            return int(state["stages"]), float(state["seconds"])
        except (KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
            raise RunUnusable(path=file, reason="it is of another network") from error
