"""What may be typed into a customer's record, and how texts are compared when searching."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta

from netcafe_face.domain.errors import N_, ValueRefused

CODE_LENGTH = 32
NAME_LENGTH = 120
NOTE_LENGTH = 2000
REASON_LENGTH = 500
OPERATOR_LENGTH = 64

_JOINERS = "\u200c\u200d"
"""Invisible, but needed to spell names in some scripts."""
_PHONE = re.compile(r"[0-9+().\-/ ]*")
_OLDEST_BIRTH = date(1900, 1, 1)


def clean_text(field: str, text: str, longest: int, *, required: bool = False, lines: bool = False) -> str:
    """Return `text` in Unicode's NFC form, trimmed.

    Args:
        field: the field's name, for the message.
        text: as typed.
        longest: most characters allowed.
        required: refuse an empty text.
        lines: allow line breaks and tabs; else every run of white space becomes one blank.

    Raises:
        ValueRefused: it is too long, empty though required, or holds control characters.
    """
    cleaned = unicodedata.normalize("NFC", text).strip()
    if not lines:
        cleaned = re.sub(r"[^\S\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+", " ", cleaned)
    allowed = "\n\t\r" + _JOINERS if lines else _JOINERS
    if any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in allowed for c in cleaned):
        raise _control_characters(field, cleaned)
    if required and not cleaned.strip(_JOINERS + " "):
        raise ValueRefused(field=field, value="", reason=N_("it may not be empty"))
    if len(cleaned) > longest:
        raise ValueRefused(field=field, value=cleaned[:40] + "…", reason=N_("it is too long"))
    return cleaned


def _control_characters(field: str, text: str) -> ValueRefused:
    return ValueRefused(field=field, value=ascii(text)[1:-1], reason=N_("it holds control characters"))


def clean_code(code: str) -> str:
    """Return a customer's code, trimmed, in NFC.

    Raises:
        ValueRefused: it is not 1 to 32 visible characters.
    """
    cleaned = clean_text(N_("Code"), code, CODE_LENGTH, required=True)
    if any(c in _JOINERS for c in cleaned):
        raise ValueRefused(
            field=N_("Code"), value=ascii(cleaned)[1:-1], reason=N_("it holds control characters")
        )
    return cleaned


def code_key(code: str) -> str:
    """Return the form in which codes are compared: without case, and full-width letters as plain ones."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", code.strip()).casefold())


def clean_phone(phone: str) -> str:
    """Return a telephone number, trimmed.

    Raises:
        ValueRefused: it has other characters than digits, blanks and + ( ) . - /, or not 6 to 15 digits.
    """
    cleaned = clean_text(N_("Phone"), phone, 32)
    if cleaned and not (_PHONE.fullmatch(cleaned) and 6 <= len(digits(cleaned)) <= 15):
        raise ValueRefused(field=N_("Phone"), value=cleaned, reason=N_("it is not a telephone number"))
    return cleaned


def clean_birth_date(birth_date: date | None) -> date | None:
    """Return the date if a living person can have been born on it.

    Raises:
        ValueRefused: it lies in the future or before 1900.
    """
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)  # the café may be ahead of UTC
    if birth_date is not None and not _OLDEST_BIRTH <= birth_date <= tomorrow:
        raise ValueRefused(
            field=N_("Birth date"), value=birth_date.isoformat(), reason=N_("nobody alive was born then")
        )
    return birth_date


def digits(text: str) -> str:
    """Return the ASCII digits of `text`, with Vietnam's country code written as 0."""
    only = "".join(c for c in text if "0" <= c <= "9")
    return "0" + only[2:] if text.lstrip().startswith("+84") else only


def fold(text: str) -> str:
    """Return `text` without case and diacritics: “Nguyễn” and “NGUYEN” both give “nguyen”, “Đ” gives “d”."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)).replace("đ", "d")


class Search:
    """What was typed into a search box, ready to be compared with many records."""

    def __init__(self, text: str) -> None:
        self._words = fold(text).split()
        self._digits = digits(text) if _PHONE.fullmatch(text) else ""

    def finds(self, *texts: str, phone: str = "") -> bool:
        """Tell whether every word occurs in `texts`, or the whole is a part of the telephone number."""
        if not self._words:
            return True
        if self._digits and self._digits in digits(phone):
            return True
        haystack = "\n".join(fold(text) for text in texts)
        return all(word in haystack for word in self._words)


def to_stored(moment: datetime) -> str:
    """Return an aware datetime as fixed-width UTC text, which sorts by time.

    Raises:
        ValueError: the datetime is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("times are aware datetimes")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_stored(text: str) -> datetime:
    """Return the aware datetime, in UTC, that `to_stored` wrote."""
    return datetime.fromisoformat(text)


def now() -> str:
    """Return the present moment as `to_stored` writes it."""
    return to_stored(datetime.now(UTC))
