"""Texts beside faces are readable: inside the picture and never on top of each other."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from PyQt6.QtCore import QRectF, QSizeF

from netcafe_face.gui.label_layout import leader, place_labels

BOUNDS = QRectF(0, 0, 800, 450)


def test_a_label_stands_above_its_face() -> None:
    (place,) = place_labels([QRectF(300, 200, 80, 100)], [QSizeF(150, 40)], BOUNDS)
    assert place.bottom() < 200
    assert place.left() == 300


@pytest.mark.parametrize(
    "box", [QRectF(0, 0, 60, 60), QRectF(740, 0, 60, 60), QRectF(0, 390, 60, 60), QRectF(-30, 420, 60, 60)]
)
def test_a_face_at_the_edge_keeps_its_whole_label_in_the_picture(box: QRectF) -> None:
    (place,) = place_labels([box], [QSizeF(220, 44)], BOUNDS)
    assert BOUNDS.contains(place)


def test_neighbours_do_not_write_over_each_other() -> None:
    boxes = [QRectF(100 + 70 * number, 200, 60, 80) for number in range(7)]
    places = place_labels(boxes, [QSizeF(200, 42)] * 7, BOUNDS)
    assert not any(one.intersects(other) for one, other in combinations(places, 2))
    assert all(BOUNDS.contains(place) for place in places)


def test_a_label_does_not_cover_another_face_when_there_is_room_elsewhere() -> None:
    lower, upper = QRectF(100, 200, 80, 100), QRectF(190, 120, 80, 100)
    places = place_labels([lower, upper], [QSizeF(180, 40)] * 2, BOUNDS)
    assert not places[0].intersects(upper)
    assert not places[1].intersects(lower)


def test_crowds_of_any_shape_stay_readable_while_there_is_room() -> None:
    chance = random.Random(7)
    for _round in range(40):
        boxes = [
            QRectF(chance.uniform(-20, 760), chance.uniform(-20, 420), 50, 60)
            for _face in range(chance.randint(1, 9))
        ]
        places = place_labels(boxes, [QSizeF(chance.uniform(60, 200), 40) for _box in boxes], BOUNDS)
        assert all(BOUNDS.contains(place) for place in places)
        assert not any(one.intersects(other) for one, other in combinations(places, 2))


def test_a_label_that_found_no_place_beside_its_face_is_joined_to_it_by_a_line() -> None:
    boxes = [QRectF(100 + 45 * number, 200, 44, 60) for number in range(9)]
    places = place_labels(boxes, [QSizeF(200, 42)] * 9, BOUNDS)
    lines = [leader(place, box) for place, box in zip(places, boxes, strict=True)]
    assert None in lines, "some stand beside their face"
    apart = [number for number, line in enumerate(lines) if line is not None]
    assert apart
    for number in apart:
        line = lines[number]
        assert line is not None
        assert places[number].adjusted(-1, -1, 1, 1).contains(line.p1())
        assert boxes[number].adjusted(-1, -1, 1, 1).contains(line.p2())


def test_a_label_right_beside_its_face_needs_no_line() -> None:
    box = QRectF(300, 200, 80, 100)
    for label in (QRectF(300, 156, 150, 40), QRectF(384, 210, 150, 40), QRectF(310, 210, 50, 30)):
        assert leader(label, box) is None


def test_a_label_larger_than_the_picture_is_cut_to_it() -> None:
    (place,) = place_labels([QRectF(10, 10, 20, 20)], [QSizeF(2000, 900)], BOUNDS)
    assert place == BOUNDS


def test_without_room_every_label_is_still_inside() -> None:
    places = place_labels([QRectF(0, 0, 90, 90)] * 6, [QSizeF(90, 90)] * 6, QRectF(0, 0, 100, 100))
    assert all(QRectF(0, 0, 100, 100).contains(place) for place in places)
