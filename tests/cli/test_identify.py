"""`identify`: pictures, folders and videos in, names out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.vision.images import read_image, write_image
from tests.cli.counter import Counter
from tests.files_kit import SIX_PEOPLE, write_video

MAIN = Path(__file__).resolve().parents[2] / "main.py"


def test_an_enrolled_customer_is_named_and_the_others_are_not(counter: Counter) -> None:
    counter.enrol(2, "KH-1", "Trần Hoàng Minh Quân")
    picture = counter.json("identify", SIX_PEOPLE)[0]
    states = [face["state"] for face in picture["faces"]]
    named = [face for face in picture["faces"] if face["state"] == "known"]
    assert len(states) == 6
    assert [face["name"] for face in named] == ["Trần Hoàng Minh Quân"]
    assert named[0]["code"] == "KH-1"
    assert named[0]["similarity"] >= picture["threshold"]
    assert all(face["name"] is None for face in picture["faces"] if face not in named)


def test_a_banned_customer_is_named_and_marked(counter: Counter) -> None:
    counter.enrol(2, "KH-1", "Quân")
    counter.ok("customers", "ban", "KH-1", "--reason", "broke a headset")
    assert "Quân – Banned" in counter.ok("identify", counter.portrait(2))


def test_the_annotated_copy_is_written_and_the_picture_is_left_alone(counter: Counter) -> None:
    portrait = counter.portrait(0)
    before = portrait.read_bytes()
    out = counter.pictures / "kết quả.png"
    counter.ok("identify", portrait, "--out", out)
    assert portrait.read_bytes() == before
    assert read_image(out).shape == read_image(portrait).shape
    assert (read_image(out) != read_image(portrait)).any()


def test_a_folder_with_broken_files_gives_what_it_can(counter: Counter) -> None:
    counter.portrait(0)
    (counter.pictures / "empty.jpg").write_bytes(b"")
    (counter.pictures / "notes.txt").write_text("not a picture", "utf-8")
    (counter.pictures / "cut.png").write_bytes(counter.portrait(1).read_bytes()[:2000])
    status, out = counter.run("identify", counter.pictures, "--json")
    rows = {Path(row["file"]).name: row for row in json.loads(out)}
    assert status == 4
    assert rows["empty.jpg"]["error"] == rows["cut.png"]["error"] == "ImageUnreadable"
    assert len(rows["người 0.png"]["faces"]) == 1
    assert "notes.txt" not in rows


def test_a_missing_file_and_an_empty_folder_are_told(counter: Counter) -> None:
    status, _ = counter.run("identify", counter.pictures / "nowhere.jpg")
    assert status == 4
    assert "nowhere.jpg" in counter.err
    assert counter.json("identify", counter.pictures) == []


def test_a_video_tells_who_appeared(counter: Counter) -> None:
    counter.enrol(2, "KH-1", "Quân")
    frame = read_image(SIX_PEOPLE)
    clip = write_video(counter.pictures / "clip.mp4", [frame] * 12)
    told = counter.json("identify", clip, "--out", counter.pictures / "named.mp4")[0]
    assert told["complete"]
    assert told["frames"] == 12
    assert [person["name"] for person in told["people"] if person["state"] == "known"] == ["Quân"]
    assert (counter.pictures / "named.mp4").stat().st_size > 0


def test_ctrl_c_keeps_what_is_done(counter: Counter) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), dtype=np.uint8)
    for number in range(60):
        write_image(counter.pictures / f"{number:03}.jpg", noise)
    out = counter.pictures.parent / "out"
    command = [sys.executable, str(MAIN), "--data", str(counter.data), "identify", str(counter.pictures)]
    child = subprocess.Popen(
        [*command, "--out", str(out), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
    )
    until = time.monotonic() + 60
    while not list(out.glob("0*.jpg")) and time.monotonic() < until:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    printed, _ = child.communicate(timeout=60)
    done = json.loads(printed)
    assert child.returncode == 130
    assert 0 < len(done) < 60
    assert all(read_image(row["annotated"]).shape == noise.shape for row in done)
    assert not list(out.glob(".*"))


def test_a_pipe_or_a_device_with_a_pictures_name_is_refused_and_not_waited_for(counter: Counter) -> None:
    for name in ("pipe.jpg", "pipe.gif", "pipe.mp4"):
        os.mkfifo(counter.pictures / name)
        status, _ = counter.run("identify", counter.pictures / name)
        assert status == 4
        assert "it is not a file" in counter.err
    status, _ = counter.run("verify", counter.pictures / "pipe.jpg", counter.portrait(0))
    assert status == 4
    assert "it is not a file" in counter.err
    status, _ = counter.run("enrol", "KH-1", "Quân", counter.pictures / "pipe.jpg", "--consent", "form 1")
    assert status == 4
    assert "it is not a file" in counter.err


def test_a_refused_file_is_named_once(counter: Counter) -> None:
    counter.run("identify", counter.pictures / "nowhere.jpg")
    assert counter.err.count("nowhere.jpg") == 1


def test_a_folder_without_pictures_is_said_to_have_none(counter: Counter) -> None:
    assert counter.ok("identify", counter.pictures) == ""
    assert f"There is no picture that can be read in {counter.pictures}" in counter.err


def test_a_name_cannot_colour_or_move_the_terminal(counter: Counter) -> None:
    strange = counter.pictures / "red\x1b[31m\nname\u202e.png"
    counter.portrait(0).rename(strange)
    out = counter.ok("identify", strange)
    assert "red\\x1b[31m\\nname\\u202e.png: 1 face" in out
    assert Path(counter.json("identify", strange)[0]["file"]) == strange


def test_a_rate_that_is_no_number_is_wrongly_typed(counter: Counter) -> None:
    status, _ = counter.run("identify", counter.portrait(0), "--fps", "nan")
    assert status == 2
    assert "--fps" in counter.err


def test_what_fell_short_of_the_limit_does_not_look_as_if_it_had_reached_it(counter: Counter) -> None:
    counter.enrol(2, "KH-1", "Quân")
    row = counter.ok("identify", counter.portrait(2)).splitlines()[2]
    similarity, limit = row.split()[-2:]
    assert [len(value.split(".")[1]) for value in (similarity, limit)] == [3, 3]


def test_a_picture_that_may_not_be_read_does_not_stop_the_others(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, fine = counter.portrait(0), counter.portrait(1)
    locked.write_bytes(b"")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(locked) and allowed(path, mode))
    status, out = counter.run("identify", locked, fine)
    assert status == 4
    assert str(fine) in out
    assert str(locked) in counter.err


def test_json_says_the_same_where_the_terminal_knows_no_vietnamese(counter: Counter) -> None:
    counter.enrol(2, "KH-1", "Nguyễn Thị Ngọc Ánh")
    command = [sys.executable, str(MAIN), "--data", str(counter.data), "customers", "list", "--json"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert json.loads(done.stdout.decode("ascii"))[0]["name"] == "Nguyễn Thị Ngọc Ánh"


def test_a_video_stopped_with_ctrl_c_is_told_as_stopped(counter: Counter) -> None:
    frame = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), dtype=np.uint8)
    clip = write_video(counter.pictures / "clip.mp4", [frame] * 90)
    out = counter.pictures.parent / "out" / "named.mp4"
    command = [sys.executable, str(MAIN), "--data", str(counter.data), "identify", str(clip), "--json"]
    with subprocess.Popen(
        [*command, "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        until = time.monotonic() + 60
        while not list(out.parent.glob(".*")) and time.monotonic() < until:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        printed, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert json.loads(printed)[0]["complete"] is False
    assert json.loads(said)["error"] == "Cancelled"
    assert [path.name for path in out.parent.iterdir()] == ["named.mp4"]
