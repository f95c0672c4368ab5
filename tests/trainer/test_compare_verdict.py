"""What a comparison concludes: means, intervals, and whether ArcFace won."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

pytest.importorskip("torch")

from netcafe_face.trainer.compare.outcome import Outcome
from netcafe_face.trainer.compare.running import HELD_OUT
from netcafe_face.trainer.compare.statistics import difference, spread
from netcafe_face.trainer.compare.summary import verdict


def made(loss: str, *accuracies: float) -> list[Outcome]:
    return [Outcome(loss, seed, 0.1, accuracies={HELD_OUT: value}) for seed, value in enumerate(accuracies)]


def test_arcface_wins_only_where_all_intervals_leave_out_zero() -> None:
    ours, worse = made("arcface", 0.95, 0.951, 0.949), made("softmax", 0.90, 0.901, 0.899)
    assert verdict(ours + worse).startswith("ArcFace won")
    level = made("triplet", 0.95, 0.95, 0.951)
    assert verdict(ours + worse + level).startswith("Whether ArcFace won is undecided")
    lost = made("arcface", 0.90, 0.901, 0.899) + made("cosface", 0.95, 0.951, 0.949)
    assert "did not win; clearly higher: CosFace" in verdict(lost)
    noisy = made("arcface", 0.95, 0.90, 0.93) + made("softmax", 0.90, 0.94, 0.92)
    assert verdict(noisy).startswith("Whether ArcFace won is undecided")
    single = made("arcface", 0.95) + made("softmax", 0.90)
    assert verdict(single).startswith("Whether ArcFace won cannot be told from one seed.")
    assert "+5.00." in verdict(single)
    assert verdict(made("softmax", 0.9)) == "ArcFace was not compared with another loss."


def test_more_comparisons_make_wider_intervals_and_the_verdict_says_what_they_cover() -> None:
    ours, softmax = [0.95, 0.951, 0.949], [0.90, 0.902, 0.899]
    one, four = difference(ours, softmax), difference(ours, softmax, comparisons=4)
    assert four.low < one.low < one.high < four.high
    told = verdict(made("arcface", *ours) + made("softmax", *softmax))
    assert f"{100 * one.mean:+.2f} ({100 * one.low:+.2f} to {100 * one.high:+.2f})" in told
    assert "not in who was tested" in told


def test_runs_that_diverged_are_never_passed_over() -> None:
    failed = replace(made("arcface", 0.0)[0], failed="no longer a number", accuracies={})
    worse = made("softmax", 0.90, 0.901, 0.899)
    assert verdict([failed, *worse]) == "ArcFace gave no result: every run of it diverged."
    some = [replace(failed, seed=2), *made("arcface", 0.95, 0.951), *worse]
    assert not verdict(some).startswith("ArcFace won")
    assert "1 of its runs diverged" in verdict(some)
    nobody = [replace(failed, loss="softmax"), *made("arcface", 0.95)]
    assert "no other loss gave a result" in verdict(nobody)


def test_the_interval_is_students_by_hand() -> None:
    # Differences 1, 2, 3: mean 2, sd 1, t(0.975, 2) = 4.302653, so 2 ± 4.302653 / √3.
    gap = difference([1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    assert gap.mean == pytest.approx(2)
    assert gap.high - gap.mean == pytest.approx(4.302653 / math.sqrt(3), abs=1e-5)
    assert spread([0.1, 0.2, 0.3]).sd == pytest.approx(0.1)
    assert math.isnan(spread([0.1]).sd)
