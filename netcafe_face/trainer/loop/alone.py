"""One process for each folder of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.errors import RunUnusable

LOCK = ".lock"

PATIENCE_S = 10.0
"""The readers of a killed run hold its lock until they notice that it is gone."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes from training in a folder, whose checkpoints and curve they would write over.

    The lock is the operating system's: it ends with the process, however that ends.

    Args:
        folder: of the run, made when missing.

    Raises:
        RunUnusable: another process trains in it, or it cannot be written.
    """
    lock = FileLock(folder / LOCK, timeout=PATIENCE_S, thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise RunUnusable(path=folder, reason=N_("another process is training in it")) from error
    except OSError as error:
        raise RunUnusable(path=folder, reason=error.strerror or str(error)) from error
    try:
        yield
    finally:
        lock.release()
