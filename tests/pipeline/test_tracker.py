"""One track a person, through movement, crossings and short occlusions."""

from __future__ import annotations

import numpy as np
import pytest

from netcafe_face.domain.faces import Detection
from netcafe_face.pipeline.tracker import IouTracker, TrackerRules, pair_up
from tests.pipeline.kit import detection


def ids(tracker: IouTracker, at_s: float, *detections: Detection) -> list[int]:
    return [track.id for track in tracker.update(detections, at_s)]


def test_a_face_that_moves_keeps_its_track() -> None:
    tracker = IouTracker()

    seen = {ids(tracker, 0.1 * step, detection(x=100 + 15 * step))[0] for step in range(20)}

    assert seen == {1}


def test_two_faces_keep_apart_whatever_the_order_they_are_found_in() -> None:
    tracker = IouTracker()
    left, right = detection(x=100), detection(x=300)

    assert ids(tracker, 0.0, left, right) == [1, 2]
    assert ids(tracker, 0.1, right, left) == [2, 1]
    assert ids(tracker, 0.2, left) == [1]


def test_neighbours_who_shift_by_a_head_are_matched_to_the_nearest() -> None:
    tracker = IouTracker()
    ids(tracker, 0.0, detection(x=100), detection(x=165))

    assert ids(tracker, 0.1, detection(x=110), detection(x=175)) == [1, 2]


def test_a_fast_face_is_followed_without_overlap() -> None:
    tracker = IouTracker()
    ids(tracker, 0.0, detection(x=100, size=60))

    assert ids(tracker, 0.3, detection(x=155, size=60)) == [1]


def test_a_face_far_away_is_somebody_else() -> None:
    tracker = IouTracker()
    ids(tracker, 0.0, detection(x=100))

    assert ids(tracker, 0.1, detection(x=400)) == [2]


def test_a_face_of_another_size_at_the_same_place_is_somebody_else() -> None:
    tracker = IouTracker()
    ids(tracker, 0.0, detection(size=40))

    assert ids(tracker, 0.1, detection(size=120)) == [2]


def test_a_short_occlusion_is_bridged_and_its_length_told() -> None:
    tracker = IouTracker(TrackerRules(max_age_s=2.0))
    tracker.update([detection()], 0.0)
    tracker.update([], 0.5)
    tracker.update([], 1.0)

    (track,) = tracker.update([detection(x=110)], 1.5)

    assert (track.id, track.gap_s, track.first_seen_s, track.last_seen_s) == (1, 1.5, 0.0, 1.5)
    assert tracker.update([detection(x=110)], 1.6)[0].gap_s == 0.0


def test_after_a_long_occlusion_a_new_track_begins() -> None:
    tracker = IouTracker(TrackerRules(max_age_s=2.0))
    tracker.update([detection()], 0.0)
    tracker.update([], 1.0)
    tracker.update([], 2.5)

    assert tracker.alive == ()
    assert ids(tracker, 2.6, detection()) == [2]


def test_where_frames_come_slowly_the_one_before_still_counts() -> None:
    tracker = IouTracker(TrackerRules(max_age_s=2.0))

    assert [ids(tracker, at_s, detection()) for at_s in (0.0, 3.0, 6.0)] == [[1], [1], [1]]
    assert tracker.alive[0].gap_s == 0.0


def test_a_track_out_of_sight_is_alive_and_counts_what_it_missed() -> None:
    tracker = IouTracker()
    tracker.update([detection()], 0.0)
    tracker.update([], 0.1)
    tracker.update([], 0.2)

    assert [(track.id, track.missed) for track in tracker.alive] == [(1, 2)]


def test_ids_are_never_used_twice() -> None:
    tracker = IouTracker()

    seen = [
        number for step in range(10) for number in ids(tracker, 10.0 * step, detection(), detection(x=300))
    ]

    assert len(set(seen)) == len(seen)


def test_no_faces_no_tracks() -> None:
    tracker = IouTracker()

    assert tracker.update([], 0.0) == ()
    assert tracker.alive == ()


def test_each_box_is_paired_at_most_once_best_first() -> None:
    before = np.array([[0, 0, 10, 10], [4, 0, 10, 10]], np.float32)
    now = np.array([[3, 0, 10, 10], [100, 100, 10, 10]], np.float32)

    assert pair_up(before, now, TrackerRules()) == {0: 1}


@pytest.mark.parametrize("size", [0.0, -5.0])
def test_boxes_without_size_do_no_harm(size: float) -> None:
    odd = np.array([[5, 5, size, size]], np.float32)

    assert pair_up(odd, odd, TrackerRules()) == {0: 0}
