from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from netcafe_face.trainer.backbones.plain import PlainBlock, PlainNetwork, PlainShape
from netcafe_face.trainer.backbones.registry import build_backbone

NAMES = ("plain-tiny", "plain-small", "plain-medium")


@pytest.mark.parametrize("name", NAMES)
def test_crops_become_embeddings_of_the_length_asked_for(name: str) -> None:
    network = build_backbone(name, 24)
    assert network(torch.zeros(2, 3, 112, 112)).shape == (2, 24)


@pytest.mark.parametrize("name", NAMES)
def test_there_is_no_prelu_and_nothing_depthwise_but_the_last_weighing(name: str) -> None:
    network = build_backbone(name, 24)
    assert not any(isinstance(layer, nn.PReLU) for layer in network.modules())
    grouped = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d) and layer.groups > 1]
    assert len(grouped) == 1
    assert grouped[0].kernel_size == (4, 4)


def test_the_small_one_has_the_parameters_its_note_says() -> None:
    def millions(name: str) -> float:
        return sum(weight.numel() for weight in build_backbone(name, 128).parameters()) / 1e6

    assert millions("plain-small") == pytest.approx(1.6, abs=0.06)
    assert millions("plain-medium") == pytest.approx(2.8, abs=0.06)


@pytest.mark.parametrize("stem", ["3x3/2", "8x8/4"])
def test_both_stems_leave_sixteen_pixels_to_weigh(stem: str) -> None:
    network = PlainNetwork(PlainShape(stem, 4, (4, 6, 8, 10), (1, 1, 2, 1)), 5)
    sizes = []
    features = network.stem(torch.zeros(1, 3, 112, 112))
    for stage in network.stages:
        features = stage(features)
        sizes.append(tuple(features.shape[1:]))
    assert sizes == [(4, 28, 28), (6, 14, 14), (8, 7, 7), (8, 7, 7), (10, 4, 4)]


def test_another_stem_is_refused() -> None:
    with pytest.raises(ValueError, match="5x5"):
        PlainNetwork(PlainShape("5x5", 4, (4, 4, 4, 4), (1, 1, 1, 1)), 5)


def test_a_block_passes_its_input_on_where_its_convolutions_say_nothing() -> None:
    block = PlainBlock(4, 4, 1).eval()
    nn.init.zeros_(block.conv2.weight)
    features = torch.rand(2, 4, 6, 6)
    assert torch.equal(block(features), features)


def test_the_shortcut_is_a_convolution_only_where_shapes_change() -> None:
    assert isinstance(PlainBlock(4, 4, 1).shortcut, nn.Identity)
    for block in (PlainBlock(4, 4, 2), PlainBlock(4, 8, 1)):
        assert isinstance(block.shortcut, nn.Sequential)
        assert block(torch.zeros(1, 4, 8, 8)).shape[1] == block.conv1.out_channels


def test_the_seed_alone_decides_the_first_weights() -> None:
    made = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        made.append(build_backbone("plain-tiny", 8).state_dict())
    assert all(torch.equal(made[0][name], made[1][name]) for name in made[0])
    assert not torch.equal(made[0]["stem.0.weight"], made[2]["stem.0.weight"])


@torch.no_grad()
def test_features_neither_vanish_nor_explode_before_the_first_step() -> None:
    torch.manual_seed(0)
    network = build_backbone("plain-medium", 32)
    images = torch.randn(16, 3, 112, 112)
    features = network.stem(images)  # type: ignore[operator]
    sizes = [float(features.std())]
    for stage in network.stages:  # type: ignore[union-attr]
        features = stage(features)
        sizes.append(float(features.std()))
    assert all(0.2 < later / earlier < 5 for earlier, later in pairwise(sizes))
