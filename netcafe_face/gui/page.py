"""What every page of the window has in common."""

from __future__ import annotations

from typing import ClassVar

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.message_bar import MessageBar
from netcafe_face.gui.widgets import PageHeader


class Page(QWidget):
    """A page: a header (title, one-line explanation, actions), a message bar, and `body` for the rest.

    Build widgets in `__init__` without texts, set every text in `retranslate`, and call
    `self.retranslate()` at the end of `__init__`.

    Signals:
        navigate: (page key, payload or None) asks the window to show another page; that page gets the
            payload through `receive`.
    """

    key: ClassVar[str] = ""
    icon_name: ClassVar[str] = ""
    navigate = pyqtSignal(str, object)

    def __init__(self, context: GuiContext) -> None:
        super().__init__()
        self.context = context
        self.setObjectName("canvas")
        self.header = PageHeader()
        self.message = MessageBar()
        self.body = QVBoxLayout()
        self.body.setSpacing(tokens.SPACE_M)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(tokens.SPACE_XL, tokens.SPACE_L, tokens.SPACE_XL, tokens.SPACE_L)
        layout.setSpacing(tokens.SPACE_M)
        layout.addWidget(self.header)
        layout.addWidget(self.message)
        layout.addLayout(self.body, 1)

    def title(self) -> str:
        """Return the page's name, also used in the navigation rail."""
        raise NotImplementedError

    def explanation(self) -> str:
        """Return one line that says what the page is for."""
        raise NotImplementedError

    def retranslate(self) -> None:
        """Set every text anew, after the language changed; extend it, calling this one first."""
        self.header.set_texts(self.title(), self.explanation())
        self.setAccessibleName(self.title())
        self.message.retranslate()

    def on_shown(self) -> None:
        """Do what is needed when the page comes to the front."""

    def on_hidden(self) -> None:
        """Do what is needed when another page comes to the front."""

    def receive(self, payload: object) -> None:
        """Take what another page sent along with `navigate`."""

    def shut_down(self) -> None:
        """Stop everything the page started; the window is closing."""
