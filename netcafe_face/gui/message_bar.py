"""One message inside a page or a dialog."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from PyQt6.QtCore import QSize, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.gui import tokens
from netcafe_face.gui.icons import icon
from netcafe_face.gui.theme import theme
from netcafe_face.gui.widgets import Button, ToolButton, label, restyle
from netcafe_face.i18n import _


class Tone(Enum):
    """What kind of message it is."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


_TONE_ICONS = {Tone.INFO: "info", Tone.GOOD: "check", Tone.WARNING: "warning", Tone.BAD: "error"}


_TONE_ROLES = {Tone.INFO: "accent", Tone.GOOD: "known", Tone.WARNING: "undecided", Tone.BAD: "banned"}


class MessageBar(QFrame):
    """One message inside the page: icon, text, an optional button, and a way to close it.

    The text is given as a function, so that it follows the language.

    Args:
        closable: False for a state that lasts: it goes when the state does.
    """

    acted = pyqtSignal()

    def __init__(self, closable: bool = True) -> None:
        super().__init__()
        self._text: Callable[[], str] = str
        self._action: Callable[[], str] = str
        self._tone = Tone.INFO
        self._do: Callable[[], object] | None = None
        self._icon, self._label = QLabel(), label(wrap=True)
        self.button, self._close = Button(), ToolButton("close")
        self.button.clicked.connect(self._act)
        self._close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_M, tokens.SPACE_XS, tokens.SPACE_XS, tokens.SPACE_XS)
        row.addWidget(self._icon)
        row.addWidget(self._label, 1)
        row.addWidget(self.button)
        row.addWidget(self._close)
        self._close.setVisible(closable)
        theme().changed.connect(self._repaint_icon)
        self.hide()

    @property
    def text(self) -> str:
        """Return what it says now."""
        return self._label.text()

    def show_text(
        self,
        tone: Tone,
        text: Callable[[], str],
        action: Callable[[], str] = str,
        do: Callable[[], object] | None = None,
    ) -> None:
        """Show a message; with `action`, a button with that text that calls `do`, or else emits `acted`."""
        self._text, self._action, self._do = text, action, do
        if tone is not self._tone or self.isHidden():
            self._tone = tone
            restyle(self, "tone", tone.value)
            self._repaint_icon()
        self.retranslate()
        self.show()

    def show_error(self, error: NetcafeError) -> None:
        """Show what went wrong, what it means and what to do."""
        self.show_text(Tone.BAD, lambda: error.explain(_))

    def retranslate(self) -> None:
        """Set the texts anew."""
        if (text := self._text()) != self._label.text():
            self._label.setText(text)
            self.setAccessibleName(text)
        self.button.setText(self._action())
        self.button.setVisible(bool(self._action()))
        self._close.set_text(_("Close this message"))

    def _act(self) -> None:
        if self._do is not None:
            self._do()
        else:
            self.acted.emit()

    def _repaint_icon(self) -> None:
        name, role = _TONE_ICONS[self._tone], _TONE_ROLES[self._tone]
        self._icon.setPixmap(icon(name, role).pixmap(QSize(20, 20)))
