"""Who sits where in the sample: everybody can be in one place only."""

from __future__ import annotations

from itertools import combinations

import pytest

from netcafe_face.sample.people import PEOPLE
from netcafe_face.sample.script import (
    ABSENCE_S,
    BEGIN_S,
    LENGTH_S,
    SCRIPT,
    SEATS,
    SOURCE_NAME,
    Stay,
    sitting,
)


def test_everybody_in_the_script_exists_and_every_seat_is_used() -> None:
    assert {stay.person for stay in SCRIPT} == {person.key for person in PEOPLE}
    assert {stay.seat for stay in SCRIPT} == {seat.name for seat in SEATS}


@pytest.mark.parametrize("stay", SCRIPT, ids=lambda stay: f"{stay.person} at {stay.seat}")
def test_a_stay_lies_within_the_clip_and_is_long_enough_to_be_a_visit(stay: Stay) -> None:
    assert 0 <= stay.from_s < stay.to_s <= LENGTH_S - 2
    assert stay.to_s - stay.from_s > BEGIN_S + 2


def test_no_seat_holds_two_people_and_nobody_sits_in_two_places() -> None:
    for one, other in combinations(SCRIPT, 2):
        apart_s = max(one.from_s, other.from_s) - min(one.to_s, other.to_s)
        if one.seat == other.seat:
            assert apart_s > ABSENCE_S
        if one.person == other.person:
            assert apart_s > 0


def test_seats_fill_and_empty_again() -> None:
    counts = [len(sitting(second)) for second in range(int(LENGTH_S) + 1)]
    assert max(counts) >= 4
    assert counts[-1] == 0
    assert sitting(SCRIPT[0].from_s) == [SCRIPT[0]]
    assert SCRIPT[0] not in sitting(SCRIPT[0].to_s)


def test_the_seats_tile_the_picture() -> None:
    assert len({seat.name for seat in SEATS}) == 6
    assert {seat.camera for seat in SEATS} == {SOURCE_NAME}
    assert sum(seat.region[2] * seat.region[3] for seat in SEATS) == pytest.approx(1.0)
    assert all(x >= 0 and x + w <= 1 + 1e-9 and y + h <= 1 + 1e-9 for x, y, w, h in (s.region for s in SEATS))
