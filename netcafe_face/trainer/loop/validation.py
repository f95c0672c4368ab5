"""How good a network is on people it never saw, measured the same way at every evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import nn

from netcafe_face.domain.faces import FloatArray, unit_rows
from netcafe_face.trainer.data.crops import Crops, CropSet
from netcafe_face.trainer.data.tensors import to_input
from netcafe_face.trainer.evaluation.rates import tar_at_far
from netcafe_face.trainer.evaluation.scores import all_pair_scores
from netcafe_face.trainer.evaluation.verification import fold_count, held_out_pairs, ten_fold_accuracy

_BATCH = 128


@dataclass(frozen=True)
class Score:
    """One evaluation on the held-out people.

    Attributes:
        accuracy: of verification, the mean of ten folds, or of as many as there are people for.
        tar: part of all genuine pairs that is accepted where 1 in 1,000 impostor pairs is.
    """

    accuracy: float
    tar: float


class Validator(Protocol):
    """Measures a network on crops that are not learned from."""

    people: int
    crops: int

    def score(self, network: nn.Module, device: torch.device) -> Score:
        """Evaluate a network in its present state."""
        ...


class Validation:
    """The held-out people's crops and the pairs drawn from them.

    Args:
        crops: held-out crops with names.

    Raises:
        DataUnusable: there are too few people for two folds.
    """

    def __init__(self, crops: CropSet) -> None:
        self._crops_bgr = np.asarray(crops.crops_bgr)
        self._labels, _ = crops.labels()
        names = [record.name for record in crops.records]
        self._pairs = held_out_pairs(names, folds=fold_count(names))
        self.people = len(set(self._labels.tolist()))
        self.crops = len(crops)

    def score(self, network: nn.Module, device: torch.device) -> Score:
        """Evaluate a network in its present state."""
        embeddings = embed(network, self._crops_bgr, device)
        accuracy = ten_fold_accuracy(self._pairs.cosines(embeddings), self._pairs).mean
        return Score(accuracy, tar_at_far(all_pair_scores(embeddings, self._labels), 1e-3).tar)


@torch.no_grad()
def embed(network: nn.Module, crops_bgr: Crops, device: torch.device) -> FloatArray:
    """Return float32 (n, dim) unit rows for crops, uint8 (n, 112, 112, 3) BGR, without flips.

    Raises:
        FloatingPointError: the network gives something else than numbers.
    """
    was_training = network.training
    network.eval()
    parts = []
    for start in range(0, len(crops_bgr), _BATCH):
        images = to_input(crops_bgr[start : start + _BATCH, :, :, ::-1]).to(device)
        parts.append(network(images).float().cpu().numpy())
    network.train(was_training)
    rows = np.concatenate(parts)
    if not np.isfinite(rows).all():
        raise FloatingPointError("the network's answers are no longer numbers")
    return unit_rows(rows)
