"""Triplet and contrastive loss, against loops over all pairs in plain Python floats."""

from __future__ import annotations

import math
from itertools import permutations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from netcafe_face.trainer.losses.pairs import ContrastiveLoss, TripletLoss, squared_distances  # noqa: E402

each_loss = pytest.mark.parametrize(
    "loss", [TripletLoss(), ContrastiveLoss()], ids=["triplet", "contrastive"]
)


def batch(people: int = 4, each: int = 3, dim: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """P×K embeddings of any length, each near its person's mean."""
    chance = torch.Generator().manual_seed(seed)
    means = torch.randn(people, 1, dim, generator=chance, dtype=torch.float64)
    spread = torch.randn(people, each, dim, generator=chance, dtype=torch.float64)
    return 3 * (means + 0.7 * spread).flatten(0, 1), torch.arange(people).repeat_interleave(each)


def slow_squared(a: list[float], b: list[float]) -> float:
    length_a, length_b = math.hypot(*a), math.hypot(*b)
    return sum((x / length_a - y / length_b) ** 2 for x, y in zip(a, b, strict=True))


def slow_triplet(rows: list[list[float]], labels: list[int], margin: float) -> tuple[float, int]:
    losses = []
    for a, p, n in permutations(range(len(rows)), 3):
        if labels[a] == labels[p] != labels[n]:
            positive, negative = slow_squared(rows[a], rows[p]), slow_squared(rows[a], rows[n])
            if positive < negative < positive + margin:
                losses.append(positive - negative + margin)
    return sum(losses) / max(len(losses), 1), len(losses)


def slow_contrastive(rows: list[list[float]], labels: list[int], margin: float) -> float:
    genuine, impostor = [], []
    for a in range(len(rows)):
        for b in range(a):
            squared = slow_squared(rows[a], rows[b])
            if labels[a] == labels[b]:
                genuine.append(squared / 2)
            elif math.sqrt(squared) < margin:
                impostor.append((margin - math.sqrt(squared)) ** 2 / 2)
    return sum(genuine) / len(genuine) + sum(impostor) / max(len(impostor), 1)


@pytest.mark.parametrize("margin", [0.1, 0.35, 1.5])
@pytest.mark.parametrize("seed", range(3))
def test_the_triplet_loss_is_the_mean_of_its_formula_over_semi_hard_triplets(
    margin: float, seed: int
) -> None:
    embeddings, labels = batch(people=6, seed=seed)
    expected, count = slow_triplet(embeddings.tolist(), labels.tolist(), margin)
    assert count > 3
    assert TripletLoss(margin)(embeddings, labels).item() == pytest.approx(expected)


@pytest.mark.parametrize("margin", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_contrastive_loss_is_its_formula_over_all_pairs(margin: float, seed: int) -> None:
    embeddings, labels = batch(seed=seed)
    expected = slow_contrastive(embeddings.tolist(), labels.tolist(), margin)
    assert ContrastiveLoss(margin)(embeddings, labels).item() == pytest.approx(expected)


def on_the_circle(*degrees: float) -> torch.Tensor:
    angles = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    return torch.stack([angles.cos(), angles.sin()], 1)


def test_a_triplet_worked_by_hand_comes_out() -> None:
    # Anchor at 0°, positive at 60° (squared distance 1), negative at −90° (2): with margin 1.2 the first is
    # short by 0.2. Seen from 60° the negative lies at 150°, far beyond the margin.
    loss = TripletLoss(1.2)(on_the_circle(0, 60, -90), torch.tensor([0, 0, 1]))
    assert loss.item() == pytest.approx(0.2)


def test_contrastive_pairs_worked_by_hand_come_out() -> None:
    # Genuine pair at 90°: ½·2. Impostor pairs at 60° (distance 1, missing 0.5: ½·0.25) and at 150° (none).
    loss = ContrastiveLoss(1.5)(on_the_circle(0, 90, -60), torch.tensor([0, 0, 1]))
    assert loss.item() == pytest.approx(1 + 0.125)


@pytest.mark.parametrize(
    "degrees",
    [(0, 10, 90), (0, 60, 50)],
    ids=["the negative is beyond the margin", "the negative is nearer than the positive"],
)
def test_easy_and_hard_triplets_do_not_count(degrees: tuple[float, ...]) -> None:
    embeddings = on_the_circle(*degrees)[:3].requires_grad_()
    # Only the anchor at 0° has a positive whose negative is asked for here.
    loss = TripletLoss(0.35)(torch.cat([embeddings, -embeddings[:1]]), torch.tensor([0, 0, 1, 1]))
    expected, _ = slow_triplet([*embeddings.tolist(), (-embeddings[0]).tolist()], [0, 0, 1, 1], 0.35)
    assert loss.item() == pytest.approx(expected)


@each_loss
@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, 0, 0, 0], [0], []], ids=str)
def test_a_batch_without_what_it_needs_gives_a_finite_loss_and_gradient(
    loss: nn.Module, labels: list[int]
) -> None:
    embeddings = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))[: len(labels)].requires_grad_()
    value = loss(embeddings, torch.tensor(labels, dtype=torch.int64))
    value.backward()
    assert torch.isfinite(value)
    assert embeddings.grad is not None
    assert torch.isfinite(embeddings.grad).all()


