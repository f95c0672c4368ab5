"""Learning rates over a run, as pure functions of the step, so that a resumed run needs no state for them."""

from __future__ import annotations

import math

from netcafe_face.trainer.loop.config import TrainConfig

_DROPS = (0.5, 0.75, 0.9)


def learning_rate(config: TrainConfig, step: int) -> float:
    """Return the learning rate of a step, counted from zero.

    All schedules rise linearly in the first `warmup` steps. "cosine" then falls to zero in half a cosine
    (Loshchilov and Hutter, SGDR, 2017), "step" is divided by ten after 50, 75 and 90 % of the run,
    "warmup-stable-decay" stays and falls linearly after `decay_from` of the run, "constant" stays.
    """
    rate = config.learning_rate
    if step < config.warmup:
        return rate * (step + 1) / config.warmup
    done = min(1.0, (step - config.warmup) / max(1, config.steps - config.warmup))
    if config.schedule == "cosine":
        return rate * 0.5 * (1 + math.cos(math.pi * done))
    if config.schedule == "step":
        return rate * 0.1 ** sum(step >= config.steps * drop for drop in _DROPS)
    if config.schedule == "warmup-stable-decay":
        return rate * min(1.0, (1 - step / config.steps) / max(1e-9, 1 - config.decay_from))
    return rate
