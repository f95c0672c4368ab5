"""The language of every text a person reads: gettext catalogues in `netcafe_face/locale`."""

from __future__ import annotations

import gettext as _gettext
import locale as _locale
import os
from pathlib import Path

LANGUAGES = {"en": "English", "vi": "Tiếng Việt"}
_LOCALE_DIR = Path(__file__).parent / "locale"
_current: _gettext.NullTranslations = _gettext.NullTranslations()
_language = "en"


def system_language() -> str:
    """Return "vi" where the system speaks Vietnamese, else "en"."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANGUAGE", "LANG"):
        value = os.environ.get(variable)
        if value:
            return "vi" if value.lower().startswith("vi") else "en"
    name = (_locale.getlocale()[0] or "").lower()
    return "vi" if name.startswith(("vi", "vietnam")) else "en"


def set_language(code: str) -> None:
    """Use a language from now on: a code of `LANGUAGES`, or "" for the system's.

    Raises:
        ValueError: the code is not one of them.
    """
    global _current, _language
    chosen = code or system_language()
    if chosen not in LANGUAGES:
        raise ValueError(f"no such language: {code}")
    _language = chosen
    _current = (
        _gettext.NullTranslations()
        if chosen == "en"
        else _gettext.translation("netcafe", _LOCALE_DIR, languages=[chosen], fallback=True)
    )


def language() -> str:
    """Return the code of the language in use."""
    return _language


def _(text: str) -> str:
    """Translate a text."""
    return _current.gettext(text) if text else text


def grouped(number: int) -> str:
    """Write a whole number as the language in use does: 10,000 in English, 10.000 in Vietnamese."""
    text = f"{number:,}"
    return text.replace(",", ".") if _language == "vi" else text


def ngettext(one: str, many: str, count: int) -> str:
    """Translate a text that depends on a number."""
    return _current.ngettext(one, many, count)
