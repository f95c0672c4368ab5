"""The session log, in SQL."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Any

from netcafe_face.domain.people import Presence, Visit, VisitFilter
from netcafe_face.gallery import values
from netcafe_face.gallery.database import GalleryDatabase
from netcafe_face.gallery.schema import ERASED_LABEL

_COLUMNS = (
    "customer_id, customer_code, label, source, seat, presence, started_at, last_seen_at, ended_at, "
    "similarity, margin, threshold, pack_id, sample, note"
)
_SEARCHED = (2, 3, 4, 5, 15)
"""Code, label, source, seat and note, by their place in a row that begins with the id."""
_COUNT = _COLUMNS.count(",") + 1


class VisitTable:
    """Reads and writes visits. Writing methods are called inside `GalleryDatabase.writing`."""

    def __init__(self, db: GalleryDatabase) -> None:
        self._db = db

    def save(self, visit: Visit) -> Visit:
        """Store a visit: a new one when its id is 0, else in place of what was there.

        A visit of a customer who has been erased meanwhile is stored without name, code and note.
        """
        if visit.customer_id is not None and self._is_gone(visit.customer_id):
            visit = replace(visit, customer_id=None, customer_code="", label=ERASED_LABEL, note="")
        row = _row(visit)
        if visit.id:
            self._db.execute(
                f"UPDATE visits SET ({_COLUMNS}) = ({', '.join('?' * _COUNT)}) WHERE id = ?", *row, visit.id
            )
            return visit
        cursor = self._db.execute(f"INSERT INTO visits ({_COLUMNS}) VALUES ({', '.join('?' * _COUNT)})", *row)
        return replace(visit, id=cursor.lastrowid or 0)

    def search(self, wanted: VisitFilter) -> list[Visit]:
        """Return the visits that began within the filter's times and hold its other fields, newest first."""
        conditions, given = _conditions(wanted)
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        query = f"SELECT id, {_COLUMNS} FROM visits {where}ORDER BY started_at DESC, id DESC LIMIT ?"
        limit = sys.maxsize if wanted.limit is None else max(wanted.limit, 0)
        if not wanted.text.strip():
            return [_visit(row) for row in self._db.rows(query, *given, limit)]
        text = values.Search(wanted.text)
        with closing(self._db.chunks(query, *given, sys.maxsize)) as chunks:
            found = (row for chunk in chunks for row in chunk if text.finds(*(row[i] for i in _SEARCHED)))
            return [_visit(row) for row in islice(found, limit)]

    def end_open(self) -> int:
        """End every open visit at its last sighting, after a crash; return how many there were."""
        return self._db.execute("UPDATE visits SET ended_at = last_seen_at WHERE ended_at IS NULL").rowcount

    def _is_gone(self, customer_id: int) -> bool:
        return self._db.value("SELECT 1 FROM customers WHERE id = ?", customer_id) is None


def _conditions(wanted: VisitFilter) -> tuple[list[str], list[Any]]:
    presences = sorted(presence.value for presence in wanted.presences)
    options: list[tuple[bool, str, list[Any]]] = [
        (wanted.since is not None, "started_at >= ?", [wanted.since and values.to_stored(wanted.since)]),
        (wanted.until is not None, "started_at < ?", [wanted.until and values.to_stored(wanted.until)]),
        (bool(presences), f"presence IN ({', '.join('?' * len(presences))})", presences),
        (wanted.customer_id is not None, "customer_id = ?", [wanted.customer_id]),
        (bool(wanted.seat), "seat = ?", [wanted.seat]),
    ]
    chosen = [(condition, given) for used, condition, given in options if used]
    return [condition for condition, _ in chosen], [value for _, given in chosen for value in given]


def _row(visit: Visit) -> tuple[Any, ...]:
    return (
        visit.customer_id,
        visit.customer_code,
        visit.label,
        visit.source,
        visit.seat,
        visit.presence.value,
        values.to_stored(visit.started_at),
        values.to_stored(visit.last_seen_at),
        values.to_stored(visit.ended_at) if visit.ended_at else None,
        float(visit.similarity),
        float(visit.margin),
        float(visit.threshold),
        visit.pack_id,
        int(visit.sample),
        visit.note,
    )


def _visit(row: tuple[Any, ...]) -> Visit:
    return Visit(
        id=row[0],
        customer_id=row[1],
        customer_code=row[2],
        label=row[3],
        source=row[4],
        seat=row[5],
        presence=Presence(row[6]),
        started_at=values.from_stored(row[7]),
        last_seen_at=values.from_stored(row[8]),
        ended_at=values.from_stored(row[9]) if row[9] else None,
        similarity=row[10],
        margin=row[11],
        threshold=row[12],
        pack_id=row[13],
        sample=bool(row[14]),
        note=row[15],
    )
