"""One window for each data folder."""

from __future__ import annotations

import hashlib
import os
from types import TracebackType

from filelock import FileLock, Timeout

from netcafe_face.config.paths import Paths
from netcafe_face.domain.errors import AlreadyRunning, FolderUnusable


class InstanceLock:
    """The right to be the window of a data folder; a context manager.

    The lock is the operating system's: it ends with the process, however that ends, so nothing stale is
    ever left behind. Commands do not take it: they may write while the window is open.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._lock = FileLock(paths.root / ".window.lock", timeout=0, thread_local=False)

    def acquire(self) -> None:
        """Take the lock at once.

        Raises:
            AlreadyRunning: another process has it.
            FolderUnusable: the data folder cannot be written to.
        """
        try:
            self._lock.acquire()
        except Timeout as error:
            raise AlreadyRunning(path=self._paths.root) from error
        except OSError as error:
            raise FolderUnusable(path=self._paths.root, reason=error.strerror or error) from error

    def release(self) -> None:
        """Give the lock back; without it, do nothing."""
        self._lock.release()

    def __enter__(self) -> InstanceLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def server_name(paths: Paths) -> str:
    """Return the local-socket name through which a second start calls the first window to the front.

    It is the same for every spelling of the same folder, at most 32 ASCII characters, and valid as a Unix
    socket, a Windows pipe and a macOS socket name.
    """
    folder = os.path.normcase(paths.root.resolve())
    return "netcafe-face-" + hashlib.sha256(folder.encode("utf-8", "surrogatepass")).hexdigest()[:16]
