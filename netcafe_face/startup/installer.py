"""Running pip: one line per package instead of pip's many, the whole of its words when it fails."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from netcafe_face.domain.errors import PackagesNotInstalled
from netcafe_face.i18n import _
from netcafe_face.startup.console import say, show

_COLLECTING = re.compile(r"Collecting (?P<name>[A-Za-z0-9._-]+)")
_FETCHED = re.compile(
    r"(?:Downloading|Using cached|Processing) (?:\S*/)?(?P<name>[^/\s]+?)-(?P<version>\d[^-/\s]*)[-.]\S*"
    r"(?<!\.metadata)(?: \((?P<size>[\d.]+ [kMG]?B)\))?(?: \(from .*)?$"
)
_NO_NETWORK = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "NameResolutionError",
    "ProxyError",
    "Temporary failure in name resolution",
    "getaddrinfo failed",
    "Network is unreachable",
)
_NO_ROOM = ("No space left on device", "Errno 28", "WinError 112")
_UNPACKING = "Installing collected packages:"
_TICK_S = 0.5

WHEELS = "wheels"
"""A folder of wheels fetched elsewhere, for a computer without internet."""


def install(
    python: Path, requirements: Path, total: int, unpacking: Callable[[], object] = lambda: None
) -> None:
    """Install a requirement file of `total` packages into the environment of `python`, saying so.

    Only ready-made packages (wheels) are taken: nothing is compiled on a café's computer. Where a folder
    `wheels` lies beside the requirement file they are taken from there, without the network. When everything
    was fetched and the environment begins to change, `unpacking` is called.

    Raises:
        PackagesNotInstalled: pip failed; its whole output has been printed.
    """
    local = (requirements.parent / WHEELS).is_dir()
    command = [
        *(str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"),
        *("--retries", "3", "--progress-bar", "off", "--only-binary", ":all:", "-r", str(requirements)),
        *(("--no-index", "--find-links", WHEELS) if local else ()),
    ]
    lines = _run(command, requirements.parent, total, unpacking)
    if lines is not None:
        say("\n".join(lines))
        raise PackagesNotInstalled(
            **_reason(lines, requirements, local or bool(os.environ.get("PIP_NO_INDEX")))
        )


def _run(
    command: Sequence[str], folder: Path, total: int, unpacking: Callable[[], object]
) -> list[str] | None:
    """Run pip and return its output when it failed, else None."""
    environ = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    arrived: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process, arrived), name="pip-output", daemon=True)
    reader.start()
    try:
        lines = _follow(arrived, total, unpacking)
        code = process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return lines if code else None


def _read(process: subprocess.Popen[str], arrived: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            arrived.put(line.rstrip())
    arrived.put(None)


def _follow(arrived: queue.Queue[str | None], total: int, unpacking: Callable[[], object]) -> list[str]:
    """Show what pip is at until it ends, and return all its lines."""
    lines: list[str] = []
    seen: set[str] = set()
    doing, since = _("looking for packages"), time.monotonic()
    while True:
        try:
            line = arrived.get(timeout=_TICK_S)
        except queue.Empty:
            show(f"  {doing} … {time.monotonic() - since:.0f} s")
            continue
        if line is None:
            show("")
            return lines
        lines.append(line)
        if line.startswith(_UNPACKING):
            unpacking()
        news = _news(line)
        if news is not None:
            doing, since = news, time.monotonic()
            if news not in seen and _COLLECTING.match(line) is None:
                seen.add(news)
                say(f"  [{len(seen):2d}/{total}] {news}" if len(seen) <= total else f"  {news}")


def _news(line: str) -> str | None:
    """Return what a line of pip's says that a person would want to know."""
    if fetched := _FETCHED.match(line.strip()):
        return f"{fetched['name']} {fetched['version']} {fetched['size'] or ''}".rstrip()
    if collecting := _COLLECTING.match(line):
        return collecting["name"]
    if line.startswith(_UNPACKING):
        return _("unpacking {count} packages …").format(count=line.count(",") + 1)
    return None


def _reason(lines: Sequence[str], requirements: Path, offline: bool) -> dict[str, str]:
    text = "\n".join(lines)
    if any(mark in text for mark in _NO_ROOM):
        return {
            "reason": _("the disk is full"),
            "remedy": _("Free about {gigabytes} GB, then start again: it goes on where it stopped.").format(
                gigabytes=8 if "Collecting torch" in text else 2
            ),
        }
    nothing_found = "No matching distribution found" in text
    if any(mark in text for mark in _NO_NETWORK) or (nothing_found and offline):
        remedy = _(
            "Connect to the internet and start again. Without internet: on another computer with the same "
            "system and Python run “python3 -m pip download --only-binary :all: -r {file} -d wheels”, bring "
            "the folder “wheels” into {folder}, then start again."
        )
        return {
            "reason": _("the package index cannot be reached"),
            "remedy": remedy.format(file=requirements.name, folder=requirements.parent),
        }
    if nothing_found:
        return {
            "reason": _("there is no ready-made package for this system or this version of Python"),
            "remedy": _(
                "Use Python 3.11 to 3.14 on a current 64-bit system (a Mac: Apple silicon), then start again."
            ),
        }
    return {"reason": _("see pip's words above"), "remedy": _("Correct what they name, then start again.")}
