"""Copies of the database made before it is migrated, which must forget whom the database forgets."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

KEPT = 3
_log = logging.getLogger(__name__)

Erasure = tuple[int, str]
"""A customer's id and the extent: “customer” (everything) or “faces” (templates, crops and photo)."""

ERASE = {
    "customer": ("DELETE FROM customers WHERE id = ?",),
    "faces": (
        "DELETE FROM templates WHERE customer_id = ?",
        "DELETE FROM crops WHERE customer_id = ?",
        "DELETE FROM photos WHERE customer_id = ?",
    ),
}
"""What each extent deletes; triggers and foreign keys of the schema do the rest."""


def backups(folder: Path) -> list[Path]:
    """Return the backups in `folder`, oldest first."""
    return sorted(folder.glob("gallery-*.db"))


def back_up(database: Path, folder: Path, reason: str) -> Path:
    """Copy what is committed in the database into `folder`, whole or not at all, and drop the oldest copies.

    Args:
        database: the file; others may have it open, and even be writing.
        folder: made where missing.
        reason: a word for the file's name, such as “before-m002”.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = folder / f"gallery-{stamp}-{reason}.db"
    part = target.with_suffix(".part")
    try:
        # Its own connection to the source: SQLite refuses to copy through one that is in a transaction.
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        _flush(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    for old in backups(folder)[:-KEPT]:
        _drop(old)
    return target


def erase_from_backups(folder: Path, erasures: Iterable[Erasure]) -> None:
    """Delete the same rows from every backup; a backup that cannot be rewritten is dropped.

    Forgetting comes before keeping: a copy that is damaged, or too old to be understood, cannot be trusted to
    have lost the rows.
    """
    wanted = list(erasures)
    for part in folder.glob("gallery-*.part*"):  # left by a crash
        _drop(part)
    for path in backups(folder) if wanted else []:
        try:
            _erase_from(path, wanted)
        except sqlite3.Error:
            _log.warning("A backup could not be rewritten for an erasure, so it was dropped: %s", path.name)
            _drop(path)


def _erase_from(path: Path, erasures: list[Erasure]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        copy.execute("PRAGMA foreign_keys = ON")
        copy.execute("PRAGMA secure_delete = ON")
        copy.execute("BEGIN IMMEDIATE")
        for customer_id, extent in erasures:
            for statement in ERASE[extent]:
                copy.execute(statement, [customer_id])
        copy.execute("COMMIT")
        copy.execute("VACUUM")  # pages that were rearranged earlier may hold stale copies of rows


def _drop(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
