"""`verify`: two pictures in, same person or not."""

from __future__ import annotations

import json
import math

import cv2
import numpy as np

from netcafe_face.vision.images import read_image, write_image
from tests.cli.counter import Counter
from tests.files_kit import SIX_PEOPLE


def test_the_same_person_in_another_light_and_size_is_the_same(counter: Counter) -> None:
    picture = read_image(counter.portrait(2))
    other = counter.pictures / "later.jpg"
    dim = np.clip(picture.astype(np.float32) * 0.8 + 6, 0, 255).astype(np.uint8)
    write_image(other, np.asarray(cv2.resize(dim, None, fx=1.4, fy=1.4), dtype=np.uint8))
    told = counter.json("verify", counter.portrait(2), other)
    assert told["answer"] == "same"
    assert told["similarity"] >= told["threshold_same"]
    assert math.isclose(math.cos(math.radians(told["angle_degrees"])), told["similarity"], abs_tol=1e-3)


def test_two_people_are_different_and_the_exit_status_says_so(counter: Counter) -> None:
    status, out = counter.run("verify", counter.portrait(2), counter.portrait(5))
    assert status == 1
    assert "Different people." in out
    assert "θ" in out


def test_the_two_crops_are_written(counter: Counter) -> None:
    out = counter.pictures / "crops"
    counter.run("verify", counter.portrait(0), counter.portrait(1), "--out", out)
    assert [read_image(path).shape for path in sorted(out.iterdir())] == [(112, 112, 3)] * 2


def test_a_picture_without_a_face_and_one_with_several_are_told_apart(counter: Counter) -> None:
    empty = counter.pictures / "wall.png"
    write_image(empty, np.full((300, 300, 3), 128, np.uint8))
    status, _ = counter.run("verify", counter.portrait(0), empty)
    assert status == 4
    assert "No face was found" in counter.err
    status, _ = counter.run("verify", counter.portrait(0), SIX_PEOPLE)
    assert status == 4
    assert "6 faces" in counter.err
    status, _ = counter.run("verify", counter.portrait(0), SIX_PEOPLE, "--largest")
    assert status in (0, 1, 3)


def test_a_list_of_pairs_is_answered_line_by_line(counter: Counter) -> None:
    for number in (0, 2):
        counter.portrait(number)
    pairs = counter.pictures / "pairs.csv"
    lines = ["người 0.png,người 0.png", "người 0.png,người 2.png", "người 0.png,missing.png"]
    pairs.write_text("\n".join(lines), "utf-8")
    status, out = counter.run("verify", "--pairs", pairs, "--json")
    rows = json.loads(out)
    assert status == 4
    assert [row["answer"] for row in rows] == ["same", "different", "error"]
    assert "missing.png" in rows[2]["message"]
    assert len(counter.run("verify", "--pairs", pairs)[1].splitlines()) == 3


def test_an_empty_list_is_an_empty_answer(counter: Counter) -> None:
    pairs = counter.pictures / "pairs.csv"
    pairs.write_text("", "utf-8")
    assert counter.json("verify", "--pairs", pairs) == []


def test_one_picture_alone_is_refused(counter: Counter) -> None:
    assert counter.run("verify", counter.portrait(0))[0] == 4
    assert (
        counter.run("verify", counter.portrait(0), counter.portrait(1), "--pairs", counter.portrait(0))[0]
        == 4
    )


def test_a_bad_line_leaves_the_json_of_the_pairs_before_it_whole(counter: Counter) -> None:
    pairs = counter.pictures / "pairs.csv"
    pairs.write_text(f"{counter.portrait(0)},{counter.portrait(1)}\nonly one\n", "utf-8")
    status, out = counter.run("verify", "--pairs", pairs, "--json")
    assert status == 4
    assert [row["line"] for row in json.loads(out)] == [1]
    assert json.loads(counter.err)["error"] == "PairLineUnreadable"


def test_a_list_that_is_a_picture_or_a_folder_is_refused(counter: Counter) -> None:
    status, out = counter.run("verify", "--pairs", counter.portrait(0))
    assert (status, out) == (4, "")
    assert "\x00" not in counter.err
    status, _ = counter.run("verify", "--pairs", counter.pictures)
    assert status == 4
    assert "The list of pairs" in counter.err


def test_control_characters_in_a_list_do_not_reach_the_terminal(counter: Counter) -> None:
    name = counter.portrait(0).name
    pairs = counter.pictures / "pairs.csv"
    pairs.write_text(f"{name},{name}\nabsent\x01.png,{name}\n", "utf-8")
    status, out = counter.run("verify", "--pairs", pairs)
    assert status == 4
    assert [len(line.split("\t")) for line in out.splitlines()] == [6, 6]
    assert "\x01" not in out
