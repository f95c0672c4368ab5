"""One slot between two threads: only the newest item counts."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """A slot for one item; putting another before it was taken replaces it and counts as a drop."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._closed = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Return how many items were replaced before anybody took them."""
        with self._changed:
            return self._dropped

    @property
    def closed(self) -> bool:
        """Return whether it was closed."""
        with self._changed:
            return self._closed

    def put(self, item: T) -> None:
        """Leave an item; never waits, and does nothing once closed."""
        with self._changed:
            if self._closed:
                return
            if self._item is not None:
                self._dropped += 1
            self._item = item
            self._changed.notify()

    def take(self, timeout_s: float) -> T | None:
        """Take the item, waiting for one at most `timeout_s`; None when none came or it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout_s)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Throw the unread item away and wake whoever waits; harmless when closed already."""
        with self._changed:
            self._closed = True
            self._item = None
            self._changed.notify_all()
