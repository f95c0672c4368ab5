"""With more identities than memory holds, each step looks at the batch's own and some others."""

from __future__ import annotations

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from netcafe_face.trainer.losses.head import MarginHead  # noqa: E402
from netcafe_face.trainer.losses.registry import LOSSES, HeadLoss, build_loss  # noqa: E402
from netcafe_face.trainer.losses.sampling import (  # noqa: E402
    RowSGD,
    SampledHeadLoss,
    clip_gradients,
    sample_classes,
)

DIM, CLASSES = 6, 40
HEADS = [name for name, spec in LOSSES.items() if spec.head]
each_head = pytest.mark.parametrize("name", HEADS)
each_number_of_centres = pytest.mark.parametrize("centers", [1, 3])


def sampled(name: str = "arcface", rate: float = 0.3, seed: int = 0, centers: int = 1) -> SampledHeadLoss:
    chance = torch.Generator().manual_seed(9)
    options = {"centers": centers, "generator": chance, "sample_rate": rate, "sample_seed": seed}
    loss = build_loss(name, DIM, CLASSES, **options) if rate < 1 else None
    if isinstance(loss, SampledHeadLoss):
        return loss
    whole = build_loss(name, DIM, CLASSES, centers=centers, generator=chance, bias=False)
    assert isinstance(whole, HeadLoss)
    return SampledHeadLoss(whole.head, rate, seed)


