"""All visits of a filter, however many, fetched a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from netcafe_face.domain.people import Visit, VisitFilter

PAGE_ROWS = 1000
SEARCH_PAGE_ROWS = 20_000
"""A search for text reads all rows for each page, so the whole of one is fetched in few pages."""


class HasVisits(Protocol):
    """Whatever can list visits, newest first: the gallery."""

    def visits(self, wanted: VisitFilter, /) -> list[Visit]:
        """Return the visits of a filter, newest first, at most `wanted.limit`."""
        ...


def visit_pages(
    gallery: HasVisits, wanted: VisitFilter, page_rows: int = 0, held: Sequence[Visit] = ()
) -> Iterator[list[Visit]]:
    """Yield the visits of a filter in pages, newest first; no visit comes twice.

    Args:
        gallery: asked for one page at a time, so other readers and writers come in between.
        wanted: which visits; its limit is not used.
        page_rows: visits a page; 0 for what suits the filter.
        held: the visits already there, to go on behind the last of them.
    """
    seen: set[int] = set()
    until = wanted.until
    if held:
        until = held[-1].started_at + timedelta(microseconds=1)
        seen = {visit.id for visit in held if visit.started_at <= until}
    page_rows = page_rows or (SEARCH_PAGE_ROWS if wanted.text else PAGE_ROWS)
    rows = page_rows
    while True:
        found = gallery.visits(replace(wanted, until=until, limit=rows))
        fresh = [visit for visit in found if visit.id not in seen]
        if fresh:
            yield fresh
        if len(found) < rows:
            return
        # Whether the end of a filter counts or not, one microsecond later asks again for the last moment's
        # visits, and those already given are left out.
        last = found[-1].started_at
        until = last + timedelta(microseconds=1)
        seen = {visit.id for visit in found if visit.started_at <= until} | (seen if not fresh else set())
        rows = page_rows if fresh else rows * 2


def all_visits(gallery: HasVisits, wanted: VisitFilter) -> Iterator[Visit]:
    """Yield every visit of a filter, newest first, holding one page at a time."""
    for page in visit_pages(gallery, wanted):
        yield from page
