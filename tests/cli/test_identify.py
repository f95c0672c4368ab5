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
    assert "Quân – banned" in counter.ok("identify", counter.portrait(2))


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
