"""Comparing names the way people search for them."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Return a text in lower case without diacritics, so that “nguyen” finds “Nguyễn” and “d” finds “Đ”."""
    parts = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))
