"""Who of a gallery is it? Small galleries worked out by hand, larger ones against slow references."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netcafe_face.domain.faces import FloatArray, unit_rows
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.angles import angles_of
from netcafe_face.trainer.evaluation.identification import alarm_threshold, closed_set, open_set
from netcafe_face.trainer.evaluation.rates import PairScores, all_pair_scores
from netcafe_face.trainer.evaluation.scores import counted


def rows(*degrees: float) -> FloatArray:
    angles = np.radians(degrees)
    return unit_rows(np.stack([np.cos(angles), np.sin(angles)], axis=1))


def noisy_people(seed: int, people: int, each: int, noise: float) -> tuple[FloatArray, list[int]]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(people), each)
    centres = rng.standard_normal((people, 6))
    return unit_rows(centres[labels] + noise * rng.standard_normal((len(labels), 6))), labels.tolist()


# --- everybody is enrolled ---------------------------------------------------------------------------------


def test_a_gallery_of_three_worked_by_hand() -> None:
    # B has one photo and is always enrolled with it, at 30°. A's two are at 0° and 20°: searched with 0°, its
    # own photo at 20° is the nearest; searched with 20°, B's at 30° is nearer than its own at 0°.
    found = closed_set(rows(0, 20, 30, 180), [0, 0, 1, 2], galleries=200)
    assert (found.people, found.searches, found.galleries) == (3, 1, 200)
    assert 0.35 < found.rank1 < 0.65
    assert found.cmc.tolist() == pytest.approx([found.rank1, 1.0, 1.0])


def test_people_far_apart_are_always_found_first() -> None:
    found = closed_set(*noisy_people(1, 30, 4, 0.01))
    assert found.rank1 == 1.0
    assert found.searches == 30 * 3
    assert [size for size, _ in found.by_size] == [10, 30]
    assert all(hit == pytest.approx(1.0) for _, hit in found.by_size)
    assert 0.9 < found.low < found.high == 1.0


def test_a_network_that_sees_no_difference_is_never_right() -> None:
    found = closed_set(unit_rows(np.ones((40, 3))), [number // 4 for number in range(40)])
    assert found.cmc.tolist() == [0.0] * 9 + [1.0]
    assert [hit for _, hit in found.by_size] == [0.0]


def test_ranks_only_grow_and_end_at_everybody() -> None:
    found = closed_set(*noisy_people(2, 40, 3, 0.7))
    assert np.all(np.diff(found.cmc) >= 0)
    assert found.cmc[-1] == pytest.approx(1.0)
    assert len(found.cmc) == found.people == 40


@given(seed=st.integers(0, 10**6), size=st.integers(2, 6))
@settings(max_examples=15, deadline=None)
def test_rank_1_of_smaller_galleries_is_the_mean_over_all_of_them(seed: int, size: int) -> None:
    embeddings, labels = noisy_people(seed, 7, 2, 0.8)
    found = closed_set(embeddings, labels, seed=seed, galleries=1, sizes=[size])
    rng = np.random.default_rng([0x1D, seed, 0])
    order = rng.permutation(len(labels))
    enrolled = {label: next(row for row in order if labels[row] == label) for label in range(7)}
    hits = []
    for probe in sorted(set(range(len(labels))) - set(enrolled.values())):
        own = float(embeddings[probe] @ embeddings[enrolled[labels[probe]]])
        others = [
            float(embeddings[probe] @ embeddings[row])
            for who, row in enrolled.items()
            if who != labels[probe]
        ]
        hits += [max(some) < own for some in itertools.combinations(others, size - 1)]
    assert dict(found.by_size)[size] == pytest.approx(np.mean(hits))


def test_larger_galleries_are_harder_and_the_whole_one_is_rank_1() -> None:
    found = closed_set(*noisy_people(3, 60, 3, 0.9), sizes=[2, 5, 20, 1000])
    hits = [hit for _, hit in found.by_size]
    assert [size for size, _ in found.by_size] == [2, 5, 20, 60]
    assert hits == sorted(hits, reverse=True)
    assert hits[-1] == pytest.approx(found.rank1)


def test_the_seed_chooses_the_galleries() -> None:
    embeddings, labels = noisy_people(4, 30, 4, 0.9)
    one, again, other = (closed_set(embeddings, labels, seed=seed, galleries=1) for seed in (1, 1, 2))
    assert np.array_equal(one.cmc, again.cmc)
    assert not np.array_equal(one.cmc, other.cmc)


# --- strangers come too ------------------------------------------------------------------------------------


def test_strangers_far_from_everybody_cost_no_one_a_name() -> None:
    points = open_set(*noisy_people(5, 40, 5, 0.01))
    assert [point.far for point in points] == [0.1, 0.01, 0.001]
    for point in points:
        assert point.dir == pytest.approx(1.0)
        assert (point.enrolled, point.searches, point.strangers) == (20, 80, 100)
    assert [point.uncertain for point in points] == [False, True, True]


def test_fewer_false_alarms_cost_names() -> None:
    points = open_set(*noisy_people(6, 60, 5, 0.7))
    hits, thresholds = [point.dir for point in points], [point.threshold for point in points]
    assert hits == sorted(hits, reverse=True)
    assert thresholds == sorted(thresholds)
    assert 0 < hits[-1] < hits[0] < 1
    for point in points:
        assert point.low <= point.dir <= point.high


def test_no_more_strangers_than_the_rate_allows_reach_the_threshold() -> None:
    alarms = np.array([0.1, 0.5, 0.2, 0.9, 0.3, 0.4, 0.8, 0.6, 0.7, 0.0])
    for rate, allowed in ((0.05, 0), (0.1, 1), (0.25, 2), (0.999, 9)):
        assert np.sum(alarms >= alarm_threshold(alarms, rate)) == allowed


def test_a_name_that_another_beats_does_not_count() -> None:
    assert all(point.dir == 0 for point in open_set(unit_rows(np.ones((40, 3))), [n // 4 for n in range(40)]))


@pytest.mark.parametrize(
    ("labels", "why"),
    [([0, 0, 0], "or more, got 1"), ([0, 1, 2], "people with two pictures"), ([], "or more, got 0")],
)
def test_identification_needs_two_people_and_a_second_picture(labels: list[int], why: str) -> None:
    for identify in (closed_set, open_set):
        with pytest.raises(DataUnusable, match=why):
            identify(rows(*range(len(labels))) if labels else np.empty((0, 2), np.float32), labels)


def test_the_only_person_with_two_pictures_is_always_enrolled() -> None:
    points = open_set(rows(0, 1, 90, 180, 270), [0, 0, 1, 2, 3])
    assert all(point.searches == 1 for point in points)


# --- angles ------------------------------------------------------------------------------------------------


def test_angles_of_pairs_at_known_places() -> None:
    scores = PairScores(counted(np.cos([0.5, 0.7])), counted(np.cos([math.pi / 2, 2.0])), 0, 0)
    found = angles_of(scores)
    assert found.genuine_mean == pytest.approx(0.6, abs=1e-4)
    assert found.genuine_sd == pytest.approx(0.1, abs=1e-4)
    assert found.impostor_mean == pytest.approx((math.pi / 2 + 2) / 2, abs=1e-4)
    assert found.overlap == 0
    assert found.separation > 5
    for density in (found.genuine, found.impostor):
        assert density.sum() * math.pi / len(density) == pytest.approx(1.0)
        assert np.count_nonzero(density) == 2
    assert found.genuine[np.searchsorted(found.edges, 0.5) - 1] > 0


def test_strangers_spread_evenly_stand_at_right_angles() -> None:
    rng = np.random.default_rng(0)
    scores = all_pair_scores(unit_rows(rng.standard_normal((600, 128))), np.arange(600) // 2)
    found = angles_of(scores)
    assert found.impostor_mean == pytest.approx(math.pi / 2, abs=0.005)
    assert found.impostor_sd == pytest.approx(1 / math.sqrt(128), rel=0.05)
    assert found.overlap > 0.7
    assert abs(found.separation) < 0.3


def test_pairs_of_one_kind_have_no_angles_to_compare() -> None:
    with pytest.raises(DataUnusable, match="no pairs of one person, or of two people"):
        angles_of(PairScores(counted([0.1]), counted([]), 0, 0))
