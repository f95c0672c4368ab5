"""The few names that stand in pickles of arrays, recognised as words; what they stand for is done here."""

from __future__ import annotations

import math
import re
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

_NUMBERS = re.compile(r"[<>=|]?[buif][1248]")
_LATIN1 = ("latin1", "latin-1")
_MOST_DIMENSIONS = 4


class Refused(Exception):
    """The pickle contains something that is not plain data; the argument says what."""


class Name(Enum):
    """The names that may stand in such a file."""

    ENCODE = "_codecs encode"
    BYTES = "builtins bytes"
    ARRAY = "numpy ndarray"
    DTYPE = "numpy dtype"
    RECONSTRUCT = "numpy._core.multiarray _reconstruct"
    FROM_BUFFER = "numpy._core.numeric _frombuffer"


NAMES = {name.value: name for name in Name} | {
    "__builtin__ bytes": Name.BYTES,
    "numpy.core.multiarray _reconstruct": Name.RECONSTRUCT,
    "numpy.core.numeric _frombuffer": Name.FROM_BUFFER,
}


class ArrayType:
    """A dtype being read: a letter and a size, then perhaps a byte order."""

    def __init__(self, code: str) -> None:
        if not _NUMBERS.fullmatch(code):
            raise Refused(f"an array of the type {code!r}")
        self.dtype = np.dtype(code)

    def build(self, state: object) -> None:
        """Take the byte order from a state such as (3, '<', None, None, None, -1, -1, 0)."""
        version, order, *fields = as_tuple(state)
        if (
            version not in (3, 4)
            or any(field is not None for field in fields[:3])
            or len(fields) not in (6, 7)
        ):
            raise Refused("an array of a compound type")
        text = as_text(order)
        if text not in ("<", ">", "|", "="):
            raise Refused("an array of an unknown byte order")
        self.dtype = np.dtype(text + self.dtype.str[1:])


class ArrayBeingRead:
    """An array being read: named first, filled later."""

    def __init__(self) -> None:
        self.values: npt.NDArray[Any] | None = None

    def build(self, state: object) -> None:
        """Fill it from a state (version, shape, dtype, is it in Fortran's order, bytes)."""
        parts = as_tuple(state)
        if len(parts) != 5 or self.values is not None:
            raise Refused("an array of an unknown form")
        _version, shape, kind, fortran, raw = parts
        self.values = _filled(raw, kind, shape, "F" if fortran is True else "C")


def called(name: Name, given: tuple[Any, ...]) -> object:
    """Do what a call of one of the names would do with plain data."""
    if name is Name.ENCODE and len(given) == 2 and as_text(given[1]) in _LATIN1:
        return as_text(given[0]).encode("latin-1")
    if name is Name.BYTES and not given:
        return b""
    if name is Name.DTYPE and len(given) in (1, 3):
        return ArrayType(as_text(given[0]))
    if name is Name.RECONSTRUCT and len(given) == 3 and given[0] is Name.ARRAY:
        return ArrayBeingRead()
    if name is Name.FROM_BUFFER and len(given) == 4:
        array = ArrayBeingRead()
        array.values = _filled(given[0], given[1], given[2], as_text(given[3]))
        return array
    raise Refused(f"an unusual call of “{name.value.replace(' ', '.')}”")


def _filled(raw: object, kind: object, shape: object, order: str) -> npt.NDArray[Any]:
    sizes = as_tuple(shape)
    if not isinstance(kind, ArrayType) or not isinstance(raw, bytes) or order not in ("C", "F"):
        raise Refused("an array of objects")
    if len(sizes) > _MOST_DIMENSIONS or any(type(size) is not int or size < 0 for size in sizes):
        raise Refused("an array of an impossible shape")
    if math.prod(sizes) * kind.dtype.itemsize != len(raw):
        raise Refused("an array whose shape is not that of its bytes")
    flat = np.frombuffer(raw, dtype=kind.dtype)
    return flat.reshape(sizes, order="F" if order == "F" else "C")


def as_tuple(value: object) -> tuple[Any, ...]:
    """Return a value that must be a tuple, or raise `Refused`."""
    if not isinstance(value, tuple):
        raise Refused("a call without values")
    return value


def as_text(value: object) -> str:
    """Return a value that must be a text, or raise `Refused`."""
    if isinstance(value, bytes):  # as Python 2 wrote it
        return value.decode("latin-1")
    if not isinstance(value, str):
        raise Refused("a call with other values than texts")
    return value