def test_without_a_semi_hard_triplet_the_loss_is_0_and_so_is_the_gradient() -> None:
    embeddings = on_the_circle(0, 1, 180, 181).requires_grad_()
    value = TripletLoss()(embeddings, torch.tensor([0, 0, 1, 1]))
    value.backward()
    assert value.item() == 0
    assert embeddings.grad is not None
    assert not embeddings.grad.any()


@each_loss
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_coinciding_opposite_and_zero_embeddings_give_finite_loss_and_gradients(
    loss: nn.Module, dtype: torch.dtype
) -> None:
    ray = torch.linspace(-1, 1, 64)
    embeddings = torch.stack([ray, ray, -ray, 9 * ray, ray.flip(0), 0 * ray]).to(dtype).requires_grad_()
    value = loss(embeddings, torch.tensor([0, 0, 0, 1, 1, 1]))
    value.backward()
    assert torch.isfinite(value)
    assert value.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert embeddings.grad is not None
    assert torch.isfinite(embeddings.grad).all()


@each_loss
def test_under_autocast_distances_keep_single_precision(loss: nn.Module) -> None:
    embeddings, labels = batch()
    expected = loss(embeddings.float(), labels).item()
    with torch.autocast("cpu", torch.bfloat16):
        assert loss(embeddings.float(), labels).item() == expected


@each_loss
def test_gradients_are_those_of_the_formula(loss: nn.Module) -> None:
    embeddings, labels = batch()
    assert torch.autograd.gradcheck(
        lambda rows: loss(rows, labels), embeddings.requires_grad_(), fast_mode=True
    )


@each_loss
def test_following_the_gradient_parts_the_people(loss: nn.Module) -> None:
    embeddings, labels = batch(people=3, each=4)
    before = share_in_wrong_order(embeddings, labels)
    for _ in range(60):
        embeddings.requires_grad_()
        (slope,) = torch.autograd.grad(loss(embeddings, labels), embeddings)
        embeddings = embeddings.detach() - 8 * slope
    assert share_in_wrong_order(embeddings, labels) < 0.5 * before


def share_in_wrong_order(embeddings: torch.Tensor, labels: torch.Tensor) -> float:
    """How often a genuine pair is farther apart than an impostor pair."""
    distances, same = squared_distances(embeddings), labels[:, None] == labels
    return (distances[same][:, None] > distances[~same]).double().mean().item()


@pytest.mark.parametrize(
    ("loss", "margin"), [(TripletLoss, 0.0), (ContrastiveLoss, 0.0), (ContrastiveLoss, 3.0)]
)
def test_a_margin_that_no_pair_can_meet_is_refused(loss: type[nn.Module], margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        loss(margin)
