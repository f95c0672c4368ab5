from __future__ import annotations

import re
import time

import pytest

from netcafe_face.trainer.loop.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_at_a_terminal_one_line_is_written_over_a_few_times_a_second(
    clock: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    progress = Progress(total=1000, first=0, per_step=64)
    for step in range(100):
        clock[0] += 0.1
        progress.show(step, {"objective": 1.25})
    told = capsys.readouterr().err
    assert 25 <= told.count("\r\x1b[K") <= 34
    assert "\n" not in told
    assert "640 images/s" in told
    assert "objective 1.25" in told


def test_the_time_left_follows_from_the_pace(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(total=7400, first=100, per_step=8)
    clock[0] += 100
    progress.show(199, {})
    assert "step 200/7400  8 images/s  2:00:00 left" in capsys.readouterr().err


def test_in_a_log_lines_are_seldom_but_the_last_step_is_always_told(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress(total=100, first=0, per_step=8)
    for step in range(100):
        clock[0] += 1.0
        progress.show(step, {"objective": 2.0})
    lines = capsys.readouterr().err.splitlines()
    assert [int(re.findall(r"step (\d+)/100", line)[0]) for line in lines] == [30, 60, 90, 100]


def test_what_is_said_stays(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    Progress(10, 0, 8).say("accuracy 0.97")
    assert capsys.readouterr().err == "\r\x1b[Kaccuracy 0.97\n"
