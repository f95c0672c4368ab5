"""SQLite's errors, translated once into the program's own."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netcafe_face.domain.errors import (
    ConsentMissing,
    DiskFull,
    GalleryBusy,
    GalleryDamaged,
    GalleryError,
    GalleryUnavailable,
)
from netcafe_face.gallery.schema import CONSENT_FENCE

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NO_ROOM_BYTES = 1 << 20
"""With less left, a failed write is put down to the full disk: SQLite cannot grow its -wal or -shm there."""


@contextmanager
def translated(path: Path, code: str = "") -> Iterator[None]:
    """Raise the program's errors in place of SQLite's and the file system's.

    Args:
        path: the database.
        code: the customer's code, for the messages that name it.

    Raises:
        GalleryError: in the kind that fits.
    """
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a mistake in this program, not in the café
    except sqlite3.Error as error:
        raise _translate(error, path, code) from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(path=path) from error
        raise GalleryUnavailable(path=path, reason=error.strerror or type(error).__name__) from error


def _translate(error: sqlite3.Error, path: Path, code: str) -> GalleryError:
    reason = str(error)
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if primary == sqlite3.SQLITE_CONSTRAINT and CONSENT_FENCE in reason:
        return ConsentMissing(code=code)
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and not _has_room(path)):
        return DiskFull(path=path)
    if primary in _DAMAGED:
        return GalleryDamaged(path=path, reason=reason)
    if primary in _BUSY:
        return GalleryBusy(path=path)
    return GalleryUnavailable(path=path, reason=reason)


def _has_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free >= _NO_ROOM_BYTES
    except OSError:
        return True
