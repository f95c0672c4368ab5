"""Whoever was trained on is not tested on, unless a person allows it by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netcafe_face.trainer.data.crops import save_crops
from netcafe_face.trainer.errors import DataUnusable, LeakageFound, OptionsRefused
from netcafe_face.trainer.evaluation.leakage import check_leakage, seen_in
from tests.trainer.evaluation_kit import crop_set, crops_of, people

TEST = ["Ann_Lee", "Ann_Lee", "Bob", "Trần Thị Hoa"]


def listed(folder: Path, *lines: str) -> Path:
    path = folder / "names.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_strangers_pass_and_the_report_says_what_was_compared(tmp_path: Path) -> None:
    found = check_leakage(TEST, crops_of(TEST), seen_in(listed(tmp_path, "# people", "", "Carl", "Dora")))
    assert (found.names, found.pictures) == ((), 0)
    assert found.sentence().endswith("names.txt (names compared).")
    assert found.sentence().startswith("Nobody of the test is in the training data")


@pytest.mark.parametrize("written", ["Ann_Lee", "ann lee", "ANN  LEE", " Ann_Lee "])
def test_one_person_in_both_stops_the_run_however_the_name_is_written(tmp_path: Path, written: str) -> None:
    with pytest.raises(LeakageFound, match="1 people are in the training and in the test: Ann_Lee"):
        check_leakage(TEST, crops_of(TEST), seen_in(listed(tmp_path, "Carl", written)))


def test_vietnamese_names_are_one_in_either_form_of_unicode(tmp_path: Path) -> None:
    decomposed = "Tra\u0302\u0300n Thi\u0323 Hoa"
    with pytest.raises(LeakageFound, match="Trần Thị Hoa"):
        check_leakage(TEST, crops_of(TEST), seen_in(listed(tmp_path, decomposed)))


def test_a_person_allowed_by_name_is_let_through_and_named_in_the_report(tmp_path: Path) -> None:
    seen = seen_in(listed(tmp_path, "Ann_Lee", "Bob"))
    with pytest.raises(LeakageFound, match=r"1 people .*: Bob"):
        check_leakage(TEST, crops_of(TEST), seen, ["ann lee"])
    found = check_leakage(TEST, crops_of(TEST), seen, ["Ann_Lee", "Bob"])
    assert found.names == ("Ann_Lee", "Bob")
    assert "ALLOWED BY NAME: 2 people" in found.sentence()
    assert "too good" in found.sentence()


def test_a_misspelt_allowance_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(OptionsRefused, match="“Anne_Lee” was allowed but is not in the test"):
        check_leakage(TEST, crops_of(TEST), seen_in(listed(tmp_path, "Ann_Lee")), ["Anne_Lee"])


def test_of_a_folder_of_crops_only_the_part_for_training_was_seen(tmp_path: Path) -> None:
    names = people(held_out=2, trained=3, each=2)
    crops = crop_set(names)
    save_crops(tmp_path / "crops", crops)
    seen = seen_in(tmp_path / "crops")
    held = crops.held_out()
    found = check_leakage([record.name for record in held.records], held.crops_bgr, seen)
    assert "(names and pictures compared)" in found.sentence()
    assert len(seen.names) == 3
    assert len(seen.pictures) == 6
    train = crops.training()
    with pytest.raises(LeakageFound, match="3 people"):
        check_leakage([record.name for record in train.records], train.crops_bgr, seen)


def test_the_same_picture_under_another_name_is_found(tmp_path: Path) -> None:
    crops = crop_set(people(held_out=0, trained=3, each=2)).training()
    save_crops(tmp_path / "crops", crops)
    seen = seen_in(tmp_path / "crops")
    test = np.concatenate([crops_of(TEST, seed=9), crops.crops_bgr[:1]])
    with pytest.raises(LeakageFound, match=r"1 people .*: An_Alias"):
        check_leakage([*TEST, "An_Alias"], test, seen)
    with pytest.raises(LeakageFound, match="a person without a name"):
        check_leakage([*TEST, ""], test, seen)
    changed = test.copy()
    changed[-1, 0, 0, 0] ^= 1
    assert check_leakage([*TEST, "An_Alias"], changed, seen).pictures == 0
    allowed = check_leakage([*TEST, "An_Alias"], test, seen, ["An_Alias"])
    assert (allowed.names, allowed.pictures) == ((), 1)
    assert "1 of its pictures" in allowed.sentence()


def test_many_shared_people_are_counted_and_some_are_named(tmp_path: Path) -> None:
    names = [f"P{number:02d}" for number in range(25)]
    with pytest.raises(LeakageFound) as caught:
        check_leakage(names, crops_of(names), seen_in(listed(tmp_path, *names)))
    assert str(caught.value).startswith("25 people")
    assert "P09 …" in str(caught.value)
    assert "P10" not in str(caught.value)


def test_a_list_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match="it names nobody"):
        seen_in(listed(tmp_path, "# only a comment"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataUnusable, match="not text in UTF-8"):
        seen_in(tmp_path / "binary")
    with pytest.raises(DataUnusable, match="No such file"):
        seen_in(tmp_path / "missing.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataUnusable, match="no finished crops"):
        seen_in(tmp_path / "empty")
