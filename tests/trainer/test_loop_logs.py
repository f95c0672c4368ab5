from __future__ import annotations

import csv
import math
import warnings
from pathlib import Path

import pytest

from netcafe_face.trainer.errors import RunUnusable
from netcafe_face.trainer.loop.logs import Means, RunLog


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def written(file: Path, *steps: int) -> RunLog:
    log = RunLog(file, 0, None)
    for step in steps:
        log.write({"step": step, "loss": step / 10})
    return log


def test_each_report_is_a_row_under_the_columns_of_the_first(tmp_path: Path) -> None:
    log = written(tmp_path / "curve.csv", 50)
    log.write({"step": 100, "loss": 0.25, "other": 1})
    log.write({"step": 150})
    assert rows(tmp_path / "curve.csv") == [
        {"step": "50", "loss": "5.0"},
        {"step": "100", "loss": "0.25"},
        {"step": "150", "loss": ""},
    ]


def test_a_run_that_goes_on_forgets_the_rows_that_come_again(tmp_path: Path) -> None:
    file = tmp_path / "curve.csv"
    written(file, 50, 100, 150)
    log = RunLog(file, 101, None)
    assert [row["step"] for row in rows(file)] == ["50", "100"]
    log.write({"step": 150, "loss": 9})
    assert rows(file)[-1] == {"step": "150", "loss": "9"}


def test_a_run_that_begins_anew_forgets_all_rows(tmp_path: Path) -> None:
    written(tmp_path / "curve.csv", 50, 100)
    RunLog(tmp_path / "curve.csv", 0, None)
    assert rows(tmp_path / "curve.csv") == []


@pytest.mark.parametrize("rest", ["1", "150,", '"', "x,y\n", "150,1,2,3\n", "\0\0\0\0"])
def test_a_row_that_a_crash_cut_off_is_forgotten(tmp_path: Path, rest: str) -> None:
    file = tmp_path / "curve.csv"
    written(file, 50, 100)
    with file.open("a") as stream:
        stream.write(rest)
    RunLog(file, 150, None)
    assert [row["step"] for row in rows(file)] == ["50", "100"]


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "curve.csv").write_bytes(b"step,loss\n\xff\xfe\n")
    with pytest.raises(RunUnusable, match=r"curve\.csv"):
        RunLog(tmp_path / "curve.csv", 10, None)


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunUnusable, match=r"curve\.csv"):
        RunLog(tmp_path / "missing" / "curve.csv", 0, None)
    (tmp_path / "run").mkdir()
    log = written(tmp_path / "run" / "curve.csv", 50)
    (tmp_path / "run" / "curve.csv").unlink()
    (tmp_path / "run").rmdir()
    with pytest.raises(RunUnusable, match=r"curve\.csv"):
        log.write({"step": 100, "loss": 1})


def test_tensorboard_gets_what_was_measured_and_nothing_else(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tensorboard's own imports
        log = RunLog(tmp_path / "curve.csv", 0, tmp_path / "events")
        log.write({"step": 50, "loss": 0.5, "accuracy": math.nan})
        log.write({"step": 100, "loss": 0.25, "accuracy": 0.75})
        log.close()
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(tmp_path / "events")).Reload()
    assert sorted(events.Tags()["scalars"]) == ["accuracy", "loss"]
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(50, 0.5), (100, 0.25)]
    assert [(event.step, event.value) for event in events.Scalars("accuracy")] == [(100, 0.75)]


def test_means_are_taken_over_the_steps_that_had_the_value() -> None:
    means = Means()
    means.add({"loss": 1.0, "rate": 4.0})
    means.add({"rate": 2.0})
    means.add({"loss": 2.0, "rate": 3.0})
    assert means.take() == {"loss": 1.5, "rate": 3.0}
    assert means.take() == {}


def test_means_go_on_from_a_checkpoint_as_if_nothing_had_been() -> None:
    whole, first, second = Means(), Means(), Means()
    values = [0.1, 0.7, 0.3, 0.9]
    for value in values:
        whole.add({"loss": value})
    for value in values[:2]:
        first.add({"loss": value})
    second.restore(first.state())
    for value in values[2:]:
        second.add({"loss": value})
    assert second.take() == whole.take()
