from __future__ import annotations

import pytest
import torch
from torch import nn

from netcafe_face.trainer.loop.ema import Averaged


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def test_the_average_begins_with_the_weights_and_is_never_trained() -> None:
    plain = network()
    averaged = Averaged(plain, 0.9)
    assert all(
        torch.equal(a, b) for a, b in zip(averaged.network.parameters(), plain.parameters(), strict=True)
    )
    assert not any(weight.requires_grad for weight in averaged.network.parameters())
    assert not averaged.network.training
    assert plain.training


def test_after_many_steps_the_average_keeps_as_much_as_it_was_told() -> None:
    plain = network()
    averaged = Averaged(plain, 0.9)
    before = averaged.network[0].weight.clone()  # type: ignore[index]
    with torch.no_grad():
        plain[0].weight += 1.0
    averaged.update(plain, step=10_000)
    assert torch.allclose(averaged.network[0].weight, before + 0.1, atol=1e-6)  # type: ignore[index]


@pytest.mark.parametrize(("step", "kept"), [(0, 0.1), (8, 0.5), (90, 0.91)])
def test_the_random_weights_at_the_start_are_soon_forgotten(step: int, kept: float) -> None:
    plain = network()
    averaged = Averaged(plain, 0.999)
    with torch.no_grad():
        plain[0].weight.zero_()
    first = averaged.network[0].weight.clone()  # type: ignore[index]
    averaged.update(plain, step)
    assert torch.allclose(averaged.network[0].weight, first * kept, atol=1e-6)  # type: ignore[index]


def test_the_statistics_of_norms_are_averaged_and_counters_copied() -> None:
    plain = network()
    averaged = Averaged(plain, 0.5)
    plain(torch.randn(16, 2) + 5)
    averaged.update(plain, 1000)
    theirs, ours = plain[1].running_mean, averaged.network[1].running_mean  # type: ignore[index]
    assert torch.allclose(ours, theirs / 2)
    assert int(averaged.network[1].num_batches_tracked) == 1  # type: ignore[index]
