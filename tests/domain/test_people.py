"""Customers' records: templates are unit vectors, and a visit knows how long it lasted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from netcafe_face.domain.people import NewTemplate, Presence, TemplateSource, Visit

BEGIN = datetime(2025, 3, 3, 8, 0, tzinfo=UTC)


def template(vector: np.ndarray) -> NewTemplate:
    return NewTemplate(vector, "pack", 0.5, TemplateSource.FILE, "Lan")


def test_a_template_is_a_unit_vector_of_its_own_that_nobody_changes() -> None:
    vector = np.zeros(128)
    vector[3] = 1.0
    made = template(vector)
    vector[3] = 7.0
    assert made.embedding.dtype == np.float32
    assert made.embedding[3] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        made.embedding[0] = 1.0


@pytest.mark.parametrize("vector", [np.zeros(8), np.ones(8), np.full(8, np.nan), np.eye(2)])
def test_anything_else_is_no_template(vector: np.ndarray) -> None:
    with pytest.raises(ValueError, match="one unit vector"):
        template(vector)


def test_a_visit_lasts_until_it_ended_or_until_the_last_sighting() -> None:
    seen = BEGIN + timedelta(minutes=5)
    visit = Visit("cam", "A01", Presence.STRANGER, "#1", BEGIN, seen)
    ended = Visit("cam", "A01", Presence.STRANGER, "#1", BEGIN, seen, ended_at=BEGIN + timedelta(minutes=6))
    assert visit.duration_s == 300
    assert ended.duration_s == 360


def test_a_clock_set_back_makes_no_negative_visit() -> None:
    assert Visit("cam", "A01", Presence.KNOWN, "An", BEGIN, BEGIN - timedelta(hours=1)).duration_s == 0
