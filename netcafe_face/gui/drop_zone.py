"""A place to drop files on, or to press to choose them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from netcafe_face.gui import tokens
from netcafe_face.gui.icons import icon
from netcafe_face.gui.theme import theme
from netcafe_face.gui.widgets import label, restyle


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
