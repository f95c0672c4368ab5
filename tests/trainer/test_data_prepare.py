from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.domain.errors import ModelUnusable
from netcafe_face.domain.faces import Detection, Image
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.trainer.cli.root import run
from netcafe_face.trainer.data.crops import load_crops
from netcafe_face.trainer.data.detectors import detector_of_file, detector_of_pack
from netcafe_face.trainer.data.prepare import SMALLEST_FACE_PX, PrepareReport, align_pictures
from netcafe_face.trainer.data.reading import Picture, pictures
from netcafe_face.trainer.data.split import is_held_out
from netcafe_face.vision.images import read_image
from netcafe_face.vision.ports import Detector
from tests.files_kit import ASTRONAUT, MODELS, SIX_PEOPLE
from tests.trainer.kit import PORTRAIT, write_picture

PACK = MODELS / "netcafe-mini"


def picture(name: str, path: Path) -> Picture:
    return Picture(name, f"{name}/{path.name}" if name else path.name, path.read_bytes())


class Fixed:
    """A detector that finds what it is told to find."""

    def __init__(self, *faces: Detection) -> None:
        self.faces = list(faces)

    def detect(self, image_bgr: Image) -> list[Detection]:
        return list(self.faces)


def face(x: float, y: float, size: float, spread: float = 0.2) -> Detection:
    box = np.array([x, y, size, size], np.float32)
    points = np.array(
        [[0.5 - spread, 0.4], [0.5 + spread, 0.4], [0.5, 0.6], [0.36, 0.8], [0.64, 0.8]], np.float32
    )
    return Detection(box, box[:2] + points * size, 0.8)


@pytest.mark.parametrize("path", [SIX_PEOPLE, ASTRONAUT, PORTRAIT], ids=["six", "one", "close"])
def test_training_sees_byte_for_byte_the_crop_that_the_app_recognises_with(
    path: Path, recognizer: Recognizer, detector: Detector
) -> None:
    app = [
        face for face in recognizer.analyse(read_image(path)) if face.detection.size_px >= SMALLEST_FACE_PX
    ]
    ours = align_pictures([picture("", path)], detector, "set")
    assert len(app) == len(ours) > 0
    for crop, record, seen in zip(ours.crops_bgr, ours.records, app, strict=True):
        assert seen.crop_bgr is not None
        assert np.array_equal(crop, seen.crop_bgr)
        assert record.face_px == pytest.approx(seen.detection.size_px, abs=0.06)
        assert record.score == pytest.approx(seen.detection.score, abs=0.0006)


def test_the_packs_detector_is_the_apps(recognizer: Recognizer) -> None:
    crops = align_pictures([picture("", SIX_PEOPLE)], detector_of_pack(PACK), "set")
    app = recognizer.analyse(read_image(SIX_PEOPLE))
    assert [crop.tobytes() for crop in crops.crops_bgr] == [
        face.crop_bgr.tobytes() for face in app if face.crop_bgr is not None
    ]


def test_a_picture_of_a_named_person_gives_the_face_in_its_middle_only(detector: Detector) -> None:
    group = read_image(SIX_PEOPLE)
    crops = align_pictures([picture("An", SIX_PEOPLE)], detector, "set")
    assert len(crops) == 1
    middle = np.array([group.shape[1], group.shape[0]]) / 2
    boxes = [face.box for face in detector.detect(group)]
    nearest = min(boxes, key=lambda box: float(np.linalg.norm(box[:2] + box[2:] / 2 - middle) - min(box[2:])))
    assert crops.records[0].face_px == pytest.approx(min(nearest[2:]), abs=0.06)
    assert crops.records[0].name == "An"


def test_a_large_face_beside_the_middle_is_chosen_before_a_small_one_in_it() -> None:
    faces = [face(250, 250, 24), face(60, 160, 180)]
    crops = align_pictures([picture("An", ASTRONAUT)], Fixed(*faces), "set")
    assert crops.records[0].face_px == 180


