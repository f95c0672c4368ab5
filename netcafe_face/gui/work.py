"""Slow work off the GUI thread: a plain function in, its result back on the GUI thread."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

from PyQt6 import sip
from PyQt6.QtCore import QObject, QRunnable, QThreadPool, pyqtSignal

from netcafe_face.domain.errors import Cancelled, NetcafeError

log = logging.getLogger(__name__)


class Job(QObject):
    """One piece of work under way. Its signals are emitted on the GUI thread.

    The function gets the job itself, to report progress with `report` and to stop with `check`.
    """

    done = pyqtSignal(object)
    failed = pyqtSignal(object)
    progress = pyqtSignal(int, int, str)
    finished = pyqtSignal()
    _over = pyqtSignal()
    _arrived = pyqtSignal(object, object)
    _reported = pyqtSignal(int, int, str)

    def __init__(self, owner: QObject | None) -> None:
        super().__init__()
        self._owner = owner
        self._stop = threading.Event()
        self.handles_errors = self.must_finish = False
        self._arrived.connect(self._deliver)
        self._reported.connect(self._pass_on)

    @property
    def cancelled(self) -> bool:
        """Return whether somebody asked it to stop; then nothing more is delivered but `finished`."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Ask the function to stop at its next `check`, and drop its result."""
        self._stop.set()

    def check(self) -> None:
        """Stop here if asked to.

        Raises:
            Cancelled: `cancel` was called.
        """
        if self._stop.is_set():
            raise Cancelled

    def report(self, done: int, total: int, text: str = "") -> None:
        """Tell how far the work is; may be called on any thread."""
        self._reported.emit(done, total, text)

    def _listening(self) -> bool:
        return not self.cancelled and self._owner_lives()

    def _owner_lives(self) -> bool:
        return self._owner is None or not sip.isdeleted(self._owner)

    def _pass_on(self, done: int, total: int, text: str) -> None:
        if self._listening():
            self.progress.emit(done, total, text)

    def _deliver(self, result: object, error: object) -> None:
        try:
            if not self._listening():
                return
            if error is None:
                self.done.emit(result)
            elif isinstance(error, NetcafeError) and self.handles_errors:
                self.failed.emit(error)
            elif isinstance(error, BaseException):
                # Nobody asked to hear of it, so it goes where every other surprise goes.
                sys.excepthook(type(error), error, error.__traceback__)
        finally:
            if self._owner_lives():
                self.finished.emit()
            self._over.emit()


class _Runnable(QRunnable):
    def __init__(self, job: Job, function: Callable[[Job], Any]) -> None:
        super().__init__()
        self._job, self._function = job, function

    def run(self) -> None:
        result: object = None
        error: BaseException | None = None
        try:
            self._job.check()
            result = self._function(self._job)
        except NetcafeError as expected:
            error = expected
        except Exception as surprise:  # the edge of the thread
            log.exception("work off the GUI thread failed")
            error = surprise
        if not sip.isdeleted(self._job):
            self._job._arrived.emit(result, error)


class Workers(QObject):
    """A few worker threads for the window: bounded, and one job per key at a time.

    Args:
        threads: how many jobs run at once; the others wait their turn.
    """

    idle = pyqtSignal()

    def __init__(self, threads: int = 3) -> None:
        super().__init__()
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(threads)
        self._jobs: set[Job] = set()
        self._by_key: dict[str, Job] = {}

    @property
    def busy(self) -> bool:
        """Return whether any job has not been delivered yet."""
        return bool(self._jobs)

    def start(
        self,
        function: Callable[[Job], Any],
        done: Callable[[Any], object] | None = None,
        failed: Callable[[NetcafeError], object] | None = None,
        *,
        owner: QObject | None = None,
        key: str = "",
        must_finish: bool = False,
    ) -> Job:
        """Run `function(job)` on a worker thread, and call `done(result)` or `failed(error)` back here.

        `failed` gets what the program raises on purpose; anything else, or all of it without `failed`, goes
        to `sys.excepthook`, whose dialog shows it. Nothing is delivered once `owner` is gone. A job with the
        `key` of an earlier one cancels that one. What `must_finish` changes something that was asked for: it
        is done even if the window closes before its turn has come.
        """
        job = Job(owner)
        job.must_finish = must_finish
        if done is not None:
            job.done.connect(done)
        if failed is not None:
            job.handles_errors = True
            job.failed.connect(failed)
        if key:
            if (earlier := self._by_key.get(key)) is not None:
                earlier.cancel()
            self._by_key[key] = job
        self._jobs.add(job)
        job._over.connect(lambda: self._forget(job, key))
        self._pool.start(_Runnable(job, function))
        return job

    def shut_down(self, timeout_ms: int = 3000) -> bool:
        """Cancel all but what must finish, wait for the rest, and tell whether all of it ended in time."""
        for job in self._jobs:
            if not job.must_finish:
                job.cancel()
        return self._pool.waitForDone(timeout_ms)

    def _forget(self, job: Job, key: str) -> None:
        self._jobs.discard(job)
        if key and self._by_key.get(key) is job:
            del self._by_key[key]
        if not self._jobs:
            self.idle.emit()
