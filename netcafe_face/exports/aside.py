"""A file that appears only when it is whole: written beside its place, then renamed into it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from netcafe_face.domain.errors import OutputError


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[BinaryIO]:
    """Open a new binary file that takes the place of `path` when the block ends well.

    If the block raises, whatever `path` held before is untouched and nothing else is left behind. The file is
    readable by its owner alone, since what is exported is about people.

    Raises:
        OutputError: the folder or the file cannot be written, or the disk is full.
    """
    try:
        target = path.resolve()
        if target.is_dir():
            raise IsADirectoryError(21, os.strerror(21))
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:80]}.", suffix=".part")
    except OSError as error:
        raise _refused(path, error) from error
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _refused(path, error) from error
        raise


def _refused(path: Path, error: OSError) -> OutputError:
    return OutputError(path=path, reason=error.strerror or type(error).__name__)
