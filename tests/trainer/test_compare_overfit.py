"""Networks that learn a few photos by heart, and what a report says of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from netcafe_face.domain.errors import Cancelled
from netcafe_face.domain.faces import unit_rows
from netcafe_face.trainer.cli.root import run
from netcafe_face.trainer.compare.overfit import (
    EACH,
    PEOPLE,
    Overfit,
    OverfitReport,
    OverfitTask,
    few,
    load_overfit,
    run_overfit,
    separated,
)
from netcafe_face.trainer.data.crops import CropSet, save_crops
from netcafe_face.trainer.errors import DataUnusable, OptionsRefused, RunUnusable
from tests.trainer.kit import people, tiny


def task(folder: Path, crops: CropSet | None = None, **changes: object) -> OverfitTask:
    base = tiny(
        steps=200, augment="none", ema=0.0, optimiser="adamw", learning_rate=0.002, schedule="constant"
    )
    base = replace(base, validate_every=5, checkpoint_every=5)
    standard = OverfitTask(crops or people(), folder, base, ("plain-tiny",), ("softmax", "arcface"), "again")
    return replace(standard, **changes)


def test_a_few_photos_are_learned_by_heart_and_then_the_run_ends(tmp_path: Path) -> None:
    said: list[str] = []
    report = run_overfit(task(tmp_path), said.append, lambda: False)
    assert [(one.loss, one.separated) for one in report.outcomes] == [("softmax", 1.0), ("arcface", 1.0)]
    assert all(0 < one.steps < 200 and one.steps % 5 == 0 for one in report.outcomes)
    assert (report.photos, report.people) == (16, 4)
    assert load_overfit(tmp_path) == report
    assert f"plain-tiny with ArcFace did in {report.outcomes[1].steps} steps" in report.sentence()
    assert report.sentence().endswith("Made by: again")


def test_what_was_found_is_not_run_again(tmp_path: Path) -> None:
    first = run_overfit(task(tmp_path, losses=("softmax",)), [].append, lambda: False)
    assert run_overfit(task(tmp_path, losses=("softmax",)), [].append, lambda: True) == first


def test_more_steps_go_on_where_too_few_were_done(tmp_path: Path) -> None:
    base = replace(task(tmp_path).base, steps=1)
    few_steps = run_overfit(task(tmp_path, base=base, losses=("softmax",)), [].append, lambda: False)
    assert few_steps.outcomes[0].separated < 1
    more = run_overfit(task(tmp_path, losses=("softmax",)), [].append, lambda: False)
    assert more.outcomes[0].separated == 1
    other = task(tmp_path, base=replace(base, learning_rate=0.5), losses=("softmax",))
    with pytest.raises(RunUnusable, match="give another --out"):
        run_overfit(other, [].append, lambda: False)


def test_stopped_it_goes_on_with_the_same_command(tmp_path: Path) -> None:
    asked = iter([False] * 3 + [True] * 10)
    with pytest.raises(Cancelled):
        run_overfit(task(tmp_path / "stopped", losses=("softmax",)), [].append, lambda: next(asked))
    resumed = run_overfit(task(tmp_path / "stopped", losses=("softmax",)), [].append, lambda: False)
    whole = run_overfit(task(tmp_path / "whole", losses=("softmax",)), [].append, lambda: False)
    assert [one.steps for one in resumed.outcomes] == [one.steps for one in whole.outcomes]


def test_a_network_that_does_not_is_told_apart_from_one_that_does(tmp_path: Path) -> None:
    base = replace(task(tmp_path).base, steps=2, learning_rate=1e-9)
    report = run_overfit(task(tmp_path, base=base, losses=("softmax",)), [].append, lambda: False)
    assert report.outcomes[0].separated < 1
    assert "did not in 2 steps" in report.sentence()
    failed = OverfitReport("again", 32, 8, (Overfit("resnet34", "softmax", failed="the loss is no number"),))
    assert "resnet34 with Softmax failed" in failed.sentence()


def test_the_measure_asks_that_every_genuine_pair_beats_every_impostor_pair() -> None:
    labels = np.array([0, 0, 1, 1])
    apart = unit_rows(np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], np.float32))
    mixed = unit_rows(np.array([[1, 0], [0, 1], [1, 0.2], [1, 0.1]], np.float32))
    assert separated(apart, labels) == 1.0
    assert separated(mixed, labels) == 0.5  # the second person's two photos, by a hair
    for bad in (np.zeros(4, np.int64), np.arange(4)):
        with pytest.raises(ValueError, match="genuine and impostor"):
            separated(apart, bad)


def test_people_with_enough_photos_are_taken_and_no_held_out_ones() -> None:
    crops = people(training=12, each=5)
    chosen = few(crops.training().labelled())
    assert len(chosen) == PEOPLE * EACH
    assert not any(record.held_out for record in chosen.records)
    with pytest.raises(DataUnusable, match="two are needed"):
        few(people(training=4, each=2).training())


def test_a_network_nobody_knows_stops_it_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(OptionsRefused):
        run_overfit(task(tmp_path, backbones=("plain-tiny", "resnet3")), [].append, lambda: False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["{", "[]", '{"photos": 3}', '{"outcomes": [{"odd": 1}]}'])
def test_damaged_results_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "overfit.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunUnusable, match=r"overfit\.json"):
        load_overfit(tmp_path)
    with pytest.raises(RunUnusable, match="overfit"):
        load_overfit(tmp_path / "nowhere")


def test_the_command_tells_by_its_exit_status_whether_all_did(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save_crops(tmp_path / "crops", people())
    command = ["overfit", "--data", str(tmp_path / "crops"), "--backbone", "plain-tiny", "--loss", "softmax"]
    assert run([*command, "--out", str(tmp_path / "did"), "--threads", "1"]) == 0
    assert "plain-tiny with Softmax did in" in capfd.readouterr().out
    few_steps = ["--steps", "1", "--learning-rate", "1e-9"]
    assert run([*command, "--out", str(tmp_path / "not"), "--threads", "1", *few_steps]) == 1
