"""The dialog for the unexpected: plain words, the details to copy, and everything in the log."""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from types import TracebackType

from PyQt6.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, QObject, Qt, pyqtSignal
from PyQt6.QtWidgets import QApplication, QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from netcafe_face import __version__
from netcafe_face.config.credentials import without_credentials
from netcafe_face.domain.errors import NetcafeError
from netcafe_face.gui import tokens
from netcafe_face.gui.icons import icon
from netcafe_face.gui.widgets import Button, Kind, label
from netcafe_face.i18n import _, ngettext

log = logging.getLogger(__name__)


def install_excepthook(application: QApplication) -> ErrorReporter:
    """Show every exception that nobody caught, on any thread, in a dialog, and log its traceback."""
    reporter = ErrorReporter(application)
    sys.excepthook = reporter.on_exception
    threading.excepthook = reporter.on_thread_exception
    return reporter


class ErrorReporter(QObject):
    """Takes uncaught exceptions on any thread and shows them one at a time on the GUI thread.

    While a dialog is open, further exceptions are logged and counted in it. An exception in the dialog itself
    is only logged, so that an error never brings up another.
    """

    _raised = pyqtSignal(object)

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self.dialog: ErrorDialog | None = None
        self._opening = False
        self._raised.connect(self._show)

    def on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Stand in for `sys.excepthook`."""
        if issubclass(kind, KeyboardInterrupt):
            QApplication.closeAllWindows()
            return
        log.critical("uncaught exception", exc_info=(kind, error, trace))
        self._raised.emit(error)

    def on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        """Stand in for `threading.excepthook`."""
        if args.exc_value is None or issubclass(args.exc_type, SystemExit):
            return
        log.critical(
            "uncaught exception on a thread", exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
        )
        self._raised.emit(args.exc_value)

    def _show(self, error: BaseException) -> None:
        if self.dialog is not None:
            self.dialog.count_another()
            return
        if self._opening:
            return
        self._opening = True
        try:
            self.dialog = ErrorDialog(error, QApplication.activeWindow())
            self.dialog.finished.connect(self._closed)
            self.dialog.open()
        except Exception:
            log.exception("the error dialog could not be shown")
            self.dialog = None
        finally:
            self._opening = False

    def _closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None


class ErrorDialog(QDialog):
    """Says what happened, what it means and what to do, with the technical details a click away."""

    def __init__(self, error: BaseException, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._expected = error if isinstance(error, NetcafeError) else None
        self.details = details_of(error)
        self._others = 0
        self._copied = False
        self._sign, self._title = QLabel(), label("section", wrap=True)
        self._words, self._more = label(wrap=True), label("muted", wrap=True)
        self._text = QPlainTextEdit(self.details)
        self.show_details, self.copy_details = Button(), Button(icon_name="copy")
        self.close_button = Button(Kind.PRIMARY)
        self._lay_out()
        self.show_details.setCheckable(True)
        self.show_details.toggled.connect(self._toggle_details)
        self.copy_details.clicked.connect(self._copy)
        self.close_button.clicked.connect(self.accept)
        self.close_button.setDefault(True)
        self.close_button.setFocus()
        self._retranslate()

    def count_another(self) -> None:
        """Note that something else failed while this was open."""
        self._others += 1
        self._retranslate()

    def _lay_out(self) -> None:
        self.setMinimumWidth(520)
        self._sign.setPixmap(icon("error", "banned").pixmap(32, 32))
        self._sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._text.setReadOnly(True)
        self._text.setProperty("role", "code")
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setMinimumHeight(200)
        self._text.hide()
        words = QVBoxLayout()
        words.setSpacing(tokens.SPACE_S)
        for widget in (self._title, self._words, self._more):
            words.addWidget(widget)
        words.addStretch(1)
        top = QHBoxLayout()
        top.setSpacing(tokens.SPACE_M)
        top.addWidget(self._sign)
        top.addLayout(words, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.show_details)
        buttons.addWidget(self.copy_details)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(tokens.SPACE_XL, tokens.SPACE_L, tokens.SPACE_XL, tokens.SPACE_L)
        layout.setSpacing(tokens.SPACE_L)
        layout.addLayout(top)
        layout.addWidget(self._text, 1)
        layout.addLayout(buttons)

    def _retranslate(self) -> None:
        self.setWindowTitle(_("Netcafe Face: a problem"))
        if self._expected is not None:
            self._title.setText(_("This could not be done"))
            self._words.setText(self._expected.explain(_))
        else:
            self._title.setText(_("Something unexpected happened"))
            self._words.setText(
                _(
                    "The program met an error that it was not prepared for. What was saved before is safe, "
                    "and you can go on working. If it happens again, restart the program and send the "
                    "details to whoever looks after it."
                )
            )
        self._more.setText(
            ngettext(
                "{count} more problem came up meanwhile; it is in the log.",
                "{count} more problems came up meanwhile; they are in the log.",
                self._others,
            ).format(count=self._others)
        )
        self._more.setVisible(self._others > 0)
        self.show_details.setText(_("Hide details") if self.show_details.isChecked() else _("Show details"))
        self.copy_details.setText(_("Copied") if self._copied else _("Copy details"))
        self.close_button.setText(_("Close"))
        self._text.setAccessibleName(_("Details"))

    def _toggle_details(self, shown: bool) -> None:
        self._text.setVisible(shown)
        self._retranslate()
        self.adjustSize()

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.details)
        self._copied = True
        self._retranslate()


def details_of(error: BaseException) -> str:
    """Return versions and traceback as text for whoever looks after the program, without credentials."""
    lines = [
        f"Netcafe Face {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"Qt {QT_VERSION_STR}, PyQt {PYQT_VERSION_STR}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    return without_credentials("\n".join(lines))
