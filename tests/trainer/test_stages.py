"""A network learns stage by stage from a teacher's inside, and the whole is better for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from netcafe_face.domain.errors import Cancelled
from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.backbones.staged import StagedNetwork
from netcafe_face.trainer.cli.root import run
from netcafe_face.trainer.cli.stages import stages_command
from netcafe_face.trainer.data.crops import save_crops
from netcafe_face.trainer.distil.answers import Question
from netcafe_face.trainer.distil.maps import ask_maps
from netcafe_face.trainer.distil.teacher import Teacher
from netcafe_face.trainer.errors import Diverged, OptionsRefused, RunUnusable
from netcafe_face.trainer.export.runs import load_run
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.stages.learning import Lessons, StageRun, stage_loss
from tests.trainer.kit import MAPS, people, real_crops, write_staged_teacher, write_teacher


@pytest.fixture
def places(tmp_path: Path) -> Path:
    save_crops(tmp_path / "crops", people(training=6, held_out=0))
    write_staged_teacher(tmp_path / "teacher.onnx")
    return tmp_path


def stage_wise(places: Path, *more: object, out: str = "run", maps: tuple[str, ...] = MAPS) -> None:
    words = ["--data", places / "crops", "--out", places / out, "--answers", places / "answers"]
    words += ["--teacher", f"arcface:{places / 'teacher.onnx'}", "--no-compiled", "--threads", 1]
    words += [word for name in maps for word in ("--map", name)]
    words += ["--mixtures", 8, "--batch", 8, *(more or ("--steps", 3))]
    stages_command.main([str(word) for word in words], standalone_mode=False)


def student(places: Path, out: str = "run") -> torch.nn.Module:
    return load_run(places / out).backbone


def losses(network: torch.nn.Module, places: Path) -> list[float]:
    """Return how far each stage is from the teacher, given what the teacher has before it."""
    teacher, crops = Teacher(places / "teacher.onnx", "arcface", MAPS), real_crops()
    store = ask_maps(teacher, Question(crops, 8, "measured"), places / "answers", 1)
    lessons = Lessons(crops, store, teacher.embed(crops))
    assert isinstance(network, StagedNetwork)
    pairs = [lessons.pair(number, np.arange(8)) for number in range(5)]
    with torch.no_grad():
        found = [stage(given) for stage, (given, _) in zip(network.stages, pairs, strict=True)]
        return [float(stage_loss(one, wanted)) for one, (_, wanted) in zip(found, pairs, strict=True)]


def test_every_stage_comes_closer_to_the_teacher_than_random_weights(places: Path) -> None:
    stage_wise(places, "--steps", 16, "--learning-rate", 0.005)
    torch.manual_seed(1)
    before = losses(build_backbone("plain-staged", 24).eval(), places)
    after = losses(student(places), places)
    assert all(now < then for now, then in zip(after, before, strict=True)), (before, after)
    assert sum(after) < 0.6 * sum(before)


def test_the_same_seed_gives_the_same_weights(places: Path) -> None:
    stage_wise(places)
    stage_wise(places, out="again")
    one, other = student(places).state_dict(), student(places, "again").state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_stopped_it_goes_on_with_the_stage_it_was_at(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original, began = StageRun._stage, []

    def stop_in_third(self: StageRun, number: int, should_stop: Callable[[], bool]) -> bool:
        began.append(number)
        return number != 2 and original(self, number, should_stop)

    monkeypatch.setattr(StageRun, "_stage", stop_in_third)
    with pytest.raises(Cancelled):
        stage_wise(places)
    monkeypatch.setattr(StageRun, "_stage", original)
    assert checkpoint.load(places / "run" / "best.pt")["stages"] == 2
    stage_wise(places)
    stage_wise(places, out="whole")
    assert began == [0, 1, 2]
    one, other = student(places).state_dict(), student(places, "whole").state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_begun_with_it_names_it_as_its_first_stage(places: Path) -> None:
    stage_wise(places)
    record = load_run(places / "run").stages[0]
    assert record.step == 5 * 3
    assert record.command.startswith("python3 main.py train stages --data crops/made-up --teacher arcface:")
    assert f"--map {MAPS[3]}" in record.command
    assert str(places) not in record.command


def test_a_teacher_of_another_build_is_refused_before_it_is_asked(places: Path) -> None:
    with pytest.raises(OptionsRefused, match="stages give"):
        stage_wise(places, maps=MAPS[:2])
    with pytest.raises(OptionsRefused, match="stages give"):
        stage_wise(places, maps=(MAPS[1], MAPS[0], MAPS[2], MAPS[3]))
    assert not (places / "answers").exists()


def test_a_folder_with_another_run_is_left_alone(places: Path) -> None:
    stage_wise(places)
    with pytest.raises(RunUnusable, match="seed"):
        stage_wise(places, "--seed", 2)
    with pytest.raises(RunUnusable, match="steps"):
        stage_wise(places, "--steps", 4)
    with pytest.raises(RunUnusable, match="other maps"):
        stage_wise(places, maps=(MAPS[0], MAPS[2], MAPS[1], MAPS[3]))


def test_a_checkpoint_of_another_network_is_refused(places: Path) -> None:
    stage_wise(places)
    checkpoint.save(places / "run" / "best.pt", {"backbone": {}, "stages": 1, "seconds": 0.0})
    with pytest.raises(RunUnusable, match="another network"):
        stage_wise(places)


def test_a_loss_that_is_no_number_any_more_ends_the_run(places: Path) -> None:
    with pytest.raises(Diverged, match="stage 1"):
        stage_wise(places, "--learning-rate", 1e30)


def test_a_teacher_without_such_a_tensor_is_told_in_one_line(
    places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_teacher(places / "other.onnx")
    words = ["--data", places / "crops", "--out", places / "run", "--map", "nowhere"]
    words += ["--teacher", f"arcface:{places / 'other.onnx'}"]
    assert run(["stages", *(str(word) for word in words)]) != 0
    assert "Traceback" not in capsys.readouterr().err


def test_every_stage_has_the_shape_its_map_has() -> None:
    network = build_backbone("plain-staged", 32).eval()
    assert isinstance(network, StagedNetwork)
    shapes, features = [], torch.zeros(2, 3, 112, 112)
    for stage in network.stages:
        features = stage(features)
        shapes.append(tuple(features.shape[1:]))
    assert shapes == [(64, 28, 28), (128, 14, 14), (128, 14, 14), (128, 7, 7), (32,)]
