"""A few crops that stand for many."""

from __future__ import annotations

import numpy as np

from netcafe_face.trainer.data.crops import Crops


def spread(crops_bgr: Crops, most: int) -> Crops:
    """Return at most so many crops, evenly spread over all, in memory."""
    places = np.unique(np.linspace(0, len(crops_bgr) - 1, min(most, len(crops_bgr))).round().astype(np.int64))
    return np.asarray(crops_bgr[places])
