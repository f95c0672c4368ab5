"""What is wrong with a face is named: size, blur, light, turning away, and what the frame cuts off."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from netcafe_face.domain.faces import Detection, Image, QualityFlaw, QualityReport
from netcafe_face.domain.results import Face
from netcafe_face.vision.alignment import ARCFACE_TEMPLATE, align
from netcafe_face.vision.quality import assess, pose_degrees

FRAME = np.zeros((500, 500, 3), np.uint8)


@pytest.fixture
def face(group_faces: tuple[Face, ...]) -> Face:
    return group_faces[3]


def look(face: Face, crop: Image) -> QualityReport:
    return assess(FRAME, replace(face.detection, box=np.array([100, 100, 110, 120])), crop)


def changed(crop: Image, light: float = 1.0, offset: float = 0.0) -> Image:
    return np.clip(crop.astype(float) * light + offset, 0, 255).astype(np.uint8)


def turned(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> npt.NDArray[np.float64]:
    """Landmarks of a face whose nose stands out by 0.6 eye distances, seen turned."""
    points = ARCFACE_TEMPLATE.copy()
    points[:, 0] = [38, 74, 56, 41, 71]
    points[:, 1] = [51.6, 51.6, 0, 92.3, 92.3]
    points[2, 1] = 51.6 + 0.495 * (92.3 - 51.6)
    points[2, 0] += 0.6 * 36 * math.tan(math.radians(yaw))
    points[2, 1] -= 0.6 * (92.3 - 51.6) * math.tan(math.radians(pitch))
    turn = math.radians(roll)
    return points @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])


def test_sharp_well_lit_faces_have_no_flaw_but_a_turned_head(group_faces: tuple[Face, ...]) -> None:
    for face in group_faces:
        assert face.quality.flaws <= {QualityFlaw.TURNED_AWAY}
        assert face.quality.trusted
        assert face.quality.score > 0.15
    assert sum(not face.quality.flaws for face in group_faces) >= 4


def test_a_blurred_face_is_called_blurred_however_bright_it_is(face: Face) -> None:
    assert face.crop_bgr is not None
    blurred = np.asarray(cv2.GaussianBlur(face.crop_bgr, (0, 0), 4), np.uint8)
    for light in (0.5, 1.0, 1.2):
        report = look(face, changed(blurred, light))
        assert QualityFlaw.BLURRED in report.flaws
        assert not report.trusted
        assert QualityFlaw.BLURRED not in look(face, changed(face.crop_bgr, light)).flaws


def test_more_blur_is_less_sharp_and_scores_lower(face: Face) -> None:
    assert face.crop_bgr is not None
    looks = [face.crop_bgr]
    looks += [np.asarray(cv2.GaussianBlur(face.crop_bgr, (0, 0), sigma), np.uint8) for sigma in (1, 2, 4, 8)]
    reports = [look(face, crop) for crop in looks]
    sharpness = [report.sharpness for report in reports]
    assert sharpness == sorted(sharpness, reverse=True)
    scores = [report.score for report in reports]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= value <= 1.0 for value in sharpness + scores)


def test_darkness_glare_and_an_empty_picture_are_named(face: Face) -> None:
    assert face.crop_bgr is not None
    assert QualityFlaw.TOO_DARK in look(face, changed(face.crop_bgr, 0.15)).flaws
    assert QualityFlaw.TOO_BRIGHT in look(face, changed(face.crop_bgr, 0.5, 180)).flaws
    assert QualityFlaw.TOO_DARK in look(face, np.full((112, 112, 3), 90, np.uint8)).flaws
    assert QualityFlaw.TOO_BRIGHT in look(face, np.full((112, 112, 3), 200, np.uint8)).flaws
    for value in (0, 127, 128, 255):
        report = look(face, np.full((112, 112, 3), value, np.uint8))
        assert report.flaws >= {QualityFlaw.BLURRED}
        assert report.flaws & {QualityFlaw.TOO_DARK, QualityFlaw.TOO_BRIGHT}
        assert (report.brightness, report.contrast) == (value, 0.0)


@pytest.mark.parametrize("angle", [-60, -45, -20, 0, 20, 45, 60])
def test_turning_and_nodding_are_measured_in_degrees(face: Face, angle: float) -> None:
    yaw, pitch, roll = pose_degrees(turned(yaw=angle))
    assert (yaw, pitch, roll) == pytest.approx((angle, 0, 0), abs=1e-6)
    yaw, pitch, roll = pose_degrees(turned(pitch=angle))
    assert (yaw, pitch, roll) == pytest.approx((0, angle, 0), abs=1e-6)
    for landmarks in (turned(yaw=angle), turned(pitch=angle)):
        report = assess(FRAME, replace(face.detection, landmarks=landmarks), face.crop_bgr)
        assert (QualityFlaw.TURNED_AWAY in report.flaws) == (abs(angle) > 40)


@pytest.mark.parametrize("roll", [-90, -30, 0, 45, 120])
def test_a_tilted_head_is_not_a_turned_one(face: Face, roll: float) -> None:
    assert pose_degrees(turned(20, -10, roll)) == pytest.approx((20, -10, roll), abs=1e-6)
    report = assess(FRAME, replace(face.detection, landmarks=turned(roll=roll)), face.crop_bgr)
    assert QualityFlaw.TURNED_AWAY not in report.flaws


def test_a_real_face_in_a_mirror_turns_the_other_way(
    group_faces: tuple[Face, ...],
) -> None:
    for face in group_faces:
        yaw, pitch, roll = pose_degrees(face.detection.landmarks)
        mirrored = face.detection.landmarks[[1, 0, 2, 4, 3]] * [-1, 1] + [1280, 0]
        assert abs(yaw) < 50
        assert abs(pitch) < 35
        assert pose_degrees(mirrored) == pytest.approx((-yaw, pitch, -roll), abs=1e-3)


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((5, 2)),
        np.full((5, 2), np.nan),
        [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0]],
        ARCFACE_TEMPLATE[[3, 4, 2, 0, 1]],
    ],
    ids=["one spot", "no numbers", "one line", "mouth over eyes"],
)
def test_points_that_make_no_face_count_as_turned_away(points: npt.ArrayLike) -> None:
    yaw, pitch, roll = pose_degrees(points)
    assert (yaw, pitch) == (90.0, 90.0)
    assert math.isfinite(roll)


def at(x: float, y: float, w: float = 100, h: float = 100) -> QualityReport:
    detection = Detection(np.array([x, y, w, h]), turned(), 0.9)
    return assess(FRAME, detection, None)


@pytest.mark.parametrize(("x", "y"), [(-20, 200), (200, -20), (420, 200), (200, 420)])
def test_a_face_cut_off_at_any_border_is_named(x: float, y: float) -> None:
    report = at(x, y)
    assert report.outside == pytest.approx(0.2)
    assert QualityFlaw.CUT_OFF in report.flaws


@pytest.mark.parametrize(("x", "y"), [(0, 0), (400, 400), (-10, 200), (200, 410)])
def test_a_face_that_only_touches_the_border_is_not_cut_off(x: float, y: float) -> None:
    report = at(x, y)
    assert report.outside <= 0.1
    assert QualityFlaw.CUT_OFF not in report.flaws


def test_a_face_outside_the_frame_or_without_area_is_wholly_cut_off() -> None:
    assert at(600, 600).outside == 1.0
    assert at(-300, 10).outside == 1.0
    assert at(10, 10, w=0).outside == 1.0
    assert at(10, 10, h=-5).outside == 1.0
    assert at(600, 600).score == 0.0


def test_small_faces_are_named() -> None:
    assert QualityFlaw.TOO_SMALL in at(10, 10, w=39).flaws
    assert QualityFlaw.TOO_SMALL in at(10, 10, h=20).flaws
    assert QualityFlaw.TOO_SMALL not in at(10, 10, w=40, h=40).flaws


def test_a_face_that_could_not_be_aligned_counts_as_the_worst() -> None:
    report = at(100, 100)
    assert (report.sharpness, report.brightness, report.contrast) == (0.0, 0.0, 0.0)
    assert {QualityFlaw.BLURRED, QualityFlaw.TOO_DARK} <= report.flaws
    assert 0.0 <= report.score < 0.2


def test_a_small_picture_enlarged_is_less_sharp_than_the_original(
    group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    for face in group_faces:
        small = cv2.resize(group_bgr, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA)
        crop = align(np.asarray(small, np.uint8), face.detection.landmarks * 0.2)
        assert look(face, crop).sharpness < face.quality.sharpness
