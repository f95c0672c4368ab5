from __future__ import annotations

import math
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.data.crops import CropSet, save_crops
from netcafe_face.trainer.errors import Diverged, RunUnusable
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.config import SCHEDULES
from netcafe_face.trainer.loop.schedule import learning_rate
from netcafe_face.trainer.loop.training import Plan, train
from netcafe_face.trainer.loop.validation import Score, embed
from netcafe_face.trainer.losses.registry import LOSSES
from tests.trainer.kit import (
    curve,
    differences,
    finished,
    fit_options,
    nameless,
    people,
    plan,
    real_crops,
    tiny,
    trainer,
    write_teacher,
)

CPU = torch.device("cpu")


def after(checks: int) -> Callable[[], bool]:
    """Ask to stop after so many steps."""
    left = [checks]

    def should_stop() -> bool:
        left[0] -= 1
        return left[0] < 0

    return should_stop


def scored(made: Plan, *accuracies: float) -> Plan:
    """Let evaluations come out as given, the last one again and again."""
    waiting = list(accuracies)

    def validate(network: nn.Module, device: torch.device) -> Score:
        return Score(waiting.pop(0) if len(waiting) > 1 else waiting[0], 0.5)

    made.validate = validate
    return made


def test_two_people_are_learned_by_heart(tmp_path: Path) -> None:
    two = people(training=2)
    config = tiny(steps=60, augment="none", schedule="constant", ema=0.0, learning_rate=0.05)
    made = plan(tmp_path / "run", config, two)
    made.validate = None
    state = train(made)
    assert state.step == 60
    kept = checkpoint.load(tmp_path / "run" / "last.pt")
    assert float(curve(tmp_path / "run")[-1]["loss"]) < 0.1
    network = build_backbone(config.backbone, config.dim)
    network.load_state_dict(kept["backbone"])
    rows = embed(network, np.asarray(two.training().crops_bgr), CPU)
    centres = nn.functional.normalize(kept["objective"]["loss.head.weight"], dim=1).numpy()
    assert ((rows @ centres.T).argmax(1) == two.training().labels()[0]).all()
    cosines = rows @ rows.T
    same = two.training().labels()[0][:, None] == two.training().labels()[0]
    assert cosines[same].min() > cosines[~same].max(), "one's pictures are nearest to each other"


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains(tmp_path: Path, loss: str) -> None:
    state = train(plan(tmp_path / "run", tiny(loss=loss, steps=2)))
    assert state.step == 2
    last = checkpoint.load(tmp_path / "run" / "last.pt")
    assert all(torch.isfinite(value.float()).all() for value in last["backbone"].values())
    assert math.isfinite(float(curve(tmp_path / "run")[-1]["loss"]))


def test_sampled_classes_train_and_go_on_exactly(tmp_path: Path) -> None:
    config = tiny(class_sample=0.6, steps=4)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(plan(whole, config))
    train(plan(parts, config), after(2))
    train(plan(parts, config))
    assert differences(whole, parts) == []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"workers": 1},
        {"optimiser": "adamw", "learning_rate": 0.002, "schedule": "warmup-stable-decay"},
        {"loss": "triplet"},
        {"loss": "a-softmax", "ema": 0.0, "clip": 0.0},
    ],
    ids=["sgd", "worker", "adamw", "triplet", "annealed"],
)
def test_a_run_that_was_interrupted_goes_on_exactly(tmp_path: Path, changes: dict[str, Any]) -> None:
    config = tiny(validate_every=3, checkpoint_every=4, **changes)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(plan(whole, config))
    for steps in (2, 3):
        torch.manual_seed(99)  # what else was drawn in the new process does not matter
        assert train(plan(parts, config), after(steps)).step in (2, 5)
    assert train(plan(parts, config)).step == 6
    assert differences(whole, parts) == []
    assert curve(whole) == curve(parts)
    assert [row["step"] for row in curve(whole)] == ["3", "6"]


def test_a_run_whose_plug_was_pulled_repeats_what_came_after_its_checkpoint(tmp_path: Path) -> None:
    config = tiny(steps=8, validate_every=2, checkpoint_every=4)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(plan(whole, config))
    train(plan(parts, config), after(4))
    shutil.copytree(parts, tmp_path / "kept")
    train(plan(parts, config), after(3))  # its curve now has a row of step 6, but its checkpoint …
    (tmp_path / "kept" / "last.pt").replace(parts / "last.pt")  # … is of step 4 again
    train(plan(parts, config))
    assert curve(whole) == curve(parts)
    assert [row["step"] for row in curve(parts)] == ["2", "4", "6", "8"]
    assert differences(whole, parts) == []


