"""What lies in a set of pictures, without reading the pictures: a folder or a tar, listed in one order."""

from __future__ import annotations

import abc
import gzip
import io
import os
import stat
import tarfile
import zlib
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.vision.images import IMAGE_SUFFIXES

LIMIT_BYTES = 64 * 2**20
"""A larger file is no photo to train on; it is left out instead of being read into memory."""

NOT_A_FILE = N_("it is a link, a device or something else that is not a file")
TOO_LARGE = N_("it is larger than a picture to train on can be")
ODD_NAME = N_("its name leads out of the set")

_DAMAGED_TAR = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, OverflowError)


@dataclass(frozen=True)
class Entry:
    """One picture file: its name within the set, and where its bytes begin in a tar."""

    name: str
    size: int
    offset: int = 0


@dataclass
class Listing:
    """What was found.

    Attributes:
        entries: the picture files.
        folders: every folder's name within the set.
        ignored: how many files are no pictures by their name.
        refused: name and reason of what may be a picture and is not read.
    """

    entries: list[Entry] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    ignored: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Note a regular file."""
        if not _is_picture(entry.name):
            self.ignored += 1
        elif entry.size > LIMIT_BYTES:
            self.refuse(entry.name, TOO_LARGE)
        else:
            self.entries.append(entry)

    def refuse(self, name: str, reason: str) -> None:
        """Note something that is not read."""
        self.refused.append((printable(name), reason))

    def in_order(self) -> Listing:
        """Return it sorted by name; of several entries of one name, as tars may have, the last."""
        entries = {entry.name: entry for entry in self.entries}
        return replace(
            self,
            entries=[entries[name] for name in sorted(entries)],
            folders=sorted(set(self.folders)),
            refused=sorted(self.refused),
        )

    def unwrapped(self) -> Listing:
        """Return it without the one folder around everything that archives often have (`lfw/Name/…`)."""
        tops = {entry.name.split("/", 1)[0] for entry in self.entries}
        if len(tops) != 1 or any(entry.name.count("/") < 2 for entry in self.entries):
            return self
        cut = len(tops.pop()) + 1
        return replace(
            self,
            entries=[replace(entry, name=entry.name[cut:]) for entry in self.entries],
            folders=[name[cut:] for name in self.folders if len(name) > cut],
        )


class PictureStore(AbstractContextManager["PictureStore"], abc.ABC):
    """A place pictures are read from, and a context manager that closes it."""

    @abc.abstractmethod
    def listing(self) -> Listing:
        """List the pictures.

        Raises:
            DataUnusable: it cannot be read to its end.
        """

    @abc.abstractmethod
    def read(self, entry: Entry) -> bytes:
        """Read one picture.

        Raises:
            OSError: that failed.
        """

    def __exit__(self, *raised: object) -> None:
        """Close it."""


def open_store(path: Path) -> PictureStore:
    """Open a folder, a tar or a gzipped tar.

    Raises:
        DataUnusable: it is missing, or nothing of these.
    """
    if path.is_dir():
        return _Folder(path)
    if not path.exists():
        raise DataUnusable(path=path, reason=N_("there is no such file or folder"))
    if not path.is_file():
        raise DataUnusable(path=path, reason=NOT_A_FILE)
    try:
        return _Tar(path)
    except _DAMAGED_TAR as error:
        raise DataUnusable(path=path, reason=N_("it is neither a folder nor a tar")) from error


def printable(name: str) -> str:
    """Return a file's name as text that can be written anywhere: what is no Unicode is spelled out."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _is_picture(name: str) -> bool:
    place = PurePosixPath(name)
    return place.suffix.lower() in IMAGE_SUFFIXES and not place.name.startswith(".")


class _Folder(PictureStore):
    """A folder; links to folders are not followed, so that no circle can arise."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def listing(self) -> Listing:
        found = Listing()
        waiting = [PurePosixPath()]
        while waiting:
            folder = waiting.pop()
            try:
                waiting += self._list_one(found, folder)
            except OSError as error:
                reason = error.strerror or str(error)
                if folder == PurePosixPath():
                    raise DataUnusable(path=self._root, reason=reason) from error
                found.refuse(str(folder), reason)
        return found.in_order()

    def read(self, entry: Entry) -> bytes:
        with (self._root / entry.name).open("rb") as file:
            return file.read(LIMIT_BYTES)

    def _list_one(self, found: Listing, folder: PurePosixPath) -> list[PurePosixPath]:
        inner = []
        with os.scandir(self._root / folder) as items:
            for item in items:
                if item.is_dir(follow_symlinks=False):
                    inner.append(folder / item.name)
                    continue
                mode, size = _mode_and_size(item)
                if stat.S_ISREG(mode):
                    found.add(Entry(str(folder / item.name), size))
                else:
                    found.refuse(str(folder / item.name), NOT_A_FILE)
        found.folders += map(str, inner)
        return inner


def _mode_and_size(item: os.DirEntry[str]) -> tuple[int, int]:
    try:
        facts = item.stat()
    except OSError:  # a link to nothing
        return 0, 0
    return facts.st_mode, facts.st_size


class _Tar(PictureStore):
    """A tar; its members are read where they lie and nothing is ever unpacked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")
        try:
            self._zipped = self._file.peek(2)[:2] == b"\x1f\x8b"
            plain: io.BufferedIOBase = gzip.GzipFile(fileobj=self._file) if self._zipped else self._file
            self._bytes = _Bounded(plain)
            self._tar = tarfile.open(  # noqa: SIM115 - closed by __exit__
                fileobj=self._bytes, mode="r:", encoding="utf-8", errors="surrogateescape"
            )
        except BaseException:
            self._file.close()
            raise

    def __exit__(self, *raised: object) -> None:
        self._file.close()

    def listing(self) -> Listing:
        found = Listing()
        try:
            for member in self._tar:
                self._note(found, member)
            self._bytes.seek(self._tar.offset)
            # tarfile takes a damaged header for the end; the true end is zeros, or nothing.
            whole = not any(self._bytes.read(tarfile.BLOCKSIZE))
        except _DAMAGED_TAR as error:
            raise DataUnusable(path=self._path, reason=N_("the tar is damaged or incomplete")) from error
        if not whole:
            raise DataUnusable(path=self._path, reason=N_("the tar is damaged or incomplete"))
        found = found.in_order().unwrapped()
        if self._zipped:
            # Going back in a gzipped file means unpacking it from its start, so it is read as it lies.
            found.entries.sort(key=lambda entry: entry.offset)
        return found

    def read(self, entry: Entry) -> bytes:
        try:
            self._bytes.seek(entry.offset)
            return self._bytes.read(entry.size)
        except (EOFError, zlib.error) as error:
            raise OSError(str(error)) from error

    def _note(self, found: Listing, member: tarfile.TarInfo) -> None:
        place = PurePosixPath(member.name)
        if place.is_absolute() or ".." in place.parts or "\0" in member.name:
            found.refuse(member.name, ODD_NAME)
        elif member.isdir():
            found.folders += [str(place)] if place.parts else []
        elif not member.isreg() or member.issparse():
            found.refuse(member.name, NOT_A_FILE)
        else:
            found.add(Entry(str(place), member.size, member.offset_data))


class _Bounded(io.RawIOBase):
    """A file that never gives more than a picture at once: a tar's header may ask for gigabytes."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= LIMIT_BYTES:
            raise tarfile.ReadError("a header asks for too much")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
