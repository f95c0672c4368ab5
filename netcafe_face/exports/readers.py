"""Reads exported visits back, exactly as they were."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from netcafe_face.domain.errors import N_, InputError
from netcafe_face.domain.people import Presence, Visit
from netcafe_face.exports.cells import unguard
from netcafe_face.exports.tables import VISITS
from netcafe_face.exports.writers import JSON_FORMAT, JSON_VERSION

_DERIVED = {"started_local", "ended_local", "duration_s"}
_NEEDED = {column.name for column in VISITS.columns} - _DERIVED
_LONGEST_CELL = 16 * 1024 * 1024


class ExportUnreadable(InputError):
    """A file is not an export of visits. Details: path, line, reason."""

    what = N_("The file {path} cannot be read as a list of visits: line {line}, {reason}.")
    remedy = N_("Export the visits again, or choose another file.")


def read_visits_csv(path: Path) -> Iterator[Visit]:
    """Read the visits of a CSV export one by one.

    Raises:
        ExportUnreadable: the file is missing, not ours, or damaged at a line.
    """
    csv.field_size_limit(_LONGEST_CELL)
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            _check_columns(header)
            for cells in reader:
                line = reader.line_num
                if len(cells) != len(header):
                    raise ValueError(f"{len(cells)} cells instead of {len(header)}")
                yield _from_csv(dict(zip(header, cells, strict=True)))
    except (OSError, csv.Error, ValueError) as error:
        raise ExportUnreadable(path=path, line=line, reason=_reason(error)) from error


def read_visits_json(path: Path) -> list[Visit]:
    """Read the visits of a JSON export.

    Raises:
        ExportUnreadable: the file is missing, not ours, or damaged.
    """
    line = 1
    visits: list[Visit] = []
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        _check_document(document)
        for row in document["rows"]:
            line += 1
            _check_columns(row)
            visits.append(_from_values(row))
    except (OSError, ValueError, TypeError) as error:
        raise ExportUnreadable(path=path, line=line, reason=_reason(error)) from error
    return visits


def _check_document(document: object) -> None:
    expected = {"format": JSON_FORMAT, "version": JSON_VERSION, "table": VISITS.name}
    if not isinstance(document, dict) or not isinstance(document.get("rows"), list):
        raise ValueError("not an export")
    for key, value in expected.items():
        if document.get(key) != value:
            raise ValueError(f"{key} is not “{value}”")


def _check_columns(names: object) -> None:
    if not isinstance(names, (list, dict)):
        raise ValueError("a row is not an object")
    missing = sorted(_NEEDED - set(names))
    if missing:
        raise ValueError(f"missing columns: {', '.join(missing)}")


def _from_csv(cells: Mapping[str, str]) -> Visit:
    texts = {name: unguard(cell) for name, cell in cells.items()}
    numbers = {name: cells[name] or None for name in ("customer_id", "similarity", "margin", "threshold")}
    if cells["sample"] not in ("true", "false"):
        raise ValueError("sample is neither true nor false")
    return _from_values(
        {**texts, **numbers, "ended_at": cells["ended_at"] or None, "sample": cells["sample"] == "true"}
    )


def _from_values(values: Mapping[str, Any]) -> Visit:
    return Visit(
        source=_text(values["source"]),
        seat=_text(values["seat"]),
        presence=Presence(values["presence"]),
        label=_text(values["label"]),
        started_at=_time(values["started_at"]),
        last_seen_at=_time(values["last_seen_at"]),
        customer_id=None if values["customer_id"] is None else int(values["customer_id"]),
        customer_code=_text(values["customer_code"]),
        ended_at=None if values["ended_at"] is None else _time(values["ended_at"]),
        similarity=_number(values["similarity"]),
        margin=_number(values["margin"]),
        threshold=_number(values["threshold"]),
        pack_id=_text(values["pack_id"]),
        sample=bool(values["sample"]),
        note=_text(values["note"]),
        id=int(values["id"]),
    )


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"the time {text} has no time zone")
    return moment.astimezone(UTC)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _number(value: str | float | None) -> float:
    return float("nan") if value is None else float(value)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
