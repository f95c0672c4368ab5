"""How long a person waits: from the command to the window, and to the first name on it.

Every run is a process of its own, timed from outside, so the interpreter, the checks of main.py and all
imports count. The window is timed on a plain start, the name on the sample café, enrolled afresh each time.
"""

from __future__ import annotations

import argparse
import os
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

MAIN = Path(__file__).resolve().parents[1] / "main.py"
WANTED_S = {"window": 1.5, "name": 4.0}
_COMMANDS: dict[str, tuple[str, ...]] = {"window": (), "name": ("demo",)}


class NoTrace(Exception):
    """The program ended, or took too long, before it told of an event."""


def time_to(event: str, data_dir: Path, timeout_s: float) -> float:
    """Start the program and return the seconds until it tells of an event ("window" or "name").

    Raises:
        NoTrace: it did not; the message holds what it printed.
    """
    command = [sys.executable, str(MAIN), "--data", str(data_dir), *_COMMANDS[event]]
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, "NETCAFE_TRACE_STARTUP": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    lines: queue.Queue[tuple[float, str] | None] = queue.Queue()
    threading.Thread(target=_read, args=(process, lines), name="stderr", daemon=True).start()
    printed: list[str] = []
    try:
        while (left_s := begun + timeout_s - time.perf_counter()) > 0:
            arrived = lines.get(timeout=left_s)
            if arrived is None:
                break
            at, line = arrived
            if line.startswith(f"STARTUP {event} "):
                return at - begun
            printed.append(line)
    except queue.Empty:
        pass
    finally:
        _end(process)
    raise NoTrace(
        f"no “STARTUP {event}” from {' '.join(command)} within {timeout_s:g} s:\n{''.join(printed)}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the median times, and return 1 when the program told of nothing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each kind (default: 5)")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds to wait for one (default: 60)")
    options = parser.parse_args(argv)
    for event, wanted_s in WANTED_S.items():
        times_s = []
        for _ in range(max(1, options.runs)):
            with tempfile.TemporaryDirectory(prefix="netcafe-startup-", ignore_cleanup_errors=True) as folder:
                try:
                    times_s.append(time_to(event, Path(folder), options.timeout))
                except NoTrace as error:
                    print(error, file=sys.stderr)
                    return 1
        each = ", ".join(f"{value:.2f}" for value in times_s)
        middle = statistics.median(times_s)
        print(f"time to {event}: median {middle:.2f} s of {len(times_s)} ({each}); wanted under {wanted_s} s")
    return 0


def _read(process: subprocess.Popen[str], lines: queue.Queue[tuple[float, str] | None]) -> None:
    assert process.stderr is not None
    with process.stderr as stream:
        for line in stream:
            lines.put((time.perf_counter(), line))
    lines.put(None)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