def test_the_same_seed_gives_the_same_run_and_another_one_another(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        train(plan(tmp_path / name, tiny(steps=2, seed=seed)))
    assert differences(tmp_path / "one", tmp_path / "again") == []
    assert "backbone" in differences(tmp_path / "one", tmp_path / "other")


def test_a_killed_process_loses_at_most_one_checkpoint_interval(tmp_path: Path) -> None:
    config, crops = tiny(steps=120, checkpoint_every=4), people(held_out=0)
    save_crops(tmp_path / "crops", crops)
    killed = tmp_path / "killed"
    where = ["--data", tmp_path / "crops", "--out", killed, "--no-tensorboard"]
    process = trainer("fit", *where, *fit_options(config))
    wait_for(lambda: (killed / "last.pt").exists() or process.poll() is not None)
    seen = checkpoint.load(killed / "last.pt")["step"]
    process.send_signal(signal.SIGKILL)
    finished(process)
    assert process.returncode == -signal.SIGKILL, "it was still at work"
    reached = checkpoint.load(killed / "last.pt")["step"]
    assert seen <= reached < 120
    assert reached % 4 == 0
    assert train(plan(killed, config, crops)).step == 120
    train(plan(tmp_path / "whole", config, crops))
    assert differences(tmp_path / "whole", killed) == []
    assert curve(tmp_path / "whole") == curve(killed)


def wait_for(happened: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


@pytest.mark.parametrize("file", ["truncated", "code", "other"])
def test_a_checkpoint_that_cannot_be_gone_on_with_is_said(tmp_path: Path, file: str) -> None:
    config = tiny(steps=2)
    train(plan(tmp_path / "run", config))
    last = tmp_path / "run" / "last.pt"
    if file == "truncated":
        last.write_bytes(last.read_bytes()[:5000])
    elif file == "code":
        torch.save({"backbone": print}, last)
    else:
        train(plan(tmp_path / "other", tiny(steps=2, dim=8)))
        shutil.copy(tmp_path / "other" / "last.pt", last)
    with pytest.raises(RunUnusable, match=r"last\.pt"):
        train(plan(tmp_path / "run", replace(config, steps=4)))


def test_a_loss_that_is_no_number_stops_the_run_before_anything_is_saved(tmp_path: Path) -> None:
    config = tiny(steps=6, checkpoint_every=1)
    train(plan(tmp_path / "run", config), after(2))
    made = plan(tmp_path / "run", config)
    made.objective.register_forward_hook(lambda _module, _args, result: (result[0] * math.nan, result[1]))
    with pytest.raises(Diverged, match=r"step 3 the loss is no longer a number\. Take a lower"):
        train(made)
    last = checkpoint.load(tmp_path / "run" / "last.pt")
    assert last["step"] == 2
    assert torch.isfinite(last["backbone"]["stem.0.weight"]).all()


def test_a_gradient_that_is_no_number_stops_the_run_too(tmp_path: Path) -> None:
    made = plan(tmp_path / "run", tiny())
    next(made.backbone.parameters()).register_hook(lambda gradient: gradient * math.inf)
    with pytest.raises(Diverged, match="step 1 the gradient"):
        train(made)


def test_a_network_that_breaks_just_before_an_evaluation_has_diverged(tmp_path: Path) -> None:
    def broken(network: torch.nn.Module, device: torch.device) -> Score:
        raise FloatingPointError("the network's answers are no longer numbers")

    prepared = plan(tmp_path, tiny(steps=4, validate_every=2))
    prepared.validate = broken
    with pytest.raises(Diverged, match="at step 2 the network's answers are no longer numbers"):
        train(prepared)


def test_a_far_too_high_learning_rate_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match="lower learning rate"):
        train(plan(tmp_path / "run", tiny(learning_rate=1e30, loss="softmax", clip=0.0, steps=20)))


def test_training_stops_when_validation_has_not_risen_for_long(tmp_path: Path) -> None:
    config = tiny(steps=20, validate_every=2, patience=2)
    state = train(scored(plan(tmp_path / "run", config), 0.6, 0.7, 0.65, 0.7, 0.9))
    assert state.stopped_early
    assert (state.step, state.best, state.best_step) == (8, 0.7, 4)
    assert checkpoint.load(tmp_path / "run" / "best.pt")["step"] == 4
    again = train(scored(plan(tmp_path / "run", config), 0.9))
    assert again.step == 8, "asked again, it has nothing more to do"
    more = train(scored(plan(tmp_path / "run", replace(config, patience=4)), 0.65))
    assert more.step == 12, "with more patience it goes on"


def test_the_best_and_the_last_state_are_kept(tmp_path: Path) -> None:
    config = tiny(steps=6, validate_every=2)
    train(scored(plan(tmp_path / "run", config), 0.6, 0.9, 0.7))
    best, last = (checkpoint.load(tmp_path / "run" / name) for name in ("best.pt", "last.pt"))
    assert (best["step"], last["step"]) == (4, 6)
    assert (last["best"], last["best_step"], last["since_best"]) == (0.9, 4, 1)
    assert [row["accuracy"] for row in curve(tmp_path / "run")] == ["0.6", "0.9", "0.7"]


def test_where_nothing_validates_the_last_state_is_the_best(tmp_path: Path) -> None:
    state = train(plan(tmp_path / "run", tiny(steps=3), people(held_out=0)))
    best = checkpoint.load(tmp_path / "run" / "best.pt")
    assert best["step"] == state.step == 3
    assert state.best_step == 0


def test_what_is_validated_are_the_averaged_weights(tmp_path: Path) -> None:
    made = plan(tmp_path / "run", tiny(steps=4, validate_every=2))
    measured: list[nn.Module] = []
    before = made.validate
    assert before is not None
    made.validate = lambda network, device: (measured.append(network), before(network, device))[1]
    train(made)
    assert made.backbone not in measured
    kept = checkpoint.load(tmp_path / "run" / "last.pt")
    assert torch.equal(measured[-1].state_dict()["stem.0.weight"], kept["ema"]["stem.0.weight"])
    assert not torch.equal(kept["ema"]["stem.0.weight"], kept["backbone"]["stem.0.weight"])


def test_without_averaging_the_weights_themselves_are_validated(tmp_path: Path) -> None:
    made = plan(tmp_path / "run", tiny(steps=2, ema=0.0))
    train(made)
    assert checkpoint.load(tmp_path / "run" / "best.pt")["ema"] is None


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_each_step_has_the_rate_of_its_schedule(tmp_path: Path, schedule: str) -> None:
    config = tiny(steps=3, schedule=schedule)
    train(plan(tmp_path / "run", config, people(held_out=0)))
    mean = sum(learning_rate(config, step) for step in range(3)) / 3
    assert float(curve(tmp_path / "run")[-1]["rate"]) == pytest.approx(mean)
    last = checkpoint.load(tmp_path / "run" / "last.pt")["optimiser"]["param_groups"]
    assert {group["lr"] for group in last} == {learning_rate(config, 2)}


def test_gradients_are_clipped(tmp_path: Path) -> None:
    changes = []
    for clip in (0.0, 1e-6):
        config = tiny(steps=1, clip=clip, ema=0.0, weight_decay=0.0)
        made = plan(tmp_path / str(clip), config, people(held_out=0))
        before = [weight.detach().clone() for weight in made.backbone.parameters()]
        train(made)
        after_step = [weight.detach() for weight in made.backbone.parameters()]
        changes.append(max(float((a - b).abs().max()) for a, b in zip(after_step, before, strict=True)))
    assert changes[1] < 1e-6 < changes[0]


def test_a_student_comes_nearer_to_its_teacher(tmp_path: Path) -> None:
    teacher = write_teacher(tmp_path / "teacher.onnx", dim=16)
    config = tiny(
        loss="none",
        teachers=(f"arcface:{teacher}",),
        mixtures=20,
        steps=60,
        augment="none",
        schedule="constant",
        optimiser="adamw",
        learning_rate=0.01,
    )
    crops = CropSet(
        np.concatenate([people(held_out=0).crops_bgr, real_crops()]),
        people(held_out=0).records + nameless(real_crops()).records,
    )
    train(plan(tmp_path / "run", config, crops))
    first, last = (float(row["teachers"]) for row in curve(tmp_path / "run"))
    assert last < 0.75 * first


def test_a_loss_and_teachers_of_other_lengths_train_together(tmp_path: Path) -> None:
    paths = [write_teacher(tmp_path / f"{n}.onnx", dim=6 + n, seed=n) for n in range(2)]
    config = tiny(teachers=tuple(f"imagenet:{path}" for path in paths), mixtures=6)
    train(plan(tmp_path / "run", config))
    row = curve(tmp_path / "run")[-1]
    assert float(row["objective"]) == pytest.approx(float(row["loss"]) + float(row["teachers"]), rel=1e-5)
    kept = checkpoint.load(tmp_path / "run" / "last.pt")
    assert "teachers.projections.1.weight" in kept["objective"]
    assert not any("projection" in name for name in kept["backbone"]), "the exported network has none"


def test_a_run_that_is_done_has_nothing_to_do_and_can_be_made_longer(tmp_path: Path) -> None:
    config = tiny(steps=2, schedule="constant")
    train(plan(tmp_path / "run", config))
    written = (tmp_path / "run" / "last.pt").stat().st_mtime_ns
    assert train(plan(tmp_path / "run", config)).step == 2
    assert (tmp_path / "run" / "last.pt").stat().st_mtime_ns == written
    assert train(plan(tmp_path / "run", replace(config, steps=4))).step == 4
    train(plan(tmp_path / "whole", replace(config, steps=4, validate_every=2)))
    assert "backbone" not in differences(tmp_path / "run", tmp_path / "whole")


def test_a_run_from_before_means_were_kept_goes_on(tmp_path: Path) -> None:
    config = tiny(steps=4)
    train(plan(tmp_path / "run", config), after(2))
    last = tmp_path / "run" / "last.pt"
    checkpoint.save(last, {name: value for name, value in checkpoint.load(last).items() if name != "means"})
    assert train(plan(tmp_path / "run", config)).step == 4
