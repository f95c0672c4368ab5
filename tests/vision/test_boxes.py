"""What boxes have in common."""

from __future__ import annotations

import numpy as np
import pytest

from netcafe_face.vision.boxes import overlaps


def test_overlap_is_intersection_over_union() -> None:
    one = np.array([[0, 0, 10, 10]], dtype=np.float32)
    other = np.array([[0, 0, 10, 10], [5, 0, 10, 10], [20, 20, 4, 4], [0, 0, 5, 5]], dtype=np.float32)
    assert overlaps(one, other)[0] == pytest.approx([1, 50 / 150, 0, 25 / 100])


def test_nothing_overlaps_nothing_and_an_empty_box_no_other() -> None:
    none, empty = np.empty((0, 4)), np.array([[3, 3, 0, 0]], dtype=np.float32)
    assert overlaps(none, empty).shape == (0, 1)
    assert overlaps(empty, np.array([[0, 0, 9, 9]], dtype=np.float32)).tolist() == [[0.0]]
