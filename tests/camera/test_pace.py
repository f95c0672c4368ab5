from __future__ import annotations

import pytest

from netcafe_face.camera.pace import Pacer, backoff_s


def test_frames_are_shown_at_their_distances_in_time() -> None:
    pacer = Pacer()

    assert pacer.wait_s(0.0, 100.0) == 0.0
    assert pacer.wait_s(0.04, 100.01) == pytest.approx(0.03)
    assert pacer.wait_s(0.30, 100.04) == pytest.approx(0.26)


def test_a_frame_that_is_late_is_shown_at_once_and_the_next_catches_up() -> None:
    pacer = Pacer()
    pacer.wait_s(0.0, 100.0)

    assert pacer.wait_s(0.1, 100.2) == 0.0
    assert pacer.wait_s(0.3, 100.2) == pytest.approx(0.1)


def test_a_reader_that_fell_far_behind_does_not_rush() -> None:
    pacer = Pacer()
    pacer.wait_s(0.0, 100.0)

    assert pacer.wait_s(0.1, 107.0) == 0.0
    assert pacer.wait_s(0.2, 107.0) == pytest.approx(0.1)


def test_the_last_frame_of_a_round_is_shown_as_long_as_the_one_before() -> None:
    pacer = Pacer()
    pacer.wait_s(0.0, 100.0)
    pacer.wait_s(0.5, 100.5)

    assert pacer.wait_s(0.0, 100.5) == pytest.approx(0.5)


def test_pauses_grow_from_one_second_to_thirty_and_are_not_all_the_same() -> None:
    pauses = {attempt: {backoff_s(attempt) for _ in range(200)} for attempt in (1, 2, 3, 4, 5, 6, 50)}

    assert all(1.0 <= pause <= 30.0 for drawn in pauses.values() for pause in drawn)
    assert max(pauses[1]) <= 1.2
    assert 3.2 <= min(pauses[3]) < max(pauses[3]) <= 4.8
    assert min(pauses[6]) >= 24.0
    assert min(pauses[50]) >= 24.0
    assert all(len(drawn) > 50 for drawn in pauses.values())
