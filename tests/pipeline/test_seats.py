from __future__ import annotations

import pytest

from netcafe_face.domain.people import Seat
from netcafe_face.pipeline.seats import prominence, seat_of, seats_of
from tests.pipeline.kit import detection

LEFT = Seat("A01", "door", (0.0, 0.0, 0.5, 1.0))
RIGHT = Seat("A02", "door", (0.4, 0.0, 0.6, 1.0))
SIZE = (1000, 500)


@pytest.mark.parametrize(("x", "expected"), [(100, "A01"), (700, "A02"), (410, "A01"), (440, "A02")])
def test_a_face_sits_where_its_centre_is_and_at_the_nearer_of_two_seats(x: float, expected: str) -> None:
    seat = seat_of(detection(x=x, y=200, size=40).box, SIZE, [LEFT, RIGHT])

    assert seat is not None
    assert seat.name == expected


def test_a_face_outside_every_seat_sits_nowhere() -> None:
    corner = Seat("B01", "door", (0.0, 0.0, 0.1, 0.1))
    flat = Seat("B02", "door", (0.5, 0.5, 0.0, 0.2))

    assert seat_of(detection(x=500, y=250).box, SIZE, [corner, flat]) is None


def test_a_source_without_seats_is_one_seat_of_its_own_name() -> None:
    (seat,) = seats_of("door", [])

    assert seat.name == "door"
    assert seat_of(detection(x=940, y=440).box, SIZE, [seat]) is seat
    assert seats_of("door", [LEFT]) == (LEFT,)


def test_the_sitter_is_the_large_face_in_the_middle() -> None:
    middle, border = detection(x=220, y=220, size=60).box, detection(x=10, y=10, size=60).box
    far = detection(x=235, y=235, size=30).box

    assert prominence(middle, SIZE, LEFT) > prominence(border, SIZE, LEFT)
    assert prominence(middle, SIZE, LEFT) > prominence(far, SIZE, LEFT)
