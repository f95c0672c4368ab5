"""Days and times as the window writes them: on the café's clock, the day first, in both languages."""

from __future__ import annotations

from datetime import date, datetime

DAY_FORMAT = "%d/%m/%Y"


def day_text(day: date) -> str:
    """Write a day as people here do, and as the enrolment asks for it: 31/12/2000."""
    return day.strftime(DAY_FORMAT)


def local_day(moment: datetime) -> str:
    """Write the café's day of a moment."""
    return day_text(moment.astimezone().date())


def time_text(moment: datetime, after: datetime | None = None) -> str:
    """Write a time to the second: with its day, or alone where it is the day of `after`."""
    local = moment.astimezone()
    same_day = after is not None and local.date() == after.astimezone().date()
    return local.strftime("%H:%M:%S") if same_day else local.strftime(f"{DAY_FORMAT} %H:%M:%S")
