"""The files of a run: its record, its checkpoints, and what was measured on the way."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from netcafe_face.trainer.errors import RunUnusable

RECORD, LAST, BEST, CURVE = "run.json", "last.pt", "best.pt", "curve.csv"


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write run.json: the choices, the data and the machine of a run.

    Raises:
        RunUnusable: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / (RECORD + ".part")
        part.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(folder / RECORD)
    except OSError as error:
        raise RunUnusable(path=folder, reason=error.strerror or str(error)) from error


def read_record(folder: Path) -> dict[str, Any]:
    """Read run.json.

    Raises:
        RunUnusable: it is missing or damaged.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunUnusable(path=folder, reason=str(error)) from error
    if not isinstance(record, dict):
        raise RunUnusable(path=folder, reason="run.json is not a record")
    return record


def save(file: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a crash or a pulled plug leaves the old one or the new one.

    Args:
        file: the checkpoint.
        state: tensors and plain values only, so that it loads with weights_only.

    Raises:
        RunUnusable: it cannot be written.
    """
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            torch.save(state, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except (OSError, RuntimeError) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise RunUnusable(path=file, reason=str(error)) from error


def load(file: Path) -> dict[str, Any]:
    """Read a checkpoint; it cannot run code, because only tensors and plain values are allowed.

    Raises:
        RunUnusable: it is missing, damaged, or holds anything else.
    """
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise RunUnusable(path=file, reason=error.strerror) from error
    except Exception as error:  # what is damaged, or made to do harm, fails in any way
        reason = "it is damaged, or holds other things than weights and plain values"
        raise RunUnusable(path=file, reason=reason) from error
    if not isinstance(state, dict):
        raise RunUnusable(path=file, reason="it is no checkpoint")
    return state


def last_of(run: Path) -> Path:
    """Return the last checkpoint of a run's folder, or the checkpoint that was named itself."""
    return run / LAST if run.is_dir() else run


def weights(state: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Return the weights of a checkpoint that are validated and exported: the averaged ones, if any."""
    kept = (state.get(name) for name in ("ema", "backbone"))
    return next((weights for weights in kept if isinstance(weights, dict)), {})
