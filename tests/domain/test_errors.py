"""Every error says what happened, what it means and what to do, in the reader's language."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterator
from errno import (
    EACCES,
    ECONNREFUSED,
    EEXIST,
    EIO,
    EISDIR,
    ENAMETOOLONG,
    ENOENT,
    ENOSPC,
    ENOTDIR,
    EPERM,
    EROFS,
)
from string import Formatter

import pytest

from netcafe_face import i18n
from netcafe_face.domain import errors
from netcafe_face.domain.errors import AlreadyEnrolled, FaceTooPoor, ImageUnreadable, NetcafeError


def every_error(root: type[NetcafeError] = NetcafeError) -> Iterator[type[NetcafeError]]:
    yield root
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from every_error(kind)


def placeholders(kind: type[NetcafeError]) -> set[str]:
    texts = (kind.what, kind.means, kind.remedy)
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("kind", list(every_error()), ids=lambda kind: kind.__name__)
def test_an_error_names_its_details_and_reads_as_sentences(kind: type[NetcafeError]) -> None:
    documented = " ".join(base.__doc__ or "" for base in kind.__mro__ if issubclass(base, NetcafeError))
    undocumented = [name for name in placeholders(kind) if not re.search(rf"\b{name}\b", documented)]
    assert undocumented == []
    text = kind(**dict.fromkeys(placeholders(kind), "Café")).explain()
    assert text
    assert "{" not in text
    assert 0 < kind.exit_code < 256


def test_what_says_something_about_a_person_is_shown_to_staff_but_not_logged() -> None:
    error = AlreadyEnrolled(name="Nguyễn Thị Ánh", code="KH-0001", similarity="0.71")
    assert "Nguyễn Thị Ánh (KH-0001)" in error.explain()
    for logged in (str(error), repr(error), "".join(traceback.format_exception(error))):
        assert "Ánh" not in logged
        assert "KH-0001" not in logged
    assert "0.71" in str(error)


def test_an_error_speaks_the_language_it_is_asked_for() -> None:
    words = {
        FaceTooPoor.what: "Khuôn mặt trong {path} chưa đạt: {reason}.",
        FaceTooPoor.means: "Ảnh xấu dễ gây nhầm người.",
        FaceTooPoor.remedy: "Chụp lại.",
        "the face is blurred": "ảnh bị mờ",
    }
    problem = FaceTooPoor(path="ảnh 1.jpg", reason="the face is blurred")
    told = problem.explain(lambda text: words.get(text, text))
    assert told == "Khuôn mặt trong ảnh 1.jpg chưa đạt: ảnh bị mờ. Ảnh xấu dễ gây nhầm người. Chụp lại."


def test_braces_in_a_file_name_do_not_break_the_message() -> None:
    assert "{0}{x}.jpg" in str(ImageUnreadable(path="{0}{x}.jpg", reason="it is empty"))


def test_an_empty_detail_is_not_translated() -> None:
    # gettext answers the empty text with the catalogue's header.
    assert "header" not in ImageUnreadable(path="", reason="x").explain(lambda text: text or "header")


@pytest.mark.skipif(os.name == "nt", reason="Windows words some of them otherwise")
def test_what_the_operating_system_says_is_told_in_the_language_too() -> None:
    numbers = (ENOENT, ENOTDIR, EISDIR, EEXIST, ENAMETOOLONG, EACCES, EPERM, EROFS, ENOSPC, EIO, ECONNREFUSED)
    assert [os.strerror(number) for number in numbers] == list(errors.SYSTEM_REASONS)
    i18n.set_language("vi")
    try:
        told = ImageUnreadable(path="ảnh.jpg", reason=os.strerror(ENOENT)).explain(i18n._)
    finally:
        i18n.set_language("en")
    assert "No such file" not in told
    assert "ảnh.jpg" in told
