"""The formats an export can have, and how each writes a table row by row."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, BinaryIO

from netcafe_face.exports.cells import guard
from netcafe_face.exports.tables import Column, Row, Table, Value, local_text, utc_text

JSON_FORMAT = "netcafe-face"
JSON_VERSION = 1

WriteTable = Callable[[BinaryIO, Table[Any], Iterable[Any], tzinfo | None], None]
"""Writes a table's rows to a binary stream; the zone is None for the computer's own."""


@dataclass(frozen=True)
class Format:
    """A file format: its name for people, the ending of its files, and its writer."""

    title: str
    suffix: str
    write: WriteTable


def write_csv(stream: BinaryIO, table: Table[Row], rows: Iterable[Row], zone: tzinfo | None) -> None:
    """Write CSV (RFC 4180) in UTF-8 with a byte order mark, so that spreadsheets read Vietnamese right.

    Text that a spreadsheet would take for a formula is guarded (see `cells`); numbers and times are ours.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in table.columns])
    for row in rows:
        writer.writerow([_csv_cell(column, column.value(row), zone) for column in table.columns])
    text.flush()
    text.detach()


def write_json(stream: BinaryIO, table: Table[Row], rows: Iterable[Row], zone: tzinfo | None) -> None:
    """Write one JSON object that holds the rows as a list, one row a line, in UTF-8."""
    head = {"format": JSON_FORMAT, "version": JSON_VERSION, "table": table.name}
    stream.write(json.dumps(head)[:-1].encode() + b', "rows": [')
    separator = b"\n"
    for row in rows:
        values = {column.name: _json_value(column, column.value(row), zone) for column in table.columns}
        text = json.dumps(values, ensure_ascii=False, allow_nan=False)
        stream.write(separator + text.encode("utf-8", errors="replace"))
        separator = b",\n"
    stream.write(b"\n]}\n")


FORMATS: dict[str, Format] = {
    "csv": Format("CSV", ".csv", write_csv),
    "json": Format("JSON", ".json", write_json),
}
"""Every format by its key; XLSX and PDF join here."""


def _csv_cell(column: Column[Row], value: Value, zone: tzinfo | None) -> str:
    if isinstance(value, str):
        return guard(value)
    plain = _json_value(column, value, zone)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return str(plain)


def _json_value(column: Column[Row], value: Value, zone: tzinfo | None) -> str | int | float | bool | None:
    if isinstance(value, datetime):
        return local_text(value, zone) if column.local else utc_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
