"""What is shown where there is nothing yet."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from netcafe_face.gui import tokens
from netcafe_face.gui.icons import icon
from netcafe_face.gui.theme import theme
from netcafe_face.gui.widgets import Button, Kind, label


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
