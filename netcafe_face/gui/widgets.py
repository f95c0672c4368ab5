"""The few widgets that all pages share."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

from PyQt6.QtCore import QEvent, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.domain.people import Presence
from netcafe_face.exports.words import presence_text
from netcafe_face.gui import tokens
from netcafe_face.gui.icons import icon, paint_icon
from netcafe_face.gui.theme import theme
from netcafe_face.i18n import _


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


class EmptyState(QWidget):
    """What is shown where there is nothing yet: icon, title, hint and the button that leads on."""

    acted = pyqtSignal()

    def __init__(self, icon_name: str, button_icon: str = "") -> None:
        super().__init__()
        self._icon = QLabel()
        self._icon.setPixmap(icon(icon_name, "border_strong").pixmap(QSize(48, 48)))
        self._title, self._hint = label("section", wrap=True), label("muted", wrap=True)
        self.button = Button(Kind.PRIMARY, button_icon)
        self.button.clicked.connect(self.acted)
        self.button.hide()
        layout = QVBoxLayout(self)
        layout.setSpacing(tokens.SPACE_S)
        layout.addStretch(2)
        for widget in (self._icon, self._title, self._hint):
            layout.addWidget(widget)
        for text in (self._icon, self._title, self._hint):
            text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(tokens.SPACE_S)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        self._icon_name = icon_name
        theme().changed.connect(self._repaint_icon)

    def _repaint_icon(self) -> None:
        self._icon.setPixmap(icon(self._icon_name, "border_strong").pixmap(QSize(48, 48)))

    def set_texts(self, title: str, hint: str, action: str = "") -> None:
        """Set the texts; without `action` there is no button."""
        self._title.setText(title)
        self._hint.setText(hint)
        self.button.setText(action)
        self.button.setVisible(bool(action))


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
        self._icon, self._label = QLabel(), label(wrap=True)
        self.button, self._close = Button(), ToolButton("close")
        self.button.clicked.connect(self.acted)
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

    def show_text(self, tone: Tone, text: Callable[[], str], action: Callable[[], str] = str) -> None:
        """Show a message; with `action`, a button with that text."""
        self._text, self._action = text, action
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

    def _repaint_icon(self) -> None:
        name, role = _TONE_ICONS[self._tone], _TONE_ROLES[self._tone]
        self._icon.setPixmap(icon(name, role).pixmap(QSize(20, 20)))


PRESENCE_ICONS = {
    Presence.KNOWN: "state-known",
    Presence.BANNED: "state-banned",
    Presence.UNDECIDED: "state-undecided",
    Presence.STRANGER: "state-stranger",
}
"""A different shape for each presence, so that colour is never the only sign."""


class StateChip(QWidget):
    """A presence as shape, word and colour."""

    def __init__(self, presence: Presence = Presence.STRANGER) -> None:
        super().__init__()
        self._presence, self._words = presence, ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_presence(presence)

    def set_presence(self, presence: Presence, text: str = "") -> None:
        """Show a presence; `text` replaces its usual word."""
        self._presence, self._words = presence, text
        self.setAccessibleName(self.text)
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        """Return the word on it."""
        return self._words or presence_text(self._presence)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the room that the word needs."""
        return QSize(self.fontMetrics().horizontalAdvance(self.text) + 36, self.fontMetrics().height() + 6)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Measure anew when the font changes."""
        super().changeEvent(event)
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw it."""
        palette = theme().palette
        colour = theme().presence(self._presence)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.presence_soft(self._presence)))
        box = QRectF(self.rect())
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        side = 16.0
        place = QRectF(7, (box.height() - side) / 2, side, side)
        paint_icon(painter, PRESENCE_ICONS[self._presence], place, colour.name())
        painter.setPen(colour)
        painter.drawText(box.adjusted(27, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter, self.text)
        painter.end()


class DropZone(QWidget):
    """A place to drop files on, or to press (mouse, Space, Enter) to choose them.

    Signals:
        dropped: list of `Path`, only those that `accepts` allows.
        refused: list of `Path` that it does not.
        pressed: it was clicked or chosen by keyboard; open a file dialog.
    """

    dropped = pyqtSignal(list)
    refused = pyqtSignal(list)
    pressed = pyqtSignal()

    def __init__(self, accepts: Callable[[Path], bool], icon_name: str = "drop") -> None:
        super().__init__()
        self._accepts = accepts
        self._icon_name = icon_name
        self.setProperty("role", "dropzone")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._icon, self._title, self._hint = QLabel(), label("strong", wrap=True), label("small", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(tokens.SPACE_M, tokens.SPACE_M, tokens.SPACE_M, tokens.SPACE_M)
        layout.addStretch(1)
        for widget in (self._icon, self._title, self._hint):
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(widget)
        layout.addStretch(1)
        self._repaint_icon()
        theme().changed.connect(self._repaint_icon)

    def set_texts(self, title: str, hint: str = "") -> None:
        """Say what to drop here."""
        self._title.setText(title)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.setAccessibleName(title)
        self.setAccessibleDescription(hint)

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802 - Qt's name
        """Light up for files."""
        if event is not None and (mime := event.mimeData()) is not None and mime.hasUrls():
            event.acceptProposedAction()
            restyle(self, "hot", True)

    def dragLeaveEvent(self, event: QDragLeaveEvent | None) -> None:  # noqa: N802 - Qt's name
        """Go quiet again."""
        restyle(self, "hot", False)

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802 - Qt's name
        """Sort what was dropped into what is taken and what is not."""
        restyle(self, "hot", False)
        if event is None or (mime := event.mimeData()) is None:
            return
        event.acceptProposedAction()
        paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
        taken = [path for path in paths if self._accepts(path)]
        if taken:
            self.dropped.emit(taken)
        if other := [path for path in paths if path not in taken]:
            self.refused.emit(other)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Treat a click as a wish to choose files."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.pressed.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Treat Space and Enter as a click."""
        if event is not None and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.pressed.emit()
        else:
            super().keyPressEvent(event)

    def _repaint_icon(self) -> None:
        self._icon.setPixmap(icon(self._icon_name, "text_muted").pixmap(QSize(32, 32)))
