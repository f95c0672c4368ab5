"""What is seen of a face, and what is refused as impossible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netcafe_face.domain.faces import Detection, QualityFlaw, QualityReport, unit_rows

POINTS = np.arange(10, dtype=np.float32).reshape(5, 2)
GOOD = QualityReport(112.0, 0.9, 127.0, 50.0, 0.0, 0.0, 0.0, 0.0, frozenset())


def test_a_detection_cannot_be_changed_and_shares_nothing_with_its_maker() -> None:
    box = np.array([1, 2, 30, 40], np.float64)
    found = Detection(box, POINTS, 0.9)
    box[0] = 99
    assert found.box.tolist() == [1, 2, 30, 40]
    assert found.box.dtype == found.landmarks.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        found.box[0] = 5
    with pytest.raises(ValueError, match="read-only"):
        found.landmarks[0, 0] = 5


def test_the_size_of_a_face_is_the_shorter_side_of_its_box() -> None:
    assert Detection(np.array([0, 0, 30, 40]), POINTS, 1.0).size_px == 30
    assert Detection(np.array([0, 0, 50, 40]), POINTS, 1.0).size_px == 40


@pytest.mark.parametrize(
    ("box", "points", "why"),
    [
        (np.zeros(3), POINTS, "box must have shape"),
        (np.zeros(4), POINTS.ravel(), "landmarks must have shape"),
        (np.array([0, 0, np.nan, 1]), POINTS, "box must be finite"),
        (np.zeros(4), np.full((5, 2), np.inf), "landmarks must be finite"),
    ],
)
def test_an_impossible_detection_is_refused(box: np.ndarray, points: np.ndarray, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Detection(box, points, 0.5)


@given(
    st.floats(0, 5000),
    st.floats(0, 1),
    st.floats(0, 255),
    st.floats(-180, 180),
    st.floats(-180, 180),
    st.floats(0, 1),
)
def test_the_quality_score_lies_between_0_and_1(
    size: float, sharpness: float, brightness: float, yaw: float, pitch: float, outside: float
) -> None:
    report = QualityReport(size, sharpness, brightness, 20.0, yaw, pitch, 0.0, outside, frozenset())
    assert 0.0 <= report.score <= 1.0


def test_a_box_turned_inside_out_has_no_negative_score() -> None:
    assert replace(GOOD, size_px=-5.0).score == 0.0


@pytest.mark.parametrize(
    "worse",
    [
        {"size_px": 50.0},
        {"sharpness": 0.3},
        {"brightness": 30.0},
        {"brightness": 240.0},
        {"yaw": 30.0},
        {"pitch": -30.0},
        {"outside": 0.3},
    ],
)
def test_whatever_is_worse_about_a_face_lowers_its_score(worse: dict[str, float]) -> None:
    assert replace(GOOD, **worse).score < GOOD.score


def test_no_name_rests_on_a_small_or_blurred_face() -> None:
    untrusted = {flaw for flaw in QualityFlaw if not replace(GOOD, flaws=frozenset({flaw})).trusted}
    assert untrusted == {QualityFlaw.TOO_SMALL, QualityFlaw.BLURRED}
    assert GOOD.trusted


def test_rows_are_scaled_to_length_1_and_keep_their_direction() -> None:
    rows = np.random.default_rng(1).normal(size=(5, 128)) * [[1e-5], [1], [1e3], [1e25], [-1]]
    unit = unit_rows(rows)
    assert unit.dtype == np.float32
    assert np.linalg.norm(unit, axis=1) == pytest.approx(np.ones(5), abs=1e-6)
    assert unit == pytest.approx(rows / np.linalg.norm(rows, axis=1, keepdims=True), abs=1e-6)


@pytest.mark.parametrize("bad", [0.0, 1e-9, np.nan, np.inf])
def test_a_vector_without_a_direction_is_refused(bad: float) -> None:
    rows = np.full((2, 4), 0.5)
    rows[1] = bad
    with pytest.raises(ValueError, match="zero or not finite"):
        unit_rows(rows)


@pytest.mark.parametrize("shape", [(4,), (2, 2, 4), ()])
def test_embeddings_come_in_rows(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        unit_rows(np.ones(shape))


def test_no_rows_are_no_error() -> None:
    assert unit_rows(np.empty((0, 128))).shape == (0, 128)
