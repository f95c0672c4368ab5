"""Ctrl-C asks a run to save and end; a second one ends it at once."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ECHO_S = 1.0
"""torchrun passes on what a terminal's Ctrl-C has already told all processes: that is no second one."""


@contextmanager
def stop_when_asked() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether an end was asked for, by Ctrl-C or by the system (SIGTERM)."""
    asked_at: float | None = None

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked_at
        if asked_at is None:
            asked_at = time.monotonic()
        elif time.monotonic() - asked_at > _ECHO_S:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked_at is not None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
