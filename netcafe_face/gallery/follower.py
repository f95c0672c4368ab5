"""Keeps the index equal to the database, whoever changes it."""

from __future__ import annotations

import logging

from netcafe_face.domain.errors import GalleryError
from netcafe_face.gallery.index import GalleryIndex, IndexSnapshot
from netcafe_face.gallery.store import Store

_log = logging.getLogger(__name__)


class IndexFollower:
    """Brings the index up to date with the store. Used by the gallery thread; only `snapshot` is for all.

    Args:
        store: the open store.
        pack_id: the pack whose templates are searched.

    Raises:
        GalleryError: the templates cannot be read.
    """

    def __init__(self, store: Store, pack_id: str) -> None:
        self._store = store
        self._index = GalleryIndex(pack_id)
        self._revision = -1
        self.snapshot: IndexSnapshot = self._index.snapshot()
        self.load(pack_id)

    @property
    def pack_id(self) -> str:
        """Return the pack whose templates are searched."""
        return self._index.pack_id

    def load(self, pack_id: str) -> None:
        """Read everything anew, for the same pack or another one.

        Raises:
            GalleryError: the templates cannot be read; the index stays as it was.
        """
        fresh = GalleryIndex(pack_id)
        revision, changes = self._store.index_changes(pack_id, -1)
        fresh.apply(changes)
        self._replace(fresh, revision)

    def follow(self) -> None:
        """Take over what has changed since the last time, by whichever process.

        When that cannot be read, the index is emptied: somebody may just have been deleted or banned, so
        it is better that nobody is recognised until a later call succeeds.
        """
        try:
            current = self._store.templates.revision()
            if current < self._revision:  # the file was put back from a backup
                self.load(self.pack_id)
            elif current > self._revision:
                self._revision, changes = self._store.index_changes(self.pack_id, self._revision)
                self._index.apply(changes)
                self.snapshot = self._index.snapshot()
        except GalleryError:
            self._replace(GalleryIndex(self.pack_id), -1)
            raise

    def housekeep(self) -> None:
        """Compact the index, or make room ahead of time, where worth while."""
        if self._index.housekeep():
            self.snapshot = self._index.snapshot()

    def _replace(self, fresh: GalleryIndex, revision: int) -> None:
        old, self._index, self._revision = self._index, fresh, revision
        self.snapshot = fresh.snapshot()
        old.clear()  # later removals would not reach the snapshots it has handed out
