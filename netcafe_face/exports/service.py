"""Export visits and customers to a file, with progress and a way to stop."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from netcafe_face.domain.errors import N_, Cancelled, ValueRefused
from netcafe_face.domain.people import Customer, Visit
from netcafe_face.exports.aside import written_aside
from netcafe_face.exports.tables import CUSTOMERS, VISITS, Row, Table
from netcafe_face.exports.writers import FORMATS, Format

ROWS_BETWEEN_LOOKS = 200


def _never() -> bool:
    return False


def _ignore(rows: int) -> None:
    del rows


@dataclass(frozen=True)
class ExportOptions:
    """How to export.

    Attributes:
        format: a key of `FORMATS`, or "" to go by the ending of the file's name.
        zone: the time zone of the local columns, None for the computer's own.
        progress: told the number of rows written so far, now and then and at the end.
        cancelled: asked now and then; True stops the export.
    """

    format: str = ""
    zone: tzinfo | None = None
    progress: Callable[[int], None] = _ignore
    cancelled: Callable[[], bool] = _never


def export_visits(visits: Iterable[Visit], path: Path, options: ExportOptions | None = None) -> int:
    """Write visits to a file that appears only when it is whole, and return how many there were.

    The visits may come from a generator: they are never all held in memory.

    Raises:
        ValueRefused: no format has this name or file ending.
        OutputError: the file cannot be written; what was there before is unchanged.
        Cancelled: `options.cancelled` said so; what was there before is unchanged.
    """
    return _export(VISITS, visits, path, options or ExportOptions())


def export_customers(customers: Iterable[Customer], path: Path, options: ExportOptions | None = None) -> int:
    """Write customers, without faces, to a file, and return how many there were; like `export_visits`."""
    return _export(CUSTOMERS, customers, path, options or ExportOptions())


def _export(table: Table[Row], rows: Iterable[Row], path: Path, options: ExportOptions) -> int:
    form = _format(path, options.format)
    counter = itertools.count(1)
    written = 0

    def watched() -> Iterator[Row]:
        nonlocal written
        for row, number in zip(rows, counter, strict=False):
            if number % ROWS_BETWEEN_LOOKS == 1:
                if options.cancelled():
                    raise Cancelled
                options.progress(written)
            yield row
            written = number

    with written_aside(path) as stream:
        form.write(stream, table, watched(), options.zone)
        if options.cancelled():
            raise Cancelled
    options.progress(written)
    return written


def _format(path: Path, key: str) -> Format:
    wanted = key.lower() or path.suffix.lower().removeprefix(".")
    if wanted not in FORMATS:
        raise ValueRefused(field=N_("Format"), value=wanted, reason=", ".join(FORMATS))
    return FORMATS[wanted]
