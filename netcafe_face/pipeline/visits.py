"""From sightings at a seat to visits: a state machine without a clock, a thread or a database of its own.

A sighting either bears out the visit that is open at its seat, or it is an arrival that has to prove itself:

* A named visit is borne out by its customer only. Whoever is undecided may be that customer with the head
  turned, so the visit waits; it goes on when the name comes back and ends at its own last sighting if not.
* A nameless visit is borne out by any nameless face, since nothing tells two of them apart, and by its own
  track when that is named. A name therefore reaches back to where its own track began, and no further.
* A name that is contradicted soon after it was given was a mistake: the visit is corrected. Later, it is
  somebody else: the visit ends and another begins.

Durations are monotonic; a visit's beginning is told by the wall clock, and the rest follows from it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from netcafe_face.domain.people import Presence, Visit
from netcafe_face.pipeline.visit_book import (
    Arrival,
    Moment,
    OpenVisit,
    SeatState,
    Sighting,
    VisitBook,
    VisitNews,
    VisitRules,
)

NAMED = frozenset({Presence.KNOWN, Presence.BANNED})
_EMPTY = SeatState()


def step(
    book: VisitBook, sightings: Mapping[str, Sighting], moment: Moment, rules: VisitRules
) -> tuple[VisitBook, tuple[VisitNews, ...]]:
    """Take in who is seen at which seat at one moment.

    Args:
        book: what was known before.
        sightings: by the seat's name; seats where nobody is seen are left out.
        moment: now.
        rules: when a visit begins, changes and ends.

    Returns:
        The new book, and the visits that are to be stored.
    """
    turn = _Turn(book, moment, rules)
    names = dict.fromkeys((*book.seats, *sightings))
    states = {name: turn.advance(name, book.seats.get(name, _EMPTY), sightings.get(name)) for name in names}
    return turn.closed({name: state for name, state in states.items() if state != _EMPTY})


def forget(
    book: VisitBook, people: Container[int], moment: Moment, rules: VisitRules
) -> tuple[VisitBook, tuple[VisitNews, ...]]:
    """Take the names of customers who are no longer in the gallery off the visits that last."""
    turn = _Turn(book, moment, rules)
    return turn.closed({name: turn.forget(state, people) for name, state in book.seats.items()})


def end_all(book: VisitBook, moment: Moment, rules: VisitRules) -> tuple[VisitBook, tuple[VisitNews, ...]]:
    """End every visit at its last sighting, as when a source is given up."""
    turn = _Turn(book, moment, rules)
    for state in book.seats.values():
        if state.visit is not None:
            turn.end(state.visit)
    return turn.closed({})


class _Turn:
    """One step's work: it counts, and collects the news."""

    def __init__(self, book: VisitBook, moment: Moment, rules: VisitRules) -> None:
        self._book = book
        self._moment = moment
        self._rules = rules
        self._news: list[VisitNews] = []
        self._last_key = book.last_key
        self._last_stranger = book.last_stranger

    def closed(self, seats: Mapping[str, SeatState]) -> tuple[VisitBook, tuple[VisitNews, ...]]:
        """Return the book with these seats, and the news."""
        book = replace(
            self._book,
            seats=MappingProxyType(dict(seats)),
            last_key=self._last_key,
            last_stranger=self._last_stranger,
        )
        return book, tuple(self._news)

    def advance(self, seat: str, state: SeatState, sighting: Sighting | None) -> SeatState:
        """Return what is going on at one seat now."""
        now_s, rules, open_visit = self._moment.at_s, self._rules, state.visit
        if open_visit is not None and sighting is not None and _bears_out(open_visit, sighting):
            return SeatState(self._go_on(seat, open_visit, sighting))
        arrival = self._arrival(state.arrival, sighting)
        lasting = arrival is not None and arrival.last_s - arrival.first_s >= rules.begin_s
        if open_visit is not None:
            if arrival is not None and self._was_mistake(open_visit, arrival):
                return SeatState(self._corrected(open_visit, arrival.sighting))
            replaced = lasting and arrival is not None and arrival.sighting.presence is not Presence.UNDECIDED
            if not replaced and now_s - open_visit.seen_s <= rules.absence_s:
                return SeatState(open_visit, arrival)
            self.end(open_visit)
        if arrival is not None and lasting:
            return SeatState(self._begin(seat, arrival))
        return SeatState(None, arrival)

    def _arrival(self, before: Arrival | None, sighting: Sighting | None) -> Arrival | None:
        now_s = self._moment.at_s
        if before is not None and now_s - before.last_s > self._rules.flicker_s:
            before = None
        if sighting is None:
            return before
        if before is not None and _same_arrival(before.sighting, sighting):
            return Arrival(before.first_s, now_s, sighting)
        return Arrival(now_s, now_s, sighting)

    def _was_mistake(self, open_visit: OpenVisit, arrival: Arrival) -> bool:
        decided = arrival.sighting.presence is not Presence.UNDECIDED
        doubtful = arrival.last_s - arrival.first_s >= self._rules.doubt_s
        return (
            arrival.sighting.track_id == open_visit.track_id
            and open_visit.visit.presence in NAMED
            and open_visit.seen_s - open_visit.named_s < self._rules.settled_s
            and (decided or doubtful)
        )

    def _begin(self, seat: str, arrival: Arrival) -> OpenVisit:
        self._last_key += 1
        began = self._moment.wall(arrival.first_s)
        visit = Visit(
            source=self._book.source,
            seat=seat,
            presence=Presence.UNDECIDED,
            label="",
            started_at=began,
            last_seen_at=began,
            sample=self._book.sample,
        )
        open_visit = OpenVisit(
            visit=visit,
            key=self._last_key,
            track_id=arrival.sighting.track_id,
            track_since_s=arrival.first_s,
            began_s=arrival.first_s,
            seen_s=arrival.last_s,
            reported_s=arrival.first_s,
        )
        return self._reported(self._identified(open_visit, arrival.sighting))

    def _go_on(self, seat: str, open_visit: OpenVisit, sighting: Sighting) -> OpenVisit:
        now_s = self._moment.at_s
        nameless = open_visit.visit.presence not in NAMED
        if nameless and sighting.presence in NAMED and open_visit.before_track_s is not None:
            # The name belongs to this track only; whoever sat here before it stays nameless.
            self.end(replace(open_visit, seen_s=open_visit.before_track_s))
            return self._begin(seat, Arrival(open_visit.track_since_s, now_s, sighting))
        if sighting.track_id != open_visit.track_id:
            open_visit = replace(
                open_visit,
                track_id=sighting.track_id,
                track_since_s=now_s,
                before_track_s=open_visit.seen_s,
            )
        changed = self._identified(replace(open_visit, seen_s=now_s), sighting)
        before, after = open_visit.visit, changed.visit
        same = (before.presence, before.label, before.customer_id) == (
            after.presence,
            after.label,
            after.customer_id,
        )
        due = now_s - open_visit.reported_s >= self._rules.seen_every_s
        return changed if same and not due else self._reported(changed)

    def _corrected(self, open_visit: OpenVisit, sighting: Sighting) -> OpenVisit:
        nameless = replace(open_visit, seen_s=self._moment.at_s, visit=_nameless(open_visit.visit))
        return self._reported(self._identified(nameless, sighting))

    def _identified(self, open_visit: OpenVisit, sighting: Sighting) -> OpenVisit:
        """Return the visit with what the sighting says about who it is."""
        visit = open_visit.visit
        if sighting.presence is Presence.UNDECIDED:
            return replace(open_visit, visit=replace(visit, pack_id=visit.pack_id or sighting.pack_id))
        if sighting.presence is Presence.STRANGER and not open_visit.number:
            self._last_stranger += 1
            open_visit = replace(open_visit, number=self._last_stranger)
        named = sighting.presence in NAMED
        if named and visit.customer_id != sighting.customer_id:
            open_visit = replace(open_visit, named_s=self._moment.at_s)
            visit = _with_look(visit, sighting)
        elif sighting.similarity > visit.similarity:
            visit = _with_look(visit, sighting)
        visit = replace(
            visit,
            presence=sighting.presence,
            customer_id=sighting.customer_id,
            customer_code=sighting.code,
            label=sighting.name if named else f"#{open_visit.number}",
        )
        return replace(open_visit, visit=visit)

    def _reported(self, open_visit: OpenVisit) -> OpenVisit:
        """Add the visit to the news, seen when it was, and return it so."""
        lasted = timedelta(seconds=open_visit.seen_s - open_visit.began_s)
        visit = replace(open_visit.visit, last_seen_at=open_visit.visit.started_at + lasted)
        self._news.append(VisitNews(open_visit.key, visit))
        return replace(open_visit, visit=visit, reported_s=self._moment.at_s)

    def end(self, open_visit: OpenVisit) -> None:
        """Report the visit as ended at its last sighting."""
        lasted = timedelta(seconds=open_visit.seen_s - open_visit.began_s)
        ended_at = open_visit.visit.started_at + lasted
        visit = replace(open_visit.visit, last_seen_at=ended_at, ended_at=ended_at)
        self._news.append(VisitNews(open_visit.key, visit))

    def forget(self, state: SeatState, people: Container[int]) -> SeatState:
        """Return what is going on at one seat, without the names of those who are gone."""
        open_visit, arrival = state.visit, state.arrival
        if open_visit is not None and _is_gone(open_visit.visit.customer_id, people):
            open_visit = self._reported(replace(open_visit, visit=_nameless(open_visit.visit)))
        if arrival is not None and _is_gone(arrival.sighting.customer_id, people):
            arrival = replace(arrival, sighting=Sighting(arrival.sighting.track_id, Presence.UNDECIDED))
        return SeatState(open_visit, arrival)


def _bears_out(open_visit: OpenVisit, sighting: Sighting) -> bool:
    if open_visit.visit.presence in NAMED:
        return sighting.presence in NAMED and sighting.customer_id == open_visit.visit.customer_id
    return sighting.presence not in NAMED or sighting.track_id == open_visit.track_id


def _same_arrival(before: Sighting, now: Sighting) -> bool:
    if before.track_id == now.track_id:
        return True
    if before.presence in NAMED or now.presence in NAMED:
        return before.customer_id == now.customer_id
    return True


def _is_gone(customer_id: int | None, people: Container[int]) -> bool:
    return customer_id is not None and customer_id not in people


def _with_look(visit: Visit, sighting: Sighting) -> Visit:
    return replace(
        visit,
        similarity=sighting.similarity,
        margin=sighting.margin,
        threshold=sighting.threshold,
        pack_id=sighting.pack_id,
    )


def _nameless(visit: Visit) -> Visit:
    return replace(
        visit,
        presence=Presence.UNDECIDED,
        label="",
        customer_id=None,
        customer_code="",
        similarity=0.0,
        margin=0.0,
        threshold=0.0,
    )
