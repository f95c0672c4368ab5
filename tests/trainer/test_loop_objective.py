from __future__ import annotations

import pytest
import torch

from netcafe_face.trainer.distil.terms import DistilTerms
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.objective import Objective
from netcafe_face.trainer.loop.optimiser import build_optimiser, clip
from netcafe_face.trainer.losses.registry import build_loss
from netcafe_face.trainer.losses.sampling import RowSGD
from tests.trainer.kit import head_of


def embeddings(count: int = 6) -> torch.Tensor:
    return torch.randn(count, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()


def answers(count: int = 6) -> torch.Tensor:
    drawn = torch.randn(count, 8, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.normalize(drawn, dim=1)


def test_the_loss_looks_at_named_crops_and_the_teachers_at_all() -> None:
    torch.manual_seed(0)
    loss, terms = build_loss("arcface", 8, 3), DistilTerms(8, [8], 1.0, 1.0)
    given, labels = embeddings(), torch.tensor([0, -1, 2, -1, 1, 0])
    total, parts = Objective(loss, 0.5, terms)(given, labels, answers())
    named = labels >= 0
    assert parts["loss"].item() == pytest.approx(loss(given[named], labels[named]).item())
    assert parts["teachers"].item() == pytest.approx(terms(given, answers()).item())
    assert total.item() == pytest.approx(0.5 * parts["loss"].item() + parts["teachers"].item())


def test_a_batch_of_nobody_teaches_through_the_teachers_alone() -> None:
    objective = Objective(build_loss("arcface", 8, 3), 1.0, DistilTerms(8, [8], 1.0, 0.0))
    given = embeddings()
    total, parts = objective(given, torch.full((6,), -1), answers())
    assert set(parts) == {"teachers"}
    total.backward()
    assert given.grad is not None
    assert given.grad.abs().sum() > 0


def test_without_teachers_there_is_only_the_loss() -> None:
    objective = Objective(build_loss("softmax", 8, 3), 1.0, None)
    total, parts = objective(embeddings(), torch.tensor([0, 1, 2, 0, 1, 2]), torch.empty(6, 0))
    assert set(parts) == {"loss"}
    assert total.item() == parts["loss"].item()


def test_norms_and_biases_are_not_decayed() -> None:
    layer = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    for kind in ("sgd", "adamw"):
        made = build_optimiser(TrainConfig(optimiser=kind, weight_decay=0.1), [*layer.parameters()])
        decay = {
            id(weight): group["weight_decay"] for group in made.param_groups for weight in group["params"]
        }
        assert {tuple(w.shape): decay[id(w)] for w in layer.parameters()} == {(4, 3): 0.1, (4,): 0.0}


def test_gradients_are_shortened_together_to_the_longest_allowed() -> None:
    weights = [torch.nn.Parameter(torch.zeros(3)), torch.nn.Parameter(torch.zeros(4))]
    for weight, value in zip(weights, (3.0, 4.0), strict=True):
        weight.grad = torch.zeros_like(weight)
        weight.grad[0] = value
    assert clip(TrainConfig(clip=0), weights).item() == pytest.approx(5)
    assert weights[1].grad is not None
    assert weights[1].grad[0].item() == 4.0, "nothing is shortened where there is no limit"
    assert clip(TrainConfig(clip=1.0), weights).item() == pytest.approx(5)
    assert weights[1].grad[0].item() == pytest.approx(0.8, abs=1e-5)


def test_the_centres_of_sampled_classes_stay_in_main_memory() -> None:
    objective = Objective(build_loss("arcface", 8, 40, sample_rate=0.5), 1.0, None)
    assert head_of(objective.placed(torch.device("meta"))).weight.device.type == "cpu"
    whole = Objective(build_loss("arcface", 8, 40), 1.0, None)
    assert head_of(whole.placed(torch.device("meta"))).weight.device.type == "meta"


def test_sampled_classes_are_trained_by_their_rows_alone() -> None:
    config = TrainConfig(class_sample=0.5, clip=1e-3)
    loss = build_loss("arcface", 8, 40, sample_rate=0.5)
    optimiser = build_optimiser(config, [*loss.parameters()])
    assert isinstance(optimiser, RowSGD)
    before = loss.head.weight.detach().clone()  # type: ignore[union-attr]
    loss(embeddings(), torch.tensor([0, 1, 2, 3, 4, 5])).backward()
    assert clip(config, [*loss.parameters()]).item() > 1e-3
    optimiser.step()
    changed = (loss.head.weight != before).any(1)  # type: ignore[union-attr]
    assert 6 <= int(changed.sum()) <= 20
