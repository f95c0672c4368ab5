"""The hidden workroom of a packs folder: nothing in it counts as a pack, and no two work there at once."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netcafe_face.domain.errors import OutputError, PacksBusy

log = logging.getLogger(__name__)

_KEPT_DAYS = 14


class Staging:
    """`.staging` inside a packs folder.

    Attributes:
        downloads: parts and whole files that were fetched; kept so that a download continues.
        build: the pack being put together; empty at the start of each piece of work.
    """

    def __init__(self, packs: Path) -> None:
        self._packs = packs
        self._folder = packs / ".staging"
        self._replaced = self._folder / "replaced"
        self._removed = self._folder / "removed"
        self.downloads = self._folder / "downloads"
        self.build = self._folder / "build"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the packs folder for one piece of work; the system lets go of it when the process dies.

        Raises:
            PacksBusy: another process holds it.
            OutputError: the folder cannot be written.
        """
        from filelock import FileLock, Timeout  # here, so that reading a pack costs nothing

        try:
            self.downloads.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / "lock", timeout=0):
                self._restore()
                self._tidy()
                self._empty(self.build)
                try:
                    yield
                finally:
                    shutil.rmtree(self.build, ignore_errors=True)
        except Timeout as error:
            raise PacksBusy(path=self._packs) from error
        except OSError as error:
            raise OutputError(
                path=error.filename or self._packs, reason=error.strerror or str(error)
            ) from error

    def recover(self) -> None:
        """Bring back a pack that a killed process had put aside to replace it; do nothing when busy."""
        try:
            if self._replaced.is_dir() and any(self._replaced.iterdir()):
                with self.locked():
                    pass
        except (PacksBusy, OutputError, OSError):
            log.info("the packs folder is left as it is", exc_info=True)

    def publish(self, name: str) -> Path:
        """Make the built pack visible under its name, in place of an older one; it is on the disk by then.

        Raises:
            OSError: the folder cannot be written, or the older pack is held open by another program.
        """
        for path in (*self.build.iterdir(), self.build):
            _sync(path)
        target, aside = self._packs / name, self._replaced / name
        self._replaced.mkdir(exist_ok=True)
        if target.exists():
            target.rename(aside)
        try:
            self.build.rename(target)
        except OSError:
            if aside.exists():
                aside.rename(target)
            raise
        _sync(self._packs)
        shutil.rmtree(aside, ignore_errors=True)
        return target

    def remove(self, name: str) -> None:
        """Make a pack invisible in one step, then delete it.

        Raises:
            OSError: the folder cannot be written, or the pack is held open by another program.
        """
        target = self._packs / name
        if target.is_symlink():
            target.unlink()
            return
        self._empty(self._removed)
        target.rename(self._removed / name)
        shutil.rmtree(self._removed, ignore_errors=True)

    def _restore(self) -> None:
        for aside in self._replaced.iterdir() if self._replaced.is_dir() else ():
            target = self._packs / aside.name
            if target.exists():
                shutil.rmtree(aside, ignore_errors=True)
            else:
                aside.rename(target)

    def _tidy(self) -> None:
        """Delete downloads that nobody has continued for a long time."""
        for folder in self.downloads.iterdir():
            if time.time() - folder.stat().st_mtime > _KEPT_DAYS * 86_400:
                shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    def _empty(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)


def _sync(path: Path) -> None:
    """Make sure that a file or a folder's entries are on the disk."""
    if sys.platform == "win32" and path.is_dir():
        return
    # Windows lets only a file that is open for writing be flushed; a folder can only be opened for reading.
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
