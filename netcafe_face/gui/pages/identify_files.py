"""Which files can be identified, and asking for them."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtWidgets import QFileDialog, QWidget

from netcafe_face.i18n import _
from netcafe_face.vision.images import IMAGE_SUFFIXES, VIDEO_SUFFIXES


def is_media(path: Path) -> bool:
    """Return whether a path looks like something to identify: a picture, a video or a folder."""
    return path.is_dir() or (path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES | VIDEO_SUFFIXES)


def ask_files(parent: QWidget) -> list[Path]:
    """Let a person choose pictures and videos; none if they think better of it."""
    suffixes = sorted(IMAGE_SUFFIXES | VIDEO_SUFFIXES)
    kinds = f"{_('Pictures and videos')} ({' '.join(f'*{suffix}' for suffix in suffixes)})"
    chosen, _kind = QFileDialog.getOpenFileNames(parent, _("Choose pictures or videos"), "", kinds)
    return [Path(name) for name in chosen]


def ask_folder(parent: QWidget, title: str) -> Path | None:
    """Let a person choose a folder."""
    chosen = QFileDialog.getExistingDirectory(parent, title)
    return Path(chosen) if chosen else None
