"""What a backbone costs is counted and measured, not looked up."""

from __future__ import annotations

import json

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from netcafe_face.trainer.backbones.report import (
    ReportOptions,
    count_multiply_adds,
    count_parameters,
    latency_ms,
    measure,
)
from netcafe_face.trainer.cli.backbones import backbones_command
from netcafe_face.trainer.errors import OptionsRefused

QUICK = ReportOptions(dim=16, seconds=0.01, batch=2, compiles=False)


@pytest.mark.parametrize(
    ("layer", "shape", "by_hand"),
    [
        (nn.Conv2d(3, 8, 3, stride=2, padding=1), (3, 10, 12), 3 * 3 * 3 * 8 * 5 * 6),
        (nn.Conv2d(8, 8, 3, padding=1, groups=8), (8, 6, 6), 3 * 3 * 8 * 6 * 6),
        (nn.Conv2d(8, 4, (1, 5), groups=2), (8, 7, 9), 5 * 4 * 4 * 7 * 5),
        (nn.Linear(20, 7), (20,), 20 * 7),
        (nn.Linear(20, 7), (3, 20), 3 * 20 * 7),
        (nn.BatchNorm2d(8), (8, 4, 4), 0),
    ],
)
def test_multiply_adds_are_those_worked_out_by_hand(
    layer: nn.Module, shape: tuple[int, ...], by_hand: int
) -> None:
    assert count_multiply_adds(layer, shape) == by_hand


def test_layers_add_up_and_one_used_twice_counts_twice() -> None:
    layer = nn.Conv2d(4, 4, 3, padding=1)
    network = nn.Sequential(layer, nn.PReLU(4), layer, nn.Flatten(), nn.Linear(4 * 25, 3))
    assert count_multiply_adds(network, (4, 5, 5)) == 2 * (9 * 4 * 4 * 25) + 100 * 3


def test_counting_leaves_the_network_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    count_multiply_adds(network, (3, 8, 8))
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(layer._forward_hooks for layer in network)


def test_parameters_that_are_never_trained_are_counted() -> None:
    layer = nn.Linear(5, 3)
    layer.weight.requires_grad_(False)
    assert count_parameters(nn.Sequential(layer, nn.PReLU(3))) == 5 * 3 + 3 + 3


def test_a_network_with_sixteen_times_the_work_takes_longer() -> None:
    def network(channels: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, channels, 3), nn.Conv2d(channels, channels, 3))

    assert latency_ms(network(8), 0.05) < latency_ms(network(64), 0.05)


def test_a_backbone_is_measured_in_every_respect_and_threads_are_as_before() -> None:
    before = torch.get_num_threads()
    cost = measure("plain-tiny", QUICK)
    assert cost.parameters > 100_000
    assert cost.multiply_adds > 1e7
    assert cost.latency_ms > 0
    assert cost.eager_images_per_s > 0
    assert cost.compiled_images_per_s is None
    assert torch.get_num_threads() == before


def test_the_command_prints_a_table() -> None:
    arguments = ["plain-tiny", "--seconds", "0.01", "--batch", "2", "--no-compile"]
    result = CliRunner().invoke(backbones_command, arguments, catch_exceptions=False)
    heads, row = result.output.splitlines()
    assert heads.split() == ["backbone", "parameters", "multiply-adds", "ms/face", "images/s", "compiled"]
    assert row.startswith("plain-tiny")
    assert "0.38 M" in row
    assert len(heads.split("parameters")[0]) <= row.index("0.38 M")


def test_the_command_prints_json_for_scripts() -> None:
    arguments = ["plain-tiny", "--seconds", "0.01", "--batch", "2", "--dim", "16", "--no-compile", "--json"]
    result = CliRunner().invoke(backbones_command, arguments, catch_exceptions=False)
    (cost,) = json.loads(result.output)
    assert cost["name"] == "plain-tiny"
    assert cost["dim"] == 16
    assert cost["parameters"] > 100_000


def test_a_misspelt_name_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(OptionsRefused, match="plain-tiny"):
        CliRunner().invoke(backbones_command, ["resnet50", "plain-tinny"], catch_exceptions=False)
