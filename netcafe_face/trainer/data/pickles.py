"""Pickles read without running them: bytes, bool, list, tuple and numpy arrays, and nothing else.

A pickle is a small program that may call any function of any package. insightface's verification sets are
pickles from the web, so their instructions are interpreted here, by a reader that knows only those which
build plain data. Nothing is imported or called by name: the few names that numpy and Python write into such
files are recognised as words, and what they stand for is done here, with every length checked.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.data.pickled_arrays import (
    NAMES,
    ArrayBeingRead,
    ArrayType,
    Name,
    Refused,
    as_tuple,
    called,
)
from netcafe_face.trainer.errors import DataUnusable

LIMIT_BYTES = 2**30
LIMIT_STEPS = 5_000_000
"""Instructions of one file; the largest published sets need fewer than 100,000."""
LIMIT_ITEMS = 500_000
"""Values of the result; a list may contain another one many times, which costs a pickle next to nothing."""
LIMIT_DEPTH = 8

_DAMAGED = N_("it is damaged, or no pickle")


class _Mark:
    """Where a list or tuple begins on the stack."""


def load_plain(path: Path) -> object:
    """Read a pickle of bytes, bool, list, tuple and numpy arrays of numbers.

    Pickles of protocol 1 to 5, of Python 2 and 3 and of old and new numpy are read, and those of protocol 0
    that hold no pictures; texts of Python 2 come as bytes.

    Raises:
        DataUnusable: it is missing, damaged, too large, or contains anything else.
    """
    try:
        if not path.is_file():
            raise DataUnusable(path=path, reason=N_("there is no such file"))
        if path.stat().st_size > LIMIT_BYTES:
            raise DataUnusable(path=path, reason=N_("it is too large for a verification set"))
        data = path.read_bytes()
    except OSError as error:
        raise DataUnusable(path=path, reason=error.strerror or str(error)) from error
    try:
        return _Reader(data).read()
    except Refused as error:
        reason = f"it contains {error}, which plain data do not need; it may be meant to do harm"
        raise DataUnusable(path=path, reason=reason) from error
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError) as error:
        raise DataUnusable(path=path, reason=_DAMAGED) from error


class _Reader:
    """Follows a pickle's instructions on a stack, as the pickle module does."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        # One text may be asked for again and again; an honest file needs each of its letters once.
        self._letters_left = len(data)

    def read(self) -> object:
        """Return the pickled value."""
        for step, (opcode, argument, _place) in enumerate(pickletools.genops(io.BytesIO(self._data))):
            if step >= LIMIT_STEPS:
                raise Refused("too many instructions")
            if opcode.name == "STOP":
                break
            if opcode.name in _CONSTANTS:
                self._stack.append(_CONSTANTS[opcode.name])
            elif opcode.name in _NUMBERS or opcode.name in _TEXTS:
                self._stack.append(argument)
            elif opcode.name in _BYTES:
                self._stack.append(bytes(argument or b""))
            elif opcode.name in _TEXTS_OF_PYTHON_2:
                self._stack.append(str(argument).encode("latin-1"))
            elif opcode.name in _STEPS:
                _STEPS[opcode.name](self, argument)
            else:
                raise Refused(f"the instruction {opcode.name}")
        if len(self._stack) != 1:
            raise ValueError("values are left over")
        return _Plain().value(self._stack[0])

    def _mark(self, _argument: object) -> None:
        self._stack.append(_Mark())

    def _since_mark(self) -> list[Any]:
        place = len(self._stack) - 1
        while not isinstance(self._stack[place], _Mark):
            place -= 1
            if place < 0:
                raise IndexError("no mark")
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def _list(self, _argument: object) -> None:
        self._stack.append(self._since_mark())

    def _tuple(self, _argument: object) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _short_tuple(self, length: int) -> None:
        items = tuple(self._stack[-length:])
        if len(items) != length:
            raise IndexError("too few values")
        del self._stack[-length:]
        self._stack.append(items)

    def _append(self, _argument: object) -> None:
        self._extend([self._stack.pop()])

    def _appends(self, _argument: object) -> None:
        self._extend(self._since_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise Refused("a list of an unknown kind")
        target.extend(items)

    def _memoize(self, _argument: object) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _put(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    def _get(self, place: int) -> None:
        self._stack.append(self._memo[place])

    def _global(self, name: str) -> None:
        if name not in NAMES:
            raise Refused(f"the name “{name.replace(' ', '.')[:80]}”")
        self._stack.append(NAMES[name])

    def _stack_global(self, _argument: object) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if type(name) is not str or type(module) is not str:
            raise Refused("a name that is no text")
        self._global(f"{module} {name}")

    def _reduce(self, _argument: object) -> None:
        given, name = self._stack.pop(), self._stack.pop()
        if not isinstance(name, Name):
            raise Refused("a call of something that is no function")
        result = called(name, as_tuple(given))
        self._letters_left -= len(result) if isinstance(result, bytes) else 0
        if self._letters_left < 0:
            raise Refused("one text again and again")
        self._stack.append(result)

    def _build(self, _argument: object) -> None:
        state, target = self._stack.pop(), self._stack[-1]
        if not isinstance(target, ArrayType | ArrayBeingRead):
            raise Refused("an object")
        target.build(state)


_CONSTANTS: Mapping[str, object] = MappingProxyType(
    {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
)
_NUMBERS = frozenset(("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1"))
_TEXTS = frozenset(("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"))
_BYTES = frozenset(("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"))
_TEXTS_OF_PYTHON_2 = frozenset(("STRING", "BINSTRING", "SHORT_BINSTRING"))
_STEPS: Mapping[str, Callable[[_Reader, Any], None]] = MappingProxyType(
    {
        "PROTO": lambda reader, argument: None,
        "FRAME": lambda reader, argument: None,
        "MARK": _Reader._mark,
        "EMPTY_LIST": lambda reader, argument: reader._stack.append([]),
        "LIST": _Reader._list,
        "APPEND": _Reader._append,
        "APPENDS": _Reader._appends,
        "TUPLE": _Reader._tuple,
        "TUPLE1": lambda reader, argument: reader._short_tuple(1),
        "TUPLE2": lambda reader, argument: reader._short_tuple(2),
        "TUPLE3": lambda reader, argument: reader._short_tuple(3),
        "MEMOIZE": _Reader._memoize,
        "PUT": _Reader._put,
        "BINPUT": _Reader._put,
        "LONG_BINPUT": _Reader._put,
        "GET": _Reader._get,
        "BINGET": _Reader._get,
        "LONG_BINGET": _Reader._get,
        "GLOBAL": _Reader._global,
        "STACK_GLOBAL": _Reader._stack_global,
        "REDUCE": _Reader._reduce,
        "BUILD": _Reader._build,
    }
)


class _Plain:
    """Turns what was read into the result, and counts its values."""

    def __init__(self) -> None:
        self._items = 0

    def value(self, read: object, depth: int = 0) -> object:
        """Return the value with arrays for arrays being read."""
        self._items += 1
        if self._items > LIMIT_ITEMS or depth > LIMIT_DEPTH:
            raise Refused("lists in lists without end")
        if isinstance(read, list):
            return [self.value(item, depth + 1) for item in read]
        if isinstance(read, tuple):
            return tuple(self.value(item, depth + 1) for item in read)
        if isinstance(read, ArrayBeingRead) and read.values is not None:
            return read.values
        if isinstance(read, bool | bytes):
            return read
        raise Refused(f"a value of the kind “{type(read).__name__.strip('_').lower()}”")
