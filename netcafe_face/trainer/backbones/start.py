"""Weights to begin with that are not random: those of an earlier run or of an exported network."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import torch
from torch import nn

from netcafe_face.trainer.errors import RunUnusable
from netcafe_face.trainer.loop import checkpoint


def load_start(backbone: nn.Module, path: Path, may_lack: Collection[str] = ()) -> None:
    """Give a backbone the averaged weights of a run.

    Args:
        backbone: takes the weights.
        path: a run's folder, of which the best checkpoint is taken, or a checkpoint.
        may_lack: weights that stay as they are where the run has none.

    Raises:
        RunUnusable: there is no checkpoint, or it is of another backbone.
    """
    file = path / checkpoint.BEST if path.is_dir() else path
    weights: dict[str, torch.Tensor] = checkpoint.weights(checkpoint.load(file))
    kept = {name: weight for name, weight in backbone.state_dict().items() if name in may_lack}
    try:
        backbone.load_state_dict(kept | weights)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise RunUnusable(path=file, reason="it is of another backbone") from error
