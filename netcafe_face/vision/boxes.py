"""How much boxes have in common."""

from __future__ import annotations

import numpy as np

from netcafe_face.domain.faces import FloatArray


def overlaps(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the intersection over union of boxes.

    Args:
        one: (n, 4): x, y, width, height.
        other: (m, 4), likewise.

    Returns:
        float64 (n, m).
    """
    first, second = np.asarray(one, dtype=np.float64)[:, None], np.asarray(other, dtype=np.float64)[None]
    start = np.maximum(first[..., :2], second[..., :2])
    end = np.minimum(first[..., :2] + first[..., 2:4], second[..., :2] + second[..., 2:4])
    shared = np.clip(end - start, 0, None).prod(axis=2)
    together = first[..., 2:4].prod(axis=2) + second[..., 2:4].prod(axis=2) - shared
    return np.asarray(shared / np.maximum(together, 1e-9))
