"""What the visits of a filter add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netcafe_face.domain.people import Presence, Visit


@dataclass(frozen=True)
class Totals:
    """What all visits of a filter add up to."""

    visits: int = 0
    customers: int = 0
    strangers: int = 0
    seconds: float = 0.0


def add_up(visits: Iterable[Visit]) -> Totals:
    """Count visits, the customers and strangers among them, and the time they add up to."""
    count, strangers, seconds = 0, 0, 0.0
    customers: set[int | str] = set()
    for visit in visits:
        count += 1
        seconds += visit.duration_s
        if visit.presence is Presence.STRANGER:
            strangers += 1
        elif visit.customer_id is not None or visit.customer_code:
            customers.add(visit.customer_id if visit.customer_id is not None else visit.customer_code)
    return Totals(count, len(customers), strangers, seconds)
