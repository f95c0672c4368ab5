"""`demo`: the sample café from enrolment to the exported log, without camera, display or internet."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netcafe_face.cli import main
from netcafe_face.domain.errors import DiskFull
from netcafe_face.exports.readers import read_visits_csv
from netcafe_face.sample.people import PEOPLE
from netcafe_face.sample.script import SCRIPT
from netcafe_face.vision.images import read_image

MAIN = Path(__file__).resolve().parents[2] / "main.py"


def test_the_sample_cafe_runs_to_its_end_and_names_nobody_wrongly(tmp_path: Path) -> None:
    out = tmp_path / "out"
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, str(MAIN), "--data", str(tmp_path / "data"), "--lang", "en", "demo", "--json"]
    done = subprocess.run(
        [*command, "--out", str(out)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    codes = {person.key: person.code for person in PEOPLE}
    planned = {(stay.seat, codes[stay.person] or None) for stay in SCRIPT}
    named = {(visit["seat"], visit["code"]) for visit in told["visits"] if visit["code"]}
    assert named <= planned
    assert {code for _, code in named} == {person.code for person in PEOPLE if person.code}
    assert {visit["code"] for visit in told["visits"] if visit["state"] == "banned"} == {"SAMPLE-4"}
    assert any(visit["state"] == "stranger" for visit in told["visits"])

    exported = list(read_visits_csv(out / "visits.csv"))
    assert len(exported) == len(told["visits"])
    assert all(visit.sample for visit in exported)
    assert len(told["pictures"]) >= 6
    assert all(read_image(picture).std() > 10 for picture in told["pictures"])
    assert not (tmp_path / "data" / "database" / "gallery.db").exists()


def test_a_gallery_that_cannot_be_made_is_told_before_a_window_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_args: object) -> None:
        raise DiskFull(path="gallery.db")

    def opened(*_args: object) -> None:
        raise AssertionError("a window was opened")

    monkeypatch.setattr("netcafe_face.gallery.service.Gallery.open", full)
    monkeypatch.setattr("netcafe_face.cli.demo._show", opened)
    assert main(["--data", str(tmp_path / "data"), "--lang", "en", "demo"]) == DiskFull.exit_code
    assert "is full" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_a_demo_that_is_stopped_says_so(tmp_path: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, str(MAIN), "--data", str(tmp_path / "data"), "--lang", "en", "demo"]
    running = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    deadline = time.monotonic() + 120
    while not list((tmp_path / "out").glob("live-*.png")):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "Pictures of the window" not in out
    assert "Traceback" not in err
