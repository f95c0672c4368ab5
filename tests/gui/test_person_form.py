"""Codes, names and birth dates as people type them."""

from __future__ import annotations

from datetime import date

import pytest
from pytestqt.qtbot import QtBot

from netcafe_face.gui.fold import fold
from netcafe_face.gui.person_form import PersonForm, parse_birth_date
from netcafe_face.gui.shots import next_code

TODAY = date(2025, 6, 1)


def test_the_next_code_follows_the_highest_number() -> None:
    assert next_code([]) == "KH-0001"
    assert next_code(["KH-0007", "kh-0012", "VIP-9", " KH-0003 "]) == "KH-0013"
    assert next_code(["KH-9999"]) == "KH-10000"


def test_names_are_found_without_their_diacritics() -> None:
    assert fold("Nguyễn Thị Đỗ Quyên") == "nguyen thi do quyen"
    assert fold("ƯỜNG") == "uong"


@pytest.mark.parametrize(("text", "born"), [("", None), ("  ", None), ("31/12/2000", date(2000, 12, 31))])
def test_a_birth_date_may_be_left_out(text: str, born: date | None) -> None:
    assert parse_birth_date(text, TODAY) == born


@pytest.mark.parametrize("text", ["31/02/2000", "2000", "1/1/1899", "02/06/2025", "aa/bb/cccc"])
def test_a_date_on_which_nobody_can_be_born_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_birth_date(text, TODAY)


def test_the_form_says_what_is_missing(qtbot: QtBot) -> None:
    form = PersonForm()
    qtbot.addWidget(form)
    form.retranslate()
    assert form.missing() == ["a name", "a code"]
    form.name.setText("  Lê   Nhung ")
    qtbot.keyClicks(form.code, "KH-1")
    qtbot.keyClicks(form.birth, "40/01/2000")
    assert form.missing() == ["a birth date like 31/12/2000"]
    assert form.birth.property("invalid") is True
    form.birth.setText("04/01/2000")
    assert form.missing() == []
    assert form.customer().name == "Lê Nhung"
    assert form.customer().birth_date == date(2000, 1, 4)
