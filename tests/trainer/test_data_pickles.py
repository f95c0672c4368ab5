"""Pickles from the web are read as data; whatever would run something is refused before it does."""

from __future__ import annotations

import os
import pickle
import resource
import struct
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netcafe_face.trainer.data import pickles
from netcafe_face.trainer.data.pickles import load_plain
from netcafe_face.trainer.errors import DataUnusable

PLAIN = [
    b"",
    b"\xff\xd8\xff\xe0 jpeg \n\r\x00",
    True,
    False,
    (),
    [],
    (b"a",),
    [(b"a", b"b"), [True, [False]]],
]


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def refused(tmp_path: Path, data: bytes) -> str:
    with pytest.raises(DataUnusable) as caught:
        load_plain(written(tmp_path / "evil.bin", data))
    return str(caught.value)


@pytest.mark.parametrize("protocol", range(6))
def test_bytes_bools_lists_and_tuples_are_read_whatever_the_protocol(tmp_path: Path, protocol: int) -> None:
    assert load_plain(written(tmp_path / "a.bin", pickle.dumps(PLAIN, protocol))) == PLAIN


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3)),
        np.array([True, False]),
        np.array([[1.5, -2.0]], dtype=">f4"),
        np.array([-3, 70000], dtype=np.int64),
        np.empty((0, 4), np.float16),
        np.array(7, np.uint16),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}{'F' if array.flags.fnc else ''}",
)
def test_arrays_of_numbers_are_read_whatever_the_protocol(
    tmp_path: Path, protocol: int, array: np.ndarray[Any, Any]
) -> None:
    path = written(tmp_path / "a.bin", pickle.dumps([array, array], protocol))
    first, second = load_plain(path)  # type: ignore[misc]
    assert first is second
    assert first.dtype == array.dtype
    assert np.array_equal(first, array)


def test_files_of_the_numpy_before_2_are_read(tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.uint8)
    for protocol in (2, 5):
        data = pickle.dumps([array], protocol).replace(b"numpy._core.", b"numpy.core.")
        if protocol == 5:  # the module's name is one letter shorter, and so is the frame
            data = data.replace(b"\x8c\x13numpy.core.numeric", b"\x8c\x12numpy.core.numeric")
        assert np.array_equal(load_plain(written(tmp_path / "a.bin", data))[0], array)  # type: ignore[index]


def test_a_file_of_python_2_gives_its_texts_as_bytes(tmp_path: Path) -> None:
    # What pickle.dumps(([text], [True]), 2) and protocol 0 give in Python 2.7.
    two = b"\x80\x02]q\x00U\x04\xff\xd8\x00\nq\x01a]q\x02\x88a\x86q\x03."
    zero = b"((lp0\nS'jpeg'\np1\na(lp2\nI01\natp3\n."
    assert load_plain(written(tmp_path / "a.bin", two)) == ([b"\xff\xd8\x00\n"], [True])
    assert load_plain(written(tmp_path / "a.bin", zero)) == ([b"jpeg"], [True])


class Calls:
    """Pickles as a call of something with something."""

    def __init__(self, function: Callable[..., Any], *given: Any, state: Any = None) -> None:
        self.call = (function, given) if state is None else (function, given, state)

    def __reduce__(self) -> Any:
        return self.call


HARMFUL = {
    "os.system": Calls(os.system, "touch {flag}"),
    "eval": Calls(eval, "__import__('os').system('touch {flag}')"),
    "exec": Calls(exec, "open('{flag}', 'w')"),
    "open": Calls(open, "{flag}", "w"),
    "getattr": Calls(getattr, [b"a"], "append"),
    "pickle.loads": Calls(pickle.loads, pickle.dumps([])),
    "numpy.load": Calls(np.load, "{flag}", None, True),
    "numpy.fromfile": Calls(np.fromfile, "/etc/passwd"),
    "bytes of a number": Calls(bytes, 10**12),
    "bytearray": Calls(bytearray, 10**12),
    "a set": {b"a"},
    "a dict": {"a": b"b"},
    "a text": "words",
    "a number": 3,
    "a fraction": 0.5,
    "nothing": None,
    "a class": OrderedDict,
    "an object": OrderedDict(a=1),
    "a date": datetime.now(UTC),
    "a scalar": np.float32(1),
    "an array of objects": np.array([b"a", None], dtype=object),
    "an array of texts": np.array(["a"]),
    "an array of dates": np.array(["2026-01-01"], dtype="datetime64[D]"),
    "a compound array": np.zeros(2, dtype=[("a", "u1"), ("b", "f4")]),
    "an array of arrays": np.zeros(2, dtype=np.dtype(("u1", (3,)))).dtype,
}


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("name", HARMFUL)
def test_everything_else_is_refused_and_nothing_runs(tmp_path: Path, name: str, protocol: int) -> None:
    flag = tmp_path / "ran"
    data = pickle.dumps([[b"a"], HARMFUL[name]], protocol).replace(b"{flag}", str(flag).encode())
    message = refused(tmp_path, data)
    assert not flag.exists()
    assert "evil.bin" in message


