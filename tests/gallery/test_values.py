"""What may be typed into a customer's record, and how it is searched."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netcafe_face.domain.errors import ValueRefused
from netcafe_face.gallery import values


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  A01 ", "A01"), ("VIP \t 7".replace("\t", " "), "VIP 7"), ("x" * 32, "x" * 32), ("Đ1", "Đ1")],
)
def test_a_code_is_trimmed(typed: str, kept: str) -> None:
    assert values.clean_code(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "   ", "x" * 33, "a\nb", "a\x00b", "a\u200bb", "a\u202eb", "a\u200db", "\ud800"]
)
def test_a_code_that_cannot_be_read_aloud_is_refused(typed: str) -> None:
    with pytest.raises(ValueRefused):
        values.clean_code(typed)


@pytest.mark.parametrize(
    ("one", "other"), [("abc", "ABC"), ("đ9", "Đ9"), ("Ａ１", "a1"), ("e\u0301", "É"), ("straße", "STRASSE")]
)
def test_codes_are_the_same_whatever_their_case_and_encoding(one: str, other: str) -> None:
    assert values.code_key(one) == values.code_key(other)


def test_names_are_kept_in_one_unicode_form() -> None:
    assert values.clean_text("Name", "Nguye\u0302\u0303n", 120) == "Nguyễn"


@pytest.mark.parametrize("name", ["a\x07b", "a\x1bb", "a\u2028b", "\ufeffname", "x" * 121])
def test_names_with_control_characters_or_without_end_are_refused(name: str) -> None:
    with pytest.raises(ValueRefused):
        values.clean_text("Name", name, values.NAME_LENGTH, required=True)


def test_letters_that_need_a_joiner_are_kept() -> None:
    assert values.clean_text("Name", "می\u200cخواهم", 120, required=True) == "می\u200cخواهم"


def test_a_name_of_nothing_visible_is_refused() -> None:
    with pytest.raises(ValueRefused, match="may not be empty"):
        values.clean_text("Name", "\u200c \u200d", 120, required=True)


def test_a_note_may_have_lines() -> None:
    assert values.clean_text("Note", " first\nsecond\t x ", 2000, lines=True) == "first\nsecond\t x"
    with pytest.raises(ValueRefused):
        values.clean_text("Note", "a\x00b", 2000, lines=True)


@pytest.mark.parametrize("phone", ["", "0912345678", "+84 912-345.678", "(024) 3825 1234"])
def test_ordinary_telephone_numbers_are_accepted(phone: str) -> None:
    assert values.clean_phone(f" {phone} ") == phone


@pytest.mark.parametrize("phone", ["12345", "1" * 16, "0912x345678", "call me", "٠٩١٢٣٤٥٦٧٨", "+"])
def test_what_is_no_telephone_number_is_refused(phone: str) -> None:
    with pytest.raises(ValueRefused):
        values.clean_phone(phone)


def test_a_birth_date_lies_in_living_memory() -> None:
    today = datetime.now(UTC).date()
    assert values.clean_birth_date(None) is None
    assert values.clean_birth_date(today) == today
    for impossible in (date(1899, 12, 31), today + timedelta(days=3)):
        with pytest.raises(ValueRefused):
            values.clean_birth_date(impossible)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("nguyen", "Nguyễn"),
        ("d", "Đạt"),
        ("DAT", "đạt"),
        ("an van", "Văn An"),
        ("ƯỚC", "Phạm Ước"),
        ("", "x"),
    ],
)
def test_names_are_found_without_their_accents(typed: str, name: str) -> None:
    assert values.Search(typed).finds(name)


@pytest.mark.parametrize(
    ("typed", "name"), [("nguyenx", "Nguyễn"), ("an x", "Văn An"), ("%", "An"), ("_", "An")]
)
def test_what_does_not_occur_is_not_found(typed: str, name: str) -> None:
    assert not values.Search(typed).finds(name)


@pytest.mark.parametrize("typed", ["0912345678", "0912 345", "+84 912", "345.678", "912345678"])
def test_a_telephone_number_is_found_however_it_is_written(typed: str) -> None:
    assert values.Search(typed).finds("A01", "An", phone="+84 (0)912 345 678".replace("(0)", ""))


def test_digits_are_also_looked_for_in_codes() -> None:
    assert values.Search("12-3").finds("12-3", "An", phone="0900000000")
    assert not values.Search("12-3").finds("A1", "An", phone="0900000000")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_folding_is_stable(text: str) -> None:
    assert values.fold(values.fold(text)) == values.fold(text)


@given(st.integers(-2_000_000_000, 30_000_000_000), st.integers(0, 999_999), st.integers(-12, 14))
def test_stored_times_come_back_and_sort_by_time(seconds: int, microseconds: int, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    moment = datetime(1970, 1, 1, tzinfo=zone) + timedelta(seconds=seconds, microseconds=microseconds)
    other = datetime(2026, 1, 1, tzinfo=UTC)
    stored = values.to_stored(moment)
    assert values.from_stored(stored) == moment
    assert len(stored) == len(values.now())
    assert (stored < values.to_stored(other)) == (moment < other)


def test_a_time_without_zone_is_not_stored() -> None:
    with pytest.raises(ValueError, match="aware"):
        values.to_stored(datetime(2026, 1, 1))  # noqa: DTZ001
