"""An annotated copy shows who is where, and the picture itself stays as it was."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from netcafe_face.domain.faces import Image
from netcafe_face.domain.people import Presence
from netcafe_face.domain.results import Face, Label, SeenFace
from netcafe_face.vision.drawing import COLOURS_BGR, FONT, annotate, plain_caption
from tests.pipeline.kit import detection, face


def seen(presence: Presence, text: str = "", at: tuple[float, float, float] = (40, 60, 80)) -> SeenFace:
    return SeenFace(face(None, at=detection(*at)), Label(presence, text, 0.71))


def colour_at(image: Image, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(value) for value in image[y, x])


def silent(label: Label) -> str:
    return ""


def test_the_picture_is_copied_and_never_changed(group_bgr: Image, group_faces: tuple[Face, ...]) -> None:
    before = group_bgr.copy()
    faces = [SeenFace(one, Label(Presence.STRANGER, "", 0.1)) for one in group_faces]
    drawn = annotate(group_bgr, faces)
    assert np.array_equal(group_bgr, before)
    assert drawn.shape == group_bgr.shape
    assert not np.array_equal(drawn, group_bgr)
    assert np.array_equal(annotate(group_bgr, []), group_bgr)


@pytest.mark.parametrize("presence", list(Presence))
def test_each_state_has_its_colour_and_does_not_rest_on_colour_alone(presence: Presence) -> None:
    drawn = annotate(np.zeros((200, 200, 3), np.uint8), [seen(presence)], silent)
    assert colour_at(drawn, 40, 60) != (0, 0, 0)
    assert colour_at(drawn, 50, 60) == pytest.approx(COLOURS_BGR[presence], abs=25)
    whole = presence in (Presence.KNOWN, Presence.BANNED)
    assert (colour_at(drawn, 80, 60) != (0, 0, 0)) == whole
    assert len(set(COLOURS_BGR.values())) == len(Presence)


def test_the_caption_tells_the_name_or_the_state_and_the_similarity() -> None:
    assert plain_caption(Label(Presence.KNOWN, "Lê Thị Ánh", 0.714)) == "Lê Thị Ánh 0.71"
    assert plain_caption(Label(Presence.STRANGER, "", 0.2)) == "stranger 0.20"
    assert plain_caption(Label(Presence.UNDECIDED, "", None)) == "undecided"


def test_a_caption_stands_above_its_face_and_below_where_there_is_no_room() -> None:
    blank = np.zeros((300, 300, 3), np.uint8)
    above = annotate(blank, [seen(Presence.KNOWN, "An", (100, 100, 80))])
    assert above[70:98, 100:140].any()
    assert not above[190:, 100:140].any()
    below = annotate(blank, [seen(Presence.KNOWN, "An", (100, 2, 80))])
    assert below[84:110, 100:140].any()


def test_vietnamese_letters_are_drawn_as_they_are() -> None:
    blank = np.zeros((200, 400, 3), np.uint8)
    drawn = [annotate(blank, [seen(Presence.KNOWN, name)]) for name in ("Ánh Nguyễn", "Anh Nguyen", "??? ??")]
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


@pytest.mark.parametrize(
    "at", [(-50, -50, 80), (180, 180, 90), (-500, -500, 50), (900, 900, 50), (50, 50, 3000), (10, 10, 0.2)]
)
@pytest.mark.parametrize("presence", [Presence.KNOWN, Presence.STRANGER])
def test_a_face_at_or_beyond_the_border_breaks_nothing(
    at: tuple[float, float, float], presence: Presence
) -> None:
    drawn = annotate(np.zeros((200, 200, 3), np.uint8), [seen(presence, "Trần Hoàng Minh Quân", at)])
    assert drawn.shape == (200, 200, 3)


@pytest.mark.parametrize("size", [(1, 1), (2, 500), (500, 2), (12, 12)])
def test_tiny_pictures_can_be_annotated(size: tuple[int, int]) -> None:
    drawn = annotate(np.zeros((*size, 3), np.uint8), [seen(Presence.BANNED, "Vy", (0, 0, 10))])
    assert drawn.shape == (*size, 3)


def test_a_name_longer_than_the_picture_begins_at_its_left_edge() -> None:
    long = replace(seen(Presence.KNOWN).label, text="Nguyễn " * 30)
    drawn = annotate(np.zeros((200, 200, 3), np.uint8), [SeenFace(seen(Presence.KNOWN).face, long)])
    assert drawn[:60, 0].any()


def test_letters_with_two_marks_are_told_apart() -> None:
    """“Hường” and “Hướng” are two people."""
    blank = np.full((200, 400, 3), 255, np.uint8)
    names = ("Hường", "Hướng", "Hưởng", "Hượng", "Hưỡng")
    pictures = [annotate(blank, [seen(Presence.KNOWN, name, (100, 80, 90))]) for name in names]
    for one, other in combinations(pictures, 2):
        assert (one != other).any()
    assert FONT.is_file()
