"""Several losses compared on tiny data, from the plan to the report."""

from __future__ import annotations

import csv
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from netcafe_face.domain.errors import Cancelled
from netcafe_face.trainer.compare.outcome import Outcome, load_outcome, save_outcome
from netcafe_face.trainer.compare.overfit import Overfit, OverfitReport
from netcafe_face.trainer.compare.plan import ComparePlan, is_for_choosing, parted
from netcafe_face.trainer.compare.published import PUBLISHED, TARGET
from netcafe_face.trainer.compare.report import write_report
from netcafe_face.trainer.compare.running import HELD_OUT, Comparison
from netcafe_face.trainer.compare.summary import rows_of, verdict
from netcafe_face.trainer.data.crops import CropSet, joined
from netcafe_face.trainer.errors import DataUnusable, LeakageFound, OptionsRefused, RunUnusable
from netcafe_face.trainer.loop import checkpoint
from tests.trainer.kit import people, tiny


@pytest.fixture(scope="module")
def crops() -> CropSet:
    return people(training=6, held_out=70, each=2)


def plan(**changes: object) -> ComparePlan:
    base = tiny(steps=4, validate_every=2, patience=5)
    standard = ComparePlan(("softmax", "arcface"), (0, 1), (0.02, 0.05), 2, base)
    return replace(standard, **changes)


@pytest.fixture(scope="module")
def compared(
    crops: CropSet, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Outcome], list[str]]:
    folder, said = tmp_path_factory.mktemp("compare"), []
    return folder, Comparison(plan(), crops, folder, say=said.append).run(), said


def test_every_loss_is_run_with_every_seed(compared: tuple[Path, list[Outcome], list[str]]) -> None:
    outcomes = compared[1]
    assert [(one.loss, one.seed) for one in outcomes] == [
        ("softmax", 0),
        ("softmax", 1),
        ("arcface", 0),
        ("arcface", 1),
    ]
    assert all(0 <= one.accuracies[HELD_OUT] <= 1 and one.steps == 4 for one in outcomes)


def test_each_loss_has_one_learning_rate_chosen_by_the_same_search(
    compared: tuple[Path, list[Outcome], list[str]],
) -> None:
    folder, outcomes, _ = compared
    assert {one.rate for one in outcomes if one.loss == "softmax"} <= {0.02, 0.05}
    assert len({one.rate for one in outcomes if one.loss == "arcface"}) == 1
    assert sorted(path.name for path in (folder / "search").iterdir()) == [
        "arcface-0.02",
        "arcface-0.05",
        "softmax-0.02",
        "softmax-0.05",
    ]
    best = {loss: max(load(folder, loss, rate) for rate in (0.02, 0.05)) for loss in ("softmax", "arcface")}
    for one in outcomes:
        assert load(folder, one.loss, one.rate) == best[one.loss]


def load(folder: Path, loss: str, rate: float) -> float:
    tried = load_outcome(folder / "search" / f"{loss}-{rate:g}")
    assert tried is not None
    return tried.accuracies["validation"]


def test_a_seed_gives_all_losses_the_same_first_weights(crops: CropSet, tmp_path: Path) -> None:
    starts = []
    for loss in ("softmax", "triplet", "arcface"):
        from netcafe_face.trainer.loop.setup import Surroundings, make_plan

        config = plan().run(loss, 1, 0.05)
        around = Surroundings(tmp_path / loss, tmp_path, tensorboard=False, say=[].append)
        starts.append(make_plan(config, crops, around).backbone.state_dict())
    for other in starts[1:]:
        assert all(torch.equal(starts[0][name], other[name]) for name in other)


def test_what_was_run_is_not_run_again(
    compared: tuple[Path, list[Outcome], list[str]], crops: CropSet
) -> None:
    folder, outcomes, _ = compared
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*.pt")}
    again = Comparison(plan(), crops, folder, say=[].append).run()
    assert again == outcomes
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*.pt")} == before


def test_a_comparison_that_is_stopped_goes_on(crops: CropSet, tmp_path: Path) -> None:
    one = plan(losses=("softmax",), seeds=(0,), rates=(0.05,))
    answers = iter([False, False, True])
    with pytest.raises(Cancelled):
        Comparison(one, crops, tmp_path, say=[].append, should_stop=lambda: next(answers)).run()
    stopped_at = checkpoint.load(tmp_path / "runs" / "softmax-0" / checkpoint.LAST)["step"]
    assert stopped_at == 2
    assert Comparison(one, crops, tmp_path, say=[].append).run()[0].steps == 4


