"""Detectors are examined on held-out pictures, on marked ones, and where nobody is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.data.split import is_held_out
from netcafe_face.trainer.detector.choosing import OneFace, by_size, look_errors, single_faces, tremble
from netcafe_face.trainer.detector.exam import Sheet, faceless_sheet, marked_sheet, photo_sheets, read_marks
from netcafe_face.trainer.detector.examining import look_again
from netcafe_face.trainer.detector.finder import Finder, SureFinder, milliseconds
from netcafe_face.trainer.detector.report import ExamPlan, as_lines, examine
from netcafe_face.trainer.errors import DataUnusable, TeacherUnusable
from tests.files_kit import write_video
from tests.trainer.detector_kit import TEACHER, folder_of, people

NAMES = [f"photo {number}.png" for number in range(40)]
KEPT = [name for name in NAMES if is_held_out(name)]


def test_only_held_out_photos_are_examined(tmp_path: Path) -> None:
    folder_of(tmp_path, NAMES, np.zeros((40, 40, 3), dtype=np.uint8))
    (sheet,) = photo_sheets([(tmp_path, False)], 100)
    assert sheet.sources == sorted(KEPT)
    assert sheet.twins == 0


def test_held_out_photos_that_may_be_trained_on_under_another_name_are_not_examined(tmp_path: Path) -> None:
    folder_of(tmp_path / "street", NAMES, np.zeros((40, 40, 3), dtype=np.uint8))
    folder_of(tmp_path / "shop", NAMES, np.full((40, 40, 3), 90, dtype=np.uint8))
    trained = next(name for name in NAMES if name not in KEPT)
    (tmp_path / "street" / trained).write_bytes((tmp_path / "street" / KEPT[0]).read_bytes())
    (tmp_path / "shop" / trained).write_bytes((tmp_path / "street" / KEPT[1]).read_bytes())
    places = [(tmp_path / "street", False), (tmp_path / "shop", False)]
    street, shop = photo_sheets(places, 100)
    assert street.sources == sorted(KEPT[2:])
    assert (street.twins, shop.twins) == (2, 0)
    assert len(shop.sources) == len(KEPT)
    finder = Finder(TEACHER)
    figures = examine(finder, [street, shop], ExamPlan(finder, second_look_px=0), lambda _text: None)
    assert figures["equal_to_training"] == {"street": 2}
    assert any("street: 2 held-out pictures are not examined" in line for line in as_lines(figures))


def test_both_detectors_look_again_before_their_points_are_compared_a_second_time() -> None:
    sheet = Sheet("six", [people()], ["six.png"])
    finder = Finder(TEACHER)
    errors = []
    for side_px in (0, 128):
        plan = ExamPlan(finder, reference_score=0.3, score=0.3, second_look_px=side_px)
        (_six, together) = examine(finder, [sheet], plan, lambda _text: None)["agreement"]
        assert together["faces"] == 6
        errors.append((together["error_median"], together["second_median"]))
    # A detector is compared with itself: with a look of one of them only, their points would differ.
    assert errors == [(0.0, 0.0), (0.0, 0.0)]


def test_a_damaged_picture_is_named_and_the_rest_examined(tmp_path: Path) -> None:
    folder_of(tmp_path, NAMES, np.zeros((40, 40, 3), dtype=np.uint8))
    (tmp_path / KEPT[0]).write_bytes(b"\x89PNG but no more")
    (sheet,) = photo_sheets([(tmp_path, False)], 100)
    assert [source for source, _reason in sheet.broken] == [KEPT[0]]
    assert len(sheet.images_bgr) == len(KEPT) - 1


def test_a_folder_without_held_out_pictures_is_refused(tmp_path: Path) -> None:
    other = next(name for name in NAMES if name not in KEPT)
    with pytest.raises(DataUnusable):
        photo_sheets([(folder_of(tmp_path, [other], people()), False)], 100)


def test_frames_of_a_video_are_spread_over_it(tmp_path: Path) -> None:
    frames = [np.full((48, 64, 3), 12 * number, dtype=np.uint8) for number in range(20)]
    (sheet,) = photo_sheets([(write_video(tmp_path / "v.mp4", frames), False)], 3)
    shades = [float(image.mean()) for image in sheet.images_bgr]
    assert shades == pytest.approx([0, 12 * 9, 12 * 19], abs=8)


def test_marks_are_scaled_to_the_picture_as_it_is_here(tmp_path: Path) -> None:
    marks = tmp_path / "marks.txt"
    marks.write_text("# 0--Parade/a.jpg 400 200\n40 20 80 60\n\n# 0--Parade/other.jpg 9 9\n")
    found = read_marks(marks)
    assert found["other.jpg"][2].shape == (0, 4)
    boxes = marked_sheet(Sheet("p", [np.zeros((100, 100, 3), dtype=np.uint8)], ["a.jpg"]), found).boxes
    assert boxes is not None
    assert boxes[0].tolist() == [[10, 10, 10, 20]]
    with pytest.raises(DataUnusable):
        marked_sheet(Sheet("p", [np.zeros((9, 9, 3), dtype=np.uint8)], ["unmarked.jpg"]), found)


@pytest.mark.parametrize("text", ["1 2 3 4\n", "# name\n", "# name 3 4\n1 2 x 4\n", "# n 3 4\n1 2\n"])
def test_a_list_of_marks_written_otherwise_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "marks.txt").write_text(text)
    with pytest.raises(DataUnusable):
        read_marks(tmp_path / "marks.txt")


def test_tiles_without_faces_touch_no_mark(tmp_path: Path) -> None:
    image = np.zeros((320, 320, 3), dtype=np.uint8)
    image[:150, :150] = 255
    boxes = [np.array([[0, 0, 150, 150]], dtype=np.float32)]
    sheet = faceless_sheet([], Sheet("m", [image], ["a.jpg"], boxes))
    assert sheet.faceless
    assert len(sheet.images_bgr) == 5
    assert all(tile.max() == 0 for tile in sheet.images_bgr)


def test_no_picture_without_a_face_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable):
        faceless_sheet([], None)
    (tmp_path / "x.png").write_bytes(b"")
    with pytest.raises(DataUnusable):
        faceless_sheet([tmp_path], None)


def test_a_finder_needs_a_detector(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(TeacherUnusable):
        Finder(tmp_path / "x.onnx")


def test_a_higher_threshold_keeps_the_surest_boxes_of_one_run() -> None:
    finder, photo = Finder(TEACHER), people()
    rows = finder.find(photo)
    assert (np.diff(rows[:, 14]) <= 0).all()
    assert len(finder.find_all(photo)) > len(rows) == len(finder.find(photo))
    assert len(SureFinder(finder, 0.65).find_all(photo)) == int((finder.find_all(photo)[:, 14] >= 0.65).sum())
    assert len(SureFinder(finder, 0.65).find(photo)) == int((rows[:, 14] >= 0.65).sum()) == 6


def test_a_picture_without_a_face_gives_no_rows() -> None:
    assert Finder(TEACHER).find(np.full((64, 64, 3), 90, dtype=np.uint8)).shape == (0, 15)


def test_faces_are_shown_at_a_size_and_found_by_their_own_detector() -> None:
    finder, photo = SureFinder(Finder(TEACHER), 0.65), people()
    faces = single_faces([photo], [finder.find(photo)], 40.0)
    assert faces
    shown = by_size(faces, finder, 48.0)
    assert shown.recall == 1.0
    assert shown.error_median < 0.2
    assert by_size(faces, finder, 4.0).recall == 0.0


def test_the_second_look_moves_points_and_leaves_boxes() -> None:
    finder, photo = SureFinder(Finder(TEACHER), 0.65), people()
    rows = finder.find(photo)
    again = look_again(photo, rows, finder, 160)
    assert np.array_equal(again[:, :4], rows[:, :4])
    assert not np.array_equal(again[:, 4:14], rows[:, 4:14])
    errors = look_errors(single_faces([photo], [rows], 40.0), finder, (40.0,))
    assert 0 < errors[0] < 0.3
    assert 0 < errors[160] < 0.3


def test_time_is_measured_for_each() -> None:
    times = milliseconds([Finder(TEACHER), Finder(TEACHER)], (64, 64), 2)
    assert len(times) == 2
    assert min(times) > 0


class Painted:
    """A finder that takes bright squares for faces and whose points move with the size of the picture."""

    def __init__(self, moved: float) -> None:
        self.moved = moved

    def find(self, image_bgr: Image) -> FloatArray:
        _, _, stats, _ = cv2.connectedComponentsWithStats((image_bgr[:, :, 0] > 200).astype(np.uint8))
        shift = self.moved if image_bgr.shape[0] < 200 else 0.0
        rows = [
            [x, y, w, h, *(EYES_TO_MOUTH * [w, h] + [x + shift * 0.4 * w, y]).ravel(), 0.9]
            for x, y, w, h, _ in stats[1:]
        ]
        return np.array(rows, np.float32).reshape(-1, 15)

    find_all = find


EYES_TO_MOUTH = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])


def test_trembling_is_how_far_points_move_when_the_picture_is_shrunk() -> None:
    picture = np.zeros((200, 200, 3), np.uint8)
    picture[50:150, 50:150] = 255
    steady, moved = Painted(0.0), Painted(0.25)
    face = OneFace(picture, steady.find(picture)[0])
    assert tremble([face], steady) == pytest.approx(0.0, abs=0.02)
    assert tremble([face], moved) == pytest.approx(0.25, abs=0.02)
    assert np.isnan(tremble([], steady))
