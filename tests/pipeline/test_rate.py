from __future__ import annotations

import pytest

from netcafe_face.pipeline.rate import Rate


def test_a_rate_is_that_of_the_last_two_seconds() -> None:
    rate = Rate()
    for number in range(100):
        rate.count(10.0 + number * 0.04)

    assert rate.per_s(14.0) == pytest.approx(25.0)
    assert rate.per_s(20.0) == 0.0


def test_one_event_or_none_has_no_rate() -> None:
    rate = Rate()
    assert rate.per_s(10.0) == 0.0
    rate.count(10.0)
    assert rate.per_s(10.0) == 0.0
    rate.count(10.0)
    assert rate.per_s(10.0) == 0.0
