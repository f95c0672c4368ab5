"""Writing a small file so that a crash leaves either the old one or the new one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from netcafe_face.domain.errors import OutputError


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file's content at once; the file becomes readable by this user only.

    Raises:
        OutputError: it could not be written; the old content is unchanged.
    """
    scratch = ""
    try:
        handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(scratch).replace(path)
    except OSError as error:
        if scratch:
            with contextlib.suppress(OSError):
                Path(scratch).unlink()
        raise OutputError(path=path, reason=error.strerror or error) from error
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Without it the rename itself may be lost with the power; Windows has no such call.
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
