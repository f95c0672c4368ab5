"""A few people told apart: the split within people, the runs, the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import cv2

from netcafe_face.trainer.compare import closed_data
from netcafe_face.trainer.compare.closed import ClosedTask, run_closed
from netcafe_face.trainer.compare.closed_data import read_closed
from netcafe_face.trainer.compare.closed_report import ClosedOutcome, load_closed
from netcafe_face.trainer.compare.plan import ComparePlan
from netcafe_face.trainer.data.crops import CropSet, joined, save_crops
from netcafe_face.trainer.errors import DataUnusable, RunUnusable
from tests.trainer.kit import faces, people, tiny


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closed_data, "PER_PERSON", 24)


def recordings(folder: Path, per_recording: int = 4) -> Path:
    crops = faces(2, 4 * per_recording)
    for place, crop in enumerate(crops):
        person, number = divmod(place, 4 * per_recording)
        recording, frame = divmod(number, per_recording)
        file = folder / f"Person {person}" / f"day{recording}-{frame:05d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), crop)
    return folder


def test_a_recording_is_wholly_on_one_side(tmp_path: Path) -> None:
    data = read_closed(recordings(tmp_path))
    sides = [
        {record.source.partition("~")[0].rpartition("-")[0] for record in part.records}
        for part in (data.training, data.choosing, data.test)
    ]
    assert data.split_by == "recording"
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert all(count.test and count.choosing and count.training for count in data.real)


def test_few_photos_are_filled_up_with_augmented_ones_and_the_real_counts_are_told(tmp_path: Path) -> None:
    data = read_closed(recordings(tmp_path))
    labels, names = data.training.labels()
    assert names == ("Person 0", "Person 1")
    assert np.bincount(labels).tolist() == [24, 24]
    assert [sum(count[1:]) for count in data.real] == [16, 16]
    assert sum("~" in record.source for record in data.test.records) == 0


def test_near_duplicates_of_photos_stay_on_one_side(tmp_path: Path) -> None:
    crops = people(training=3, held_out=25, each=8)
    blinked = crops.training()
    copies = CropSet(
        np.stack([cv2.GaussianBlur(crop, (0, 0), 0.4) for crop in blinked.crops_bgr]),
        tuple(replace(record, source=f"copy-{record.source}") for record in blinked.records),
    )
    save_crops(tmp_path, joined([crops, copies]))
    data = read_closed(tmp_path)
    side = {}
    for number, part in enumerate((data.training, data.choosing, data.test)):
        for record in part.records:
            side[record.source.partition("~")[0]] = number
    assert data.split_by == "photo"
    assert all(side[source] == side[f"copy-{source}"] for source in side if not source.startswith("copy-"))
    assert {record.held_out for record in data.others.records} == {True}


def test_who_cannot_be_split_is_named(tmp_path: Path) -> None:
    folder = recordings(tmp_path)
    for file in (folder / "Person 1").glob("day[123]*"):
        file.unlink()
    with pytest.raises(DataUnusable, match="Person 1 has 1"):
        read_closed(folder)


def test_pictures_that_are_no_crops_are_refused(tmp_path: Path) -> None:
    folder = recordings(tmp_path)
    cv2.imwrite(str(folder / "Person 0" / "day9-1.png"), np.zeros((200, 200, 3), np.uint8))
    with pytest.raises(DataUnusable, match="no crop made by `collect`"):
        read_closed(folder)


def test_the_experiment_runs_and_reports_and_goes_on(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "people")
    others = people(training=4, held_out=25, each=2).held_out()
    plan = ComparePlan(("softmax", "triplet"), (0,), (0.02,), 2, tiny(steps=4, validate_every=2))
    task = ClosedTask(plan, folder, tmp_path / "out", "the command", others)
    said: list[str] = []
    files = run_closed(task, said.append, lambda: False)
    assert {file.name for file in files} == {"report.md", "report.html", "runs.csv", "confusion.png"}
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "Each recording is wholly on one side" in text
    assert "| Triplet |" in text
    assert "the command" in text
    assert "8 test photos, 50% of them of one person" in text
    assert "| 2 | Person 1 |" in text
    rows = (tmp_path / "out" / "runs.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[:3] for row in rows[1:]] == [["softmax", "0", "0.02"], ["triplet", "0", "0.02"]]
    kept = load_closed(tmp_path / "out" / "runs" / "softmax-0")
    assert kept is not None
    assert sum(map(sum, kept.confusion)) == 8
    assert 0 <= kept.accuracy <= 1
    before = (tmp_path / "out" / "runs" / "softmax-0-0.02" / "best.pt").stat().st_mtime_ns
    run_closed(task, said.append, lambda: False)
    assert (tmp_path / "out" / "runs" / "softmax-0-0.02" / "best.pt").stat().st_mtime_ns == before


def test_accuracy_is_the_diagonal_by_hand() -> None:
    outcome = ClosedOutcome("softmax", 0, 0.1, confusion=((3, 1), (0, 12)))
    assert outcome.accuracy == pytest.approx(15 / 16)
    assert outcome.balanced == pytest.approx((3 / 4 + 1) / 2)


def test_a_folder_of_another_experiment_is_refused(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "people")
    plan = ComparePlan(("softmax",), (0,), (0.02,), 2, tiny(steps=2, validate_every=2))
    run_closed(ClosedTask(plan, folder, tmp_path / "out", "once"), [].append, lambda: False)
    other = replace(plan, base=replace(plan.base, batch=4))
    with pytest.raises(RunUnusable, match="give another --out"):
        run_closed(ClosedTask(other, folder, tmp_path / "out", "again"), [].append, lambda: False)


def test_other_people_are_others_and_enough_or_are_left_out(tmp_path: Path) -> None:
    folder = recordings(tmp_path)
    others = people(training=4, held_out=25, each=2).held_out()
    known = CropSet(others.crops_bgr[:1], (replace(others.records[0], name="Person 0"),))
    assert len(read_closed(folder, joined([others, known])).others) == len(others)
    assert len(read_closed(folder, others.select(range(6))).others) == 0


def test_a_damaged_outcome_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "closed.json").write_text("[]", encoding="utf-8")
    with pytest.raises(RunUnusable):
        load_closed(tmp_path)
