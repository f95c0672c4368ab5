"""Who sits where and when in the sample café."""

from __future__ import annotations

from dataclasses import dataclass

from netcafe_face.domain.people import Seat

SOURCE_NAME = "Sample café"
WIDTH_PX, HEIGHT_PX = 1280, 720
COLUMNS, ROWS = 3, 2
LENGTH_S = 36.0
BEGIN_S = 1.0
ABSENCE_S = 4.0
"""A visit begins and ends sooner than in a real café, so that a short clip shows both."""

SEATS = tuple(
    Seat(
        name=f"A{row * COLUMNS + column + 1:02d}",
        camera=SOURCE_NAME,
        region=(column / COLUMNS, row / ROWS, 1 / COLUMNS, 1 / ROWS),
    )
    for row in range(ROWS)
    for column in range(COLUMNS)
)


@dataclass(frozen=True)
class Stay:
    """One person at one seat from `from_s` to `to_s`."""

    person: str
    seat: str
    from_s: float
    to_s: float


SCRIPT = (
    Stay("group-0", "A01", 0.0, 13.0),
    Stay("group-0", "A01", 21.0, 33.0),
    Stay("group-2", "A02", 1.5, 18.0),
    Stay("astronaut", "A03", 4.0, 17.0),
    Stay("group-1", "A04", 7.0, 20.0),
    Stay("group-3", "A05", 9.0, 31.0),
    Stay("group-2", "A06", 20.0, 32.0),
    Stay("group-5", "A03", 23.0, 33.0),
)


def sitting(at_s: float) -> list[Stay]:
    """Return who sits somewhere at a time, in seconds from the start."""
    return [stay for stay in SCRIPT if stay.from_s <= at_s < stay.to_s]
