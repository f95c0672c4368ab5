"""A second look at sizes of its own makes landmarks depend less on how far away a face is."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from netcafe_face.domain.faces import Detection, FloatArray, Image
from netcafe_face.domain.results import Face
from netcafe_face.vision.alignment import ARCFACE_TEMPLATE
from netcafe_face.vision.detection import build_detector
from netcafe_face.vision.packs import ModelPack
from netcafe_face.vision.ports import Detector
from netcafe_face.vision.runtime import Runtime
from netcafe_face.vision.second_look import MOST_LOOKS, SIZES, SMALLEST_FACE_PX, SecondLook


class Told:
    """A detector that finds what it was told."""

    def __init__(self, *found: Detection) -> None:
        self.found = list(found)

    def detect(self, image_bgr: Image) -> list[Detection]:
        return self.found


class Bright:
    """A network that takes bright squares for faces and counts its looks."""

    def __init__(self, blind: bool = False) -> None:
        self.looks, self.blind = 0, blind

    def find_all(self, image_bgr: Image) -> FloatArray:
        self.looks += 1
        _, _, stats, _ = cv2.connectedComponentsWithStats((image_bgr[:, :, 0] > 200).astype(np.uint8))
        rows = [
            [x, y, w, h, *(ARCFACE_TEMPLATE / 112 * [w, h] + [x, y]).ravel(), 0.9]
            for x, y, w, h, _ in stats[1:]
        ]
        return np.array([] if self.blind else rows, np.float32).reshape(-1, 15)

    def find(self, image_bgr: Image) -> FloatArray:
        raise AssertionError("a second look asks for all answers")


def square(x: float, y: float, side: float) -> Detection:
    return Detection(np.array([x, y, side, side]), np.zeros((5, 2)), 0.8)


@pytest.mark.parametrize(("x", "y", "side"), [(100, 80, 60), (200, 200, 30), (50, 60, 400), (0, 0, 100)])
def test_landmarks_are_placed_anew_in_pixels_of_the_frame_and_the_box_stays(
    x: int, y: int, side: int
) -> None:
    picture = np.zeros((600, 600, 3), np.uint8)
    picture[y : y + side, x : x + side] = 255
    given = square(x, y, side)
    (face,) = SecondLook(Told(given), Bright(), 160).detect(picture)
    assert face.box.tolist() == given.box.tolist()
    assert face.score == given.score
    assert face.landmarks == pytest.approx(ARCFACE_TEMPLATE / 112 * side + [x, y], abs=2 + side * 0.04)


def test_a_face_that_is_not_found_again_keeps_its_first_landmarks() -> None:
    given = square(100, 100, 80)
    picture = np.zeros((300, 300, 3), np.uint8)
    assert SecondLook(Told(given), Bright(), 160).detect(picture) == [given]
    picture[100:180, 100:180] = 255
    assert SecondLook(Told(given), Bright(blind=True), 160).detect(picture) == [given]
    # A neighbour seen at the edge of the second look is somebody else.
    beside = np.zeros((300, 300, 3), np.uint8)
    beside[150:180, 185:215] = 255
    assert SecondLook(Told(given), Bright(), 160).detect(beside) == [given]


class Trembling(Bright):
    """A network whose landmarks are off by as much as its calls say, and which may be blind now and then."""

    def __init__(self, *offsets: float | None) -> None:
        super().__init__()
        self.offsets = list(offsets)

    def find_all(self, image_bgr: Image) -> FloatArray:
        rows = super().find_all(image_bgr)
        offset = self.offsets[self.looks - 1]
        if offset is None:
            return rows[:0]
        rows[:, 4:14] += offset * rows[:, 2:3]
        return rows


def test_landmarks_are_the_mean_of_the_looks_that_found_the_face() -> None:
    picture = np.zeros((300, 300, 3), np.uint8)
    picture[100:180, 100:180] = 255
    given = square(100, 100, 80)

    def seen(*offsets: float | None) -> FloatArray:
        (face,) = SecondLook(Told(given), Trembling(*offsets), 160).detect(picture)
        return face.landmarks

    steady = seen(0.0, 0.0, 0.0)
    assert seen(0.1, -0.1, 0.0) == pytest.approx(steady, abs=0.5)
    assert seen(0.1, None, 0.1) == pytest.approx(steady + 8, abs=0.5)
    assert seen(None, None, None).tolist() == given.landmarks.tolist()


class Manifold(Bright):
    """A network with three answers for a face: the surest in place, one beside it, one for a part of it."""

    def find_all(self, image_bgr: Image) -> FloatArray:
        rows = np.repeat(super().find_all(image_bgr), 3, axis=0)
        side = rows[:, 2].copy()
        rows[1, 4:14] += 0.3 * side[1]
        rows[1, 14] = 0.45
        rows[2, 2:4] *= 0.3
        rows[2, :2] += 0.35 * side[2]
        rows[2, 4:14] += 9 * side[2]
        return rows


def test_of_one_look_the_mean_of_all_answers_about_the_face_counts_the_surest_most() -> None:
    picture = np.zeros((300, 300, 3), np.uint8)
    picture[100:180, 100:180] = 255
    given = square(100, 100, 80)
    (steady,) = SecondLook(Told(given), Bright(), 160).detect(picture)
    (face,) = SecondLook(Told(given), Manifold(), 160).detect(picture)
    # Scores of 0.9 and 0.45: a third of the way to what lies 0.3 faces beside; the small box is no such.
    assert face.landmarks == pytest.approx(steady.landmarks + 8, abs=0.5)


def test_very_small_faces_are_left_as_they_are_and_in_a_crowd_the_largest_are_looked_at() -> None:
    picture = np.zeros((300, 300, 3), np.uint8)
    network = Bright()
    SecondLook(Told(square(9, 9, SMALLEST_FACE_PX - 1)), network, 160).detect(picture)
    assert network.looks == 0
    crowd = [square(5, 5, 30 + number) for number in range(MOST_LOOKS + 20)]
    SecondLook(Told(*crowd), network, 160).detect(picture)
    assert network.looks == MOST_LOOKS * len(SIZES)


def test_the_same_face_at_another_size_keeps_its_landmarks_better(
    pack: ModelPack, detector: Detector, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    if not pack.card.detector.second_look_px:
        pytest.skip("the shipped pack asks for no second look")
    plain = replace(pack.card.detector, second_look_px=None)
    first = build_detector(replace(pack, card=replace(pack.card, detector=plain)), Runtime(threads=1))

    def drift(finder: Detector) -> float:
        large = finder.detect(group_bgr)
        drifts = []
        for scale in (0.4, 0.5, 0.7):
            small = cv2.resize(group_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            points = [face.landmarks / scale for face in finder.detect(np.asarray(small, np.uint8))]
            drifts += [min(float(np.abs(face.landmarks - p).mean()) for p in points) for face in large]
        return float(np.mean(drifts))

    assert drift(detector) < 0.8 * drift(first)
