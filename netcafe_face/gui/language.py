"""Switching the language of a running window."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QLocale
from PyQt6.QtWidgets import QApplication

from netcafe_face import i18n


def use_language(code: str) -> None:
    """Use a language from now on ("" for the system's) and tell every open window.

    Each window gets a `QEvent.LanguageChange` in its `changeEvent`.
    """
    i18n.set_language(code)
    QLocale.setDefault(QLocale("vi_VN" if i18n.language() == "vi" else "en_GB"))
    for window in QApplication.topLevelWidgets():
        QApplication.sendEvent(window, QEvent(QEvent.Type.LanguageChange))
