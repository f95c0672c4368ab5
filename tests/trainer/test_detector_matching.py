"""Boxes are paired and points compared as worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from netcafe_face.trainer.detector.choosing import SizeFigures, choose_sizes, choose_threshold
from netcafe_face.trainer.detector.examining import Findings, agreement, truth
from netcafe_face.trainer.detector.matching import pair, point_errors


def row(x: float, y: float, side: float, score: float = 0.9, shift: float = 0.0) -> list[float]:
    """A face with eyes 0.4 sides apart, all five points moved to the right by a shift."""
    parts = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    points = [value for u, v in parts for value in (x + u * side + shift, y + v * side)]
    return [x, y, side, side, *points, score]


def rows(*faces: list[float]) -> np.ndarray:
    return np.array(faces, dtype=np.float32).reshape(-1, 15)


def test_each_face_is_paired_once_and_the_better_box_wins() -> None:
    wanted = rows(row(0, 0, 10))
    found = rows(row(2, 0, 10), row(0, 1, 10))
    pairs = pair(wanted, found)
    assert (pairs.wanted.tolist(), pairs.found.tolist(), pairs.extra.tolist()) == ([0], [1], [0])


def test_a_box_that_overlaps_too_little_is_another_face() -> None:
    pairs = pair(rows(row(0, 0, 10)), rows(row(5, 0, 10)))
    assert not pairs.wanted.size
    assert pairs.extra.tolist() == [0]


def test_nothing_paired_with_nothing() -> None:
    for wanted, found in ((rows(), rows()), (rows(row(0, 0, 9)), rows()), (rows(), rows(row(0, 0, 9)))):
        pairs = pair(wanted, found)
        assert not pairs.found.size
        assert pairs.extra.size == len(found)


def test_points_are_judged_by_the_distance_between_the_eyes() -> None:
    wanted, found = rows(row(0, 0, 50)), rows(row(0, 0, 50, shift=2.0))
    assert point_errors(wanted, found) == pytest.approx([2.0 / 20.0])


def test_in_a_profile_the_eyes_fall_together_and_a_fifth_of_the_face_stands_in() -> None:
    profile = rows(row(0, 0, 50))
    profile[0, 6:8] = profile[0, 4:6]
    moved = profile.copy()
    moved[0, 4:14:2] += 1.0
    assert point_errors(profile, moved) == pytest.approx([1.0 / 10.0])


def test_recall_counts_faces_of_the_wanted_size_only() -> None:
    reference = [rows(row(0, 0, 40), row(100, 0, 40), row(200, 0, 10))]
    own = rows(row(0, 0, 40, shift=1.6), row(300, 300, 40))
    looked = rows(row(0, 0, 40, shift=0.8), row(300, 300, 40))
    wanted_again = [rows(row(0, 0, 40, shift=0.4), row(100, 0, 40), row(200, 0, 10))]
    figures = agreement("two", Findings(reference, wanted_again), Findings([own], [looked]), 24.0)
    assert (figures.faces, figures.recall, figures.extra) == (2, 0.5, 1.0)
    assert figures.error_median == pytest.approx(0.1)
    assert figures.second_median == pytest.approx(0.025)


def test_a_small_marked_face_is_neither_missed_nor_a_false_alarm() -> None:
    marks = [np.array([[0, 0, 40, 40], [100, 100, 10, 10]], dtype=np.float32)]
    found = [rows(row(0, 0, 40), row(101, 100, 10), row(200, 200, 30), row(300, 200, 12))]
    figures = truth(marks, found, 24.0)
    assert (figures.faces, figures.recall, figures.false_alarms) == (1, 1.0, 1.0)


def test_the_threshold_is_the_lowest_with_no_more_false_alarms_than_the_reference() -> None:
    faceless = [rows(row(0, 0, 30, 0.62)), rows(row(0, 0, 30, 0.48), row(50, 50, 30, 0.35))]
    assert choose_threshold(faceless, 1, None, 0.0, 24.0) == 0.49
    assert choose_threshold(faceless, 0, None, 0.0, 24.0) == 0.63
    marked = ([np.empty((0, 4), np.float32)], [rows(row(0, 0, 30, 0.8))])
    assert choose_threshold(faceless, 1, marked, 0.5, 24.0) == 0.81


def test_face_px_is_the_unbroken_range_around_the_usual_size() -> None:
    recalls = {10.0: 0.95, 16.0: 0.5, 24.0: 0.9, 64.0: 1.0, 128.0: 0.97, 256.0: 0.2}
    figures = [SizeFigures(px, 100, recall, 0.05) for px, recall in recalls.items()]
    assert choose_sizes(figures) == (24.0, 128.0)
