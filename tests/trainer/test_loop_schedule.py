from __future__ import annotations

from itertools import pairwise

import pytest

from netcafe_face.trainer.loop.config import SCHEDULES, TrainConfig
from netcafe_face.trainer.loop.schedule import learning_rate


def rates(schedule: str, **changes: object) -> list[float]:
    config = TrainConfig(
        **({"schedule": schedule, "steps": 1000, "warmup": 100, "learning_rate": 0.4} | changes)
    )  # type: ignore[arg-type]
    return [learning_rate(config, step) for step in range(config.steps)]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rate_rises_in_a_line_before_it_does_anything_else(schedule: str) -> None:
    rising = rates(schedule)[:100]
    assert rising[0] == pytest.approx(0.004)
    assert rising[49] == pytest.approx(0.2)
    assert rising[99] == pytest.approx(0.4)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rate_never_rises_afterwards_and_stays_above_zero(schedule: str) -> None:
    after = rates(schedule)[99:]
    assert all(one >= other - 1e-12 for one, other in pairwise(after))
    assert min(after) > 0


def test_a_cosine_is_half_way_down_in_the_middle_and_ends_at_nothing() -> None:
    cosine = rates("cosine")
    assert cosine[550] == pytest.approx(0.2)
    assert cosine[325] == pytest.approx(0.4 * (0.5 + 0.5 * 2**-0.5))
    assert cosine[-1] < 1e-5


def test_steps_divide_by_ten_after_a_half_three_quarters_and_nine_tenths() -> None:
    step = rates("step")
    assert step[499] == pytest.approx(0.4)
    assert step[500] == pytest.approx(0.04)
    assert step[750] == pytest.approx(0.004)
    assert step[900] == pytest.approx(0.0004)


def test_a_stable_rate_falls_in_a_line_at_the_end() -> None:
    stable = rates("warmup-stable-decay", decay_from=0.8)
    assert stable[100:801] == [0.4] * 701
    assert stable[900] == pytest.approx(0.2)
    assert stable[999] == pytest.approx(0.002)
    assert set(rates("warmup-stable-decay", decay_from=1.0)[100:]) == {0.4}


def test_a_constant_rate_is_constant() -> None:
    assert set(rates("constant")[100:]) == {0.4}


def test_without_warm_up_the_first_step_has_the_full_rate() -> None:
    assert rates("constant", warmup=0)[0] == 0.4
    assert rates("cosine", warmup=0)[0] == pytest.approx(0.4)


def test_a_run_shorter_than_its_warm_up_only_rises() -> None:
    rising = rates("cosine", steps=50)
    assert rising == sorted(rising)
