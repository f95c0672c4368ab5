"""The sample's picture: the same second always looks the same, and people move from one to the next."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from netcafe_face.domain.faces import Image
from netcafe_face.domain.people import Seat
from netcafe_face.sample.people import Cutout
from netcafe_face.sample.scene import Scene
from netcafe_face.sample.script import LENGTH_S, SEATS, sitting


def at_seat(picture: Image, seat: Seat) -> Image:
    height, width = picture.shape[:2]
    x, y, w, h = seat.region
    return picture[round(y * height) + 3 : round((y + h) * height) - 3, round(x * width) + 3 :][
        :, : round(w * width) - 8
    ]


def test_the_same_time_gives_the_same_picture(scene: Scene, cutout_of: Mapping[str, Cutout]) -> None:
    for at_s in (0.0, 10.25, LENGTH_S):
        picture = scene.render(at_s)
        assert picture.shape == (720, 1280, 3)
        assert picture.dtype == np.uint8
        assert np.array_equal(picture, scene.render(at_s))
        assert np.array_equal(picture, Scene(cutout_of).render(at_s))


def test_a_seat_changes_only_while_somebody_sits_there(scene: Scene) -> None:
    empty = scene.render(LENGTH_S)
    for at_s in (0.5, 5.0, 12.0, 19.5, 25.0):
        picture, taken = scene.render(at_s), {stay.seat for stay in sitting(at_s)}
        for seat in SEATS:
            same = np.array_equal(at_seat(picture, seat), at_seat(empty, seat))
            assert same is (seat.name not in taken)


def test_people_move_and_the_light_changes(scene: Scene) -> None:
    pictures = [at_seat(scene.render(at_s), SEATS[0]).astype(float) for at_s in (4.0, 4.5, 9.0)]
    assert np.abs(pictures[0] - pictures[1]).mean() > 1
    assert np.abs(pictures[0] - pictures[2]).mean() > 1


def test_nobody_appears_from_nowhere(scene: Scene) -> None:
    arrival = sitting(10.0)[0]
    seat = next(seat for seat in SEATS if seat.name == "A01")
    assert arrival.seat == "A01"
    middle = (slice(100, 200), slice(150, 280))
    empty = at_seat(scene.render(LENGTH_S), seat)[middle].astype(float)
    first = at_seat(scene.render(21.0), seat)[middle].astype(float)
    later = at_seat(scene.render(24.0), seat)[middle].astype(float)
    assert np.abs(later - empty).mean() > 3 * np.abs(first - empty).mean()


@pytest.mark.parametrize("at_s", [-1.0, 1e6])
def test_outside_the_clip_the_cafe_is_empty(scene: Scene, at_s: float) -> None:
    assert np.array_equal(scene.render(at_s), scene.render(LENGTH_S))
