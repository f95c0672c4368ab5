"""Take named files out of a zip, and nothing else: no paths, no bombs, no surprises."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from netcafe_face.domain.errors import N_, ArchiveRefused

_MOST_MEMBERS = 10_000
_CHUNK_BYTES = 1024 * 1024


class Archive:
    """A zip whose wanted members lie at its top or in one folder.

    Args:
        path: the zip, for messages.
        file: it, open.
    """

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        self._path = path
        self._file = file
        self._members = file.infolist()
        if len(self._members) > _MOST_MEMBERS:
            raise self._refused(f"it has more than {_MOST_MEMBERS} members")

    def has(self, name: str) -> bool:
        """Return whether it holds a file of this name."""
        return bool(self._candidates(name))

    def read(self, name: str, limit_bytes: int) -> bytes:
        """Return a small member.

        Raises:
            ArchiveRefused: it is missing, ambiguous, damaged, encrypted, a link or larger than the limit.
        """
        return b"".join(self._chunks(self._member(name, limit_bytes)))

    def extract(self, limits: Mapping[str, int], folder: Path) -> None:
        """Write each named member into the folder under just that name; `limits` are bytes.

        Raises:
            ArchiveRefused: as for `read`.
            OSError: the folder cannot be written.
        """
        members = {name: self._member(name, limit) for name, limit in limits.items()}
        for name, member in members.items():
            with (folder / name).open("xb") as out:
                for chunk in self._chunks(member):
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())

    def size_of(self, name: str) -> int:
        """Return the bytes that a member says it has.

        Raises:
            ArchiveRefused: it is missing or ambiguous.
        """
        return self._only(name).file_size

    def _candidates(self, name: str) -> list[zipfile.ZipInfo]:
        found = []
        for member in self._members:
            parts = PurePosixPath(member.filename.replace("\\", "/")).parts
            if not member.is_dir() and len(parts) in (1, 2) and parts[-1] == name and ".." not in parts:
                found.append(member)
        return found

    def _only(self, name: str) -> zipfile.ZipInfo:
        found = self._candidates(name)
        if len(found) != 1:
            raise self._refused(f"it has no “{name}”" if not found else f"it has “{name}” more than once")
        return found[0]

    def _member(self, name: str, limit_bytes: int) -> zipfile.ZipInfo:
        member = self._only(name)
        if member.flag_bits & 0x1:
            raise self._refused(f"“{name}” is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._refused(f"“{name}” is compressed in an unusual way")
        mode = member.external_attr >> 16
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise self._refused(f"“{name}” is not a plain file")
        if member.file_size > limit_bytes:
            raise self._refused(f"“{name}” has {member.file_size} bytes, more than the {limit_bytes} allowed")
        return member

    def _chunks(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield a member's bytes, never more than it says it has (zipfile stops there and checks its CRC)."""
        try:
            with self._file.open(member) as source:
                while chunk := source.read(_CHUNK_BYTES):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise self._refused(f"“{member.filename}” is damaged") from error

    def _refused(self, reason: str) -> ArchiveRefused:
        return ArchiveRefused(path=self._path, reason=reason)


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a zip.

    Raises:
        ArchiveRefused: it is damaged or no zip.
        OSError: it cannot be read.
    """
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise ArchiveRefused(path=path, reason=N_("it is damaged or no zip file")) from error
    with file:
        yield Archive(path, file)
