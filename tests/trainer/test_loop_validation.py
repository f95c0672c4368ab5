from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from netcafe_face.trainer.data.tensors import to_input
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.rates import tar_at_far
from netcafe_face.trainer.evaluation.scores import all_pair_scores
from netcafe_face.trainer.evaluation.verification import held_out_pairs, ten_fold_accuracy
from netcafe_face.trainer.loop.validation import Validation, embed
from tests.trainer.kit import people, real_crops

CPU = torch.device("cpu")


class Afar(nn.Module):
    """Sees a face as a few large coloured squares."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.avg_pool2d(self.norm(images), 28).flatten(1)


def test_crops_are_scaled_to_about_minus_one_to_one_with_red_first() -> None:
    crop = np.zeros((1, 112, 112, 3), np.uint8)
    crop[..., 0] = 255
    images = to_input(crop)
    assert images.shape == (1, 3, 112, 112)
    assert images.dtype == torch.float32
    assert images[0, :, 5, 7].tolist() == [1.0, -1.0, -1.0]
    assert images.is_contiguous(memory_format=torch.channels_last)


def test_crops_are_embedded_as_unit_rows_in_batches_without_changing_the_network() -> None:
    network = Afar().train()
    crops = np.repeat(real_crops(), 20, axis=0)
    rows = embed(network, crops, CPU)
    assert rows.shape == (160, 48)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.allclose(rows[0], rows[19], atol=1e-6)
    assert network.training
    assert int(network.norm.num_batches_tracked) == 0, "looking is not learning"


def test_a_network_whose_answers_are_no_numbers_is_told() -> None:
    network = Afar()
    with torch.no_grad():
        network.norm.weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="no longer numbers"):
        embed(network, real_crops(), CPU)


def test_a_network_is_fed_rgb_although_crops_are_bgr() -> None:
    rows = embed(Afar().eval(), real_crops(), CPU)
    by_hand = Afar().eval()(to_input(real_crops()[:, :, :, ::-1])).detach().numpy()
    assert np.allclose(rows, by_hand / np.linalg.norm(by_hand, axis=1, keepdims=True), atol=1e-5)


def test_the_score_is_that_of_the_held_out_people_by_the_usual_protocol() -> None:
    held_out = people().held_out()
    validation = Validation(held_out)
    score = validation.score(Afar(), CPU)
    rows = embed(Afar().eval(), held_out.crops_bgr, CPU)
    pairs = held_out_pairs([record.name for record in held_out.records])
    assert score.accuracy == ten_fold_accuracy(pairs.cosines(rows), pairs).mean
    assert score.tar == tar_at_far(all_pair_scores(rows, held_out.labels()[0]), 1e-3).tar
    assert 0.6 < score.accuracy <= 1
    assert (validation.people, validation.crops) == (25, 100)


def test_few_people_are_measured_in_fewer_folds() -> None:
    held_out = people(held_out=6).held_out()
    pairs = held_out_pairs([record.name for record in held_out.records], folds=3)
    rows = embed(Afar().eval(), held_out.crops_bgr, CPU)
    accuracy = ten_fold_accuracy(pairs.cosines(rows), pairs).mean
    assert Validation(held_out).score(Afar(), CPU).accuracy == accuracy


def test_too_few_people_for_two_folds_are_refused() -> None:
    with pytest.raises(DataUnusable, match="2 folds"):
        Validation(people(held_out=3).held_out())