def test_a_picture_of_nobody_in_particular_gives_all_faces_that_are_large_enough() -> None:
    faces = [face(10, 10, 60), face(200, 200, SMALLEST_FACE_PX - 1), face(300, 300, 40)]
    crops = align_pictures([picture("", ASTRONAUT)], Fixed(*faces), "crowd")
    assert [record.source for record in crops.records] == ["astronaut.png", "astronaut.png#2"]
    assert {record.group for record in crops.records} == {"crowd"}
    assert {record.name for record in crops.records} == {""}


def test_people_are_held_out_by_their_name_and_nameless_photos_by_their_file(detector: Detector) -> None:
    data = ASTRONAUT.read_bytes()
    given = [Picture(name, f"{name}/1.png", data) for name in ("Serena_Williams", "Tony_Blair")]
    given += [Picture("", f"deep/{name}.png", data) for name in ("2", "3", "4", "5", "6", "7", "8")]
    crops = align_pictures(given, Fixed(face(100, 100, 200)), "set")
    assert [record.held_out for record in crops.records[:2]] == [True, False]
    assert [record.held_out for record in crops.records[2:]] == [
        is_held_out(f"{name}.png") for name in ("2", "3", "4", "5", "6", "7", "8")
    ]


def test_broken_and_faceless_pictures_are_reported_and_left_out(detector: Detector) -> None:
    whole = ASTRONAUT.read_bytes()
    given = [
        Picture("An", "An/1.png", whole),
        Picture("An", "An/2.png", whole[:3000]),
        Picture("Bình", "Bình/1.png", b"no picture"),
        Picture("Bình", "Bình/2.png", write_png(np.full((80, 80, 3), 128, np.uint8))),
    ]
    report = PrepareReport()
    crops = align_pictures(given, detector, "set", report)
    assert [record.source for record in crops.records] == ["An/1.png"]
    assert [source for source, _ in report.reading.broken] == ["An/2.png", "Bình/1.png"]
    assert report.faceless == ["Bình/2.png"]
    told = "\n".join(report.lines())
    assert "1 crops" in told
    assert "1 pictures show no face" in told
    assert "Bình/2.png" in told
    assert "not a picture" in told


def write_png(image_bgr: Image) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", image_bgr)[1])


def test_a_face_whose_landmarks_lie_on_a_line_gives_no_crop() -> None:
    report = PrepareReport()
    flat = Detection(np.array([10, 10, 50, 50], np.float32), np.full((5, 2), 30, np.float32), 0.9)
    assert len(align_pictures([picture("An", ASTRONAUT)], Fixed(flat), "set", report)) == 0
    assert report.faceless == ["An/astronaut.png"]


def test_of_many_faceless_pictures_the_first_are_named_and_the_rest_counted() -> None:
    report = PrepareReport(faceless=[f"{number}.jpg" for number in range(25)])
    assert report.lines()[-1] == "  and 15 more"
    assert sum(line.endswith(".jpg") for line in report.lines()) == 10


def test_progress_is_told_after_every_picture(detector: Detector) -> None:
    told = []
    given = [Picture("An", "An/1.png", b""), picture("An", ASTRONAUT)]
    align_pictures(given, detector, "set", on_picture=lambda: told.append(1))
    assert len(told) == 2


def test_a_detector_may_be_a_file_in_yunets_format() -> None:
    found = detector_of_file(PACK / "detector.onnx").detect(read_image(SIX_PEOPLE))
    assert sum(face.score >= 0.8 for face in found) == 6


def test_a_detector_that_is_missing_or_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").write_bytes(b"")
    for name in ("missing.onnx", "empty.onnx"):
        with pytest.raises(ModelUnusable, match=name):
            detector_of_file(tmp_path / name)


def people_in(folder: Path) -> Path:
    write_picture(folder / "Serena_Williams" / "1.png", read_image(ASTRONAUT))
    write_picture(folder / "Tony_Blair" / "1.png", read_image(PORTRAIT))
    (folder / "Tony_Blair" / "2.jpg").write_bytes(b"broken")
    (folder / "Nobody").mkdir()
    return folder


