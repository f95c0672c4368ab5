"""The same bytes on both sides of the split are found, in folders and tars, whatever the files are called."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Literal

import pytest

from netcafe_face.trainer.data.split import is_held_out
from netcafe_face.trainer.data.twins import on_both_sides, twins_across_split
from netcafe_face.trainer.errors import DataUnusable

NAMES = [f"{number}.jpg" for number in range(20)]
KEPT = [name for name in NAMES if is_held_out(name)]
TRAINED = [name for name in NAMES if not is_held_out(name)]


def photos(folder: Path, **same: str) -> Path:
    """Write files of one size that all differ, but for those that are to hold the same text."""
    folder.mkdir(parents=True)
    for name in NAMES:
        text = same.get(name.removesuffix(".jpg"), f"{folder.name} {name:>8}")
        (folder / name).write_bytes(text.encode())
    return folder


def stem(name: str) -> str:
    return name.removesuffix(".jpg")


def test_both_the_held_out_file_and_the_one_to_train_on_are_named(tmp_path: Path) -> None:
    same = {stem(KEPT[0]): "one photo", stem(TRAINED[0]): "one photo", stem(TRAINED[1]): "one photo"}
    (found,) = twins_across_split([(photos(tmp_path / "set", **same), False)])
    assert found == {KEPT[0], *TRAINED[:2]}


def test_equal_files_of_one_side_are_no_matter(tmp_path: Path) -> None:
    same = dict.fromkeys(map(stem, KEPT[:2]), "held out") | dict.fromkeys(map(stem, TRAINED[:2]), "to train")
    assert twins_across_split([(photos(tmp_path / "set", **same), False)]) == [set()]


def test_the_other_side_may_lie_in_another_place(tmp_path: Path) -> None:
    one = photos(tmp_path / "one", **{stem(KEPT[0]): "one photo"})
    two = photos(tmp_path / "two", **{stem(TRAINED[0]): "one photo"})
    assert twins_across_split([(one, False), (two, False)]) == [{KEPT[0]}, {TRAINED[0]}]
    assert twins_across_split([(one, False)]) == [set()]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_tars_are_searched_as_folders_are(tmp_path: Path, mode: Literal["w", "w:gz"]) -> None:
    same = {stem(KEPT[0]): "one photo", stem(TRAINED[0]): "one photo"}
    folder = photos(tmp_path / "set", **same)
    with tarfile.open(tmp_path / "set.tar", mode) as tar:
        for name in reversed(NAMES):
            tar.add(folder / name, name)
    assert twins_across_split([(tmp_path / "set.tar", False)]) == [{KEPT[0], TRAINED[0]}]


def test_where_folders_name_people_their_names_decide(tmp_path: Path) -> None:
    for name in ("Serena_Williams", "Tony_Blair", "Colin_Powell"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(b"alone" if name == "Colin_Powell" else b"equal")
    assert twins_across_split([(tmp_path, True)]) == [{"Serena_Williams/1.jpg", "Tony_Blair/1.jpg"}]
    assert twins_across_split([(tmp_path, False)]) == [set()]


def test_a_missing_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable):
        twins_across_split([(tmp_path / "missing", False)])
    assert twins_across_split([]) == []


def test_only_what_both_sides_have_is_on_both_sides() -> None:
    assert on_both_sides([("a", True), ("a", False), ("b", True), ("c", False), ("c", False)]) == {"a"}
    assert on_both_sides([]) == set[str]()
