from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from netcafe_face.trainer.cli.fit import fit_command
from netcafe_face.trainer.cli.root import run
from netcafe_face.trainer.data.crops import save_crops
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.losses.registry import LOSSES
from tests.trainer.kit import (
    curve,
    differences,
    finished,
    fit_options,
    nameless,
    people,
    real_crops,
    tiny,
    trainer,
    write_teacher,
)


def fit(folder: Path, config: TrainConfig, *more: str, out: str = "run") -> int:
    """Type `fit` with the crops of a folder."""
    where = [
        "--data",
        str(folder / "crops"),
        "--out",
        str(folder / out),
        "--answers",
        str(folder / "answers"),
    ]
    return run(["fit", *where, "--no-tensorboard", *more, *fit_options(config)])


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    save_crops(tmp_path / "crops", people())
    return tmp_path


def test_a_run_is_typed_and_says_how_it_ended(crops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(crops, tiny(steps=4, validate_every=2)) == 0
    told = capsys.readouterr()
    best = checkpoint.load(crops / "run" / "best.pt")
    assert f"done after 4 steps; best accuracy {best['best']:.4f} at step {best['best_step']}" in told.out
    assert "step 2: accuracy 0." in told.err
    assert {file.name for file in (crops / "run").iterdir()} == {
        ".lock",
        "run.json",
        "curve.csv",
        "last.pt",
        "best.pt",
    }


def test_the_help_names_every_loss() -> None:
    words = " ".join(fit_command.get_help(click.Context(fit_command)).replace(",", " ").split())
    assert {*LOSSES, "none"} <= set(words.split())


def test_several_sets_are_learned_from_together(crops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_crops(crops / "crowd", nameless(real_crops()))
    teacher = write_teacher(crops / "teacher.onnx", dim=16)
    config = tiny(steps=2, loss="none", teachers=(f"arcface:{teacher}",), mixtures=4)
    assert fit(crops, config, "--data", str(crops / "crowd")) == 0
    assert "teacher.onnx answered for 24 of 24 crops" in capsys.readouterr().out
    assert checkpoint.read_record(crops / "run")["data"]["groups"] == {"crowd": 8, "made-up": 16}


def test_without_people_to_validate_with_it_says_so_and_what_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_crops(tmp_path / "crops", people(held_out=2))
    assert fit(tmp_path, tiny(steps=2)) == 0
    told = capsys.readouterr().out
    assert "Nothing is validated" in told
    assert f"done after 2 steps; kept in {tmp_path / 'run'}" in told


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"loss": "magface"}, 2, "no loss is called magface"),
        ({"backbone": "vgg"}, 2, "vgg"),
        ({"teachers": ("arcface:missing.onnx",)}, 4, "missing.onnx"),
        ({"start_from": "missing.pt"}, 4, "missing.pt"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    crops: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], code: int, told: str
) -> None:
    assert fit(crops, tiny(**changes)) == code
    assert told in capsys.readouterr().err


def test_crops_that_are_not_finished_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "crops").mkdir()
    assert fit(tmp_path, tiny()) == 4
    assert "make them with `prepare`" in capsys.readouterr().err


def test_without_a_compiler_it_says_so_and_trains(
    crops: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert fit(crops, tiny(steps=2, compiled=True)) == 0
    told = capsys.readouterr()
    assert "without torch.compile" in told.err
    assert "no C++ compiler" in told.err
    assert "done after 2 steps" in told.out


def wait_for(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.timeout(400)
def test_ctrl_c_saves_the_run_and_the_same_command_goes_on(
    crops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny(steps=150, batch=4, checkpoint_every=10, workers=1, validate_every=75)
    where = ["--data", crops / "crops", "--out", crops / "run", "--no-tensorboard"]
    process = trainer("fit", *where, *fit_options(config))
    wait_for(process, lambda: (crops / "run" / "last.pt").exists())
    process.send_signal(signal.SIGINT)
    out, err = finished(process)
    assert process.returncode == 130, err
    reached = checkpoint.load(crops / "run" / "last.pt")["step"]
    assert 10 <= reached < 150
    assert f"interrupted after {reached} steps" in out
    assert fit(crops, config) == 0
    assert "done after 150 steps" in capsys.readouterr().out
    assert fit(crops, config, out="whole") == 0
    assert differences(crops / "run", crops / "whole") == []
    assert curve(crops / "run") == curve(crops / "whole")
