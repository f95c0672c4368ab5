"""What a person types while a command runs, where there is a keyboard."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

Typed = Callable[[], list[str]]


def typed_lines() -> Typed:
    """Return a function that gives the lines typed since it was last called, without ever waiting.

    Where stdin is no terminal it gives none. Nothing is changed about the terminal, so a line counts when
    Enter is pressed.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        return list
    return _typed_at(sys.stdin.fileno())


if sys.platform == "win32":

    def _typed_at(_terminal: int) -> Typed:
        import msvcrt

        begun: list[str] = []

        def typed() -> list[str]:
            lines = []
            while msvcrt.kbhit():
                letter = msvcrt.getwche()
                if letter in "\r\n":
                    lines.append("".join(begun).strip())
                    begun.clear()
                else:
                    begun.append(letter)
            return lines

        return typed

else:

    def _typed_at(terminal: int) -> Typed:
        import select

        def typed() -> list[str]:
            try:
                if not select.select([terminal], [], [], 0)[0]:
                    return []
                text = os.read(terminal, 4096).decode("utf-8", "replace")
            except OSError:  # the terminal has been closed
                return []
            return [line.strip() for line in text.splitlines()]

        return typed
