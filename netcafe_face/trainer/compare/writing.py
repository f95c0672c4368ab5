"""Texts written so that there is the old one or the new one."""

from __future__ import annotations

from pathlib import Path

from netcafe_face.domain.errors import OutputError


def write_text(path: Path, text: str) -> None:
    """Write a text file.

    Raises:
        OutputError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise OutputError(path=path, reason=error.strerror or str(error)) from error
