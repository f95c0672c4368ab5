"""A live line: how far, how fast, how long still."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping


class Progress:
    """One line that is written over while there is a terminal, and seldom lines where there is none.

    Args:
        total: steps in all.
        first: the step to begin at.
        per_step: images a step.
    """

    def __init__(self, total: int, first: int, per_step: int) -> None:
        self._total = total
        self._first = first
        self._per_step = per_step
        self._began = self._shown = time.monotonic()
        self._live = sys.stderr.isatty()

    def show(self, step: int, values: Mapping[str, float]) -> None:
        """Show the state after a step, counted from zero; at most a few times a second."""
        now = time.monotonic()
        if now - self._shown < (0.3 if self._live else 30) and step + 1 < self._total:
            return
        self._shown = now
        done = step + 1 - self._first
        speed = done / max(1e-9, now - self._began)
        left = (self._total - step - 1) / max(1e-9, speed)
        told = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        pace = f"{speed * self._per_step:.0f} images/s  {_clock(left)} left"
        line = f"step {step + 1}/{self._total}  {pace}  {told}"
        sys.stderr.write(f"\r\x1b[K{line}" if self._live else line + "\n")
        sys.stderr.flush()

    def say(self, text: str) -> None:
        """Write a line that stays."""
        sys.stderr.write(("\r\x1b[K" if self._live else "") + text + "\n")
        sys.stderr.flush()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
