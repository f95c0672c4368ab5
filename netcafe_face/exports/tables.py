"""Which columns an export has, in which order, and how each value is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Generic, TypeVar

from netcafe_face.domain.people import Customer, Visit

Value = str | int | float | bool | datetime | date | None
"""What a cell may hold; text, numbers and times stay apart so that a writer can type its columns."""

Row = TypeVar("Row")


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column: its name in the file, what it means, and how to find its value.

    Attributes:
        local: the value is a time to be written in the café's time zone, for people to read.
    """

    name: str
    meaning: str
    value: Callable[[Row], Value]
    local: bool = False


@dataclass(frozen=True)
class Table(Generic[Row]):
    """A kind of export: its name and its columns."""

    name: str
    columns: tuple[Column[Row], ...]


def utc_text(moment: datetime) -> str:
    """Write an aware time as ISO 8601 in UTC, such as 2026-11-22T06:45:00.5Z, without losing microseconds."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def local_text(moment: datetime, zone: tzinfo | None) -> str:
    """Write an aware time as the clock on the wall shows it, in `zone` or the computer's own."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


VISITS: Table[Visit] = Table(
    "visits",
    (
        Column("id", "number of the visit in this café's database", lambda v: v.id),
        Column("started_at", "when it began, UTC, ISO 8601", lambda v: v.started_at),
        Column("last_seen_at", "when the person was last seen, UTC, ISO 8601", lambda v: v.last_seen_at),
        Column("ended_at", "when it ended, UTC, ISO 8601; empty while it lasts", lambda v: v.ended_at),
        Column("started_local", "started_at in the café's time zone", lambda v: v.started_at, local=True),
        Column("ended_local", "ended_at in the café's time zone", lambda v: v.ended_at, local=True),
        Column(
            "duration_s", "seconds from the start to the end, or to the last sighting", lambda v: v.duration_s
        ),
        Column("source", "the camera or video", lambda v: v.source),
        Column("seat", "the seat, or the source where it has no seats", lambda v: v.seat),
        Column("presence", "known, banned, undecided or stranger", lambda v: v.presence.value),
        Column("label", "the customer's name, or #3 for the third stranger of a session", lambda v: v.label),
        Column("customer_code", "the customer's code; empty for a stranger", lambda v: v.customer_code),
        Column(
            "customer_id",
            "the customer's number in the database; empty for a stranger",
            lambda v: v.customer_id,
        ),
        Column("similarity", "best cosine seen, −1 to 1", lambda v: v.similarity),
        Column("margin", "how far the second best customer was behind", lambda v: v.margin),
        Column("threshold", "cosine that was needed to be named", lambda v: v.threshold),
        Column("pack_id", "the model pack that recognised", lambda v: v.pack_id),
        Column("sample", "true for a visit of the sample café", lambda v: v.sample),
        Column("note", "what staff wrote; #interrupted where a crash ended the visit", lambda v: v.note),
    ),
)

CUSTOMERS: Table[Customer] = Table(
    "customers",
    (
        Column("code", "the customer's code", lambda c: c.code),
        Column("name", "the customer's name", lambda c: c.name),
        Column("birth_date", "date of birth, ISO 8601; empty where unknown", lambda c: c.birth_date),
        Column("phone", "telephone number", lambda c: c.phone),
        Column("status", "active, banned or withdrawn", lambda c: c.status.value),
        Column("ban_reason", "why the customer is banned", lambda c: c.ban_reason),
        Column("note", "what staff wrote; #interrupted where a crash ended the visit", lambda c: c.note),
        Column("templates", "how many templates are stored; no face is ever exported", lambda c: c.templates),
        Column("has_photo", "true where a photo is kept", lambda c: c.has_photo),
        Column("created_at", "when the customer was added, UTC, ISO 8601", lambda c: c.created_at),
        Column("created_local", "created_at in the café's time zone", lambda c: c.created_at, local=True),
    ),
)
