"""What one run of a comparison gave, kept beside it so that it is not run again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from netcafe_face.trainer.compare.writing import write_text
from netcafe_face.trainer.errors import RunUnusable

_FILE = "outcome.json"


@dataclass(frozen=True)
class Outcome:
    """One run's results, on people who had no part in training, stopping or choosing the learning rate.

    Attributes:
        loss: a key of `LOSSES`.
        rate: the learning rate that was chosen for the loss.
        steps: steps done; `best_step` is the one whose weights are measured.
        converged: validation had not risen for as long as the plan asks; otherwise the steps ran out.
        accuracies: verification accuracy, 0 to 1, by the set's name.
        tar: part of genuine pairs accepted where 1 in 1,000 impostor pairs is.
        eer: equal error rate.
        genuine_theta: mean θ of genuine pairs, in radians.
        impostor_theta: mean θ of impostor pairs.
        roc: FAR and TAR of the curve, thinned.
        failed: why the run gave nothing; "" where it did.
    """

    loss: str
    seed: int
    rate: float
    steps: int = 0
    best_step: int = 0
    seconds: float = 0.0
    converged: bool = False
    accuracies: Mapping[str, float] = field(default_factory=dict)
    tar: float = math.nan
    eer: float = math.nan
    genuine_theta: float = math.nan
    impostor_theta: float = math.nan
    roc: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    failed: str = ""


def save_outcome(folder: Path, outcome: Outcome) -> None:
    """Write a run's outcome into its folder.

    Raises:
        OutputError: it cannot be written.
    """
    write_text(folder / _FILE, json.dumps(asdict(outcome)))


def load_outcome(folder: Path) -> Outcome | None:
    """Read a run's outcome, or return None where it has none yet.

    Raises:
        RunUnusable: it is damaged.
    """
    if not (folder / _FILE).exists():
        return None
    try:
        body: dict[str, Any] = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        far, tar = body.pop("roc")
        return Outcome(**body, roc=(tuple(far), tuple(tar)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunUnusable(path=folder, reason=str(error)) from error
