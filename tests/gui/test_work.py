"""Slow work never blocks the window, and what comes of it arrives on the GUI thread."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from PyQt6.QtCore import QObject
from pytestqt.qtbot import QtBot

from netcafe_face.domain.errors import CustomerNotFound, NetcafeError
from netcafe_face.gui.work import Job, Workers


@pytest.fixture
def workers(qapp: Any) -> Iterator[Workers]:
    made = Workers(threads=2)
    yield made
    assert made.shut_down()


def wait_idle(qtbot: QtBot, workers: Workers) -> None:
    qtbot.waitUntil(lambda: not workers.busy)


def test_the_result_comes_back_on_the_gui_thread(qtbot: QtBot, workers: Workers) -> None:
    threads: list[int] = []
    workers.start(lambda _job: threading.get_ident(), lambda at: threads.extend([at, threading.get_ident()]))
    wait_idle(qtbot, workers)
    assert threads[0] != threading.get_ident()
    assert threads[1] == threading.get_ident()


def test_progress_is_told_on_the_way(qtbot: QtBot, workers: Workers) -> None:
    told: list[tuple[int, int, str]] = []

    def count(job: Job) -> str:
        for number in range(3):
            job.report(number, 3, "x")
        return "end"

    job = workers.start(count)
    job.progress.connect(lambda *values: told.append(values))
    wait_idle(qtbot, workers)
    assert told == [(0, 3, "x"), (1, 3, "x"), (2, 3, "x")]


def test_an_expected_error_goes_to_the_one_who_asked(qtbot: QtBot, workers: Workers) -> None:
    errors: list[NetcafeError] = []

    def fail(_job: Job) -> None:
        raise CustomerNotFound(code="KH-9")

    workers.start(fail, failed=errors.append)
    wait_idle(qtbot, workers)
    assert [error.details for error in errors] == [{"code": "KH-9"}]


def test_a_surprise_goes_to_the_error_dialog(
    qtbot: QtBot, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    surprises: list[type[BaseException]] = []
    errors: list[NetcafeError] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, _error, _trace: surprises.append(kind))
    workers.start(lambda _job: 1 // 0, failed=errors.append)
    wait_idle(qtbot, workers)
    assert surprises == [ZeroDivisionError]
    assert errors == []


def test_cancelled_work_stops_and_delivers_nothing(qtbot: QtBot, workers: Workers) -> None:
    begun, results, ends = threading.Event(), [], []

    def work(job: Job) -> str:
        begun.set()
        while True:
            job.check()

    job = workers.start(work, results.append, results.append)
    job.finished.connect(lambda: ends.append(1))
    assert begun.wait(5)
    job.cancel()
    wait_idle(qtbot, workers)
    assert results == []
    assert ends == [1]


def test_what_must_finish_is_done_before_the_end_and_the_rest_is_dropped(qapp: Any) -> None:
    workers, hold, done = Workers(threads=1), threading.Event(), []
    workers.start(lambda _job: hold.wait(5))
    workers.start(lambda _job: done.append("looked up"))
    workers.start(lambda _job: done.append("deleted"), must_finish=True)
    threading.Timer(0.1, hold.set).start()
    assert workers.shut_down(20_000)
    assert done == ["deleted"]


def test_a_newer_job_of_the_same_kind_replaces_the_older_one(qtbot: QtBot, workers: Workers) -> None:
    results: list[str] = []
    hold = threading.Event()
    workers.start(lambda _job: hold.wait(5) and "old", results.append, key="search")
    workers.start(lambda _job: "new", results.append, key="search")
    hold.set()
    wait_idle(qtbot, workers)
    assert results == ["new"]


def test_nothing_is_delivered_to_a_widget_that_is_gone(qtbot: QtBot, workers: Workers) -> None:
    from PyQt6 import sip

    results: list[int] = []
    owner, hold = QObject(), threading.Event()
    workers.start(lambda _job: hold.wait(5) and 7, results.append, owner=owner)
    sip.delete(owner)
    hold.set()
    wait_idle(qtbot, workers)
    assert results == []


def test_only_so_many_jobs_run_at_once(qtbot: QtBot, workers: Workers) -> None:
    running, most, lock = [0], [0], threading.Lock()
    hold = threading.Event()

    def work(_job: Job) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        hold.wait(0.05)
        with lock:
            running[0] -= 1

    for _number in range(8):
        workers.start(work)
    wait_idle(qtbot, workers)
    assert most[0] == 2