def test_the_message_names_what_the_file_wanted(tmp_path: Path) -> None:
    assert "posix.system" in refused(tmp_path, pickle.dumps(Calls(os.system, "ls")))


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


NAMES = text("numpy"), text("ndarray"), text("dtype")
ARRAY_NAME = b"cnumpy\nndarray\n"
NEW_ARRAY = b"cnumpy._core.multiarray\n_reconstruct\n" + ARRAY_NAME + b"K\x00\x85C\x01b\x87R"
U1 = b"cnumpy\ndtype\n" + text("u1") + b"\x89\x88\x87R"


def array_state(shape: bytes, kind: bytes = U1, raw: bytes = b"C\x02ab") -> bytes:
    return b"(K\x01" + shape + kind + b"\x89" + raw + b"tb"


TRICKS = {
    "a name put together on the stack": text("os") + text("system") + b"\x93" + text("ls") + b"\x85R.",
    "a dotted name": text("numpy") + text("load.__globals__") + b"\x93.",
    "a name under an allowed module": b"cnumpy._core.multiarray\n_reconstruct.__self__\n.",
    "a name in pieces that join to an allowed one": text("numpy._core.multiarray _reconstruct")
    + text("")
    + b"\x93.",
    "a name that is a list": text("numpy") + b"]\x93.",
    "a name that is bytes": b"C\x02osC\x06system\x93.",
    "the old INST instruction": b"(S'ls'\nios\nsystem\n.",
    "the OBJ instruction": b"(cos\nsystem\nS'ls'\no.",
    "NEWOBJ": b"cnumpy\nndarray\nK\x05\x85\x85\x81.",
    "NEWOBJ_EX": b"cnumpy\nndarray\n)}\x92.",
    "an extension": b"\x82\x01.",
    "a long extension": b"\x84\x01\x00\x00\x00.",
    "a persistent id": b"Pos.system\n.",
    "a persistent id from the stack": text("x") + b"Q.",
    "an out-of-band buffer": b"\x97.",
    "a state for a list": b"](K\x01tb.",
    "a state for a name": b"cnumpy\nndarray\n}b.",
    "a call of a text": text("system") + b")R.",
    "a call with a list": b"cnumpy\nndarray\n]R.",
    "a call of an array's class": b"cnumpy\nndarray\nK\x05\x85R.",
    "another class to reconstruct": NEW_ARRAY.replace(b"ndarray", b"dtype") + b".",
    "another encoding": b"c_codecs\nencode\n" + text("x") + text("rot13") + b"\x86R.",
    "another encoding with bytes": b"c_codecs\nencode\nC\x01x" + text("zip") + b"\x86R.",
    "an encoding without a text": b"c_codecs\nencode\nK\x01" + text("latin1") + b"\x86R.",
    "a type with fields": b"cnumpy\ndtype\n" + text("u1,f4") + b"\x89\x88\x87R.",
    "a type of objects": b"cnumpy\ndtype\n" + text("O") + b"\x89\x88\x87R.",
    "a type of objects by its order": b"cnumpy\ndtype\n" + text("O8") + b"\x89\x88\x87R.",
    "a type made of a list": b"cnumpy\ndtype\n](S'a'\nS'O'\nta\x89\x88\x87R.",
    "a type with a hostile state": U1
    + b"(K\x03"
    + text("|")
    + b"]NNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb.",
    "a type that becomes one of objects": U1
    + b"(K\x03"
    + text("O")
    + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb.",
    "an array larger than its bytes": NEW_ARRAY + array_state(b"K\xff\x85") + b".",
    "an array of a huge shape": NEW_ARRAY + array_state(b"\x8a\x08" + b"\xff" * 7 + b"\x7f\x85") + b".",
    "a shape whose product overflows": NEW_ARRAY
    + array_state(b"(\x8a\x09" + b"\x00" * 8 + b"\x01K\x02\x86" + b"t", raw=b"C\x00")
    + b".",
    "an array of a negative shape": NEW_ARRAY + array_state(b"J\xfe\xff\xff\xffJ\xff\xff\xff\xff\x86") + b".",
    "a shape of truths": NEW_ARRAY + array_state(b"\x88K\x02\x86") + b".",
    "an array of many dimensions": NEW_ARRAY + array_state(b"(" + b"K\x01" * 40 + b"K\x02t") + b".",
    "an array with a list for its bytes": NEW_ARRAY + array_state(b"K\x02\x85", raw=b"]") + b".",
    "an array whose type is a text": NEW_ARRAY + array_state(b"K\x02\x85", kind=text("O")) + b".",
    "an array filled twice": NEW_ARRAY + array_state(b"K\x02\x85") + array_state(b"K\x02\x85") + b".",
    "an array never filled": NEW_ARRAY + b".",
    "a name as the result": ARRAY_NAME + b".",
    "a type as the result": U1 + b".",
    "a list within itself": b"]\x94h\x00a.",
}


