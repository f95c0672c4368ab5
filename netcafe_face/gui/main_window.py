"""The window: the rail, the pages, the sample banner, and what they share."""

from __future__ import annotations

import importlib
import logging
from typing import cast

from PyQt6.QtCore import QByteArray, QEvent, QTimer
from PyQt6.QtGui import QCloseEvent, QKeySequence, QPaintEvent, QResizeEvent, QShortcut
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.icons import icon
from netcafe_face.gui.page import Page
from netcafe_face.gui.rail import Rail
from netcafe_face.gui.trace import trace_startup
from netcafe_face.i18n import _

log = logging.getLogger(__name__)

NARROW_BELOW_PX = 1080
"""Width of the window under which the rail shows icons only."""

_PAGES = {
    "live": "LivePage",
    "customers": "CustomersPage",
    "log": "LogPage",
    "identify": "IdentifyPage",
    "verify": "VerifyPage",
    "settings": "SettingsPage",
    "about": "AboutPage",
}


class MainWindow(QMainWindow):
    """Shows one page at a time; a page is made when it is first shown."""

    def __init__(self, context: GuiContext) -> None:
        super().__init__()
        self.context = context
        self._pages: dict[str, Page] = {}
        self._current = ""
        self._painted = False
        self.rail = Rail()
        self.banner = QLabel()
        self.banner.setObjectName("sampleBanner")
        self.banner.setWordWrap(True)
        self.banner.setVisible(context.cafe.is_sample)
        self._stack = QStackedWidget()
        self._stack.setObjectName("pages")
        self._lay_out()
        self.setWindowIcon(icon("brand", "accent"))
        self.setMinimumSize(720, 460)
        self.rail.chosen.connect(self.show_page)
        QShortcut(QKeySequence("Ctrl+Q"), self, self.close)
        QShortcut(QKeySequence.StandardKey.HelpContents, self, lambda: self.show_page("about"))
        self._restore_geometry()
        self.retranslate()
        self.show_page("live")

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.banner)
        right.addWidget(self._stack, 1)
        middle = QWidget()
        middle.setObjectName("canvas")
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(right, 1)
        self.setCentralWidget(middle)

    @property
    def current(self) -> str:
        """Return the key of the page in front."""
        return self._current

    def page(self, key: str) -> Page:
        """Return a page, made now if it was never shown."""
        if key not in self._pages:
            module = importlib.import_module(f"netcafe_face.gui.pages.{key}")
            page = cast(Page, getattr(module, _PAGES[key])(self.context))
            page.navigate.connect(self.show_page)
            self._stack.addWidget(page)
            self._pages[key] = page
        return self._pages[key]

    def show_page(self, key: str, payload: object = None) -> None:
        """Bring a page to the front, handing it `payload` if there is one."""
        page = self.page(key)
        if key != self._current:
            if self._current:
                self._pages[self._current].on_hidden()
            self._stack.setCurrentWidget(page)
            self._current = key
            self.rail.set_current(key)
            page.on_shown()
        if payload is not None:
            page.receive(payload)

    def retranslate(self) -> None:
        """Set every text anew."""
        self.setWindowTitle(_("Netcafe Face: sample café") if self.context.cafe.is_sample else "Netcafe Face")
        self.banner.setText(
            _("SAMPLE CAFÉ: these people, seats and visits are made up. Your own customers are not touched.")
        )
        self.rail.retranslate()
        for page in self._pages.values():
            page.retranslate()

    def come_to_front(self) -> None:
        """Show the window above the others."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the language."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Give the page the room of the rail's names when there is little."""
        super().resizeEvent(event)
        self.rail.set_narrow(self.width() < NARROW_BELOW_PX)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Note when the window is first drawn."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, lambda: trace_startup("window", self.context.started_s))

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Stop everything that runs, then remember where the window was."""
        for page in self._pages.values():
            page.shut_down()
        self.context.workers.shut_down()
        self._remember_geometry()
        super().closeEvent(event)

    def _restore_geometry(self) -> None:
        saved = QByteArray.fromHex(self.context.cafe.settings.window_geometry.encode())
        if not self.restoreGeometry(saved):
            screen = self.screen()
            room = screen.availableGeometry().size() if screen is not None else self.size()
            self.resize(min(1280, room.width()), min(740, room.height()))

    def _remember_geometry(self) -> None:
        cafe = self.context.cafe
        text = bytes(self.saveGeometry().toHex().data()).decode()
        try:
            cafe.change_settings(window_geometry=text)
        except NetcafeError:
            # The window is going; where it was is not worth a dialog.
            log.warning("the window's place could not be saved", exc_info=True)
