"""Days and times are written one way in the whole window."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from netcafe_face.gui.dates import day_text, time_text
from netcafe_face.gui.person_form import parse_birth_date

MOMENT = datetime(2026, 11, 22, 12, 14, 7, tzinfo=UTC).astimezone().replace(hour=12)


def test_a_time_has_its_seconds_because_many_visits_fall_into_one_minute() -> None:
    assert time_text(MOMENT).startswith("22/11/2026 12:14:07")


def test_the_day_is_not_said_twice() -> None:
    assert time_text(MOMENT + timedelta(hours=1), MOMENT) == "13:14:07"
    assert time_text(MOMENT + timedelta(days=1), MOMENT) == "23/11/2026 12:14:07"


def test_a_day_reads_as_the_enrolment_asks_for_it() -> None:
    born = date(2000, 12, 31)
    assert parse_birth_date(day_text(born), date(2026, 1, 1)) == born
