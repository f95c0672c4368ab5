"""An environment is used only where it was finished and its Python may be run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from netcafe_face.startup.environment import UNFINISHED, interpreter, is_ready


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    python = interpreter(tmp_path)
    python.parent.mkdir()
    python.touch(mode=0o755)
    return tmp_path


def test_a_finished_environment_is_used(folder: Path) -> None:
    assert is_ready(folder, ())


def test_an_unfinished_one_is_not(folder: Path) -> None:
    (folder / UNFINISHED).touch()
    assert not is_ready(folder, ())


def test_one_without_a_python_is_not(tmp_path: Path) -> None:
    assert not is_ready(tmp_path, ())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permission")
def test_one_whose_python_may_not_be_run_is_not(folder: Path) -> None:
    interpreter(folder).chmod(0o644)
    assert not is_ready(folder, ())
