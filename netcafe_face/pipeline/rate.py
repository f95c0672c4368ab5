"""How often something happens."""

from __future__ import annotations

from collections import deque

WINDOW_S = 2.0
_MOST = 512


class Rate:
    """Counts events over the last two seconds; one thread counts, any thread asks."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque(maxlen=_MOST)

    def count(self, at_s: float) -> None:
        """Take note of an event at a monotonic time."""
        self._times_s.append(at_s)

    def per_s(self, now_s: float) -> float:
        """Return how many a second there were lately; 0 with fewer than two."""
        recent = [at_s for at_s in tuple(self._times_s) if now_s - at_s <= WINDOW_S]
        if len(recent) < 2 or recent[-1] <= recent[0]:
            return 0.0
        return (len(recent) - 1) / (recent[-1] - recent[0])
