"""`inspect` says what a data set holds and what is wrong with it, for photos and for aligned crops."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from netcafe_face.domain.faces import Image, QualityFlaw
from netcafe_face.trainer.cli.root import run
from netcafe_face.trainer.data.crops import CropRecord, CropSet, save_crops
from netcafe_face.trainer.data.inspecting import (
    PUBLISHED,
    distribution,
    inspect_crops,
    inspect_pictures,
    share_of_published,
)
from netcafe_face.trainer.data.inspection_report import as_json, as_lines, sheet_rows
from netcafe_face.trainer.data.split import is_held_out
from netcafe_face.vision.images import decode, encode_jpeg, read_image, write_image
from tests.files_kit import MODELS, SIX_PEOPLE, six_faces


def crops() -> list[Image]:
    return [face.crop_bgr for face in six_faces() if face.crop_bgr is not None]


def crop_set(*named: tuple[str, Image]) -> CropSet:
    records = tuple(
        CropRecord(name, f"{name or 'x'}/{number}.png", "six", is_held_out(name), 50.0 + number, 0.9)
        for number, (name, _) in enumerate(named)
    )
    return CropSet(np.stack([crop for _, crop in named]), records)


def resaved(image_bgr: Image) -> Image:
    return decode(encode_jpeg(image_bgr, 60), "again")


def some_set() -> CropSet:
    a, b, c, d, e, f = crops()
    return crop_set(("A", a), ("A", b), ("B", c), ("B", resaved(a)), ("C", d), ("", e), ("C", d), ("D", f))


def test_identities_and_images_are_counted_and_those_held_out_as_well(tmp_path: Path) -> None:
    body = as_json(inspect_crops(tmp_path, some_set()))
    assert (body["identities"], body["images"], body["images_without_identity"]) == (4, 8, 1)
    assert body["images_per_identity"]["identities_with"] == {"1": 1, "2": 3}
    assert body["images_per_identity"]["largest"] == {"A": 2, "B": 2, "C": 2, "D": 1}
    assert body["held_out"]["identities"] == sum(is_held_out(name) for name in "ABCD")
    assert body["face_px"] == {"least": 50.0, "5%": 50.35, "median": 53.5, "95%": 56.65, "most": 57.0}


def test_the_same_face_under_two_names_is_told_from_one_under_its_own_name_twice(tmp_path: Path) -> None:
    body = as_json(inspect_crops(tmp_path, some_set()))
    (equal,) = body["equal"]
    assert not equal["across_identities"]
    assert [image["source"] for image in equal["images"]] == ["C/4.png", "C/6.png"]
    (alike,) = body["nearly_equal"]
    assert alike["across_identities"]
    assert [image["name"] for image in alike["images"]] == ["A", "B"]
    assert alike["likeness"] > 0.98


def test_the_counts_stand_beside_the_published_ones_with_the_share_that_is_here(tmp_path: Path) -> None:
    assert PUBLISHED == {"LFW": (5749, 13233), "CFP-FP": (500, 7000), "AgeDB-30": (568, 16488)}
    shares = share_of_published(4612, 10042)
    assert shares["LFW"] == (4612 / 5749, 10042 / 13233)
    assert shares["CFP-FP"] == (None, None), "more than CFP has is no share of CFP"
    assert shares["AgeDB-30"] == (None, 10042 / 16488)
    text = "\n".join(as_lines(inspect_crops(tmp_path, some_set())))
    for figure in ("5,749", "13,233", "500", "7,000", "568", "16,488", "0.1% here"):
        assert figure in text


def test_dark_bright_and_blurred_faces_are_counted_as_the_app_judges_them(tmp_path: Path) -> None:
    face = crops()[2]
    dark = (face * 0.1).astype(np.uint8)
    bright = np.clip(face.astype(np.int16) + 150, 0, 255).astype(np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(face, (0, 0), 6), np.uint8)
    found = inspect_crops(tmp_path, crop_set(("A", face), ("A", dark), ("A", bright), ("A", blurred)))
    assert [look.flaws & {QualityFlaw.TOO_DARK} != set() for look in found.looks] == [0, 1, 0, 0]
    assert as_json(found)["flaws"] == {"blurred": 1, "too_dark": 1, "too_bright": 1}
    assert found.looks[1].brightness < found.looks[0].brightness < found.looks[2].brightness
    assert found.looks[3].sharpness < found.looks[0].sharpness


def photo_set(root: Path) -> Path:
    six = read_image(SIX_PEOPLE)
    for name, left in (("A", 0), ("B", 300), ("C", 600)):
        (root / name).mkdir(parents=True)
        write_image(root / name / "1.png", np.ascontiguousarray(six[:300, left : left + 250]))
    write_image(root / "C" / "2.jpg", read_image(root / "A" / "1.png"))
    (root / "B" / "2.png").write_bytes((root / "B" / "1.png").read_bytes())
    (root / "B" / "3.png").write_bytes((root / "B" / "1.png").read_bytes()[:1000])
    (root / "Nobody").mkdir()
    (root / "notes.txt").write_text("x")
    return root


def test_a_folder_of_photos_is_inspected_with_everything_that_is_wrong(tmp_path: Path) -> None:
    found = inspect_pictures(photo_set(tmp_path / "set"))
    body = as_json(found)
    assert (body["identities"], body["images"]) == (3, 5)
    assert body["shorter_side_px"]["median"] == 250
    assert body["reading"]["empty_identities"] == ["Nobody"]
    assert body["reading"]["ignored_files"] == 1
    assert [one["source"] for one in body["reading"]["broken"]] == ["B/3.png"]
    assert [[image["source"] for image in one["images"]] for one in body["equal"]] == [["B/1.png", "B/2.png"]]
    assert [image["source"] for image in body["nearly_equal"][0]["images"]] == ["A/1.png", "C/2.jpg"]
    lines = "\n".join(as_lines(found))
    assert "A/1.png = C/2.jpg" in lines
    assert "B/3.png" in lines
    assert "Nobody" in lines


def test_photos_on_both_sides_of_the_split_are_counted_and_named(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(12)]
    kept = next(name for name in names if is_held_out(name))
    first, second, third = [name for name in names if not is_held_out(name)][:3]
    for name, face in zip((kept, second), crops(), strict=False):
        write_image(tmp_path / name, face)
    (tmp_path / first).write_bytes((tmp_path / kept).read_bytes())
    (tmp_path / third).write_bytes((tmp_path / second).read_bytes())
    found = inspect_pictures(tmp_path, identities=False)
    body = as_json(found)["on_both_sides_of_the_split"]
    assert (body["images"], body["held_out"]) == (2, 1), "two equal photos to train on are no matter"
    assert [{one["source"] for one in group} for group in body["equal"]] == [{kept, first}]
    lines = as_lines(found)
    at = lines.index("equal on both sides of the split: 2 images, 1 held out")
    assert lines[at + 1] == "  " + " = ".join(sorted([kept, first]))


def test_crops_on_both_sides_of_the_split_are_counted_too(tmp_path: Path) -> None:
    people = [f"P{number}" for number in range(12)]
    kept = next(name for name in people if is_held_out(name))
    other = next(name for name in people if not is_held_out(name))
    face = crops()[0]
    body = as_json(inspect_crops(tmp_path, crop_set((kept, face), (other, face), (other, crops()[1]))))
    assert body["on_both_sides_of_the_split"]["images"] == 2
    assert not as_json(inspect_crops(tmp_path, some_set()))["on_both_sides_of_the_split"]["images"]


def test_the_distribution_counts_every_identity_once() -> None:
    counts = [1, 1, 2, 3, 5, 6, 10, 11, 20, 21, 50, 51, 100, 101, 1000, 1001, 5000]
    spread = distribution(counts)
    assert sum(spread.values()) == len(counts)
    assert spread == {
        "1": 2,
        "2": 1,
        **dict.fromkeys(["3-5", "6-10", "11-20", "21-50", "51-100", "101-1000", "more"], 2),
    }


def test_an_empty_set_of_crops_is_reported_as_empty(tmp_path: Path) -> None:
    found = inspect_crops(tmp_path, CropSet(np.empty((0, 112, 112, 3), np.uint8), ()))
    assert as_json(found)["images"] == 0
    assert any("0" in line for line in as_lines(found))
    assert sheet_rows(found) == []


def test_the_command_prints_a_report_and_writes_json_and_a_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_crops(tmp_path / "crops", some_set())
    sheet, report = tmp_path / "sheet.png", tmp_path / "report.json"
    assert run(["inspect", str(tmp_path / "crops"), "--sheet", str(sheet), "--json", str(report)]) == 0
    assert "LFW, published" in capsys.readouterr().out
    assert json.loads(report.read_text(encoding="utf-8"))["images"] == 8
    rows = sheet_rows(inspect_crops(tmp_path, some_set()))
    assert rows[0] == ("some of them", list(range(8)))
    assert rows[-1][1] == [0, 3], "the face under two names has a row of its own"
    assert read_image(sheet).shape[0] == 116 * len(rows) + 4


def test_the_command_looks_at_photos_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "sheet.png"
    assert run(["inspect", str(photo_set(tmp_path / "set")), "--sheet", str(sheet)]) == 0
    assert "B/3.png" in capsys.readouterr().out
    assert sheet.is_file()


def test_with_a_model_the_command_names_faces_under_the_wrong_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b, c, d, *_ = crops()

    def varied(crop: Image) -> list[Image]:
        return [crop, resaved(crop), np.clip(crop.astype(np.int16) + 20, 0, 255).astype(np.uint8)]

    named = [(name, one) for name, crop in (("A", a), ("B", b), ("C", c)) for one in varied(crop)]
    named += [("D", one) for one in varied(d)[:2]]
    save_crops(tmp_path / "crops", crop_set(*named, ("A", varied(b)[2])))
    report = tmp_path / "report.json"
    model = str(MODELS / "netcafe-mini")
    assert run(["inspect", str(tmp_path / "crops"), "--model", model, "--json", str(report)]) == 0
    errors = json.loads(report.read_text(encoding="utf-8"))["label_errors"]
    assert [(one["source"], one["looks_like"]) for one in errors["misplaced"]] == [("A/11.png", "B")]
    assert "A/11.png: own" in capsys.readouterr().out


def test_label_errors_are_looked_for_among_crops_of_two_people_or_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_crops(tmp_path / "crops", crop_set(("A", crops()[0])))
    assert run(["inspect", str(tmp_path / "crops"), "--model", str(MODELS / "netcafe-mini")]) == 2
    assert "two or more people" in capsys.readouterr().err


def test_data_that_cannot_be_used_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file.tar").write_text("no tar")
    assert run(["inspect", str(tmp_path / "file.tar")]) == 4
    assert "neither a folder nor a tar" in capsys.readouterr().err


def test_the_command_for_augmentations_writes_a_sheet(tmp_path: Path) -> None:
    named = [(f"P{number}", crop) for number, crop in enumerate(crops())]
    save_crops(tmp_path / "crops", crop_set(*named))
    assert (
        run(["augmentations", str(tmp_path / "crops"), "--sheet", str(tmp_path / "a.png"), "--faces", "3"])
        == 0
    )
    assert read_image(tmp_path / "a.png").shape[1] == 190 + 3 * 116
