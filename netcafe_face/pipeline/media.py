"""Finds pictures and videos in folders, and names the annotated copies so that nothing is overwritten."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from netcafe_face.domain.errors import N_, ImageUnreadable, OutputError
from netcafe_face.domain.faces import Image
from netcafe_face.vision.images import IMAGE_SUFFIXES, VIDEO_SUFFIXES, read_image

WRITABLE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
"""Kinds of pictures whose annotated copy keeps its kind; the others become PNG."""


@dataclass(frozen=True)
class MediaFile:
    """A picture or video to look at; `relative` is its place within the folder that was asked for."""

    path: Path
    relative: Path
    is_video: bool


def read_picture(path: Path) -> Image:
    """Read a picture that a person named, uint8 (h, w, 3) BGR, without ever waiting for a pipe or a device.

    Raises:
        ImageUnreadable: missing, empty, truncated, or not a picture.
        ImageTooLarge: it has too many pixels.
    """
    mode = _mode(path)
    if mode and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ImageUnreadable(path=path, reason=N_("it is not a file"))
    return read_image(path)


def _mode(path: Path) -> int:
    # Path.is_dir and its like raise where a folder on the way may not be entered.
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key under which “photo 2” comes before “photo 10”, whatever the case of letters."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return tuple((0, int(part), part) if part[0] in "0123456789" else (1, 0, part) for part in parts)


def media_files(paths: Iterable[Path], leave_out: Path | None = None) -> Iterator[MediaFile]:
    """Yield files as named, and the pictures and videos of folders, recursively and in natural order.

    Hidden files, links to folders and files of other kinds are passed over in folders; a file that is named
    is always yielded. Only one folder's names are held in memory at a time.

    Args:
        paths: files and folders.
        leave_out: a folder that is not entered, such as the one results are written to.
    """
    avoided = leave_out.resolve() if leave_out is not None else None
    for path in paths:
        if stat.S_ISDIR(_mode(path)):
            yield from _in_folder(path, path, avoided)
        else:
            yield MediaFile(path, Path(path.name), _is_video(path))


def _in_folder(root: Path, folder: Path, avoided: Path | None) -> Iterator[MediaFile]:
    try:
        with os.scandir(folder) as entries:
            names = [
                (entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries if _may_be_read(entry)
            ]
    except OSError:
        # A folder that may not be entered is like an empty one; its parent's files still count.
        return
    for name, is_folder in sorted(names, key=lambda item: (item[1], natural_key(item[0]), item[0])):
        path = folder / name
        if name.startswith("."):
            continue
        if is_folder:
            if path.resolve() != avoided:
                yield from _in_folder(root, path, avoided)
        elif path.suffix.lower() in IMAGE_SUFFIXES | VIDEO_SUFFIXES:
            yield MediaFile(path, path.relative_to(root), _is_video(path))


def _may_be_read(entry: os.DirEntry[str]) -> bool:
    # A pipe or device would block the whole run; a broken link is kept, to be reported.
    if entry.is_symlink():
        mode = _mode(Path(entry.path))
        return not mode or stat.S_ISREG(mode)
    return entry.is_file() or entry.is_dir()


def _is_video(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in VIDEO_SUFFIXES or (suffix == ".gif" and _is_animated(path))


def _is_animated(path: Path) -> bool:
    from PIL import Image as Pillow

    if not stat.S_ISREG(_mode(path)):
        return False
    try:
        with Pillow.open(path) as picture:
            return bool(getattr(picture, "is_animated", False))
    except (OSError, SyntaxError, ValueError, EOFError, Pillow.DecompressionBombError):
        return False


class Outputs:
    """Where annotated copies go: one named file, or a folder in which names are chosen.

    Args:
        out: a folder, or a file name where exactly one file is to be looked at.
        inputs: what is to be looked at.

    Raises:
        OutputError: the folder cannot be made.
    """

    def __init__(self, out: Path, inputs: Iterable[Path]) -> None:
        named = tuple(inputs)
        single = len(named) == 1 and not stat.S_ISDIR(_mode(named[0]))
        is_name = out.suffix.lower() in WRITABLE_SUFFIXES | VIDEO_SUFFIXES and not stat.S_ISDIR(_mode(out))
        self.file = out if single and is_name else None
        self.folder = out.parent if self.file is not None else out
        _make_folder(self.folder)

    def place(self, media: MediaFile) -> Path:
        """Choose where the annotated copy of a file goes; a name that is free unless it was asked for.

        Raises:
            OutputError: the folder cannot be made, or the file named is the input itself.
        """
        if self.file is not None:
            place = self.file.with_suffix(".mp4") if media.is_video else self.file
            if _same_file(place, media.path):
                raise OutputError(path=place, reason=N_("it is the picture or video itself"))
            return place
        suffix = ".mp4" if media.is_video else media.path.suffix
        if not media.is_video and suffix.lower() not in WRITABLE_SUFFIXES:
            suffix = ".png"
        folder = self.folder / media.relative.parent
        _make_folder(folder)
        stem, number = media.path.stem, 1
        place = folder / f"{stem}{suffix}"
        while os.path.lexists(place):
            number += 1
            place = folder / f"{stem}-{number}{suffix}"
        return place


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(path=folder, reason=error.strerror or type(error).__name__) from error


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
