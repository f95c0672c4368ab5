"""Where pytorch-metric-learning (2.9.0 when this was written) has the same loss, it says the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
peers = pytest.importorskip("pytorch_metric_learning.losses")

from pytorch_metric_learning.distances import LpDistance  # noqa: E402
from pytorch_metric_learning.miners import TripletMarginMiner  # noqa: E402
from torch import nn  # noqa: E402

from netcafe_face.trainer.losses.head import HeadConfig, MarginHead  # noqa: E402
from netcafe_face.trainer.losses.pairs import ContrastiveLoss, TripletLoss  # noqa: E402
from netcafe_face.trainer.losses.registry import LOSSES, HeadLoss  # noqa: E402

DIM, CLASSES = 8, 6


def without_annealing(name: str, **changes: float) -> HeadConfig:
    config = LOSSES[name].head
    assert config is not None
    return replace(config, annealing=None, **changes)


SAME: dict[str, tuple[HeadConfig, Callable[[], nn.Module]]] = {
    "norm-softmax": (
        without_annealing("norm-softmax"),
        lambda: peers.NormalizedSoftmaxLoss(CLASSES, DIM, temperature=1 / 64),
    ),
    "l-softmax, m = 4": (
        without_annealing("l-softmax"),
        lambda: peers.LargeMarginSoftmaxLoss(CLASSES, DIM, margin=4, scale=1),
    ),
    "l-softmax, m = 3": (
        without_annealing("l-softmax", m1=3.0),
        lambda: peers.LargeMarginSoftmaxLoss(CLASSES, DIM, margin=3, scale=1),
    ),
    "a-softmax, m = 4": (
        without_annealing("a-softmax"),
        lambda: peers.SphereFaceLoss(CLASSES, DIM, margin=4, scale=1),
    ),
    "a-softmax, m = 2": (
        without_annealing("a-softmax", m1=2.0),
        lambda: peers.SphereFaceLoss(CLASSES, DIM, margin=2, scale=1),
    ),
    "cosface": (
        without_annealing("cosface"),
        lambda: peers.CosFaceLoss(CLASSES, DIM, margin=0.35, scale=64),
    ),
    # It takes the margin in degrees.
    "arcface": (
        without_annealing("arcface"),
        lambda: peers.ArcFaceLoss(CLASSES, DIM, margin=math.degrees(0.5), scale=64),
    ),
    "subcenter-arcface, K = 3": (
        without_annealing("subcenter-arcface"),
        lambda: peers.SubCenterArcFaceLoss(
            num_classes=CLASSES, embedding_size=DIM, margin=math.degrees(0.5), scale=64, sub_centers=3
        ),
    ),
}


def batch(n: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(5)
    embeddings = torch.randn(n, DIM, generator=chance, dtype=torch.float64).requires_grad_()
    return embeddings, torch.randint(CLASSES, (n,), generator=chance)


def around_their_centres(head: MarginHead) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings at all angles to a centre of their class, so that every branch of a target is asked for."""
    embeddings, labels = batch()
    centres = nn.functional.normalize(head.weight.detach()[labels * head.config.centers])
    aside = embeddings.detach() - (embeddings.detach() * centres).sum(1, keepdim=True) * centres
    angles = torch.linspace(0.05, 3.1, len(labels), dtype=torch.float64)[:, None]
    turned = 3 * (centres * angles.cos() + nn.functional.normalize(aside) * angles.sin())
    return turned.requires_grad_(), labels


@pytest.mark.filterwarnings(
    "ignore:__array_wrap__ must accept context:DeprecationWarning"
)  # it uses NumPy so
@pytest.mark.parametrize("name", SAME)
def test_a_head_has_the_peers_loss_and_gradients(name: str) -> None:
    config, make_peer = SAME[name]
    ours = HeadLoss(MarginHead(DIM, CLASSES, config, torch.Generator().manual_seed(0)).double())
    peer = make_peer()
    peer.W.data = ours.head.weight.detach().T.clone()
    embeddings, labels = around_their_centres(ours.head)

    our_loss, their_loss = ours(embeddings, labels), peer(embeddings, labels)
    assert our_loss.item() == pytest.approx(their_loss.item(), rel=1e-9)
    our_x, our_w = torch.autograd.grad(our_loss, [embeddings, ours.head.weight])
    their_x, their_w = torch.autograd.grad(their_loss, [embeddings, peer.W])
    assert torch.allclose(our_x, their_x, rtol=1e-6, atol=1e-9)
    assert torch.allclose(our_w, their_w.T, rtol=1e-6, atol=1e-9)


def test_semi_hard_triplets_have_the_peers_loss_and_gradient() -> None:
    squared = LpDistance(p=2, power=2)
    miner = TripletMarginMiner(margin=0.35, type_of_triplets="semihard", distance=squared)
    peer = peers.TripletMarginLoss(margin=0.35, distance=squared)
    embeddings, labels = batch()
    theirs = peer(embeddings, labels, miner(embeddings, labels))
    ours = TripletLoss(0.35)(embeddings, labels)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-9)
    assert torch.allclose(*(torch.autograd.grad(loss, embeddings)[0] for loss in (ours, theirs)), atol=1e-9)


def test_a_genuine_pair_and_an_impostor_pair_have_the_peers_contrastive_loss() -> None:
    # There the genuine distance enters as it is measured and the missing one unsquared; both unhalved.
    embeddings, _ = batch(2)
    genuine, impostor = torch.tensor([0, 0]), torch.tensor([0, 1])
    ours = ContrastiveLoss(1.8)
    theirs = peers.ContrastiveLoss(pos_margin=0, neg_margin=1.8, distance=LpDistance(p=2, power=2))
    assert ours(embeddings, genuine).item() == pytest.approx(theirs(embeddings, genuine).item() / 2)
    theirs = peers.ContrastiveLoss(pos_margin=0, neg_margin=1.8, distance=LpDistance(p=2, power=1))
    missing = theirs(embeddings, impostor).item()
    assert missing > 0
    assert ours(embeddings, impostor).item() == pytest.approx(missing**2 / 2)
