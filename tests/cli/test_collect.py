"""`collect`: a person's face from a video becomes a folder of crops, as `main.py` runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.cli.collect import coverage_lines
from netcafe_face.cli.keys import typed_lines
from netcafe_face.domain.faces import Image
from netcafe_face.pipeline.collect import Coverage
from netcafe_face.vision.images import read_image, write_image
from tests.cli.counter import Counter
from tests.files_kit import SIX_PEOPLE, write_video

REPOSITORY = Path(__file__).resolve().parents[2]


def lit(image_bgr: Image, gain: float) -> Image:
    return np.clip(image_bgr.astype(np.float32) * gain, 0, 255).astype(np.uint8)


@pytest.fixture
def clip(counter: Counter) -> Path:
    """One person in four lights, each in two frames."""
    head = read_image(counter.portrait(2))
    head = head[: head.shape[0] // 2 * 2, : head.shape[1] // 2 * 2]
    frames = [lit(head, gain) for gain in (1.0, 0.8, 0.62, 0.46) for _ in range(2)]
    return write_video(counter.pictures / "clip.mp4", frames)


def arguments(counter: Counter, source: object, *more: object) -> list[object]:
    return ["collect", "Trần Quân", source, "--out", counter.data / "people", "--consent", "signed 32", *more]


def test_a_video_of_one_person_becomes_a_folder_of_crops(counter: Counter, clip: Path) -> None:
    out = counter.ok(*arguments(counter, clip))
    folder = counter.data / "people" / "Trần Quân"
    crops = sorted(folder.glob("*.png"))
    assert len(crops) == 4
    assert all(read_image(crop).shape == (112, 112, 3) for crop in crops)
    assert "4 pictures were recorded; Trần Quân has 4" in out
    assert "nearly the same as another 4" in out
    consents = json.loads((folder / "consent.json").read_text(encoding="utf-8"))["consents"]
    assert [(one["how_given"], one["source"]) for one in consents] == [("signed 32", "clip.mp4")]


def test_a_second_run_adds_what_is_new_and_stops_at_the_count(counter: Counter, clip: Path) -> None:
    first = counter.json(*arguments(counter, clip, "--count", 2))
    assert (first["recorded"], first["total"]) == (2, 2)
    again = counter.json(*arguments(counter, clip, "--count", 3))
    assert (again["recorded"], again["total"]) == (1, 3)
    enough = counter.json(*arguments(counter, clip, "--count", 3))
    assert (enough["recorded"], enough["total"]) == (0, 3)
    assert sum(sum(sum(row.values()) for row in light.values()) for light in enough["coverage"].values()) == 3


def test_a_folder_of_pictures_can_be_recorded_from_too(counter: Counter) -> None:
    counter.portrait(2)
    assert counter.json(*arguments(counter, counter.pictures))["recorded"] == 1


def test_without_consent_nothing_is_recorded(counter: Counter, clip: Path) -> None:
    status, _ = counter.run("collect", "Quân", clip, "--out", counter.data / "people")
    assert status == 6
    assert "consent" in counter.err
    assert not (counter.data / "people").exists()


def test_pictures_of_several_people_give_nothing_and_the_status_says_so(counter: Counter) -> None:
    crowd = counter.pictures / "crowd"
    crowd.mkdir()
    write_image(crowd / "group.png", read_image(SIX_PEOPLE))
    status, out = counter.run(*arguments(counter, crowd))
    assert status == 4
    assert "several faces 1" in out
    assert not (counter.data / "people").exists()


def test_a_name_or_source_that_cannot_be_is_refused(counter: Counter, clip: Path) -> None:
    people = counter.data / "people"
    assert counter.run("collect", "../Quân", clip, "--out", people, "--consent", "x")[0] == 4
    assert counter.run(*arguments(counter, counter.pictures / "missing.mp4"))[0] == 4
    assert counter.run(*arguments(counter, "gopher://host/stream"))[0] == 4
    assert not people.exists()


def test_a_camera_that_cannot_be_opened_ends_it_and_says_why(counter: Counter) -> None:
    status, out = counter.run(*map(str, arguments(counter, "rtsp://127.0.0.1:9/x")))
    assert status == 7
    assert "127.0.0.1" in counter.err
    assert out == ""


def test_the_table_of_poses_and_light_has_each_count_in_its_place() -> None:
    coverage = Coverage()
    coverage.counts[:] = np.arange(27).reshape(3, 3, 3)
    lines = coverage_lines(coverage)
    assert [line.split() for line in lines[2:]] == [
        ["up", "0", "9", "18", "1", "10", "19", "2", "11", "20"],
        ["level", "3", "12", "21", "4", "13", "22", "5", "14", "23"],
        ["down", "6", "15", "24", "7", "16", "25", "8", "17", "26"],
    ]
    assert lines[1].split() == ["left", "front", "right"] * 3


# --- at a terminal -----------------------------------------------------------------------------------------

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")


@posix
def test_what_is_typed_is_read_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard, terminal = os.openpty()
    with os.fdopen(terminal, "r", encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        typed = typed_lines()
        assert typed() == []
        os.write(keyboard, b"\nq\n")
        waited = [*typed()]
        deadline = time.monotonic() + 5
        while len(waited) < 2 and time.monotonic() < deadline:
            waited += typed()
        assert waited == ["", "q"]
    os.close(keyboard)


def test_where_there_is_no_terminal_nothing_is_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "stdin").write_text("q\n")
    with (tmp_path / "stdin").open(encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert typed_lines()() == []


@pytest.fixture
def endless(counter: Counter) -> Path:
    """A folder with so many pictures that a recording lasts until it is stopped."""
    head = read_image(counter.portrait(2))
    folder = counter.pictures / "endless"
    folder.mkdir()
    for number in range(600):
        write_image(folder / f"{number:04d}.jpg", lit(head, 0.5 + number / 1200))
    return folder


def started(counter: Counter, source: Path, stdin: int) -> subprocess.Popen[str]:
    given = [*arguments(counter, source, "--least-change", 0), "--json"]
    program = "import sys; from netcafe_face.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "--data", str(counter.data), "--lang", "en"]
    return subprocess.Popen(
        [*command, *map(str, given)],
        cwd=REPOSITORY,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def wait_for_crops(counter: Counter, running: subprocess.Popen[str], count: int) -> None:
    folder = counter.data / "people" / "Trần Quân"
    deadline = time.monotonic() + 90
    while len(list(folder.glob("*.png"))) < count:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def keyboard() -> Iterator[tuple[int, int]]:
    if sys.platform == "win32":
        pytest.skip("needs a POSIX terminal")
    ends = os.openpty()
    yield ends
    for end in ends:
        os.close(end)


def test_enter_pauses_and_goes_on_and_q_ends(
    counter: Counter, endless: Path, keyboard: tuple[int, int]
) -> None:
    typing, terminal = keyboard
    running = started(counter, endless, terminal)
    wait_for_crops(counter, running, 3)
    os.write(typing, b"\n")
    time.sleep(1.5)
    folder = counter.data / "people" / "Trần Quân"
    paused_at = len(list(folder.glob("*.png")))
    time.sleep(0.7)
    assert len(list(folder.glob("*.png"))) == paused_at
    os.write(typing, b"\n")
    wait_for_crops(counter, running, paused_at + 2)
    os.write(typing, b"q\n")
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    told = json.loads(out)
    assert told["total"] == len(list(folder.glob("*.png"))) >= paused_at + 2
    assert told["frames"]["paused"] == 0, "no picture of a file is lost while it is paused"
    assert len({path.stem.rpartition("-")[0] for path in folder.glob("*.png")}) == 2


@posix
def test_ctrl_c_ends_it_and_keeps_what_was_recorded(counter: Counter, endless: Path) -> None:
    running = started(counter, endless, subprocess.DEVNULL)
    wait_for_crops(counter, running, 3)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in err
    folder = counter.data / "people" / "Trần Quân"
    crops = list(folder.glob("*.png"))
    assert len(crops) - json.loads(out)["total"] in (0, 1), "one may have been written at that very moment"
    assert all(read_image(crop).shape == (112, 112, 3) for crop in crops)
    assert (folder / "consent.json").is_file()
    assert not [path for path in folder.iterdir() if path.suffix not in (".png", ".json")]
