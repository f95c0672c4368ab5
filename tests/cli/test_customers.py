"""`enrol` and `customers`: a customer's way from consent to erasure."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.app import build
from netcafe_face.vision.images import write_image
from tests.cli.counter import Counter
from tests.files_kit import SIX_PEOPLE

MAIN = Path(__file__).resolve().parents[2] / "main.py"


def test_nobody_is_enrolled_without_a_word_about_their_consent(counter: Counter) -> None:
    for given in ([], ["--consent", "  "]):
        status, _ = counter.run("enrol", "KH-1", "Ánh", counter.portrait(0), *given)
        assert status == 6
        assert "consent" in counter.err
    assert counter.json("customers", "list") == []


def test_an_enrolled_customer_is_listed_and_shown_with_the_consent(counter: Counter) -> None:
    more = ("--birth-date", "2001-05-30", "--phone", "0901 234 567", "--keep-photo", "--operator", "Hà")
    told = counter.enrol(0, "KH-1", "Nguyễn Thị Ngọc Ánh", *more)
    assert "Nguyễn Thị Ngọc Ánh (KH-1) is enrolled with 1 picture." in told
    held = counter.json("customers", "show", "KH-1")
    assert held["birth_date"] == "2001-05-30"
    assert held["photo"]
    assert held["consents"][0]["how_given"] == "signed form 12"
    assert held["consents"][0]["operator"] == "Hà"
    assert held["consents"][0]["purposes"] == ["keep_photo", "recognition"]
    assert len(held["template_list"]) == 1
    assert not held["template_list"][0]["crop_kept"]
    assert "signed form 12" in counter.ok("customers", "show", "KH-1")


def test_names_are_found_without_their_accents(counter: Counter) -> None:
    counter.enrol(0, "KH-1", "Nguyễn Thị Ngọc Ánh")
    counter.enrol(2, "KH-2", "Đỗ Minh Quân")
    assert [c["code"] for c in counter.json("customers", "list", "nguyen")] == ["KH-1"]
    assert [c["code"] for c in counter.json("customers", "list", "do minh")] == ["KH-2"]
    assert "No customer was found." in (counter.ok("customers", "list", "xyz") or counter.err)


def test_poor_pictures_are_refused_with_a_reason(counter: Counter) -> None:
    wall = counter.pictures / "wall.png"
    write_image(wall, np.full((300, 300, 3), 128, np.uint8))
    for picture, words in ((wall, "No face"), (SIX_PEOPLE, "6 faces"), (Path("missing.png"), "missing.png")):
        status, _ = counter.run("enrol", "KH-1", "Ánh", picture, "--consent", "yes")
        assert status == 4
        assert words in counter.err


def test_a_good_picture_counts_beside_a_poor_one(counter: Counter) -> None:
    wall = counter.pictures / "wall.png"
    write_image(wall, np.full((300, 300, 3), 128, np.uint8))
    out = counter.ok("enrol", "KH-1", "Ánh", wall, counter.portrait(0), "--consent", "yes")
    assert "enrolled with 1 picture" in out
    assert "No face" in out


def test_one_person_does_not_get_two_names(counter: Counter) -> None:
    counter.enrol(0, "KH-1", "Ánh")
    status, _ = counter.run("enrol", "KH-2", "Somebody else", counter.portrait(0), "--consent", "yes")
    assert status == 4
    assert "KH-1" in counter.err
    counter.ok("enrol", "KH-2", "Twin", counter.portrait(0), "--consent", "yes", "--allow-lookalike")
    faces = counter.json("identify", counter.portrait(0))[0]["faces"]
    assert [face["state"] for face in faces] == ["undecided"]


@pytest.mark.parametrize("birth_date", ["30/05/2001", "2999-01-01", "2001-02-30"])
def test_a_birth_date_that_is_none_is_refused(counter: Counter, birth_date: str) -> None:
    status, _ = counter.run(
        "enrol", "KH-1", "Ánh", counter.portrait(0), "--consent", "yes", "--birth-date", birth_date
    )
    assert status == 4
    assert birth_date in counter.err


def test_rename_ban_and_unban(counter: Counter) -> None:
    counter.enrol(0, "KH-1", "Ánh")
    assert counter.json("customers", "rename", "KH-1", "Ngọc Ánh")["name"] == "Ngọc Ánh"
    assert counter.json("customers", "ban", "KH-1", "--reason", "smoked")["ban_reason"] == "smoked"
    assert [c["code"] for c in counter.json("customers", "list", "--status", "banned")] == ["KH-1"]
    assert counter.json("customers", "unban", "KH-1")["status"] == "active"


def test_deleting_asks_once_and_then_nobody_is_recognised(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.enrol(0, "KH-1", "Ánh")
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: "n")
    assert counter.run("customers", "delete", "KH-1")[0] == 130
    assert len(counter.json("customers", "list")) == 1
    counter.ok("customers", "delete", "KH-1", "--yes")
    assert counter.json("customers", "list") == []
    assert counter.json("identify", counter.portrait(0))[0]["faces"][0]["state"] == "stranger"


def test_a_withdrawn_consent_erases_the_face_but_not_the_card(counter: Counter) -> None:
    counter.enrol(0, "KH-1", "Ánh", "--keep-photo", "--keep-crops")
    told = counter.json("customers", "withdraw", "KH-1", "--yes")
    assert (told["status"], told["templates"], told["photo"]) == ("withdrawn", 0, False)
    assert counter.json("identify", counter.portrait(0))[0]["faces"][0]["state"] == "stranger"


def test_a_command_beside_the_open_window_is_seen_by_it_within_a_second(counter: Counter) -> None:
    cafe = build(counter.data)
    try:
        assert cafe.gallery.snapshot.templates == 0
        portrait = counter.portrait(0)
        command = [
            sys.executable,
            str(MAIN),
            "--data",
            str(counter.data),
            "enrol",
            "KH-1",
            "Ánh",
            str(portrait),
        ]
        done = subprocess.run(
            [*command, "--consent", "yes"], capture_output=True, text=True, env=os.environ, check=False
        )
        assert done.returncode == 0, done.stderr
        until = time.monotonic() + 5
        while not cafe.gallery.snapshot.templates and time.monotonic() < until:
            time.sleep(0.02)
        assert cafe.gallery.snapshot.templates == 1
    finally:
        cafe.close()


@pytest.mark.parametrize("command", ["delete", "withdraw"])
@pytest.mark.parametrize("answer", ["n\n", ""])
def test_who_says_no_changes_nothing_and_is_told_so(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, command: str, answer: str
) -> None:
    counter.enrol(0, "KH-1", "An")
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    status, out = counter.run("customers", command, "KH-1")
    assert (status, out) == (130, "")
    assert "Nothing was changed." in counter.err
    assert "kept" not in counter.err
    assert counter.json("customers", "show", "KH-1")["templates"] == 1


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone is the computer's")
def test_what_is_held_is_told_in_words_and_in_the_cafes_time(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.enrol(0, "KH-1", "An", "--keep-photo")
    given = datetime.fromisoformat(counter.json("customers", "show", "KH-1")["consents"][0]["given_at"])
    monkeypatch.setenv("TZ", "ICT-7")
    time.tzset()
    try:
        out = counter.ok("customers", "show", "KH-1")
    finally:
        monkeypatch.undo()
        time.tzset()
    hanoi = given.astimezone(timezone(timedelta(hours=7)))
    assert f"{hanoi:%Y-%m-%d %H:%M}, " in out
    assert "Consent: recognition, keep a photo; signed form 12; " in out
    assert ": from a picture, quality" in out
