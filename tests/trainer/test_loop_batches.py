from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from netcafe_face.trainer.data.augment import STRENGTHS, augment
from netcafe_face.trainer.data.mixing import MixedFaces
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.loop.batches import (
    Batch,
    Key,
    PeopleOrder,
    Reading,
    Samples,
    ShuffledOrder,
    Source,
    batches,
)
from tests.trainer.kit import real_crops


def source(dim: int = 3) -> Source:
    answers = np.arange(8 * dim, dtype=np.float32).reshape(8, dim)
    return Source(real_crops(), np.array([0, 0, 1, 1, 2, 2, -1, -1], dtype=np.int64), answers)


def test_every_crop_comes_once_before_any_comes_again() -> None:
    order = ShuffledOrder([10], [4], seed=1)
    seen = [key.number for step in range(5) for key in order.batch(step)]
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10] != seen[10:], "each time in another order"


def test_any_step_can_be_made_again_by_itself() -> None:
    forwards, alone = ShuffledOrder([100, 7], [4, 2], 3), ShuffledOrder([100, 7], [4, 2], 3)
    steps = [forwards.batch(step) for step in range(60)]
    assert alone.batch(59) == steps[59]
    assert alone.batch(0) == steps[0]


def test_another_seed_gives_another_order() -> None:
    assert ShuffledOrder([50], [8], 1).batch(0) != ShuffledOrder([50], [8], 2).batch(0)


def test_each_source_has_its_share_of_every_batch() -> None:
    order = ShuffledOrder([30, 5], [6, 2], seed=0)
    for step in range(9):
        assert Counter(key.source for key in order.batch(step)) == {0: 6, 1: 2}


def test_no_two_places_of_a_run_have_the_same_position() -> None:
    order = ShuffledOrder([30, 5], [6, 2], seed=0)
    positions = [key.position for step in range(20) for key in order.batch(step)]
    assert positions == list(range(160))


def test_pair_losses_get_so_many_people_with_so_many_crops_each() -> None:
    labels = np.repeat(np.arange(10), 6)
    order = PeopleOrder(labels, people=4, each=3, seed=0)
    for step in range(10):
        numbers = [key.number for key in order.batch(step)]
        assert sorted(Counter(labels[numbers]).values()) == [3, 3, 3, 3]
        assert len(set(numbers)) == 12, "nobody's crop comes twice while there are enough"
    assert order.batch(3) == PeopleOrder(labels, 4, 3, 0).batch(3)
    assert order.batch(3) != order.batch(4)


def test_people_with_too_few_crops_have_some_taken_again_and_those_with_one_are_left_out() -> None:
    labels = np.array([0, 0, 1, 1, 1, 1, 2, -1, -1, -1, -1])
    order = PeopleOrder(labels, people=5, each=4, seed=0)
    for step in range(10):
        numbers = [key.number for key in order.batch(step)]
        assert Counter(labels[numbers]) == {0: 4, 1: 4}, "there are only two people to choose from"


@pytest.mark.parametrize("labels", [[], [-1, -1], [0, 1, 2], [0, 0, 1]])
def test_pair_losses_without_pairs_are_refused(labels: list[int]) -> None:
    with pytest.raises(DataUnusable, match="two people with two crops"):
        PeopleOrder(np.array(labels, dtype=np.int64), 2, 2, 0)


def test_a_sample_is_the_crop_changed_as_its_position_says() -> None:
    samples = Samples([source()], STRENGTHS["cafe"], seed=4)
    pixels, label, answer = samples[Key(0, 2, 77)]
    crop_rgb = np.ascontiguousarray(real_crops()[2][:, :, ::-1])
    wanted = augment(crop_rgb, np.random.default_rng([4, 3, 77]), STRENGTHS["cafe"])
    assert np.array_equal(pixels.numpy(), wanted)
    assert label == 1
    assert answer.tolist() == [6, 7, 8]
    again = Samples([source()], STRENGTHS["cafe"], seed=4)[Key(0, 2, 77)][0]
    assert torch.equal(pixels, again)
    assert not torch.equal(pixels, samples[Key(0, 2, 78)][0])


def test_networks_are_given_rgb() -> None:
    pixels, _, _ = Samples([source()], STRENGTHS["none"], 0)[Key(0, 0, 0)]
    assert np.array_equal(pixels.numpy()[:, :, ::-1], real_crops()[0])


def test_mixed_faces_are_drawn_like_any_others_and_have_no_name() -> None:
    mixed = Source(MixedFaces(real_crops(), 1), np.full(5, -1), np.zeros((5, 3), np.float32))
    pixels, label, _ = Samples([source(), mixed], STRENGTHS["none"], 0)[Key(1, 4, 9)]
    assert np.array_equal(pixels.numpy()[:, :, ::-1], MixedFaces(real_crops(), 1)[4])
    assert label == -1


def read(reading: Reading, steps: range = range(3)) -> list[Batch]:
    samples = Samples([source()], STRENGTHS["cafe"], seed=4)
    return list(batches(samples, ShuffledOrder([8], [4], 0), steps, reading))


def same(one: Batch, other: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_batches_are_pixels_labels_and_the_teachers_answers() -> None:
    batch = read(Reading())[0]
    assert (batch.pixels.shape, batch.pixels.dtype) == ((4, 112, 112, 3), torch.uint8)
    assert (batch.labels.shape, batch.labels.dtype) == ((4,), torch.int64)
    assert (batch.answers.shape, batch.answers.dtype) == ((4, 3), torch.float32)


def test_reading_ahead_in_other_processes_changes_nothing() -> None:
    alone, ahead = read(Reading()), read(Reading(workers=2))
    assert len(alone) == len(ahead) == 3
    assert all(map(same, alone, ahead))


def test_a_run_that_goes_on_sees_what_it_would_have_seen() -> None:
    assert same(read(Reading())[2], read(Reading(), range(2, 3))[0])


def test_several_training_processes_share_one_batch_without_overlap() -> None:
    whole = read(Reading())
    parts = [read(Reading(rank=rank, processes=2)) for rank in range(2)]
    for step in range(3):
        for name in Batch._fields:
            both = torch.cat([getattr(part[step], name) for part in parts])
            assert torch.equal(both, getattr(whole[step], name))


def test_reading_draws_no_random_number_of_the_run() -> None:
    before = torch.get_rng_state()
    read(Reading())
    assert torch.equal(torch.get_rng_state(), before)
