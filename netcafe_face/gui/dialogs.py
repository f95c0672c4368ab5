"""What all dialogs share, and the one that asks before something is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from netcafe_face.gui import tokens
from netcafe_face.gui.widgets import Button, Kind, label
from netcafe_face.i18n import _


class Dialog(QDialog):
    """A dialog with its buttons at the bottom and everything else in a part that scrolls when it must.

    Open it with `open()`: the window behind goes on. Put widgets into `inside`, texts into `retranslate`.
    """

    def __init__(self, parent: QWidget | None, main_kind: Kind = Kind.PRIMARY) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.main_button, self.cancel_button = Button(main_kind), Button()
        self.main_button.setDefault(True)
        self.cancel_button.clicked.connect(self.reject)
        self.status = label("small", wrap=True)
        inner = QWidget()
        inner.setObjectName("scrolled")
        self.inside = QVBoxLayout(inner)
        self.inside.setContentsMargins(tokens.SPACE_XL, tokens.SPACE_L, tokens.SPACE_XL, tokens.SPACE_M)
        self.inside.setSpacing(tokens.SPACE_M)
        self.area = scrolled(inner)
        foot = QHBoxLayout()
        foot.setContentsMargins(tokens.SPACE_XL, tokens.SPACE_S, tokens.SPACE_XL, tokens.SPACE_L)
        foot.setSpacing(tokens.SPACE_S)
        foot.addWidget(self.status, 1)
        foot.addWidget(self.cancel_button)
        foot.addWidget(self.main_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.area, 1)
        layout.addLayout(foot)

    def retranslate(self) -> None:
        """Set every text anew; extend it."""
        self.cancel_button.setText(_("Cancel"))

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the language."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def fit_to_screen(self, width: int, height: int) -> None:
        """Take a size, or what the screen has."""
        screen = self.screen()
        room = screen.availableGeometry().size() if screen is not None else self.size()
        self.resize(min(width, room.width() - 24), min(height, room.height() - 48))

    def fit_to_contents(self, width: int) -> None:
        """Take a width and the height that the texts then need, or what the screen has."""
        foot = max(self.main_button.sizeHint().height(), self.cancel_button.sizeHint().height())
        needed = self.inside.totalHeightForWidth(width)
        height = needed if needed >= 0 else self.inside.totalSizeHint().height()
        self.fit_to_screen(width, height + foot + tokens.SPACE_S + tokens.SPACE_L)


def scrolled(widget: QWidget) -> QScrollArea:
    """Return a frameless area in which `widget` scrolls up and down."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(widget)
    return area


@dataclass(frozen=True)
class Question:
    """What is asked before something is changed.

    Attributes:
        points: one line each, what exactly will happen.
        action: the text of the button that does it.
        field: what must be typed first; "" where nothing is.
    """

    title: Callable[[], str]
    text: Callable[[], str]
    action: Callable[[], str]
    points: Callable[[], Sequence[str]] = tuple
    field: Callable[[], str] = str
    kind: Kind = Kind.DANGER


class AskDialog(Dialog):
    """Asks one question; `agreed` carries what was typed, "" where nothing was asked for."""

    agreed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None, question: Question) -> None:
        super().__init__(parent, question.kind)
        self._question = question
        self._title, self._text = label("section", wrap=True), label(wrap=True)
        self._points, self._field_label = label("muted", wrap=True), label("strong")
        self.field = QLineEdit()
        self.field.setMaxLength(300)
        self._field_label.setBuddy(self.field)
        for widget in (self._title, self._text, self._points, self._field_label, self.field):
            self.inside.addWidget(widget)
        self.inside.addStretch(1)
        asks = bool(question.field())
        self._field_label.setVisible(asks)
        self.field.setVisible(asks)
        self._points.setVisible(bool(question.points()))
        self.field.textChanged.connect(self._check)
        self.main_button.clicked.connect(self._agree)
        self.retranslate()
        self._check()
        self.fit_to_contents(480)
        if asks:
            self.field.setFocus()
        else:
            # Enter must not erase anything by accident.
            self.cancel_button.setFocus()
            self.cancel_button.setDefault(True)

    def retranslate(self) -> None:
        """Set every text anew."""
        super().retranslate()
        self.setWindowTitle(self._question.title())
        self._title.setText(self._question.title())
        self._text.setText(self._question.text())
        self._points.setText("\n".join(f"•  {point}" for point in self._question.points()))
        self._field_label.setText(self._question.field())
        self.field.setAccessibleName(self._question.field())
        self.main_button.setText(self._question.action())

    def _check(self) -> None:
        self.main_button.setEnabled(not self._question.field() or bool(self.field.text().strip()))

    def _agree(self) -> None:
        self.agreed.emit(self.field.text().strip())
        self.accept()
