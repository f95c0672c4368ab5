"""The navigation rail at the left of the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from netcafe_face.gui import tokens
from netcafe_face.gui.icons import icon
from netcafe_face.gui.theme import theme
from netcafe_face.i18n import _

WIDE_PX, NARROW_PX = 188, 60


@dataclass(frozen=True)
class NavItem:
    """One entry: the page's key, its icon, and its name as a function, so that it follows the language."""

    key: str
    icon_name: str
    title: Callable[[], str]
    at_bottom: bool = False


NAV = (
    NavItem("live", "live", lambda: _("Live")),
    NavItem("customers", "customers", lambda: _("Customers")),
    NavItem("log", "log", lambda: _("Log")),
    NavItem("identify", "identify", lambda: _("Identify")),
    NavItem("verify", "verify", lambda: _("Verify")),
    NavItem("settings", "settings", lambda: _("Settings"), at_bottom=True),
    NavItem("about", "about", lambda: _("About"), at_bottom=True),
)
"""The pages in their order on the rail; the n-th has the shortcut Ctrl+n."""


class Rail(QWidget):
    """Buttons for the pages; `chosen` carries the page's key. Narrow, it shows icons only."""

    chosen = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._narrow = False
        self._mark, self._brand = QLabel(), QLabel()
        self._brand.setObjectName("brand")
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        head = QHBoxLayout()
        head.setContentsMargins(tokens.SPACE_M, tokens.SPACE_S, 0, tokens.SPACE_M)
        head.addWidget(self._mark)
        head.addWidget(self._brand, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(tokens.SPACE_S, tokens.SPACE_M, tokens.SPACE_S, tokens.SPACE_M)
        layout.setSpacing(2)
        layout.addLayout(head)
        stretched = False
        for number, item in enumerate(NAV, start=1):
            if item.at_bottom and not stretched:
                layout.addStretch(1)
                stretched = True
            layout.addWidget(self._make_button(number, item))
        theme().changed.connect(self._paint_mark)
        self._paint_mark()
        self.set_narrow(False)

    def _make_button(self, number: int, item: NavItem) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "nav")
        button.setCheckable(True)
        button.setIcon(icon(item.icon_name, "text_muted", "accent"))
        button.setIconSize(QSize(20, 20))
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setShortcut(f"Ctrl+{number}")
        button.clicked.connect(lambda _checked, key=item.key: self.chosen.emit(key))
        self._group.addButton(button)
        self.buttons[item.key] = button
        return button

    def set_current(self, key: str) -> None:
        """Mark a page as the one in front."""
        self.buttons[key].setChecked(True)

    def set_narrow(self, narrow: bool) -> None:
        """Show icons only, or icons with names."""
        self._narrow = narrow
        self.setFixedWidth(NARROW_PX if narrow else WIDE_PX)
        self._brand.setVisible(not narrow)
        style = Qt.ToolButtonStyle
        for button in self.buttons.values():
            button.setToolButtonStyle(style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon)

    def retranslate(self) -> None:
        """Set the texts anew."""
        self._brand.setText("Netcafe Face")
        for number, item in enumerate(NAV, start=1):
            button = self.buttons[item.key]
            # Setting the text resets a shortcut taken from a mnemonic, so both are set here.
            button.setText("  " + item.title())
            button.setShortcut(f"Ctrl+{number}")
            button.setAccessibleName(item.title())
            button.setToolTip(f"{item.title()} (Ctrl+{number})")

    def _paint_mark(self) -> None:
        self._mark.setPixmap(icon("brand", "accent").pixmap(QSize(24, 24)))
