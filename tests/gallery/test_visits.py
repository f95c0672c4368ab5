"""The session log keeps visits, and finds them again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from netcafe_face.domain.people import Presence, Visit, VisitFilter
from netcafe_face.gallery.service import Gallery
from tests.gallery.kit import MOMENT, person, visit


def minutes(count: float) -> datetime:
    return MOMENT + timedelta(minutes=count)


def test_a_visit_comes_back_as_it_was_stored(gallery: Gallery) -> None:
    an = gallery.add_customer(person())
    full = visit(
        an,
        ended_at=minutes(30.5),
        last_seen_at=minutes(30),
        similarity=0.61,
        margin=0.2,
        threshold=0.4,
        pack_id="mini@1",
        sample=True,
        note="asked for a headset",
    )
    stored = gallery.save_visit(full)
    assert stored == replace(full, id=stored.id)
    assert gallery.visits() == [stored]


def test_saving_again_replaces_the_visit(gallery: Gallery) -> None:
    stored = gallery.save_visit(visit())
    gallery.save_visit(replace(stored, last_seen_at=minutes(5), presence=Presence.UNDECIDED))
    (only,) = gallery.visits()
    assert (only.last_seen_at, only.presence, only.id) == (minutes(5), Presence.UNDECIDED, stored.id)


def test_times_in_any_zone_are_kept_as_the_same_moment(gallery: Gallery) -> None:
    hanoi = MOMENT.astimezone(timezone(timedelta(hours=7)))
    stored = gallery.save_visit(visit(started_at=hanoi, last_seen_at=hanoi))
    assert gallery.visits()[0].started_at == MOMENT == stored.started_at


@pytest.fixture
def log(gallery: Gallery) -> Gallery:
    an = gallery.add_customer(person())
    gallery.save_visits(
        [
            visit(started_at=minutes(0), last_seen_at=minutes(1), seat="S1"),
            visit(an, started_at=minutes(10), last_seen_at=minutes(20), seat="S2", note="cà phê"),
            visit(started_at=minutes(20), last_seen_at=minutes(21), seat="S2", presence=Presence.UNDECIDED),
            visit(an, started_at=minutes(30), last_seen_at=minutes(31), seat="S1", presence=Presence.BANNED),
        ]
    )
    return gallery


def begins(found: list[Visit]) -> list[int]:
    return [round((one.started_at - MOMENT).total_seconds() / 60) for one in found]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (VisitFilter(), [30, 20, 10, 0]),
        (VisitFilter(since=minutes(10)), [30, 20, 10]),
        (VisitFilter(until=minutes(10)), [0]),
        (VisitFilter(since=minutes(5), until=minutes(30)), [20, 10]),
        (VisitFilter(presences=frozenset({Presence.UNDECIDED, Presence.STRANGER})), [20, 0]),
        (VisitFilter(seat="S1"), [30, 0]),
        (VisitFilter(seat="s1"), []),
        (VisitFilter(customer_id=1), [30, 10]),
        (VisitFilter(customer_id=99), []),
        (VisitFilter(text="nguyen"), [30, 10]),
        (VisitFilter(text="a01"), [30, 10]),
        (VisitFilter(text="CA PHE"), [10]),
        (VisitFilter(text="camera s2"), [20, 10]),
        (VisitFilter(text="'; DROP TABLE visits"), []),
        (VisitFilter(limit=2), [30, 20]),
        (VisitFilter(limit=0), []),
        (VisitFilter(limit=-5), []),
        (VisitFilter(text="nguyen", limit=1), [30]),
        (VisitFilter(text="  ", limit=1), [30]),
        (VisitFilter(text="stranger", seat="S1", since=minutes(-60), limit=9), [0]),
    ],
)
def test_every_field_of_a_filter_holds(log: Gallery, wanted: VisitFilter, expected: list[int]) -> None:
    assert begins(log.visits(wanted)) == expected


def test_visits_left_open_by_a_crash_end_at_the_last_sighting(log: Gallery) -> None:
    ended = log.save_visit(visit(started_at=minutes(40), last_seen_at=minutes(41), ended_at=minutes(45)))
    assert log.clear_open_visits() == 4
    assert log.clear_open_visits() == 0
    found = log.visits()
    assert found[0] == ended
    assert all(one.ended_at == one.last_seen_at for one in found[1:])


def test_a_long_log_is_searched_by_text_to_its_end(gallery: Gallery) -> None:
    first = visit(label="the very first", started_at=minutes(-1), last_seen_at=minutes(0))
    gallery.save_visits(
        [first, *(visit(started_at=minutes(n), last_seen_at=minutes(n)) for n in range(5000))]
    )
    assert [one.label for one in gallery.visits(VisitFilter(text="very first"))] == ["the very first"]
    assert len(gallery.visits()) == 5001
