"""Starting the window: the QApplication, theme, language, and the event loop."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication, QMessageBox

from netcafe_face import __version__
from netcafe_face.domain.errors import Cancelled
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.language import use_language
from netcafe_face.gui.main_window import MainWindow
from netcafe_face.gui.theme import theme


def make_application(argv: Sequence[str]) -> QApplication:
    """Return the process's QApplication, made if there is none."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(list(argv) or sys.argv[:1])
    application.setApplicationName("Netcafe Face")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("netcafe-face")
    return application


def build_window(context: GuiContext) -> MainWindow:
    """Apply theme and language from the settings and return the window, not shown yet."""
    theme().choose(context.cafe.settings.theme)
    use_language(context.cafe.settings.language)
    return MainWindow(context)


def run(
    context: GuiContext, *, argv: Sequence[str], shown: Callable[[MainWindow], None] | None = None
) -> int:
    """Show the window and return the exit code once it is closed; after Ctrl+C that of `Cancelled`.

    Args:
        context: what the pages get.
        argv: for Qt.
        shown: called with the window once it is there.
    """
    from netcafe_face.config.instance import server_name
    from netcafe_face.gui.error_dialog import install_excepthook
    from netcafe_face.gui.instance import FrontServer

    application = make_application(argv)
    install_excepthook(application)
    window = build_window(context)
    server = FrontServer(server_name(context.cafe.paths))
    server.asked.connect(window.come_to_front)
    window.show()
    if shown is not None:
        shown(window)
    stops: list[int] = []
    timer = _let_signals_in(application, stops)
    code = application.exec()
    timer.stop()
    server.close()
    return Cancelled.exit_code if signal.SIGINT in stops else code


def show_error(message: str) -> None:
    """Say in a dialog of its own why the window cannot open."""
    application = make_application([])
    if application.platformName() in ("offscreen", "minimal"):
        return
    QMessageBox.critical(None, "Netcafe Face", message)


def _let_signals_in(application: QApplication, stops: list[int]) -> QTimer:
    """Make Ctrl+C and a polite kill close the window: Python sees signals only between its own steps."""

    def stop(number: int, _frame: object) -> None:
        stops.append(number)
        application.closeAllWindows()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    timer = QTimer(application)
    timer.timeout.connect(lambda: None)
    timer.start(250)
    return timer
