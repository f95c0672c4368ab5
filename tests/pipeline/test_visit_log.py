"""Visits reach the gallery in batches, survive its bad moments, and those a crash left open are ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netcafe_face.domain.errors import GalleryUnavailable
from netcafe_face.domain.people import Presence, Visit
from netcafe_face.gallery.service import Gallery
from netcafe_face.pipeline.visit_book import INTERRUPTED_NOTE, VisitNews
from netcafe_face.pipeline.visit_log import VisitLog, end_interrupted
from tests.pipeline.kit import PACK

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def visit(seat: str = "A01", minutes: float = 1.0, *, ended: bool = False, source: str = "door") -> Visit:
    seen = NOON + timedelta(minutes=minutes)
    return Visit(source, seat, Presence.STRANGER, "#1", NOON, seen, ended_at=seen if ended else None)


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path, PACK) as opened:
        yield opened


def test_a_visit_is_stored_once_and_then_brought_up_to_date(gallery: Gallery) -> None:
    log = VisitLog(gallery)
    for minutes in (1.0, 2.0, 3.0):
        log.add([VisitNews(1, visit(minutes=minutes))])
        log.flush(minutes)
    log.add([VisitNews(1, visit(minutes=4.0, ended=True))])
    log.flush(9.0)

    (stored,) = gallery.visits()
    assert stored.duration_s == 240
    assert stored.ended_at is not None


def test_of_several_news_about_a_visit_the_newest_is_stored(gallery: Gallery) -> None:
    log = VisitLog(gallery)
    log.add([VisitNews(1, visit(minutes=1.0)), VisitNews(2, visit("A02")), VisitNews(1, visit(minutes=2.0))])
    log.flush(0.0)

    assert {(item.seat, item.duration_s) for item in gallery.visits()} == {("A01", 120), ("A02", 60)}


def test_a_gallery_that_fails_is_asked_again_later_and_nothing_is_lost(tmp_path: Path) -> None:
    broken = Gallery.open(tmp_path, PACK)
    broken.close()
    log = VisitLog(broken)
    log.add([VisitNews(1, visit())])
    log.flush(100.0)
    assert isinstance(log.problem, GalleryUnavailable)

    with Gallery.open(tmp_path, PACK) as gallery:
        log._gallery = gallery
        log.flush(101.0)
        assert gallery.visits() == []
        log.add([VisitNews(1, visit(minutes=5.0))])
        log.flush(106.0)

        assert log.problem is None
        assert [item.duration_s for item in gallery.visits()] == [300]


def test_at_the_end_it_is_tried_at_once(tmp_path: Path) -> None:
    broken = Gallery.open(tmp_path, PACK)
    broken.close()
    log = VisitLog(broken)
    log.add([VisitNews(1, visit())])
    log.flush(100.0)

    with Gallery.open(tmp_path, PACK) as gallery:
        log._gallery = gallery
        log.flush(100.1, at_once=True)

        assert len(gallery.visits()) == 1


def test_visits_left_open_by_a_crash_end_at_their_last_sighting_and_are_marked(gallery: Gallery) -> None:
    gallery.save_visits([visit(minutes=7.0), visit("A02", ended=True), visit("B01", source="window")])

    assert end_interrupted(gallery, "door", NOON + timedelta(hours=8)) == 1

    by_seat = {item.seat: item for item in gallery.visits()}
    assert by_seat["A01"].ended_at == NOON + timedelta(minutes=7)
    assert by_seat["A01"].note == INTERRUPTED_NOTE
    assert by_seat["A02"].note == ""
    assert by_seat["B01"].ended_at is None


def test_without_a_crash_nothing_is_marked(gallery: Gallery) -> None:
    assert end_interrupted(gallery, "door", NOON) == 0
