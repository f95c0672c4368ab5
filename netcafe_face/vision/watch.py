"""How a long piece of work is watched: progress out, cancelling in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from netcafe_face.domain.errors import Cancelled


class CancelToken:
    """A person's wish to stop, given in one thread and obeyed in another."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._interrupt: Callable[[], None] | None = None

    def cancel(self) -> None:
        """Ask the work to stop; a read that waits for a server is interrupted."""
        with self._lock:
            self._event.set()
            if self._interrupt is not None:
                self._interrupt()

    def check(self) -> None:
        """Do nothing, or stop the work.

        Raises:
            Cancelled: a person asked to stop.
        """
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Wait, but not past a wish to stop.

        Raises:
            Cancelled: a person asked to stop.
        """
        self._event.wait(seconds)
        self.check()

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Call `interrupt` from the cancelling thread if a person asks to stop inside this block."""
        with self._lock:
            self.check()
            self._interrupt = interrupt
        try:
            yield
        finally:
            with self._lock:
                self._interrupt = None


def _unheard(name: str, done: int, total: int | None) -> None:
    """Take no notice of progress."""


@dataclass(frozen=True)
class Watch:
    """Who is told about the progress, and who may stop it.

    Attributes:
        progress: called with a file's name, the bytes done and the bytes in all (None while unknown).
    """

    progress: Callable[[str, int, int | None], None] = _unheard
    cancel: CancelToken = field(default_factory=CancelToken)
