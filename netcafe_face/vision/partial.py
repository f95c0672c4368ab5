"""The beginning of a file that is being downloaded, with a note of what it is the beginning of."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, TypeGuard

from netcafe_face.vision.catalogue import KnownFile


class PartialFile:
    """`target`.part and `target`.part.json, kept between attempts and between runs.

    Args:
        target: where the whole file will be.
        file: what is fetched; a part of anything else is deleted.

    Attributes:
        length: bytes that have arrived.
        total: bytes of the whole file, or None while unknown.
    """

    def __init__(self, target: Path, file: KnownFile) -> None:
        self._target = target
        self.path = target.with_name(target.name + ".part")
        self._note_path = target.with_name(target.name + ".part.json")
        self._origin = {"url": file.url, "sha256": file.sha256, "size": file.size}
        self._known_size = file.size
        self._validator = ""
        self._ended = False
        self.length = 0
        self.total = file.size
        self._recall()

    @property
    def is_whole(self) -> bool:
        """Return whether all of it has arrived."""
        return self._ended or (self.total is not None and self.length == self.total)

    def range_headers(self) -> dict[str, str]:
        """Return the headers that ask for the rest, and for the rest of the same file only."""
        if not self.length:
            return {}
        headers = {"Range": f"bytes={self.length}-"}
        if self._validator:
            headers["If-Range"] = self._validator
        return headers

    def continues(self, content_range: str) -> bool:
        """Return whether a Content-Range begins where this part ends, in a file of the same size."""
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", content_range.strip())
        if match is None or int(match[1]) != self.length:
            return False
        return match[2] == "*" or self.total is None or int(match[2]) == self.total

    def begin(self, total: int | None, etag: str, last_modified: str) -> None:
        """Note what is about to arrive: the whole file's size and what tells its version."""
        self.total = total
        # A weak ETag may stand for different bytes, so it cannot vouch for a continuation.
        self._validator = etag if etag and not etag.startswith("W/") else last_modified
        self._write_note()

    def ended(self) -> None:
        """Note that the file ended where the server had not announced it."""
        self._ended, self.total = True, self.length
        self._write_note()

    @contextmanager
    def appending(self) -> Iterator[FileIO]:
        """Open the part to write on at its end; what was written is on the disk afterwards."""
        with self.path.open("ab", buffering=0) as out:
            try:
                yield out
            finally:
                if not out.closed:
                    os.fsync(out.fileno())

    def discard(self) -> None:
        """Delete what has arrived."""
        self._note_path.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        self.length, self.total, self._validator, self._ended = 0, self._known_size, "", False

    def publish(self) -> None:
        """Give the whole file its own name."""
        self.path.replace(self._target)
        self._note_path.unlink(missing_ok=True)

    def _write_note(self) -> None:
        note = {**self._origin, "total": self.total, "validator": self._validator, "ended": self._ended}
        aside = self._note_path.with_name(self._note_path.name + ".new")
        aside.write_text(json.dumps(note), encoding="utf-8")
        aside.replace(self._note_path)

    def _recall(self) -> None:
        """Continue an earlier part if its note fits, else start anew."""
        try:
            note = json.loads(self._note_path.read_text(encoding="utf-8"))
            length = self.path.stat().st_size
        except (OSError, ValueError):
            self.discard()
            return
        if not self._fits(note):
            self.discard()
            return
        self.length = length
        self.total = note["total"] or self._known_size
        self._validator = note["validator"]
        self._ended = note.get("ended") is True and length == self.total
        if self.total is not None and length > self.total:
            self.discard()

    def _fits(self, note: object) -> TypeGuard[dict[str, Any]]:
        return (
            isinstance(note, dict)
            and all(note.get(name) == value for name, value in self._origin.items())
            and isinstance(note.get("total"), int | None)
            and isinstance(note.get("validator"), str)
        )
