from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.trainer.data.crops import CropRecord, CropSet, joined, load_crops, save_crops
from netcafe_face.trainer.errors import DataUnusable


def crops(*names: str, group: str = "set", held_out: tuple[str, ...] = ()) -> CropSet:
    pixels = np.random.default_rng(3).integers(0, 256, (len(names), 112, 112, 3), dtype=np.uint8)
    records = tuple(
        CropRecord(name, f"{name}/{n}.jpg", group, name in held_out, 61.5, 0.93)
        for n, name in enumerate(names)
    )
    return CropSet(pixels, records)


def test_crops_come_back_as_they_were_saved(tmp_path: Path) -> None:
    saved = crops("Nguyễn Văn An", "", "b")
    save_crops(tmp_path / "made", saved)
    read = load_crops(tmp_path / "made")
    assert np.array_equal(read.crops_bgr, saved.crops_bgr)
    assert read.records == saved.records
    assert isinstance(read.crops_bgr, np.memmap), "the pixels stay on disk until they are used"
    assert {file.name for file in (tmp_path / "made").iterdir()} == {"crops.npy", "crops.json"}


def test_a_set_without_any_crop_can_be_kept_too(tmp_path: Path) -> None:
    save_crops(tmp_path, crops())
    assert len(load_crops(tmp_path)) == 0


def test_crops_can_be_saved_over_the_very_files_they_are_read_from(tmp_path: Path) -> None:
    save_crops(tmp_path, crops("a", "b"))
    before = np.array(load_crops(tmp_path).crops_bgr)
    save_crops(tmp_path, load_crops(tmp_path))
    assert np.array_equal(load_crops(tmp_path).crops_bgr, before)


def test_classes_are_numbered_in_the_order_of_names_and_nobody_is_minus_one() -> None:
    labels, names = crops("zoe", "", "an", "zoe").labels()
    assert names == ("an", "zoe")
    assert labels.tolist() == [1, -1, 0, 1]
    assert labels.dtype == np.int64


def test_what_is_held_out_and_what_is_trained_on_are_two_halves_of_the_set() -> None:
    every = crops("a", "b", "", "c", held_out=("b", "c"))
    assert [record.name for record in every.training().records] == ["a", ""]
    assert [record.name for record in every.held_out().records] == ["b", "c"]
    assert [record.name for record in every.training().labelled().records] == ["a"]
    assert np.array_equal(every.held_out().crops_bgr[1], every.crops_bgr[3])


def test_crops_are_chosen_by_mask_or_by_number() -> None:
    every = crops("a", "b", "c")
    assert every.select([2, 0]).records == (every.records[2], every.records[0])
    assert every.select(np.array([False, True, False])).records == (every.records[1],)
    assert len(every.select([])) == 0


def test_several_sets_become_one() -> None:
    one, other = crops("a", group="one"), crops("b", "c", group="other")
    both = joined([one, other])
    assert [record.group for record in both.records] == ["one", "other", "other"]
    assert np.array_equal(both.crops_bgr[0], one.crops_bgr[0])
    assert joined([one]) is one
    with pytest.raises(ValueError, match="no sets"):
        joined([])


def test_crops_of_another_shape_type_or_number_are_refused() -> None:
    good = crops("a", "b")
    with pytest.raises(ValueError, match="uint8"):
        CropSet(good.crops_bgr[:, :100], good.records)
    with pytest.raises(ValueError, match="float64"):
        CropSet(good.crops_bgr.astype(float), good.records)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="2 crops but 1 records"):
        CropSet(good.crops_bgr, good.records[:1])


def test_a_folder_whose_writing_was_interrupted_is_not_taken_for_a_set(tmp_path: Path) -> None:
    save_crops(tmp_path, crops("a"))
    (tmp_path / "crops.json").unlink()
    with pytest.raises(DataUnusable, match="no finished crops"):
        load_crops(tmp_path)


@pytest.mark.parametrize("kept", [0, 20, 128, 5000])
def test_truncated_pixels_are_refused(tmp_path: Path, kept: int) -> None:
    save_crops(tmp_path, crops("a"))
    whole = (tmp_path / "crops.npy").read_bytes()
    (tmp_path / "crops.npy").write_bytes(whole[:kept])
    with pytest.raises(DataUnusable, match="damaged"):
        load_crops(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1, "records": [{"name": 1}]}'])
def test_damaged_records_are_refused(tmp_path: Path, text: str) -> None:
    save_crops(tmp_path, crops("a"))
    (tmp_path / "crops.json").write_text(text)
    with pytest.raises(DataUnusable, match="damaged"):
        load_crops(tmp_path)


def test_crops_of_a_later_format_are_refused_by_name(tmp_path: Path) -> None:
    save_crops(tmp_path, crops("a"))
    (tmp_path / "crops.json").write_text(json.dumps({"format": 2, "records": []}))
    with pytest.raises(DataUnusable, match="format 2"):
        load_crops(tmp_path)


def test_records_of_another_number_than_crops_are_refused(tmp_path: Path) -> None:
    save_crops(tmp_path, crops("a"))
    body = json.loads((tmp_path / "crops.json").read_text())
    body["records"] *= 2
    (tmp_path / "crops.json").write_text(json.dumps(body))
    with pytest.raises(DataUnusable, match="1 crops but 2 records"):
        load_crops(tmp_path)


def test_a_pickle_in_the_place_of_pixels_is_not_opened(tmp_path: Path) -> None:
    save_crops(tmp_path, crops("a"))
    np.save(tmp_path / "crops.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataUnusable):
        load_crops(tmp_path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataUnusable, match="file"):
        save_crops(tmp_path / "file" / "crops", crops("a"))


def test_what_is_known_of_a_crop_cannot_be_changed_by_accident() -> None:
    record = crops("a").records[0]
    assert replace(record, held_out=True) != record
    with pytest.raises(AttributeError):
        record.held_out = True  # type: ignore[misc]
