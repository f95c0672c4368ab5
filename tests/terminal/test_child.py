"""A command in a process of its own ends as if it had been run here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import os, sys
from netcafe_face.terminal.child import run_child
sys.exit(run_child([sys.executable, "-c", sys.argv[1]], os.environ))
"""
COUNTING = """
import os, signal, sys, time
from netcafe_face.terminal.child import end_with_parent
count = 0
def interrupted(number, frame):
    global count
    count += 1
    print("interrupted", flush=True)
def stopped(number, frame):
    print("told", count, flush=True)
    os._exit(9)
signal.signal(signal.SIGINT, interrupted)
signal.signal(signal.SIGTERM, stopped)
end_with_parent()
print("ready", os.getpid(), flush=True)
while True:
    time.sleep(60)
"""
posix_only = pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX has them")


@contextmanager
def parent(script: str, **more: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, script],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        cwd=ROOT,
        **more,  # type: ignore[call-overload]
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()


@pytest.mark.parametrize("status", [0, 3, 130])
def test_the_exit_status_is_the_childs(status: int) -> None:
    with parent(f"raise SystemExit({status})") as process:
        assert process.wait() == status


@posix_only
def test_a_child_ended_by_a_signal_gives_the_status_a_shell_would_give() -> None:
    with parent("import os; os.kill(os.getpid(), 9)") as process:
        assert process.wait() == 128 + 9


@posix_only
def test_a_stop_reaches_the_child_once_and_its_answer_counts() -> None:
    with parent(COUNTING, stdin=subprocess.DEVNULL) as process:
        assert said(process)[0] == "ready"
        process.send_signal(signal.SIGINT)
        assert said(process) == ["interrupted"]
        process.send_signal(signal.SIGTERM)
        assert said(process) == ["told", "1"]
        assert process.wait() == 9


@posix_only
def test_ctrl_c_at_a_terminal_reaches_the_child_once() -> None:
    import pty

    leader, terminal = pty.openpty()
    take = "import fcntl, termios, os; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", take + RUN, COUNTING],
        stdin=terminal,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        cwd=ROOT,
    )
    with process, os.fdopen(leader, "wb", buffering=0) as keyboard, os.fdopen(terminal):
        assert said(process)[0] == "ready"
        keyboard.write(b"\x03")
        assert said(process) == ["interrupted"]
        process.send_signal(signal.SIGTERM)
        assert said(process) == ["told", "1"]
        assert process.wait() == 9


@posix_only
def test_when_the_parent_is_killed_the_child_ends_too() -> None:
    with parent(COUNTING, stdin=subprocess.DEVNULL) as process:
        assert said(process)[0] == "ready"
        process.kill()
        process.wait()
        assert said(process) == [], "the pipe is closed when the last process that writes to it has gone"


def test_without_such_a_parent_nothing_is_watched() -> None:
    script = "from netcafe_face.terminal.child import end_with_parent as e; e(); print('still here')"
    done = subprocess.run(
        [sys.executable, "-c", script], stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == b"still here"
