"""Faces are cut out upright, as ArcFace networks were trained to see them, or not at all."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from netcafe_face.domain.errors import DegenerateLandmarks
from netcafe_face.domain.faces import Image
from netcafe_face.domain.results import Face
from netcafe_face.vision.alignment import ARCFACE_TEMPLATE, CROP_SIZE, align, similarity_transform
from netcafe_face.vision.packs import ModelPack

Points = npt.NDArray[np.float64]


def by_insightface(image: Image, landmarks: npt.ArrayLike) -> Image:
    from insightface.utils.face_align import norm_crop

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return norm_crop(image, np.asarray(landmarks, np.float32))


def moved(angle: float, scale: float, x: float, y: float) -> Points:
    """The template's points, turned by an angle in degrees, scaled and shifted."""
    turn = math.radians(angle)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return scale * ARCFACE_TEMPLATE @ rotation.T + [x, y]


def test_real_faces_are_cut_out_as_insightface_does_it(
    group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    for face in group_faces:
        ours = align(group_bgr, face.detection.landmarks).astype(int)
        assert np.abs(ours - by_insightface(group_bgr, face.detection.landmarks)).max() <= 1


def test_any_landmarks_give_insightfaces_crop(group_bgr: Image) -> None:
    chance = np.random.default_rng(5)
    compared = 0
    for _ in range(60):
        landmarks = moved(chance.uniform(-180, 180), chance.uniform(0.3, 4), *chance.uniform(50, 900, 2))
        landmarks += chance.normal(0, chance.uniform(0, 6), (5, 2))
        try:
            ours = align(group_bgr, landmarks).astype(int)
        except DegenerateLandmarks:
            continue
        compared += 1
        assert np.abs(ours - by_insightface(group_bgr, landmarks)).max() <= 1
    assert compared > 50


def test_opencvs_own_recogniser_cuts_out_the_same(
    pack: ModelPack, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    theirs = cv2.FaceRecognizerSF.create(str(pack.embedder_path), "")
    for face in group_faces:
        found = face.detection
        row = np.concatenate([found.box, found.landmarks.ravel(), [found.score]]).astype(np.float32)
        crop = theirs.alignCrop(group_bgr, row[None])
        assert np.abs(align(group_bgr, found.landmarks).astype(int) - crop).max() <= 1


@pytest.mark.parametrize(("angle", "scale", "x", "y"), [(0, 1, 0, 0), (30, 2, 50, 9), (180, 0.5, 300, 300)])
def test_landmarks_land_on_the_template(angle: float, scale: float, x: float, y: float) -> None:
    points = moved(angle, scale, x, y)
    transform = similarity_transform(points)
    landed = points @ transform[:, :2].T + transform[:, 2]
    assert landed == pytest.approx(ARCFACE_TEMPLATE, abs=1e-9)
    assert math.sqrt(np.linalg.det(transform[:, :2])) == pytest.approx(1 / scale)


def test_a_crop_is_a_bgr_picture_of_112_by_112(group_bgr: Image, group_faces: tuple[Face, ...]) -> None:
    crop = align(group_bgr, group_faces[0].detection.landmarks)
    assert crop.shape == (CROP_SIZE, CROP_SIZE, 3)
    assert crop.dtype == np.uint8
    assert np.array_equal(crop, group_faces[0].crop_bgr)


def test_a_face_far_inside_a_very_wide_picture_is_found_there(
    group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    wide = np.zeros((886, 40_000, 3), np.uint8)
    wide[:, 38_000:39_280] = group_bgr
    crop = align(wide, group_faces[0].detection.landmarks + np.array([38_000, 0]))
    assert np.abs(crop.astype(int) - align(group_bgr, group_faces[0].detection.landmarks)).mean() < 1


LINE = np.array([[0, 0], [10, 10], [20, 20], [30, 30], [40, 40]], np.float64)
MIRRORED = ARCFACE_TEMPLATE * [-1, 1] + [112, 0]


@pytest.mark.parametrize(
    ("landmarks", "why"),
    [
        (np.zeros((5, 2)), "one spot"),
        (np.full((5, 2), 77.0), "one spot"),
        (moved(0, 0.004, 50, 50), "one spot"),
        (LINE, "one line"),
        (LINE * [1, 0] + [0, 5], "one line"),
        (LINE + np.random.default_rng(0).normal(0, 0.3, (5, 2)), "one line"),
        (MIRRORED, "mirrored"),
        (MIRRORED * 3 + [20, 40], "mirrored"),
        (np.where(np.eye(5, 2, dtype=bool), np.nan, ARCFACE_TEMPLATE), "not a number"),
        (np.full((5, 2), np.inf), "not a number"),
    ],
)
def test_landmarks_that_span_no_face_are_an_error_and_never_a_black_crop(
    group_bgr: Image, landmarks: Points, why: str
) -> None:
    with pytest.raises(DegenerateLandmarks, match=why):
        align(group_bgr, landmarks)


@pytest.mark.parametrize("shape", [(4, 2), (5, 3), (10,), (1, 5, 2)])
def test_anything_but_five_points_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        similarity_transform(np.zeros(shape))


def test_where_the_picture_ends_the_crop_is_black(group_bgr: Image) -> None:
    crop = align(group_bgr, moved(0, 1, -60, 100))
    assert not crop[:, :50].any()
    assert crop[:, 70:].any()


@pytest.mark.shared
def test_small_faces_in_a_crowd_are_cut_out_as_insightface_does_it(shared: Path, pack: ModelPack) -> None:
    from netcafe_face.vision.detection import build_detector
    from netcafe_face.vision.images import read_image
    from netcafe_face.vision.runtime import Runtime

    detector = build_detector(pack, Runtime(threads=1))
    compared = 0
    for path in sorted((shared / "data/photos/wider").glob("*"))[:12]:
        image = read_image(path)
        for found in detector.detect(image):
            ours = align(image, found.landmarks).astype(int)
            assert np.abs(ours - by_insightface(image, found.landmarks)).max() <= 1
            compared += 1
    assert compared > 5
