"""When the next frame of a recording is due, and when the next try is."""

from __future__ import annotations

import random

_MOST_LATE_S = 0.5


class Pacer:
    """Turns positions within a recording into waiting times, so that it plays at its own pace."""

    def __init__(self) -> None:
        self._position_s: float | None = None
        self._due_s = 0.0
        self._step_s = 0.0

    def wait_s(self, position_s: float, now_s: float) -> float:
        """Return how long to wait before the frame at `position_s` is shown, 0 when it is late.

        A jump back is taken as a new round of a loop. A reader that is more than half a second late plays
        on from now, rather than rush through what it missed.
        """
        if self._position_s is None:
            self._due_s = now_s
        elif position_s > self._position_s:
            self._step_s = position_s - self._position_s
            self._due_s += self._step_s
        else:
            self._due_s += self._step_s
        self._position_s = position_s
        if now_s - self._due_s > _MOST_LATE_S:
            self._due_s = now_s
        return max(0.0, self._due_s - now_s)


def backoff_s(attempt: int) -> float:
    """Return the pause before try number `attempt` (from 1): 1, 2, 4 … 30 s, give or take a fifth.

    The jitter keeps a dozen cameras behind one dead switch from all coming back at the same instant.
    """
    pause_s = min(30.0, 2.0 ** min(attempt - 1, 5))
    return min(30.0, max(1.0, pause_s * random.uniform(0.8, 1.2)))
