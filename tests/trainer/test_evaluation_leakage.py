"""Whoever was trained on is not tested on, unless a person allows it by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from netcafe_face.trainer.data.crops import CropSet, load_crops, save_crops
from netcafe_face.trainer.errors import DataUnusable, LeakageFound, OptionsRefused
from netcafe_face.trainer.evaluation.leakage import check_leakage, pictures_in, seen_in
from netcafe_face.vision.alignment import align
from netcafe_face.vision.images import read_image
from tests.files_kit import SIX_PEOPLE, six_faces
from tests.trainer.evaluation_kit import crop_set, crops_of, people

TEST = ["Ann_Lee", "Ann_Lee", "Bob", "Trần Thị Hoa"]


def listed(folder: Path, *lines: str) -> Path:
    path = folder / "names.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_strangers_pass_and_the_report_says_what_was_compared(tmp_path: Path) -> None:
    found = check_leakage(TEST, crops_of(TEST), seen_in(listed(tmp_path, "# people", "", "Carl", "Dora")))
    assert (found.names, found.pictures) == ((), 0)
    assert found.sentence().startswith("Nothing of the test was found in the training data")
    assert found.sentence().endswith("names.txt: names were compared.")


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
    assert found.sentence().endswith("names and pictures, near-duplicates included, were compared.")
    assert len(seen.names) == 3
    assert len(seen.prints) == 6
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
    allowed = check_leakage([*TEST, "An_Alias"], test, seen, ["An_Alias"])
    assert (allowed.names, allowed.pictures) == ((), 1)
    assert "1 of its pictures" in allowed.sentence()


def test_the_same_photo_saved_again_is_found_and_another_photo_of_the_person_is_not(tmp_path: Path) -> None:
    group = read_image(SIX_PEOPLE)
    faces = np.stack([align(group, face.detection.landmarks) for face in six_faces()])
    records = crop_set([""] * len(faces)).records
    save_crops(tmp_path / "crops", CropSet(faces, tuple(replace(each, held_out=False) for each in records)))
    seen = seen_in(tmp_path / "crops")
    again = [cv2.imdecode(cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 1) for face in faces]
    assert (np.stack(again) != faces).any(axis=(1, 2, 3)).all()
    assert pictures_in(np.stack(again).astype(np.uint8), seen.prints) == [True] * 6
    mirrored = np.ascontiguousarray(faces[:, :, ::-1])
    assert pictures_in(mirrored, seen.prints) == [False] * 6
    with pytest.raises(LeakageFound, match="a person without a name"):
        check_leakage([""] * 6, np.stack(again).astype(np.uint8), seen)


def test_pictures_of_one_colour_are_the_same_only_to_the_last_bit(tmp_path: Path) -> None:
    plain = np.full((2, 112, 112, 3), 90, np.uint8)
    save_crops(tmp_path / "crops", CropSet(plain, crop_set(people(held_out=0, trained=1, each=2)).records))
    seen = seen_in(tmp_path / "crops")
    assert pictures_in(np.stack([plain[0], plain[0] + 1]).astype(np.uint8), seen.prints) == [True, False]


def test_a_test_without_names_is_not_said_to_show_strangers(tmp_path: Path) -> None:
    save_crops(tmp_path / "crops", crop_set([*people(held_out=0, trained=3, each=2), "", ""]))
    seen = seen_in(tmp_path / "crops")
    said = check_leakage([""] * 4, crops_of(TEST, seed=9), seen).sentence()
    assert said.startswith("Nothing of the test was found in the training data")
    assert "crops: pictures, near-duplicates included, were compared." in said
    assert "4 of the test's 4 crops have no name, so it is not known whether their people were" in said
    some = check_leakage(["Ann_Lee", "", "Bob", ""], crops_of(TEST, seed=9), seen).sentence()
    assert "crops: names and pictures, near-duplicates included, were compared." in some
    assert "2 of the test's 4 crops have no name" in some
    unnamed = sum(
        not record.name and not record.held_out for record in load_crops(tmp_path / "crops").records
    )
    assert f"Of the training data {unnamed} crops have no name." in some


def test_names_alone_say_nothing_about_a_test_without_names(tmp_path: Path) -> None:
    said = check_leakage([""] * 4, crops_of(TEST), seen_in(listed(tmp_path, "Ann_Lee"))).sentence()
    assert said.startswith("Nothing of the test could be compared with the training data")
    assert "4 of the test's 4 crops have no name" in said


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
