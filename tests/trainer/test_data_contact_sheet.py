"""Sheets of small pictures show every picture in its place, with a label that can be read."""

from __future__ import annotations

import numpy as np
import pytest

from netcafe_face.domain.faces import Image
from netcafe_face.trainer.data.augment import AUGMENTATIONS, STRENGTHS
from netcafe_face.trainer.data.augmentation_sheet import augmentation_sheet
from netcafe_face.trainer.data.contact_sheet import CELL_PX, contact_sheet
from netcafe_face.trainer.data.crops import CropRecord, CropSet
from netcafe_face.trainer.errors import DataUnusable
from tests.files_kit import six_faces

STEP_PX = 116


def plain(colour: tuple[int, int, int], height: int = 112, width: int = 112) -> Image:
    return np.full((height, width, 3), colour, dtype=np.uint8)


RED, BLUE, GREEN = (0, 0, 255), (255, 0, 0), (0, 255, 0)


def cell(sheet: Image, row: int, column: int) -> Image:
    left = sheet.shape[1] - STEP_PX * ((sheet.shape[1] - 190) // STEP_PX) + STEP_PX * column
    top = 4 + STEP_PX * row
    return sheet[top : top + CELL_PX, left : left + CELL_PX]


def test_every_picture_stands_in_its_row_and_column() -> None:
    sheet = contact_sheet([[plain(RED), plain(BLUE)], [plain(GREEN)]], ["one", "two"])
    assert (cell(sheet, 0, 0) == RED).all()
    assert (cell(sheet, 0, 1) == BLUE).all()
    assert (cell(sheet, 1, 0) == GREEN).all()
    assert (cell(sheet, 1, 1) == 255).all()


def test_a_picture_keeps_its_shape() -> None:
    sheet = contact_sheet([[plain(RED, 50, 200), plain(BLUE, 2000, 1000), plain(GREEN, 1, 1)]], ["wide"])
    wide, high, dot = (cell(sheet, 0, column) for column in range(3))
    assert (wide[42:70] == RED).all()
    assert (wide[:41] == 255).all()
    assert (high[:, 28:84] == BLUE).all()
    assert (high[:, :27] == 255).all()
    assert (dot == GREEN).all()


def test_labels_are_written_beside_their_rows_and_not_over_pictures() -> None:
    label = "Nguyễn_Thị_Ngọc_Ánh\n" + "A_name_longer_than_any_line_could_be " * 20
    sheet = contact_sheet([[plain(RED)], [plain(RED)]], [label, ""])
    assert (sheet[:STEP_PX, :190] < 128).any()
    assert (sheet[STEP_PX + 4 :, :190] == 255).all()
    assert (cell(sheet, 0, 0) == RED).all()


def test_letters_of_vietnamese_are_told_apart() -> None:
    sheets = [contact_sheet([[plain(RED)]], [name]) for name in ("Hờ", "Hớ", "Ho")]
    assert not np.array_equal(sheets[0], sheets[1])
    assert not np.array_equal(sheets[1], sheets[2])


def test_rows_and_labels_must_fit() -> None:
    with pytest.raises(ValueError, match="a label for each"):
        contact_sheet([[plain(RED)]], [])
    with pytest.raises(ValueError, match="a label for each"):
        contact_sheet([], [])
    assert contact_sheet([[]], ["nothing"]).shape == (120, 306, 3)


def faces(held_out: bool = False) -> CropSet:
    crops = [face.crop_bgr for face in six_faces() if face.crop_bgr is not None]
    records = tuple(CropRecord(f"P{n}", f"{n}.png", "six", held_out, 90.0, 0.9) for n in range(len(crops)))
    return CropSet(np.stack(crops), records)


def test_the_sheet_of_augmentations_has_a_row_for_each_kind_and_each_strength() -> None:
    sheet = augmentation_sheet(faces(), 4, seed=1)
    rows = 1 + len(AUGMENTATIONS) + sum(bool(strength.chances) for strength in STRENGTHS.values())
    assert sheet.shape == (rows * STEP_PX + 4, 190 + 4 * STEP_PX, 3)
    originals = faces().crops_bgr
    untouched = cell(sheet, 0, 0)
    assert any(np.array_equal(untouched, original) for original in originals)
    kinds = list(AUGMENTATIONS)
    assert np.array_equal(cell(sheet, 1 + kinds.index("flip"), 0), untouched[:, ::-1])
    for number, kind in enumerate(kinds, 1):
        changed = [not np.array_equal(cell(sheet, number, c), cell(sheet, 0, c)) for c in range(4)]
        assert any(changed), kind


def test_the_sheet_of_augmentations_is_the_same_for_the_same_seed() -> None:
    assert np.array_equal(augmentation_sheet(faces(), 3, seed=5), augmentation_sheet(faces(), 3, seed=5))
    assert not np.array_equal(augmentation_sheet(faces(), 3, seed=5), augmentation_sheet(faces(), 3, seed=6))


def test_faces_that_are_held_out_are_not_shown() -> None:
    with pytest.raises(DataUnusable, match="for training"):
        augmentation_sheet(faces(held_out=True), 3, seed=0)
