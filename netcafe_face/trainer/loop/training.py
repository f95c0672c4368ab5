"""The loop: one for every loss, backbone and teacher."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from netcafe_face.trainer.data.tensors import scale
from netcafe_face.trainer.errors import Diverged, RunUnusable
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.alone import alone_in
from netcafe_face.trainer.loop.batches import Order, Reading, Samples, batches
from netcafe_face.trainer.loop.compiling import maybe_compile
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.distributed import ALONE, Group
from netcafe_face.trainer.loop.ema import Averaged
from netcafe_face.trainer.loop.logs import Means, RunLog
from netcafe_face.trainer.loop.objective import Objective
from netcafe_face.trainer.loop.optimiser import build_optimiser, clip
from netcafe_face.trainer.loop.progress import Progress
from netcafe_face.trainer.loop.record import claim
from netcafe_face.trainer.loop.schedule import learning_rate
from netcafe_face.trainer.loop.validation import Score

_LOG_EVERY = 50


@dataclass
class Plan:
    """What the loop works on.

    Attributes:
        config: the choices.
        folder: where the run is kept.
        record: what it is, for its folder; it is written when training begins.
        backbone: the network, with the weights to begin with.
        objective: what is made small; its own weights are trained too.
        samples, order: the crops and the order in which they come.
        validate: measures a network on the held-out people.
        group: the processes that train together.
        tensorboard: also write TensorBoard events.
    """

    config: TrainConfig
    folder: Path
    record: dict[str, Any]
    backbone: nn.Module
    objective: Objective
    samples: Samples
    order: Order
    validate: Callable[[nn.Module, torch.device], Score] | None
    group: Group = ALONE
    tensorboard: bool = False

    def measure(self, network: nn.Module) -> Score:
        """Measure a network on the held-out people."""
        if self.validate is None:
            raise ValueError("this plan has no validation")
        return self.validate(network, self.group.device)


@dataclass
class State:
    """Where a run is: everything but the weights that a checkpoint must hold.

    Attributes:
        step: steps done.
        best: accuracy of the best evaluation.
        best_step: its step.
        since_best: evaluations since then.
        seconds: of training so far, over all sessions.
        stopped_early: validation has not risen for long.
    """

    step: int = 0
    best: float = -math.inf
    best_step: int = 0
    since_best: int = 0
    seconds: float = 0.0
    stopped_early: bool = False


def train(plan: Plan, should_stop: Callable[[], bool] = lambda: False) -> State:
    """Train until the last step, until validation has not risen for long, or until asked to stop.

    A folder that holds a checkpoint is gone on with, exactly as if there had been no interruption.

    Raises:
        RunUnusable: the folder cannot be read or written, or another process trains in it.
        Diverged: the loss is no longer a number; what was saved before is kept.
    """
    config, group = plan.config, plan.group
    with ExitStack() as held:
        if group.first:
            held.enter_context(alone_in(plan.folder))
            claim(plan.record, plan.folder)
        run = held.enter_context(closing(_Run(plan)))
        todo = range(run.state.step, config.steps)
        reading = Reading(config.workers, group.rank, group.size)
        run.backbone.train()
        for step, batch in zip(todo, batches(plan.samples, plan.order, todo, reading), strict=False):
            if run.state.stopped_early or group.agreed(should_stop()):
                break
            rate = learning_rate(config, step)
            for parameters in run.optimiser.param_groups:
                parameters["lr"] = rate
            images = scale(batch.pixels.to(group.device, non_blocking=True))
            with torch.autocast(group.device.type, enabled=run.scaler.is_enabled()):
                embeddings = run.forward(images)
            value, parts = run.objective(*group.gathered(embeddings.float(), batch.labels, batch.answers))
            run.optimiser.zero_grad(set_to_none=True)
            run.scaler.scale(value).backward()
            group.sum_gradients(run.backbone)
            run.scaler.unscale_(run.optimiser)
            norm = clip(config, run.parameters)
            run.scaler.step(run.optimiser)
            run.scaler.update()
            if run.averaged is not None:
                run.averaged.update(run.backbone, step)
            run.after(step, {"objective": value.detach(), **parts, "gradient": norm, "rate": rate})
        run.save()
    return run.state


class _Run:
    """What changes while a run goes on, and how it is kept."""

    def __init__(self, plan: Plan) -> None:
        config, device = plan.config, plan.group.device
        self._plan = plan
        self._began = time.monotonic()
        torch.manual_seed(config.seed)
        self.backbone = plan.backbone.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.objective = plan.objective.placed(device)
        self.averaged = Averaged(self.backbone, config.ema) if config.ema else None
        self.backbone = plan.group.synced(self.backbone)
        self.parameters = [*self.backbone.parameters(), *self.objective.parameters()]
        self.optimiser = build_optimiser(config, self.parameters)
        self.scaler = torch.amp.GradScaler(enabled=device.type == "cuda" and config.mixed_precision)
        self.state = State()
        self._means = Means()
        self._saved_step = -1
        self._resume()
        self._progress = Progress(config.steps, self.state.step, config.batch)
        self.forward = maybe_compile(self.backbone, config.compiled, self._say)
        events = plan.folder / "tensorboard" if plan.tensorboard else None
        self._log = (
            RunLog(plan.folder / checkpoint.CURVE, self.state.step + 1, events) if plan.group.first else None
        )
        self._seconds_before = self.state.seconds

    def after(self, step: int, values: dict[str, torch.Tensor | float]) -> None:
        """Log, validate and save what a step calls for."""
        config, state = self._plan.config, self.state
        state.step = step + 1
        state.seconds = self._seconds_before + time.monotonic() - self._began
        self._means.add({name: float(value) for name, value in values.items()})
        self._refuse_divergence(float(values["objective"]), float(values["gradient"]))
        last = state.step == config.steps
        validates = self._plan.validate is not None and (last or state.step % config.validate_every == 0)
        if validates or last or state.step % _LOG_EVERY == 0:
            self._report(validates)
        if last or state.stopped_early or state.step % config.checkpoint_every == 0:
            self.save()
        if self._plan.group.first:
            self._progress.show(step, {"objective": float(values["objective"])})

    def save(self) -> None:
        """Save where the run stands, so that it can be gone on with."""
        if self.state.step == self._saved_step:
            return
        self._save(checkpoint.LAST)
        if self._plan.validate is None:  # then nothing says that an earlier state was better
            self._save(checkpoint.BEST)
        self._saved_step = self.state.step

    def close(self) -> None:
        """Close what was opened, without saving."""
        if self._log is not None:
            self._log.close()

    def _refuse_divergence(self, objective: float, gradient: float) -> None:
        # In half precision a gradient may be too large now and then: the scaler leaves such a step out.
        if math.isfinite(objective) and (math.isfinite(gradient) or self.scaler.is_enabled()):
            return
        which = "gradient" if math.isfinite(objective) else "loss"
        reason = f"at step {self.state.step} the {which} is no longer a number"
        raise Diverged(path=self._plan.folder, reason=reason)

    def _report(self, validates: bool) -> None:
        means = self._means.take()
        score = self._validated() if validates else None
        if self._log is not None:
            self._log.write(
                {
                    "step": self.state.step,
                    "seconds": round(self.state.seconds, 1),
                    "accuracy": score.accuracy if score else math.nan,
                    "tar": score.tar if score else math.nan,
                    **means,
                }
            )

    def _validated(self) -> Score:
        state, network = self.state, self.averaged.network if self.averaged else self.backbone
        try:
            score = self._plan.group.from_first(lambda: self._plan.measure(network))
        except FloatingPointError as error:
            reason = f"at step {state.step} {error}"
            raise Diverged(path=self._plan.folder, reason=reason) from error
        self._say(f"step {state.step}: accuracy {score.accuracy:.4f}, TAR at FAR 1e-3 {score.tar:.4f}")
        if score.accuracy > state.best:
            state.best, state.best_step, state.since_best = score.accuracy, state.step, 0
            self._save(checkpoint.BEST)
        else:
            state.since_best += 1
            state.stopped_early = 0 < self._plan.config.patience <= state.since_best
        return score

    def _say(self, text: str) -> None:
        if self._plan.group.first:
            self._progress.say(text)

    def _save(self, name: str) -> None:
        if not self._plan.group.first:
            return
        weights: dict[str, Any] = {
            "backbone": self.backbone.state_dict(),
            "ema": self.averaged.network.state_dict() if self.averaged else None,
            **asdict(self.state),
        }
        if name == checkpoint.LAST:
            weights |= {
                "objective": self.objective.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "scaler": self.scaler.state_dict(),
                "means": self._means.state(),
                "random": torch.get_rng_state(),
            }
        checkpoint.save(self._plan.folder / name, weights)

    def _resume(self) -> None:
        file = self._plan.folder / checkpoint.LAST
        # On another machine there may be no such file.
        kept = self._plan.group.from_first(lambda: checkpoint.load(file) if file.exists() else None)
        if kept is None:
            return
        try:
            self.backbone.load_state_dict(kept["backbone"])
            self.objective.load_state_dict(kept["objective"])
            self.optimiser.load_state_dict(kept["optimiser"])
            if kept["scaler"]:  # begun without a GPU it has none
                self.scaler.load_state_dict(kept["scaler"])
            if self.averaged is not None:
                self.averaged.network.load_state_dict(kept["ema"])
            self.state = State(**{field.name: kept[field.name] for field in fields(State)})
            self._means.restore(kept.get("means", {}))
            torch.set_rng_state(kept["random"])
        except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            reason = f"it is of another run: {str(error).splitlines()[0]}"
            raise RunUnusable(path=file, reason=reason) from error
        self._saved_step = self.state.step
        # More patience than before makes a run go on that had stopped early.
        self.state.stopped_early = 0 < self._plan.config.patience <= self.state.since_best
