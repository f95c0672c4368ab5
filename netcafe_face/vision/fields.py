"""Read the fields of a TOML table strictly: each there, of its type, in its range, and none left over."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

from netcafe_face.domain.errors import CardInvalid

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MISSING = object()


def is_plain_file_name(name: str) -> bool:
    """Return whether a name is a file's on every system: no folder, no device, no leading or trailing dot."""
    return bool(
        _FILE_NAME.fullmatch(name) and not name.endswith(".") and not _RESERVED_ON_WINDOWS.fullmatch(name)
    )


class Fields:
    """One table of a card, read field by field.

    Args:
        table: the parsed table; each field that is read is ticked off.
        path: the card's file, for error messages.
        prefix: the table's own name with a dot, such as "detector.", or "".
    """

    def __init__(self, table: Mapping[str, object], path: Path, prefix: str = "") -> None:
        self._left = dict(table)
        self._path = path
        self._prefix = prefix

    def wrong(self, field: str, problem: str) -> CardInvalid:
        """Return the error that names a field and what is wrong with it."""
        return CardInvalid(path=self._path, reason=f"“{self._prefix}{field}” {problem}")

    def take(self, field: str) -> object:
        """Return a field's raw value and tick it off.

        Raises:
            CardInvalid: it is missing.
        """
        value = self._left.pop(field, _MISSING)
        if value is _MISSING:
            raise self.wrong(field, "is missing")
        return value

    def text(self, field: str) -> str:
        """Return a text that is not empty."""
        value = self.take(field)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(field, f"must be a text that is not empty, not {value!r}")
        return value.strip()

    def matching(self, field: str, pattern: str, like: str) -> str:
        """Return a text that matches a regular expression; `like` tells a person what is expected."""
        value = self.text(field)
        if not re.fullmatch(pattern, value):
            raise self.wrong(field, f"must be {like}, not {value!r}")
        return value

    def one_of(self, field: str, choices: tuple[str, ...]) -> str:
        """Return a text that is one of the choices."""
        value = self.text(field)
        if value not in choices:
            raise self.wrong(field, f"must be one of {', '.join(choices)}, not {value!r}")
        return value

    def file_name(self, field: str) -> str:
        """Return the name of a file in the card's own folder: never a path."""
        value = self.text(field)
        if not is_plain_file_name(value):
            raise self.wrong(field, f"must be the name of a file in the pack's own folder, not {value!r}")
        return value

    def sha256(self, field: str) -> str:
        """Return 64 hexadecimal digits, in lower case."""
        value = self.text(field)
        if not _SHA256.fullmatch(value):
            raise self.wrong(field, f"must be a SHA-256 in 64 lower-case hexadecimal digits, not {value!r}")
        return value

    def flag(self, field: str) -> bool:
        """Return true or false."""
        value = self.take(field)
        if not isinstance(value, bool):
            raise self.wrong(field, f"must be true or false, not {value!r}")
        return value

    def number(self, field: str, low: float, high: float) -> float:
        """Return a finite number from `low` to `high`."""
        return self._checked(field, self.take(field), low, high)

    def has(self, field: str) -> bool:
        """Return whether a field is there and was not read yet."""
        return field in self._left

    def integer(self, field: str, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        value = self.take(field)
        if not isinstance(value, int):
            raise self.wrong(field, f"must be a whole number, not {value!r}")
        return int(self._checked(field, value, low, high))

    def pair(self, field: str, low: float, high: float) -> tuple[float, float]:
        """Return two finite numbers from `low` to `high`."""
        value = self.take(field)
        if not isinstance(value, list) or len(value) != 2:
            raise self.wrong(field, f"must be two numbers in brackets, not {value!r}")
        return self._checked(field, value[0], low, high), self._checked(field, value[1], low, high)

    def texts(self, field: str) -> tuple[str, ...]:
        """Return a list of at least one text, none of them empty."""
        value = self.take(field)
        if not isinstance(value, list) or not value:
            raise self.wrong(field, f"must be a list of texts, not {value!r}")
        for item in value:
            if not isinstance(item, str) or not item.strip():
                raise self.wrong(field, f"must be a list of texts, but has {item!r}")
        return tuple(item.strip() for item in value)

    def table(self, field: str) -> Fields:
        """Return a table inside this one."""
        value = self.take(field)
        if not isinstance(value, dict):
            raise self.wrong(field, "must be a table")
        return Fields(value, self._path, f"{self._prefix}{field}.")

    def tables(self, field: str) -> tuple[Fields, ...]:
        """Return a list of tables inside this one."""
        value = self.take(field)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(field, "must be a list of tables")
        return tuple(
            Fields(item, self._path, f"{self._prefix}{field}[{at}].") for at, item in enumerate(value)
        )

    def end(self) -> None:
        """Check that every field was read.

        Raises:
            CardInvalid: a field is left over: it is misspelt, or from a newer version.
        """
        for field in sorted(self._left):
            raise self.wrong(field, "is not a field that this version knows")

    def _checked(self, field: str, value: object, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(field, f"must be a number, not {value!r}")
        if not math.isfinite(value) or not low <= value <= high:
            raise self.wrong(field, f"must be from {low:g} to {high:g}, not {value!r}")
        return float(value)