@pytest.mark.parametrize("name", TRICKS)
def test_tricks_of_the_format_are_refused(tmp_path: Path, name: str) -> None:
    assert "meant to do harm" in refused(tmp_path, b"\x80\x04" + TRICKS[name])


DAMAGED = {
    "empty": b"",
    "no pickle": b"\xff\xd8\xff\xe0 a picture",
    "text": b"hello",
    "cut short": pickle.dumps([b"a" * 100] * 3)[:60],
    "no end": b"\x80\x04]",
    "nothing on the stack": b"\x80\x04.",
    "too much on the stack": b"\x80\x04]].",
    "a value that is not there": b"\x80\x04h\x05.",
    "no mark": b"\x80\x04]e.",
    "a tuple of nothing": b"\x80\x04\x87.",
    "a length of 2**62": b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"abc.",
    "a text of 2**62": b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"abc.",
    "an integer of a million digits": b"I" + b"9" * 1_000_000 + b"\n.",
    "an unknown letter": b"\x80\x04\xee.",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path, name: str) -> None:
    assert "damaged, or no pickle" in refused(tmp_path, DAMAGED[name])


def test_a_missing_file_and_a_folder_are_said_so(tmp_path: Path) -> None:
    for path in (tmp_path / "none.bin", tmp_path):
        with pytest.raises(DataUnusable):
            load_plain(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(pickles.LIMIT_BYTES + 1)
    with pytest.raises(DataUnusable, match="too large"):
        load_plain(path)


def laughs() -> bytes:
    """Ten lists, each holding the one before it a hundred times."""
    data = b"\x80\x04(]\x94"
    for level in range(6):
        data += b"](" + (b"h" + bytes([level])) * 100 + b"e\x94"
    return data + b"t."


def encoded_again_and_again() -> bytes:
    long = "x" * 100_000
    data = b"\x80\x04](X" + struct.pack("<I", len(long)) + long.encode() + b"\x94"
    return data + (b"c_codecs\nencode\nh\x00" + text("latin1") + b"\x86R") * 20_000 + b"e."


@pytest.mark.parametrize("bomb", [laughs, encoded_again_and_again])
def test_a_small_file_cannot_fill_the_memory(
    tmp_path: Path, bomb: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pickles, "LIMIT_ITEMS", 50_000)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    assert "meant to do harm" in refused(tmp_path, bomb())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KB
    assert time.monotonic() - started < 20


def test_a_file_of_endless_instructions_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "LIMIT_STEPS", 1000)
    assert "too many instructions" in refused(tmp_path, b"\x80\x04(" + b"N" * 2000 + b"t.")