def test_who_decides_when_to_stop_is_not_who_is_reported(crops: CropSet) -> None:
    parts = parted(crops)
    seen, reported = parts.seen, parts.reported
    assert parts.halved
    for record in reported.records:
        assert record.held_out
        assert not is_for_choosing(record.name)
    assert {r.name for r in seen.records if r.held_out}.isdisjoint(r.name for r in reported.records)
    assert len(seen.training()) == len(crops.training())
    assert len(seen) + len(reported) == len(crops)


def test_a_loss_that_diverges_is_named_and_the_others_go_on(crops: CropSet, tmp_path: Path) -> None:
    wild = plan(losses=("softmax",), seeds=(0,), rates=(1e30,))
    outcomes = Comparison(wild, crops, tmp_path, say=[].append).run()
    assert "no longer a number" in outcomes[0].failed
    row = rows_of(outcomes)[0]
    assert row.failed == 1
    assert "diverged" in row.note
    files = write_report(wild, crops, outcomes, tmp_path, "command")
    assert "diverged" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert {file.name for file in files} == {"report.md", "runs.csv", "report.html"}


def test_the_report_has_our_table_the_published_one_and_the_verdict(
    compared: tuple[Path, list[Outcome], list[str]], crops: CropSet
) -> None:
    folder, outcomes, _ = compared
    checked = OverfitReport("train overfit …", 32, 8, (Overfit("resnet34", "arcface", 1.0, 40),))
    write_report(plan(), crops, outcomes, folder, "python3 main.py train compare …", checked)
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert verdict(outcomes) in text
    assert "not converged" in text
    assert "never mixed with it" in text
    assert checked.sentence() in text
    for values in (*PUBLISHED.values(), TARGET):
        assert all(f"{value:.2f}" in text for value in values)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 3
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert 'src="accuracy' not in page
    with (folder / "runs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row[f"accuracy: {HELD_OUT}"]) for row in rows] == [o.accuracies[HELD_OUT] for o in outcomes]


def test_a_damaged_curve_is_named(
    compared: tuple[Path, list[Outcome], list[str]], crops: CropSet, tmp_path: Path
) -> None:
    outcome = compared[1][0]
    curve = tmp_path / "runs" / f"{outcome.loss}-{outcome.seed}" / "curve.csv"
    curve.parent.mkdir(parents=True)
    curve.write_text("100,0.5,0.6\n200,0.5,0.6\n", encoding="utf-8")
    with pytest.raises(RunUnusable, match=r"curve\.csv"):
        write_report(plan(), crops, [outcome], tmp_path, "again")


def test_an_outcome_reads_back(tmp_path: Path) -> None:
    outcome = Outcome(
        "arcface", 2, 0.1, 10, 8, 1.5, True, {HELD_OUT: 0.9}, 0.5, 0.1, 0.8, 1.5, ((0.1,), (0.5,))
    )
    save_outcome(tmp_path, outcome)
    assert load_outcome(tmp_path) == outcome
    (tmp_path / "outcome.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RunUnusable):
        load_outcome(tmp_path)


def test_a_folder_of_another_comparison_is_refused(crops: CropSet, tmp_path: Path) -> None:
    one = plan(losses=("softmax",), seeds=(0,), rates=(0.05,))
    Comparison(one, crops, tmp_path, say=[].append).run()
    more = replace(one, losses=("softmax", "arcface"), seeds=(0, 1))
    assert len(Comparison(more, crops, tmp_path, say=[].append).run()) == 4
    faster = replace(more, base=replace(more.base, workers=1))
    assert len(Comparison(faster, crops, tmp_path, say=[].append).run()) == 4
    others = people(training=5, held_out=70, each=2)
    for changed, data in (
        (replace(one, search_steps=3), crops),
        (replace(one, rates=(0.02,)), crops),
        (replace(one, base=replace(one.base, steps=6)), crops),
        (one, others),
    ):
        with pytest.raises(RunUnusable, match="give another --out"):
            Comparison(changed, data, tmp_path, say=[].append).run()


def test_too_few_people_to_report_on_are_told_before_anything_is_trained(tmp_path: Path) -> None:
    few = people(training=6, held_out=3, each=2)
    with pytest.raises(DataUnusable, match=r"2 folds need 2 people"):
        Comparison(plan(), few, tmp_path, say=[].append).run()
    assert not list(tmp_path.iterdir())


def test_a_tiny_set_is_compared_with_fewer_folds_and_the_report_says_so(tmp_path: Path) -> None:
    small = people(training=6, held_out=14, each=2)
    one = plan(seeds=(0,), rates=(0.05,))
    outcomes = Comparison(one, small, tmp_path, say=[].append).run()
    write_report(one, small, outcomes, tmp_path, "made by hand")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert re.search(r"people never trained on, [2-9] folds by the LFW protocol", text)
    assert "| accuracy, held-out people, LFW protocol (%) |" in text


def test_people_too_few_to_be_halved_do_both_and_the_report_says_so(tmp_path: Path) -> None:
    smallest = people(training=6, held_out=4, each=2)
    one = plan(seeds=(0,), rates=(0.05,))
    outcomes = Comparison(one, smallest, tmp_path, say=[].append).run()
    assert all(0 <= outcome.accuracies[HELD_OUT] <= 1 for outcome in outcomes)
    write_report(one, smallest, outcomes, tmp_path, "made by hand")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "too few to be halved, so the same people chose when to stop" in text
    assert "half of all held-out people" not in text


def test_a_typing_error_leaves_nothing_behind_that_refuses_the_right_command(
    crops: CropSet, tmp_path: Path
) -> None:
    with pytest.raises(OptionsRefused, match="plain-tinny"):
        plan(base=tiny(backbone="plain-tinny"))
    stopped = plan(losses=("softmax",), base=tiny(steps=3))
    with pytest.raises(Cancelled):
        Comparison(stopped, crops, tmp_path / "out", say=[].append, should_stop=lambda: True).run()
    shutil.rmtree(tmp_path / "out" / "search")  # nothing was run yet, only the plan written
    one = plan(losses=("softmax",), seeds=(0,), rates=(0.05,))
    assert Comparison(one, crops, tmp_path / "out", say=[].append).run()[0].steps == 4


@pytest.mark.parametrize("rates", [(0.0,), (0.1, 0.1), (-1.0,), (math.inf,)])
def test_learning_rates_that_teach_nothing_are_refused(rates: tuple[float, ...]) -> None:
    with pytest.raises(OptionsRefused, match="learning rates"):
        plan(rates=rates)


def test_somebody_who_is_reported_on_and_learned_from_in_another_spelling_stops_it(
    crops: CropSet, tmp_path: Path
) -> None:
    held = parted(crops).reported
    spelt = tuple(replace(record, name=record.name.upper(), held_out=False) for record in held.records)
    with pytest.raises(LeakageFound):
        Comparison(plan(), joined([crops, CropSet(held.crops_bgr, spelt)]), tmp_path, say=[].append).run()
    assert not list(tmp_path.iterdir())


def test_the_report_says_when_runs_were_begun_with_several_versions(
    compared: tuple[Path, list[Outcome], list[str]], crops: CropSet, tmp_path: Path
) -> None:
    folder = shutil.copytree(compared[0], tmp_path / "copy")
    record = checkpoint.read_record(folder / "runs" / "arcface-1")
    checkpoint.write_record(folder / "runs" / "arcface-1", record | {"commit": "0ld+"})
    write_report(plan(), crops, compared[1], folder, "made by hand")
    assert "0ld+ (1)" in (folder / "report.md").read_text(encoding="utf-8")
    with (folder / "runs.csv").open(encoding="utf-8") as stream:
        assert [row["commit"] for row in csv.DictReader(stream)][-1] == "0ld+"


def test_a_trial_sees_its_rate_at_its_height() -> None:
    long = replace(plan(), search_steps=100, base=replace(plan().base, warmup=200))
    assert long.trial("arcface", 0.1).warmup == 10
    assert long.run("arcface", 0, 0.1).warmup == 200


def test_the_report_tells_what_its_figures_rest_on(
    compared: tuple[Path, list[Outcome], list[str]], crops: CropSet, tmp_path: Path
) -> None:
    _, outcomes, _ = compared
    triplets = [replace(one, loss="triplet") for one in outcomes if one.loss == "softmax"]
    write_report(plan(losses=("triplet", "arcface")), crops, [*triplets, *outcomes[2:]], tmp_path, "again")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "Triplet: only the 12 photos of the 6 people" in text
    assert "as batches of 4 people with 2 photos each" in text
    assert "± is their standard deviation" in text
    assert "Chosen at the edge of those tried" in text
    assert "may be among those trained on" not in text
    elsewhere = [replace(one, accuracies={**one.accuracies, "cfp-fp": 0.5}) for one in outcomes]
    write_report(plan(), crops, elsewhere, tmp_path, "again")
    assert "cfp-fp: no picture of these sets is trained on" in (tmp_path / "report.md").read_text(
        encoding="utf-8"
    )
    reported = parted(crops).reported
    assert f"Tested on {len(reported)} photos of {len(reported) // 2} people" in text


def test_a_plan_without_sense_is_refused() -> None:
    with pytest.raises(OptionsRefused, match="no loss 'arc'"):
        plan(losses=("arc",))
    with pytest.raises(OptionsRefused, match="twice"):
        plan(seeds=(1, 1))
    with pytest.raises(OptionsRefused, match="needs"):
        plan(rates=())
