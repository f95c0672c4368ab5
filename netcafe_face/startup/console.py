"""Telling a person what set-up is doing, on stderr, so that a command's own output stays clean."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print one line."""
    _write(_wiped() + text + "\n")


def show(text: str) -> None:
    """Show a line that the next one replaces; where output is no terminal, show nothing."""
    if _live():
        _write(_wiped() + text[:78])


def _live() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _wiped() -> str:
    return "\r" + " " * 79 + "\r" if _live() else ""


def _write(text: str) -> None:
    if sys.stderr is None:  # pythonw.exe has none
        return
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(text.encode(encoding, "replace").decode(encoding))
    sys.stderr.flush()
