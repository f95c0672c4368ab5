"""Progress bars for commands, on stderr."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any


class Bars(AbstractContextManager["Bars"]):
    """One progress bar after the other; silent where stderr is no terminal."""

    def __init__(self) -> None:
        self._bar: Any = None

    def begin(self, total: int | None, what: str) -> None:
        """Begin a bar for so many pictures, or an unknown number, and end the one before."""
        from tqdm import tqdm

        self._end()
        silent = not sys.stderr.isatty()
        self._bar = tqdm(
            total=total, desc=what, unit="pictures", file=sys.stderr, disable=silent, leave=False
        )

    def advance(self, count: int = 1) -> None:
        """Note that so many more are done."""
        if self._bar is not None:
            self._bar.update(count)

    def __exit__(self, *raised: object) -> None:
        """End the bar."""
        self._end()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.close()