def test_prepare_cuts_a_folder_of_people_and_says_what_it_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people_in(tmp_path / "people")
    assert (
        run(["prepare", str(tmp_path / "people"), "--out", str(tmp_path / "crops"), "--pack", str(PACK)]) == 0
    )
    crops = load_crops(tmp_path / "crops")
    assert [(record.name, record.held_out, record.group) for record in crops.records] == [
        ("Serena_Williams", True, "crops"),
        ("Tony_Blair", False, "crops"),
    ]
    told = capsys.readouterr().out
    assert "1 crops to train on, 1 held out" in told
    assert "Tony_Blair/2.jpg" in told
    assert "Nobody" in told


def test_prepare_cuts_the_same_crops_out_of_a_tar(tmp_path: Path) -> None:
    people_in(tmp_path / "people")
    with tarfile.open(tmp_path / "people.tar", "w") as tar:
        tar.add(tmp_path / "people", "people")
        info = tarfile.TarInfo("people/notes.txt")
        tar.addfile(info, io.BytesIO(b""))
    for kind in ("people", "people.tar"):
        arguments = [
            "prepare",
            str(tmp_path / kind),
            "--out",
            str(tmp_path / f"{kind}-crops"),
            "--group",
            "set",
        ]
        assert run([*arguments, "--pack", str(PACK)]) == 0
    folder, tar_crops = load_crops(tmp_path / "people-crops"), load_crops(tmp_path / "people.tar-crops")
    assert folder.records == tar_crops.records
    assert np.array_equal(folder.crops_bgr, tar_crops.crops_bgr)


def test_prepare_takes_every_face_where_folders_name_nobody(tmp_path: Path) -> None:
    write_picture(tmp_path / "photos" / "party" / "1.png", read_image(SIX_PEOPLE))
    arguments = ["prepare", str(tmp_path / "photos"), "--nameless", "--out", str(tmp_path / "crops")]
    assert run([*arguments, "--pack", str(PACK)]) == 0
    crops = load_crops(tmp_path / "crops")
    assert len(crops) == 6
    assert {record.name for record in crops.records} == {""}


def test_prepare_leaves_out_photos_that_are_held_out_under_another_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{number}.png" for number in range(12)]
    kept = next(name for name in names if is_held_out(name))
    first, second = [name for name in names if not is_held_out(name)][:2]
    photos = tmp_path / "photos"
    write_picture(photos / kept, read_image(ASTRONAUT))
    write_picture(photos / second, read_image(PORTRAIT))
    (photos / first).write_bytes((photos / kept).read_bytes())
    arguments = ["prepare", str(photos), "--nameless", "--out", str(tmp_path / "crops"), "--pack", str(PACK)]
    assert run(arguments) == 0
    records = load_crops(tmp_path / "crops").records
    assert {(record.source, record.held_out) for record in records} == {(kept, True), (second, False)}
    told = capsys.readouterr().out
    assert f"1 pictures to train on equal held-out ones and were left out:\n  {first}\n" in told


def test_pictures_without_any_face_are_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(tmp_path / "walls" / "a" / "1.png", np.full((90, 90, 3), 200, np.uint8))
    arguments = ["prepare", str(tmp_path / "walls"), "--out", str(tmp_path / "crops"), "--pack", str(PACK)]
    assert run(arguments) == 4
    assert "no face was found" in capsys.readouterr().err
    assert not (tmp_path / "crops").exists()


def test_two_folders_that_seem_to_be_one_person_stop_it_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Tony_Blair", "tony blair"):
        write_picture(tmp_path / "people" / name / "1.png", read_image(PORTRAIT))
    arguments = ["prepare", str(tmp_path / "people"), "--out", str(tmp_path / "crops"), "--pack", str(PACK)]
    assert run(arguments) == 4
    assert "one person" in capsys.readouterr().err


def test_the_reader_and_the_cutter_work_hand_in_hand(tmp_path: Path, detector: Detector) -> None:
    report = PrepareReport()
    crops = align_pictures(pictures(people_in(tmp_path), report=report.reading), detector, "set", report)
    assert report.crops == len(crops) == 2
    assert report.reading.empty == ["Nobody"]
