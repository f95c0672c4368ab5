"""The SQLite connection: how it is opened, migrated, written to and checked. One thread uses it."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from netcafe_face.domain.errors import N_, GalleryDamaged, GalleryTooNew
from netcafe_face.gallery.backup import back_up
from netcafe_face.gallery.faults import translated
from netcafe_face.gallery.schema import APPLICATION_ID, SCHEMA_VERSION, migrations

FILE_NAME = "gallery.db"
BUSY_TIMEOUT_MS = 10_000
CHECKPOINT_TIMEOUT_MS = 250
CHUNK_ROWS = 4096

_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_mode = WAL",
    # FULL, not WAL's usual NORMAL: café PCs are unplugged, and a consent, a ban or an erasure that was
    # confirmed on screen must still be there afterwards. NORMAL may lose the last commits; FULL costs one
    # flush a commit, and commits are few.
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS: a plain fsync stays in the drive's cache
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA temp_store = MEMORY",  # sorting must not spill names into temporary files
)


class GalleryDatabase:
    """An open, migrated gallery database.

    Args:
        folder: holds `gallery.db` and its `backups`; made where missing.

    Raises:
        GalleryUnavailable: the folder or file cannot be used.
        GalleryDamaged: the file is not a database of this program.
        GalleryTooNew: a newer version wrote it.
        GalleryBusy: another process holds it for too long.
        DiskFull: there is no room.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.backup_folder = folder / "backups"
        with translated(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
            try:
                self._db = Database(connection, execute_plugins=False)
                self._prepare()
            except BaseException:
                connection.close()
                raise

    def _prepare(self) -> None:
        self._refuse_foreign_files()
        for pragma in _PRAGMAS:
            self._db.execute(pragma).fetchall()
        if migrations.pending(self._db):
            self._migrate()

    def _refuse_foreign_files(self) -> None:
        if self.value("SELECT count(*) FROM sqlite_schema") == 0:
            return
        if self.value("PRAGMA application_id") != APPLICATION_ID:
            raise GalleryDamaged(path=self.path, reason=N_("it belongs to another program"))
        if self.value("PRAGMA user_version") > SCHEMA_VERSION:
            raise GalleryTooNew(path=self.path)

    def _migrate(self) -> None:
        self._db.execute(
            "BEGIN IMMEDIATE"
        )  # of two processes that start at once, one waits and finds it done
        with self._ending_transaction():
            pending = [migration.name for migration in migrations.pending(self._db)]
            if pending and migrations.applied(self._db):
                back_up(self.path, self.backup_folder, f"before-{pending[0]}")
            migrations.apply(self._db)

    @contextmanager
    def _ending_transaction(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    def close(self) -> None:
        """Close the connection; the last one to close folds the -wal into the database."""
        with translated(self.path):
            self._db.conn.close()

    @contextmanager
    def writing(self, code: str = "") -> Iterator[None]:
        """Run the block as one transaction: all of it is stored, flushed to disk, or none."""
        with translated(self.path, code), self._db.atomic():
            # A write comes first, so that the lock is taken before anything is read: a transaction that read
            # first could not become a writer once another process has written.
            self._db.execute("UPDATE gallery_state SET writes = writes + 1")
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let the statements of the block see one and the same state."""
        with translated(self.path), self._db.atomic():
            yield

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run one statement."""
        with translated(self.path):
            return self._db.execute(sql, values)

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Return all rows of a query as tuples."""
        with translated(self.path):
            return self._db.execute(sql, values).fetchall()

    def chunks(self, sql: str, *values: Any) -> Generator[list[Any], None, None]:
        """Yield all rows of a query, some thousands at a time; closing the generator ends the query."""
        with translated(self.path), closing(self._db.execute(sql, values)) as cursor:
            while chunk := cursor.fetchmany(CHUNK_ROWS):
                yield chunk

    def value(self, sql: str, *values: Any) -> Any:
        """Return the first value of a query's first row, or None."""
        with translated(self.path):
            row = self._db.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def data_version(self) -> int:
        """Return a number that changes when another connection has committed something."""
        return int(self.value("PRAGMA data_version"))

    def truncate_wal(self) -> bool:
        """Fold the -wal into the database and empty it; return False while another process still reads it."""
        self.execute(f"PRAGMA busy_timeout = {CHECKPOINT_TIMEOUT_MS}")
        try:
            return bool(self.value("PRAGMA wal_checkpoint(TRUNCATE)") == 0)
        finally:
            self.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")

    def rewrite(self) -> None:
        """Write the whole database anew, without free space and without stale bytes in it."""
        self.execute("VACUUM")

    def size_bytes(self) -> int:
        """Return the size of the database file and its -wal."""
        wal = self.path.with_name(self.path.name + "-wal")
        with translated(self.path):
            return self.path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)

    def faults(self) -> list[str]:
        """Return what SQLite's own checks find wrong, nothing when the file is sound."""
        found = [str(row[0]) for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"]
        dangling = self.rows("PRAGMA foreign_key_check")
        return found + [
            f"row {rowid} of {table} refers to a missing row of {parent}"
            for table, rowid, parent, _ in dangling
        ]
