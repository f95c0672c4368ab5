"""The gallery's one thread: runs jobs in order, and something small whenever there are none."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar, cast

T = TypeVar("T")
_log = logging.getLogger(__name__)


class JobQueueFull(Exception):
    """The worker has not kept up for as long as a caller is ready to wait."""


class JobQueueClosed(Exception):
    """The worker has been stopped."""


@dataclass(frozen=True)
class Hooks:
    """What else runs on the thread.

    Attributes:
        after_job: called once a job's result has been handed over.
        idle: called at least every `idle_every_s` seconds, between jobs.
    """

    after_job: Callable[[], None]
    idle: Callable[[], None]
    idle_every_s: float


class Worker:
    """A thread with a bounded queue of jobs.

    Args:
        name: the thread's name.
        hooks: what runs beside the jobs.
        capacity: jobs that may wait.
        patience_s: how long a caller waits for a place in the queue.
    """

    def __init__(self, name: str, hooks: Hooks, capacity: int = 256, patience_s: float = 10.0) -> None:
        self._jobs: queue.Queue[tuple[Callable[[], object], Future[object]] | None] = queue.Queue(capacity)
        self._hooks = hooks
        self._patience_s = patience_s
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, job: Callable[[], T]) -> T:
        """Run `job` on the thread and return its result, or raise what it raised.

        Called on the thread itself, it runs at once.

        Raises:
            JobQueueFull: it could not even be queued in time.
            JobQueueClosed: the worker has been stopped.
        """
        if threading.current_thread() is self._thread:
            return job()
        future: Future[object] = Future()
        with self._gate:  # nothing may be queued behind the end mark, where nobody would run it
            if self._closed:
                raise JobQueueClosed
            try:
                self._jobs.put((job, future), timeout=self._patience_s)
            except queue.Full:
                raise JobQueueFull from None
        return cast(T, future.result())

    def stop(self, last: Callable[[], None]) -> None:
        """Finish the jobs that wait, run `last`, and end the thread; stopping twice is allowed.

        Waits for the end, except when called on the thread itself.
        """
        with self._gate:
            if not self._closed:
                self._closed = True
                self._last = last
                self._jobs.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        idle_at = time.monotonic() + self._hooks.idle_every_s
        while True:
            try:
                job = self._jobs.get(timeout=max(0.0, idle_at - time.monotonic()))
            except queue.Empty:
                pass
            else:
                if job is None:
                    _survive(self._last)
                    return
                _finish(*job)
                _survive(self._hooks.after_job)
            if time.monotonic() >= idle_at:
                _survive(self._hooks.idle)
                idle_at = time.monotonic() + self._hooks.idle_every_s


def _finish(job: Callable[[], object], future: Future[object]) -> None:
    try:
        result = job()
    except BaseException as error:  # noqa: BLE001 - raised again where the result is awaited
        future.set_exception(error)
    else:
        future.set_result(result)


def _survive(hook: Callable[[], None]) -> None:
    try:
        hook()
    except Exception:  # noqa: BLE001 - the outermost edge: the thread must go on
        _log.exception("The gallery's thread met an error between its jobs")
