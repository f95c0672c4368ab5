"""The backbones are those of the papers, layer for layer as far as counts can tell."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from netcafe_face.trainer.backbones.iresnet import RESNET18, RESNET34, RESNET50, IRBlock, IResNet
from netcafe_face.trainer.backbones.mobilefacenet import MobileFaceNet
from netcafe_face.trainer.backbones.registry import BACKBONES, build_backbone
from netcafe_face.trainer.backbones.report import count_multiply_adds, count_parameters
from netcafe_face.trainer.errors import OptionsRefused

IMAGE = (3, 112, 112)


def seeded(name: str, dim: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_backbone(name, dim)


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]


@pytest.mark.parametrize(
    ("name", "millions", "giga_multiply_adds"),
    [("resnet18", 24.03, 2.61), ("resnet34", 34.14, 4.46), ("resnet50", 43.59, 6.31)],
)
def test_face_resnets_have_the_published_parameters(
    name: str, millions: float, giga_multiply_adds: float
) -> None:
    with torch.device("meta"):
        network = build_backbone(name, 512)
    assert count_parameters(network) / 1e6 == pytest.approx(millions, abs=0.005)
    # What other tools print is 0.02 more: they count batch normalisation, too.
    counted = sum(
        layer.weight.numel() * pixels
        for layer, pixels in zip(convolutions(network), sizes(name), strict=True)
    )
    assert (counted + 25_088 * 512) / 1e9 == pytest.approx(giga_multiply_adds, abs=0.006)


def sizes(name: str) -> list[int]:
    """Pixels of each convolution's output, by hand: a stage's first block halves in its second one."""
    blocks = {"resnet18": RESNET18, "resnet34": RESNET34, "resnet50": RESNET50}[name]
    pixels = [112**2]
    for side, count in zip((56, 28, 14, 7), blocks, strict=True):
        pixels += [(2 * side) ** 2, side**2, side**2]  # two convolutions and the one on the shortcut
        pixels += [side**2] * 2 * (count - 1)
    return pixels


def test_mobilefacenet_has_the_papers_parameters_and_multiply_adds() -> None:
    network = MobileFaceNet(dim=128)
    assert count_parameters(network) / 1e6 == pytest.approx(0.99, abs=0.02)
    assert count_multiply_adds(network, IMAGE) / 1e6 == pytest.approx(221, abs=1)


@pytest.mark.parametrize("name", sorted(set(BACKBONES) - {"resnet34", "resnet50"}))
def test_every_backbone_turns_crops_into_embeddings_that_are_not_normalised(name: str) -> None:
    network = seeded(name, 64).eval()
    images = torch.randn(2, *IMAGE, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        embeddings = network(images)
    assert embeddings.shape == (2, 64)
    assert embeddings.dtype == torch.float32
    assert torch.isfinite(embeddings).all()
    assert (embeddings.norm(dim=1) - 1).abs().min() > 0.01
    assert not torch.equal(embeddings[0], embeddings[1])


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_the_embeddings_length_is_chosen(name: str) -> None:
    with torch.device("meta"):
        network = build_backbone(name, 37).eval()
        assert network(torch.zeros(1, *IMAGE)).shape == (1, 37)


def test_the_stem_of_a_face_resnet_keeps_every_pixel() -> None:
    network = IResNet(RESNET18)
    features = network.stem(torch.zeros(2, *IMAGE))
    assert features.shape == (2, 64, 112, 112)
    assert not any(isinstance(layer, nn.MaxPool2d) for layer in network.modules())


def test_a_block_halves_in_its_second_convolution() -> None:
    block = IRBlock(8, 16, stride=2)
    assert block.conv1.stride == (1, 1)
    assert block.conv2.stride == (2, 2)
    assert block(torch.zeros(2, 8, 14, 14)).shape == (2, 16, 7, 7)


def test_a_block_that_changes_no_shape_adds_what_came_in() -> None:
    block = IRBlock(8, 8, stride=1).eval()
    nn.init.zeros_(block.norm3.weight)
    features = torch.randn(1, 8, 7, 7, generator=torch.Generator().manual_seed(2)) - 1
    assert torch.equal(block(features), features), "negative features pass: there is no activation at the end"


def test_the_last_scale_of_a_face_resnet_is_never_trained() -> None:
    network = IResNet((1, 1, 1, 1), dim=8)
    assert torch.equal(network.output_norm.weight, torch.ones(8))
    assert not network.output_norm.weight.requires_grad
    assert network.output_norm.bias.requires_grad


def test_mobilefacenet_weighs_every_pixel_of_the_last_features_by_its_own() -> None:
    last = convolutions(MobileFaceNet())[-1]
    assert last.kernel_size == (7, 7)
    assert last.groups == last.in_channels == 512


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_every_weight_takes_part_in_the_embedding(name: str) -> None:
    with torch.device("meta"):
        network = build_backbone(name, 16)
        network(torch.zeros(2, *IMAGE)).sum().backward()
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    assert all(weight.grad is not None for weight in trained)


def test_a_backbone_learns_to_tell_eight_pictures_apart() -> None:
    network = seeded("plain-tiny", 8)
    images = torch.randn(8, *IMAGE, generator=torch.Generator().manual_seed(4))
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        loss = nn.functional.cross_entropy(network(images), torch.arange(8))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_an_unknown_backbone_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(OptionsRefused, match="resnet50"):
        build_backbone("resnet51", 512)
