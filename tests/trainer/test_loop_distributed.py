from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import nn

from netcafe_face.trainer.data.crops import save_crops
from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.distributed import ALONE, JoinedGroup, best_device, joined_group
from netcafe_face.trainer.loop.synced import SyncedBatchNorm, with_synced_norms
from netcafe_face.trainer.loop.training import train
from tests.trainer.kit import curve, finished, fit_options, people, plan, start, tiny, write_teacher
from tests.trainer.two_processes import in_double


@pytest.mark.timeout(400)  # torch is imported by four processes
def test_two_processes_have_the_curve_of_one_with_the_same_batch(tmp_path: Path) -> None:
    teacher = write_teacher(tmp_path / "teacher.onnx", dim=12)
    config = tiny(
        loss="softmax",
        teachers=(f"arcface:{teacher}",),
        mixtures=10,
        batch=24,
        dim=32,
        steps=5,
        validate_every=1,
        warmup=0,
        learning_rate=0.002,
    )
    crops = people(training=12, held_out=20, each=2)
    save_crops(tmp_path / "crops", crops)
    two = two_processes(tmp_path, config)
    train(plan(tmp_path / "one", config, crops))
    train(in_double(plan(tmp_path / "one-double", config, crops)))
    assert two.count("answered for 10 of 10 crops") == 1, "one process asks and speaks for both"
    measured = ("objective", "loss", "teachers", "gradient")
    for one, other in zip(curve(tmp_path / "one-double"), curve(tmp_path / "two-double"), strict=True):
        assert numbers(other, *measured) == pytest.approx(numbers(one, *measured), rel=1e-9)
    assert farthest(tmp_path / "one-double", tmp_path / "two-double") < 1e-9
    # In float32, other ways of summing are told apart by their rounding, which every step magnifies.
    ours, theirs = curve(tmp_path / "one"), curve(tmp_path / "two")
    assert [row["step"] for row in ours] == [row["step"] for row in theirs] == list("12345")
    assert numbers(theirs[0], *measured) == pytest.approx(numbers(ours[0], *measured), rel=1e-3)
    for one, other in zip(ours, theirs, strict=True):
        assert numbers(other, "objective") == pytest.approx(numbers(one, "objective"), rel=0.05)
    saved = [checkpoint.load(tmp_path / name / "last.pt")["backbone"] for name in ("one", "two")]
    assert list(saved[0]) == list(saved[1]), "what is saved is a plain network"


