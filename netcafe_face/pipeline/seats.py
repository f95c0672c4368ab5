"""Which face sits where."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netcafe_face.domain.faces import FloatArray
from netcafe_face.domain.people import Seat

WHOLE_PICTURE = (0.0, 0.0, 1.0, 1.0)


def seats_of(source: str, seats: Sequence[Seat]) -> tuple[Seat, ...]:
    """Return the seats of a source; the whole picture is one, named as the source, where there are none."""
    return tuple(seats) or (Seat(source, source, WHOLE_PICTURE),)


def seat_of(box: FloatArray, frame_size: tuple[int, int], seats: Sequence[Seat]) -> Seat | None:
    """Return the seat that a face's centre lies in, the one with the nearest centre where several overlap.

    Args:
        box: float32 (4,), x, y, width, height in pixels.
        frame_size: width, height of the picture in pixels.
        seats: with their regions as parts of the picture.
    """
    places = [(_from_centre(box, frame_size, seat), number) for number, seat in enumerate(seats)]
    inside = [place for place in places if place[0] <= 1.0]
    return seats[min(inside)[1]] if inside else None


def prominence(box: FloatArray, frame_size: tuple[int, int], seat: Seat) -> float:
    """Return how much a face looks like the one who sits there: large, and near the middle of the seat."""
    return math.sqrt(float(box[2] * box[3])) * (1.0 - 0.5 * min(1.0, _from_centre(box, frame_size, seat)))


def _from_centre(box: FloatArray, frame_size: tuple[int, int], seat: Seat) -> float:
    """Return the distance of a face from the middle of a seat: 0 there, 1 on its border, more outside."""
    x, y, width, height = seat.region
    if width <= 0 or height <= 0:
        return math.inf
    across = (float(box[0] + box[2] / 2) / frame_size[0] - x - width / 2) / (width / 2)
    down = (float(box[1] + box[3] / 2) / frame_size[1] - y - height / 2) / (height / 2)
    return max(abs(across), abs(down))
