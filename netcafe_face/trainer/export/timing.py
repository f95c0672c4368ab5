"""How long a face takes: several files by turns, so that what else the computer does slows all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from netcafe_face.trainer.data.crops import Crops
from netcafe_face.trainer.data.tensors import to_input
from netcafe_face.trainer.export.checking import open_embedder

_ROUNDS, _WARMING = 100, 5


def ms_per_face(paths: Sequence[Path], crop_bgr: Crops) -> list[float]:
    """Return ONNX Runtime's median milliseconds of each file, one face a call, on one thread.

    Args:
        paths: embedders.
        crop_bgr: uint8 (1, 112, 112, 3).

    Raises:
        ExportFailed: a file cannot be loaded.
    """
    sessions = [open_embedder(path) for path in paths]
    image = to_input(crop_bgr[..., ::-1]).numpy()
    taken: list[list[float]] = [[] for _ in paths]
    for turn in range(_ROUNDS + _WARMING):
        for session, times in zip(sessions, taken, strict=True):
            began = time.perf_counter()
            session.run(None, {session.get_inputs()[0].name: image})
            if turn >= _WARMING:
                times.append(1000 * (time.perf_counter() - began))
    return [float(np.median(times)) for times in taken]