def two_processes(folder: Path, config: TrainConfig) -> str:
    torchrun = [sys.executable, "-P", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    program = [*torchrun, "-m", "tests.trainer.two_processes", str(folder), str(config)]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    process = start([*program, *fit_options(config)], NEXT_PORT=port)
    out, err = finished(process)
    assert process.returncode == 0, err
    return out


def numbers(row: dict[str, str], *names: str) -> list[float]:
    return [float(row[name]) for name in names]


def farthest(one: Path, two: Path) -> float:
    """The largest difference between the weights and statistics of two runs."""
    gaps = [0.0]
    weights, others = (checkpoint.load(folder / "last.pt") for folder in (one, two))
    for part in ("backbone", "ema", "objective"):
        gaps += [float((value - others[part][name]).abs().max()) for name, value in weights[part].items()]
    return max(gaps)


@pytest.fixture
def group(tmp_path: Path) -> Iterator[JoinedGroup]:
    """A group of one process that does all that many do."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meeting", rank=0, world_size=1)
    try:
        yield JoinedGroup()
    finally:
        dist.destroy_process_group()


def network() -> nn.Sequential:
    torch.manual_seed(0)
    made = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5), nn.BatchNorm1d(5)
    )
    nn.init.uniform_(made[1].weight)
    nn.init.uniform_(made[1].bias)
    return made


def test_a_synced_norm_gives_the_numbers_and_gradients_of_a_plain_one(group: JoinedGroup) -> None:
    plain, synced = network(), group.synced(network())
    assert sum(isinstance(layer, SyncedBatchNorm) for layer in synced.modules()) == 2
    for seed in range(3):
        images = 3 * torch.randn(7, 2, 6, 6, generator=torch.Generator().manual_seed(seed)) + 1
        one, other = (images.clone().requires_grad_() for _ in range(2))
        wanted, got = plain(one), synced(other)
        assert torch.allclose(wanted, got, atol=1e-5)
        for result in (wanted, got):
            (result**3).sum().backward()
        assert one.grad is not None
        assert other.grad is not None
        assert torch.allclose(one.grad, other.grad, rtol=1e-3, atol=1e-4)
    for ours, theirs in zip(plain.parameters(), synced.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert torch.allclose(ours.grad, theirs.grad, rtol=1e-3, atol=1e-3)
    assert list(synced.state_dict()) == list(plain.state_dict())
    for buffer, other in zip(plain.buffers(), synced.buffers(), strict=True):
        assert torch.allclose(buffer.float(), other.float(), atol=1e-5)
    assert torch.allclose(plain.eval()(images), synced.eval()(images), atol=1e-5)


def test_a_synced_norm_keeps_the_very_weights_it_replaces(group: JoinedGroup) -> None:
    plain = network()
    weights = [*plain.parameters()]
    assert with_synced_norms(plain, torch.device("cpu")) is plain
    assert all(one is other for one, other in zip(weights, plain.parameters(), strict=True))


def test_gradients_flow_into_ones_own_embeddings(group: JoinedGroup) -> None:
    own = torch.randn(4, 3).requires_grad_()
    embeddings, labels, answers = group.gathered(own, torch.arange(4), torch.empty(4, 0))
    assert torch.equal(embeddings, own)
    assert labels.tolist() == [0, 1, 2, 3]
    assert answers.shape == (4, 0)
    embeddings.sum().backward()
    assert own.grad is not None
    assert own.grad.eq(1).all()


def test_gradients_are_summed_and_those_of_unused_weights_left_alone(group: JoinedGroup) -> None:
    layers = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    layers[0](torch.ones(1, 2)).sum().backward()
    before = layers[0].weight.grad.clone()  # type: ignore[union-attr,operator]
    group.sum_gradients(layers)
    assert torch.equal(layers[0].weight.grad, before)  # type: ignore[arg-type]
    assert layers[1].weight.grad is None


def test_all_processes_do_what_the_first_one_says(group: JoinedGroup) -> None:
    assert group.from_first(lambda: {"accuracy": 0.5}) == {"accuracy": 0.5}
    assert group.in_turn(lambda: "asked") == "asked"
    assert group.agreed(True)
    assert not group.agreed(False)


def test_one_process_alone_needs_no_others() -> None:
    layers = network()
    assert ALONE.synced(layers) is layers
    assert ALONE.first
    assert ALONE.from_first(lambda: 5) == ALONE.in_turn(lambda: 5) == 5
    assert ALONE.agreed(True)
    assert not ALONE.agreed(False)
    own = torch.zeros(2, 3)
    assert ALONE.gathered(own, torch.zeros(2), torch.zeros(2, 0))[0] is own


def test_without_torchrun_a_run_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined_group() as found:
        assert (found.rank, found.size, found.device) == (0, 1, best_device())
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    with joined_group() as found:
        assert found.size == 1
        assert not dist.is_initialized()


def test_processes_that_cannot_find_each_other_are_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MASTER_ADDR", "MASTER_PORT", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "two")
    with pytest.raises(OptionsRefused, match="must be numbers"), joined_group():
        pass
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(OptionsRefused, match="do not find each other"), joined_group():
        pass


def test_every_process_has_a_gpu_of_its_own_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert best_device(1) == torch.device("cuda", 1)
    with pytest.raises(OptionsRefused, match="process 3 of this machine has no GPU: there are 2"):
        best_device(2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert best_device(7) == torch.device("cpu")
