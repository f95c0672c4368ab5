"""Losses are made by name, with the numbers of their papers unless others are asked for."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from netcafe_face.trainer.errors import OptionsRefused  # noqa: E402
from netcafe_face.trainer.losses.pairs import ContrastiveLoss, TripletLoss  # noqa: E402
from netcafe_face.trainer.losses.registry import LOSSES, HeadLoss, build_loss  # noqa: E402
from netcafe_face.trainer.losses.sampling import SampledHeadLoss  # noqa: E402


def test_all_losses_have_a_name_a_formula_and_a_paper() -> None:
    assert list(LOSSES) == [
        "softmax",
        "norm-softmax",
        "l-softmax",
        "a-softmax",
        "sphereface",
        "cosface",
        "arcface",
        "combined",
        "subcenter-arcface",
        "triplet",
        "contrastive",
    ]
    for name, spec in LOSSES.items():
        assert spec.name == name
        assert spec.display_name
        assert spec.formula
        assert spec.paper
        assert (spec.head is None) == spec.needs_pk_batches


@pytest.mark.parametrize("name", LOSSES)
def test_each_gives_a_scalar_that_embeddings_learn_from(name: str) -> None:
    loss = build_loss(name, 8, 4, generator=torch.Generator().manual_seed(0)).eval()
    embeddings = torch.randn(12, 8, generator=torch.Generator().manual_seed(1)).requires_grad_()
    labels = torch.arange(12) % 4
    before = loss(embeddings, labels)
    assert before.shape == ()
    (slope,) = torch.autograd.grad(before, embeddings)
    assert loss(embeddings - 0.01 * slope, labels) < before


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("l-softmax", {"m1": 4, "scale": 1}),
        ("a-softmax", {"m1": 4, "scale": 1}),
        ("sphereface", {"m1": 1.35, "scale": 64}),
        ("cosface", {"m3": 0.35, "scale": 64}),
        ("arcface", {"m2": 0.5, "scale": 64, "centers": 1, "easy_margin": False}),
        ("subcenter-arcface", {"m2": 0.5, "scale": 64, "centers": 3}),
    ],
)
def test_heads_start_from_their_papers_numbers(name: str, numbers: dict[str, float]) -> None:
    loss = build_loss(name, 2, 10_575)
    assert isinstance(loss, HeadLoss)
    assert {key: getattr(loss.head.config, key) for key in numbers} == numbers


def test_a_small_set_gets_s_30_unless_s_is_given() -> None:
    small, chosen = build_loss("arcface", 2, 8), build_loss("arcface", 2, 8, scale=64.0)
    assert isinstance(small, HeadLoss)
    assert isinstance(chosen, HeadLoss)
    assert (small.head.config.scale, chosen.head.config.scale) == (30, 64)


@pytest.mark.parametrize(("name", "field"), [("arcface", "m2"), ("cosface", "m3"), ("sphereface", "m1")])
def test_the_margin_of_a_head_is_its_own_kind_of_margin(name: str, field: str) -> None:
    loss = build_loss(name, 2, 3, margin=1.25)
    assert isinstance(loss, HeadLoss)
    assert getattr(loss.head.config, field) == 1.25


@pytest.mark.parametrize("name", ["l-softmax", "a-softmax"])
def test_their_margin_is_a_whole_number(name: str) -> None:
    loss = build_loss(name, 2, 3, margin=3)
    assert isinstance(loss, HeadLoss)
    assert loss.head.config.m1 == 3
    with pytest.raises(OptionsRefused, match=r"whole number, got 1\.25"):
        build_loss(name, 2, 3, margin=1.25)


def test_pair_losses_take_a_margin_too() -> None:
    triplet, contrastive = build_loss("triplet", 2, 3), build_loss("contrastive", 2, 3, margin=0.8)
    assert isinstance(triplet, TripletLoss)
    assert triplet.margin == 0.35
    assert isinstance(contrastive, ContrastiveLoss)
    assert contrastive.margin == 0.8


def test_any_head_can_have_several_centres_and_be_sampled() -> None:
    loss = build_loss("softmax", 2, 9, centers=3, sample_rate=0.5, sample_seed=4)
    assert isinstance(loss, SampledHeadLoss)
    assert loss.head.weight.shape == (27, 2)
    assert loss.head.bias is None
    assert (loss.rate, loss.seed) == (0.5, 4)


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("arcfase", {}, "arcfase"),
        ("arcface", {"angle": 3}, "no angle"),
        ("softmax", {"margin": 0.5}, "no margin"),
        ("combined", {"margin": 0.5}, "no margin"),
        ("triplet", {"scale": 64.0}, "no scale"),
        ("triplet", {"margin": -1.0}, "above 0"),
        ("triplet", {"sample_rate": 0.5}, "no classes"),
        ("arcface", {"margin": 28.6}, "m2"),
        ("arcface", {"sample_rate": 0.0}, "rate"),
    ],
)
def test_options_that_make_no_loss_are_refused_with_the_reason(
    name: str, options: dict[str, float], why: str
) -> None:
    with pytest.raises(OptionsRefused) as caught:
        build_loss(name, 2, 3, **options)  # type: ignore[arg-type]
    assert why in str(caught.value)
