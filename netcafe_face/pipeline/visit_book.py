"""What is written down about the seats of one source: frozen values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from netcafe_face.domain.people import Presence, Visit

INTERRUPTED_NOTE = "#interrupted"
"""Note of a visit that a crash left open and that was ended at its last sighting; edges put it into words."""


@dataclass(frozen=True)
class VisitRules:
    """When a visit begins, changes and ends.

    Attributes:
        begin_s: how long somebody must be there for a visit to begin.
        absence_s: how long nobody may be there before it has ended.
        flicker_s: how long an arrival may be out of sight and still be the same arrival.
        settled_s: how long after a name was given a contradiction means a mistake, not another person.
        doubt_s: how long the same track must stay undecided to contradict its own name.
        seen_every_s: how often an unchanged visit is reported, so that a crash loses no more than that.
    """

    begin_s: float = 2.0
    absence_s: float = 60.0
    flicker_s: float = 1.5
    settled_s: float = 30.0
    doubt_s: float = 5.0
    seen_every_s: float = 5.0


@dataclass(frozen=True)
class Sighting:
    """Somebody at a seat in one frame; customer, code and name only where known or banned."""

    track_id: int
    presence: Presence
    customer_id: int | None = None
    code: str = ""
    name: str = ""
    similarity: float = 0.0
    margin: float = 0.0
    threshold: float = 0.0
    pack_id: str = ""


@dataclass(frozen=True)
class Moment:
    """One instant on both clocks: monotonic seconds, and UTC."""

    at_s: float
    utc: datetime

    def wall(self, at_s: float) -> datetime:
        """Return what the wall clock shows now for an earlier or later instant."""
        return self.utc + timedelta(seconds=at_s - self.at_s)


@dataclass(frozen=True)
class Arrival:
    """Somebody who is there, but has no visit yet."""

    first_s: float
    last_s: float
    sighting: Sighting


@dataclass(frozen=True)
class OpenVisit:
    """A visit that lasts.

    Attributes:
        key: tells it apart before it has an id.
        track_id: the track that bears it out.
        track_since_s: since when.
        before_track_s: last sighting before that; None where this track began the visit.
        began_s, seen_s: first and last sighting that bear it out, monotonic.
        named_s: when its present name was given.
        number: the stranger's number, 0 while it has none.
    """

    visit: Visit
    key: int
    track_id: int
    track_since_s: float
    began_s: float
    seen_s: float
    reported_s: float
    before_track_s: float | None = None
    named_s: float = 0.0
    number: int = 0


@dataclass(frozen=True)
class SeatState:
    """What is going on at one seat."""

    visit: OpenVisit | None = None
    arrival: Arrival | None = None


@dataclass(frozen=True)
class VisitBook:
    """All seats of one source, with the counters that give visits their keys and strangers their numbers."""

    source: str
    sample: bool = False
    seats: Mapping[str, SeatState] = field(default_factory=lambda: MappingProxyType({}))
    last_key: int = 0
    last_stranger: int = 0


@dataclass(frozen=True)
class VisitNews:
    """A visit that is to be stored: new, changed, ended, or merely still going on."""

    key: int
    visit: Visit
