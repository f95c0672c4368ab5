"""Running a command in a process of its own as if it were run here: its exit status, signals, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

_WATCHES = "NETCAFE_FACE_WATCHES_STDIN"
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP")
_KILLED = 137


def run_child(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command that calls `end_with_parent`, and return its exit status, 128 + n after signal n.

    Signals that would end this process go to the child instead, and each stop reaches it exactly once: a
    second one could interrupt it while it saves. The child ends with this process even when that is killed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    # Where no terminal's Ctrl-C reaches both, the child gets a group of its own and is told from here.
    apart = os.name == "posix" and not _in_foreground()
    group: dict[str, Any] = {"process_group": 0} if apart else {}
    environ = {**environ, _WATCHES: "1"}
    with (
        subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, **group) as child,
        _passing_on(child, apart),
    ):
        code = child.wait()
    return code if code >= 0 else 128 - code


def end_with_parent() -> None:
    """End this process at once when the one that started it through `run_child` is gone; else do nothing.

    The pipe that is its standard input says so, on every system: it ends when nobody is left to write.
    """
    if os.environ.pop(_WATCHES, None):  # not for children of this process: what they read is another's
        threading.Thread(target=_wait_for_the_end, name="parent", daemon=True).start()


def _wait_for_the_end() -> None:
    while os.read(0, 1024):
        pass
    os._exit(_KILLED)


def _in_foreground() -> bool:
    """Tell whether this process group is the one that Ctrl-C at a terminal reaches."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


@contextmanager
def _passing_on(child: subprocess.Popen[bytes], apart: bool) -> Iterator[None]:
    """Pass signals on to a child meanwhile; Ctrl-C only where the terminal has not told it already."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if apart or number != signal.SIGINT:
            child.send_signal(number)

    numbers = [getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)]
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
