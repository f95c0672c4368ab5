"""Who is in the live picture and since when, and which seat they sit at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from PyQt6.QtGui import QImage

from netcafe_face.domain.people import Presence, Seat
from netcafe_face.domain.results import FrameResult, Label, SeenFace
from netcafe_face.gui.images import portrait, to_qimage

GONE_AFTER_S = 2.5
"""How long a face may be out of sight before it no longer counts as here."""

_ORDER = {Presence.BANNED: 0, Presence.KNOWN: 1, Presence.UNDECIDED: 2, Presence.STRANGER: 3}


@dataclass
class Person:
    """Someone in the picture: a customer, or a track that nobody is known to be yet.

    Attributes:
        since_s, last_s: monotonic seconds of the first and the last sighting.
        quality: of the face that `image` shows, by its quality report and the detector's confidence.
        seat: the seat's name, or "".
    """

    label: Label
    since_s: float
    last_s: float
    image: QImage = field(default_factory=QImage)
    quality: float = -1.0
    seat: str = ""


class WhoIsHere:
    """Keeps a list of people from frame to frame."""

    def __init__(self, seats: Sequence[Seat] = ()) -> None:
        self.seats = tuple(seats)
        self._people: dict[tuple[str, int], Person] = {}

    def update(self, result: FrameResult) -> None:
        """Take in one frame."""
        now = result.captured_at_s
        for number, seen in enumerate(result.faces):
            person = self._find(seen.label, number, now)
            person.label, person.last_s = seen.label, now
            person.seat = self._seat_of(seen, result)
            # A box that the detector is unsure of may be far too large, and then looks like a large face.
            quality = seen.face.quality.score * seen.face.detection.score**3
            if quality > person.quality * 1.15:
                person.image = to_qimage(portrait(result.frame_bgr, seen.face.detection))
                person.quality = quality
        self._people = {
            key: person for key, person in self._people.items() if now - person.last_s <= GONE_AFTER_S
        }

    def people(self) -> list[Person]:
        """Return who is here: banned first, then customers, then the others, the longest first."""
        return sorted(self._people.values(), key=lambda each: (_ORDER[each.label.presence], each.since_s))

    def at_seat(self, seat: Seat) -> Person | None:
        """Return who sits there."""
        return next((person for person in self.people() if person.seat == seat.name), None)

    def _find(self, label: Label, number: int, now: float) -> Person:
        track = ("track", label.track_id or -1 - number)
        named = label.customer_id is not None and label.presence in (Presence.KNOWN, Presence.BANNED)
        key = ("customer", label.customer_id or 0) if named else track
        if not named and label.track_id:
            self._take_back_name(track)
        if key not in self._people:
            # A track that is named now was here before it had a name.
            earlier = self._people.pop(track, None)
            self._people[key] = earlier or Person(label, now, now)
        elif key != track:
            self._people.pop(track, None)
        return self._people[key]

    def _take_back_name(self, track: tuple[str, int]) -> None:
        """Keep who was named on this track as somebody unnamed: erased meanwhile, or no longer sure."""
        for key, person in list(self._people.items()):
            if key[0] == "customer" and person.label.track_id == track[1]:
                self._people[track] = self._people.pop(key)

    def _seat_of(self, seen: SeenFace, result: FrameResult) -> str:
        height, width = result.frame_bgr.shape[:2]
        x, y, w, h = (float(value) for value in seen.face.detection.box)
        across, down = (x + w / 2) / width, (y + h / 2) / height
        for seat in self.seats:
            left, top, part_w, part_h = seat.region
            if left <= across <= left + part_w and top <= down <= top + part_h:
                return seat.name
        return ""
