"""Lists of picture pairs to compare: one pair a line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from netcafe_face.domain.errors import N_, InputError


class PairLineUnreadable(InputError):
    """A line of a list of pairs does not name two pictures. Details: line, text."""

    what = N_("Line {line} of the list does not name two pictures: {text}")
    remedy = N_("Write one pair a line: two file names with a tab or a comma between them.")


class PairListUnreadable(InputError):
    """A list of pairs cannot be opened or read. Details: path, reason."""

    what = N_("The list of pairs {path} cannot be read ({reason}).")
    remedy = N_("Write one pair a line: two file names with a tab or a comma between them.")


@dataclass(frozen=True)
class Pair:
    """Two pictures to compare, and the line they came from (from 1)."""

    line: int
    first: Path
    second: Path


def pairs_in(path: Path) -> Iterator[Pair]:
    """Read the pairs of a file in UTF-8, one by one; relative names are relative to its folder.

    Raises:
        PairListUnreadable: the file cannot be opened or read.
        PairLineUnreadable: a line does not name two pictures.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            yield from read_pairs(lines, path.parent)
    except OSError as error:
        raise PairListUnreadable(path=path, reason=error.strerror or type(error).__name__) from error


def read_pairs(lines: Iterable[str], folder: Path) -> Iterator[Pair]:
    """Read pairs from lines such as “a.jpg<TAB>b.jpg” or “a.jpg,"b, c.jpg"”.

    Empty lines and lines that begin with # are passed over; further columns are ignored.

    Args:
        lines: read one by one, so a list may be of any length.
        folder: what relative names are relative to.

    Raises:
        PairLineUnreadable: a line does not name two pictures.
    """
    for number, raw in enumerate(lines, start=1):
        text = raw.lstrip("\ufeff").strip("\r\n")
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        delimiter = "\t" if "\t" in text else ","
        try:
            names = [cell.strip() for cell in next(csv.reader([text], delimiter=delimiter, strict=True))]
        except csv.Error as error:
            raise PairLineUnreadable(line=number, text=text[:200]) from error
        if len(names) < 2 or not names[0] or not names[1] or "\0" in text:
            raise PairLineUnreadable(line=number, text=text[:200])
        yield Pair(number, folder / names[0], folder / names[1])
