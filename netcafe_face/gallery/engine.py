"""What runs on the gallery's thread: the store, the index that follows it, and the look-out for changes."""

from __future__ import annotations

import atexit
import logging
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from netcafe_face.domain.errors import N_, GalleryBusy, GalleryError, GalleryUnavailable
from netcafe_face.gallery.database import FILE_NAME
from netcafe_face.gallery.follower import IndexFollower
from netcafe_face.gallery.index import IndexSnapshot
from netcafe_face.gallery.store import Store
from netcafe_face.gallery.worker import Hooks, JobQueueClosed, JobQueueFull, Worker

POLL_S = 0.3
ERASE_AGAIN_S = 1.0
ERASE_AGAIN_AFTER_ERROR_S = 60.0
T = TypeVar("T")
_log = logging.getLogger(__name__)


class GalleryEngine:
    """Runs jobs over the store on one thread, and keeps the index equal to the database.

    Args:
        folder: holds the database; made where missing.
        pack_id: the pack whose templates are searched.

    Raises:
        GalleryError: the database cannot be opened.
    """

    def __init__(self, folder: Path, pack_id: str) -> None:
        self.path = folder / FILE_NAME
        self._callbacks: dict[object, Callable[[], None]] = {}
        self._callbacks_lock = threading.Lock()
        self._store: Store
        self._follower: IndexFollower
        self._open = False
        self._data_version = -1
        self._erase_at_s = 0.0
        self._changed = self._poll_failed = False
        self._worker = Worker("gallery", Hooks(self._announce, self._poll, POLL_S))
        # A program that ends without closing, as after an unforeseen error, neither hangs nor cuts a job.
        atexit.register(self.close)
        try:
            self._call(lambda: self._start(folder, pack_id))
        except BaseException:
            self.close()
            raise

    @property
    def snapshot(self) -> IndexSnapshot:
        """Return the newest index, at once."""
        return self._follower.snapshot

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called on the thread after data changed; return what ends that."""
        key = object()
        with self._callbacks_lock:
            self._callbacks[key] = callback

        def unsubscribe() -> None:
            with self._callbacks_lock:
                self._callbacks.pop(key, None)

        return unsubscribe

    def use_pack(self, pack_id: str) -> None:
        """Search the templates of another pack from now on."""
        self._call(lambda: self._load(pack_id))

    def close(self) -> None:
        """Finish what is queued, close the database and end the thread. Closing twice is allowed."""
        atexit.unregister(self.close)
        self._worker.stop(self._shut)

    def read(self, job: Callable[[Store], T]) -> T:
        """Run a job that only reads, and return its result or raise what it raised."""
        return self._call(lambda: job(self._store))

    def write(self, job: Callable[[Store], T]) -> T:
        """Run a job that writes; its changes are in `snapshot` when this returns."""

        def write() -> T:
            result = job(self._store)
            self._follow()
            return result

        return self._call(write)

    def erase(self, job: Callable[[Store], T]) -> T:
        """Run a job that erases, and remove the traces from the files as well."""

        def erase() -> T:
            result = job(self._store)
            self._follow()  # first: nobody is to be recognised while files are being rewritten
            self._finish_erasures(patient=False)
            return result

        return self._call(erase)

    def _call(self, job: Callable[[], T]) -> T:
        try:
            return self._worker.call(job)
        except JobQueueClosed:
            raise GalleryUnavailable(path=self.path, reason=N_("it has been closed")) from None
        except JobQueueFull:
            raise GalleryBusy(path=self.path) from None

    def _start(self, folder: Path, pack_id: str) -> None:
        self._store = Store(folder)
        self._open = True
        self._data_version = self._store.db.data_version()
        self._follower = IndexFollower(self._store, pack_id)

    def _shut(self) -> None:
        if self._open:
            self._open = False
            self._store.close()

    def _load(self, pack_id: str) -> None:
        self._follower.load(pack_id)
        self._changed = True

    def _follow(self) -> None:
        self._changed = True
        try:
            self._follower.follow()
        except GalleryError:  # what was written is written; the next poll tries again
            self._data_version = -1
            _log.exception("The index cannot follow the database, so nobody is recognised for now")

    def _finish_erasures(self, *, patient: bool) -> None:
        self._erase_at_s = math.inf
        try:
            if not self._store.finish_erasures(patient=patient):
                self._erase_at_s = time.monotonic() + ERASE_AGAIN_S
        except GalleryError:
            self._erase_at_s = time.monotonic() + ERASE_AGAIN_AFTER_ERROR_S
            _log.exception("Deleted rows may still lie in the -wal or a backup; the gallery will try again")

    def _poll(self) -> None:
        if not self._open:
            return
        try:
            version = self._store.db.data_version()
        except GalleryError:
            if not self._poll_failed:  # once, not three times a second
                _log.exception("The gallery cannot look for changes")
            self._poll_failed = True
            return
        self._poll_failed = False
        if version != self._data_version:
            self._data_version = version
            self._erase_at_s = min(self._erase_at_s, time.monotonic() + ERASE_AGAIN_S)
            self._follow()
        if time.monotonic() >= self._erase_at_s:
            self._finish_erasures(patient=True)
        self._follower.housekeep()
        self._announce()

    def _announce(self) -> None:
        if not self._changed:
            return
        self._changed = False
        with self._callbacks_lock:
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - others' code; the rest must still hear of it
                _log.exception("A listener of the gallery failed")
