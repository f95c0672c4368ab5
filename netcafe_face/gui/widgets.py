"""Buttons, labels, cards and the page header: the few widgets that all pages share."""

from __future__ import annotations

from enum import Enum

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from netcafe_face.gui import tokens
from netcafe_face.gui.icons import icon


class Kind(Enum):
    """How much a button asks to be pressed."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    DANGER = "danger"
    QUIET = "quiet"


class Button(QPushButton):
    """A push button of a kind, with an optional icon name."""

    def __init__(self, kind: Kind = Kind.SECONDARY, icon_name: str = "") -> None:
        super().__init__()
        self.setProperty("kind", kind.value)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(False)
        if icon_name:
            role = {Kind.PRIMARY: "on_accent", Kind.DANGER: "on_danger"}.get(kind, "text")
            self.setIcon(icon(icon_name, role))
            self.setIconSize(QSize(18, 18))


class ToolButton(QToolButton):
    """A small button with an icon only; its text is the tool tip and what a screen reader says."""

    def __init__(self, icon_name: str) -> None:
        super().__init__()
        self.setProperty("kind", "quiet")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setIcon(icon(icon_name))
        self.setIconSize(QSize(18, 18))

    def set_text(self, text: str) -> None:
        """Say what it does."""
        self.setToolTip(text)
        self.setAccessibleName(text)


def label(role: str = "", *, wrap: bool = False) -> QLabel:
    """Return an empty label: role "", "title", "section", "strong", "muted", "small", "figure" or "error".

    It shows plain text only, so a name with angle brackets is shown as it is.
    """
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    if wrap:
        made.setWordWrap(True)
        made.setMinimumWidth(40)
    return made


def card(spacing: int = tokens.SPACE_S) -> tuple[QFrame, QVBoxLayout]:
    """Return a framed card and the layout for what is in it."""
    frame = QFrame()
    frame.setProperty("role", "card")
    inside = QVBoxLayout(frame)
    inside.setContentsMargins(tokens.SPACE_L, tokens.SPACE_M, tokens.SPACE_L, tokens.SPACE_M)
    inside.setSpacing(spacing)
    return frame, inside


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the stylesheet selects on, and make it take effect."""
    widget.setProperty(name, value)
    if (style := widget.style()) is not None:
        style.unpolish(widget)
        style.polish(widget)


class PageHeader(QWidget):
    """A page's title, one line on what it is for, and at the right its actions (`add_action`)."""

    def __init__(self) -> None:
        super().__init__()
        self._title, self._explanation = label("title"), label("muted", wrap=True)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._title)
        words.addWidget(self._explanation)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(tokens.SPACE_S)
        self._row.addLayout(words, 1)

    def set_texts(self, title: str, explanation: str) -> None:
        """Set both texts."""
        self._title.setText(title)
        self._explanation.setText(explanation)

    def add_action(self, widget: QWidget) -> None:
        """Put a button at the right end."""
        self._row.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
