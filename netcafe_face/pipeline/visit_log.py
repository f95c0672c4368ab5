"""Visits on their way into the gallery: in batches, and once more after a failure."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from netcafe_face.domain.errors import GalleryError
from netcafe_face.domain.people import Visit, VisitFilter
from netcafe_face.gallery.index import IndexSnapshot
from netcafe_face.pipeline.visit_book import INTERRUPTED_NOTE, VisitNews

log = logging.getLogger(__name__)

_RETRY_S = 5.0
_LOOK_BACK = timedelta(days=14)


class VisitGallery(Protocol):
    """What a session needs of the gallery."""

    @property
    def snapshot(self) -> IndexSnapshot:
        """Return the newest index, at once."""
        ...

    def save_visits(self, visits: Sequence[Visit]) -> list[Visit]:
        """Store visits, new ones (id 0) and known ones, in one transaction."""
        ...

    def visits(self, wanted: VisitFilter | None = None) -> list[Visit]:
        """Return the visits that fit."""
        ...


class VisitLog:
    """Stores the news about visits. One thread owns it."""

    def __init__(self, gallery: VisitGallery) -> None:
        self._gallery = gallery
        self._waiting: dict[int, Visit] = {}
        self._ids: dict[int, int] = {}
        self._not_before_s = 0.0
        self.problem: GalleryError | None = None

    def add(self, news: Iterable[VisitNews]) -> None:
        """Take in news; of one visit only the newest counts."""
        for item in news:
            self._waiting[item.key] = item.visit

    def flush(self, now_s: float, *, at_once: bool = False) -> None:
        """Store what waits; after a failure, `problem` says why, and it is tried again some seconds later."""
        if not self._waiting or (now_s < self._not_before_s and not at_once):
            return
        keys = list(self._waiting)
        try:
            stored = self._gallery.save_visits(
                [replace(self._waiting[key], id=self._ids.get(key, 0)) for key in keys]
            )
        except GalleryError as error:
            log.warning("%d visits could not be stored: %s", len(keys), type(error).__name__)
            self.problem = error
            self._not_before_s = now_s + _RETRY_S
            return
        self.problem = None
        self._waiting.clear()
        for key, visit in zip(keys, stored, strict=True):
            if visit.ended_at is None:
                self._ids[key] = visit.id
            else:
                self._ids.pop(key, None)


def end_interrupted(gallery: VisitGallery, source: str, now: datetime) -> int:
    """End the visits that a crash left open at a source, each at its last sighting, and mark them so.

    Returns:
        How many there were.

    Raises:
        GalleryError: they could not be read or stored.
    """
    left = [
        replace(visit, ended_at=visit.last_seen_at, note=f"{visit.note} {INTERRUPTED_NOTE}".strip())
        for visit in gallery.visits(VisitFilter(since=now - _LOOK_BACK))
        if visit.ended_at is None and visit.source == source
    ]
    if left:
        gallery.save_visits(left)
    return len(left)