def batch(step: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(100 + step)
    return torch.randn(8, DIM, generator=chance), torch.randint(CLASSES, (8,), generator=chance)


def test_a_sample_holds_the_batchs_classes_and_random_others_up_to_the_rate() -> None:
    labels = torch.tensor([7, 3, 7, 999])
    chosen = sample_classes(labels, 1000, 0.1, np.random.default_rng(0)).tolist()
    assert {3, 7, 999} <= set(chosen)
    assert len(set(chosen)) == len(chosen) == 100
    assert chosen == sorted(chosen)
    assert min(chosen) >= 0
    assert max(chosen) <= 999
    other = sample_classes(labels, 1000, 0.1, np.random.default_rng(1)).tolist()
    assert len(set(chosen) & set(other)) < 40


def test_all_classes_have_the_same_chance() -> None:
    random = np.random.default_rng(0)
    drawn = [sample_classes(torch.tensor([5]), 20, 0.5, random) for _ in range(2000)]
    share = torch.bincount(torch.cat(drawn), minlength=20) / 2000
    assert share[5] == 1
    others = torch.cat([share[:5], share[6:]])
    assert others.tolist() == pytest.approx([9 / 19] * 19, abs=0.05)


def test_a_batch_with_more_classes_than_the_rate_allows_keeps_them_all() -> None:
    labels = torch.arange(30)
    assert sample_classes(labels, 40, 0.1, np.random.default_rng(0)).tolist() == list(range(30))


@each_head
@each_number_of_centres
def test_at_rate_1_it_is_the_whole_head(name: str, centers: int) -> None:
    loss, (embeddings, labels) = sampled(name, rate=1, centers=centers), batch()
    whole = HeadLoss(copy.deepcopy(loss.head))
    embeddings.requires_grad_()
    ours, theirs = loss(embeddings, labels), whole(embeddings, labels)
    assert torch.equal(ours, theirs)
    our_x, our_w = torch.autograd.grad(ours, [embeddings, loss.head.weight])
    their_x, their_w = torch.autograd.grad(theirs, [embeddings, whole.head.weight])
    assert torch.equal(our_x, their_x)
    assert torch.allclose(our_w.to_dense(), their_w, atol=1e-6)


@each_head
@each_number_of_centres
def test_a_sample_gives_the_loss_of_a_head_that_has_these_classes_only(name: str, centers: int) -> None:
    loss, (embeddings, labels) = sampled(name, centers=centers), batch()
    chosen = sample_classes(labels, CLASSES, 0.3, np.random.default_rng([0, 0]))
    small = build_loss(name, DIM, len(chosen), centers=centers, scale=loss.head.config.scale)
    assert isinstance(small, HeadLoss)
    with torch.no_grad():
        small.head.weight.copy_(loss.head.weight.view(CLASSES, -1)[chosen].view(-1, DIM))
    renamed = torch.tensor([chosen.tolist().index(label) for label in labels.tolist()])
    assert loss(embeddings, labels).item() == pytest.approx(small(embeddings, renamed).item())


@each_number_of_centres
def test_only_sampled_rows_have_a_gradient(centers: int) -> None:
    loss, (embeddings, labels) = sampled(centers=centers), batch()
    loss(embeddings, labels).backward()
    gradient = loss.head.weight.grad
    assert gradient is not None
    chosen = sample_classes(labels, CLASSES, 0.3, np.random.default_rng([0, 0]))
    rows = (chosen[:, None] * centers + torch.arange(centers)).flatten()
    assert gradient.coalesce().indices()[0].tolist() == rows.tolist()
    assert gradient.coalesce().values().shape == (12 * centers, DIM)


def test_samples_differ_by_step_and_seed_and_are_the_same_after_a_restart() -> None:
    def losses(loss: SampledHeadLoss, steps: range) -> list[float]:
        return [loss(*batch()).item() for _ in steps]

    whole = losses(sampled(), range(6))
    assert len(set(whole)) == 6
    assert losses(sampled(seed=1), range(6)) != whole
    stopped, resumed = sampled(), sampled()
    assert losses(stopped, range(3)) == whole[:3]
    losses(stopped.eval(), range(2))
    resumed.load_state_dict(stopped.state_dict())
    assert losses(resumed, range(3)) == whole[3:]


def run(loss: torch.nn.Module, optimiser: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        optimiser.zero_grad()
        loss(*batch(step)).backward()
        optimiser.step()


@pytest.mark.parametrize("nesterov", [False, True])
def test_at_rate_1_training_is_that_of_the_whole_head(nesterov: bool) -> None:
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-2, "nesterov": nesterov}
    loss = sampled(rate=1)
    whole = HeadLoss(copy.deepcopy(loss.head))
    run(loss, RowSGD(loss.parameters(), **options), range(5))
    run(whole, torch.optim.SGD(whole.parameters(), **options), range(5))
    assert torch.allclose(loss.head.weight, whole.head.weight, atol=1e-5)


def test_unsampled_centres_and_their_momentum_stand_still() -> None:
    loss = sampled()
    optimiser = RowSGD(loss.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    run(loss, optimiser, range(3))
    before = loss.head.weight.detach().clone()
    momentum = optimiser.state[loss.head.weight]["momentum_buffer"].clone()
    _, labels = batch(3)
    chosen = sample_classes(labels, CLASSES, 0.3, np.random.default_rng([0, 3]))
    run(loss, optimiser, range(3, 4))
    left = torch.ones(CLASSES, dtype=torch.bool)
    left[chosen] = False
    after = optimiser.state[loss.head.weight]["momentum_buffer"]
    assert torch.equal(loss.head.weight[left], before[left])
    assert torch.equal(after[left], momentum[left])
    assert (loss.head.weight[~left] != before[~left]).any(1).all()
    assert (after[~left] != momentum[~left]).any(1).all()


def test_one_optimiser_serves_dense_and_sparse_gradients_and_goes_on_from_its_state() -> None:
    def both() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        network = torch.nn.ModuleList([torch.nn.Linear(DIM, DIM), sampled()])
        options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-2, "nesterov": True}
        return network, RowSGD(network.parameters(), **options)  # type: ignore[arg-type]

    def train(network: torch.nn.Module, optimiser: torch.optim.Optimizer, steps: range) -> None:
        backbone, loss = network.children()
        for step in steps:
            optimiser.zero_grad()
            images, labels = batch(step)
            loss(backbone(images), labels).backward()
            optimiser.step()

    whole, stopped, resumed = both(), both(), both()
    train(*whole, range(6))
    train(*stopped, range(3))
    resumed[0].load_state_dict(stopped[0].state_dict())
    resumed[1].load_state_dict(stopped[1].state_dict())
    train(*resumed, range(3, 6))
    for ours, theirs in zip(resumed[0].parameters(), whole[0].parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_sparse_and_dense_gradients_are_clipped_together() -> None:
    loss, linear = sampled(), torch.nn.Linear(DIM, DIM)
    embeddings, labels = batch()
    parameters = [*linear.parameters(), loss.head.weight]
    loss(linear(embeddings), labels).backward()
    grads = [parameter.grad.to_dense().clone() for parameter in parameters if parameter.grad is not None]
    length = torch.cat([grad.flatten() for grad in grads]).norm().item()
    assert clip_gradients(parameters, 2 * length).item() == pytest.approx(length)
    for parameter, grad in zip(parameters, grads, strict=True):
        assert torch.equal(parameter.grad.to_dense(), grad)
    clip_gradients(parameters, length / 4)
    for parameter, grad in zip(parameters, grads, strict=True):
        assert torch.allclose(parameter.grad.to_dense(), grad / 4, atol=1e-6)


def test_a_sampled_head_learns_to_tell_its_people_apart() -> None:
    loss = sampled(rate=0.3)
    chance = torch.Generator().manual_seed(2)
    embeddings = torch.randn(CLASSES, DIM, generator=chance)
    optimiser = RowSGD(loss.parameters(), lr=0.1, momentum=0.9)
    assert right(loss.head, embeddings) < 0.2
    for _ in range(150):
        chosen = torch.randperm(CLASSES, generator=chance)[:8]
        optimiser.zero_grad()
        loss(embeddings[chosen], chosen).backward()
        optimiser.step()
    assert right(loss.head, embeddings) > 0.8


def right(head: MarginHead, embeddings: torch.Tensor) -> float:
    return (head.scores(embeddings).argmax(1) == torch.arange(CLASSES)).float().mean().item()


def test_a_rate_outside_0_to_1_or_a_bias_is_refused() -> None:
    head = sampled().head
    for rate in (0.0, 1.1):
        with pytest.raises(ValueError, match="rate"):
            SampledHeadLoss(head, rate)
    with_bias = build_loss("softmax", DIM, CLASSES)
    assert isinstance(with_bias, HeadLoss)
    with pytest.raises(ValueError, match="bias"):
        SampledHeadLoss(with_bias.head, 0.5)
