"""The unexpected is told in plain words, once, and never hides another error."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from netcafe_face.domain.errors import CustomerNotFound
from netcafe_face.gui.error_dialog import ErrorDialog, ErrorReporter, details_of, install_excepthook


@pytest.fixture
def reporter(qapp: QApplication) -> Iterator[ErrorReporter]:
    before, before_threads = sys.excepthook, threading.excepthook
    made = install_excepthook(qapp)
    yield made
    if made.dialog is not None:
        made.dialog.accept()
    sys.excepthook, threading.excepthook = before, before_threads
    made.deleteLater()


def words(dialog: ErrorDialog) -> str:
    return "\n".join(item.text() for item in dialog.findChildren(QLabel) if item.isVisibleTo(dialog))


def raise_in_hook(error: Exception) -> None:
    try:
        raise error
    except type(error) as caught:
        sys.excepthook(type(caught), caught, caught.__traceback__)


def test_a_surprise_is_shown_in_plain_words_and_logged_with_its_traceback(
    reporter: ErrorReporter, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        raise_in_hook(ZeroDivisionError("seven"))
    qtbot.waitUntil(lambda: reporter.dialog is not None and reporter.dialog.isVisible())
    assert reporter.dialog is not None
    assert "Something unexpected" in words(reporter.dialog)
    assert "ZeroDivisionError" not in words(reporter.dialog)
    assert "ZeroDivisionError" in caplog.text
    assert "raise_in_hook" in caplog.text


def test_the_details_are_shown_and_copied_on_request(reporter: ErrorReporter, qtbot: QtBot) -> None:
    raise_in_hook(ZeroDivisionError("seven"))
    qtbot.waitUntil(lambda: reporter.dialog is not None)
    dialog = reporter.dialog
    assert dialog is not None
    qtbot.mouseClick(dialog.show_details, Qt.MouseButton.LeftButton)
    assert dialog._text.isVisible()
    qtbot.mouseClick(dialog.copy_details, Qt.MouseButton.LeftButton)
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert "ZeroDivisionError: seven" in clipboard.text()
    assert dialog.copy_details.text() == "Copied"
    qtbot.mouseClick(dialog.close_button, Qt.MouseButton.LeftButton)
    assert reporter.dialog is None


def test_an_exception_on_another_thread_is_shown_too(reporter: ErrorReporter, qtbot: QtBot) -> None:
    def fail() -> None:
        raise LookupError("on a thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: reporter.dialog is not None)
    assert reporter.dialog is not None
    assert "on a thread" in reporter.dialog.details


def test_many_errors_make_one_dialog_that_counts_them(reporter: ErrorReporter, qtbot: QtBot) -> None:
    for number in range(4):
        raise_in_hook(ValueError(str(number)))
    qtbot.waitUntil(lambda: reporter.dialog is not None and "3 more problems" in words(reporter.dialog))
    assert (
        len([w for w in QApplication.topLevelWidgets() if isinstance(w, ErrorDialog) and w.isVisible()]) == 1
    )


def test_an_error_while_the_dialog_is_made_is_only_logged(
    reporter: ErrorReporter, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("even this fails")

        def __repr__(self) -> str:
            raise RuntimeError("and this")

    class Unexplainable(CustomerNotFound):
        what = "{missing}"

    with caplog.at_level(logging.ERROR):
        raise_in_hook(Unprintable())
        raise_in_hook(Unexplainable(code="x"))
        qtbot.waitUntil(lambda: "could not be shown" in caplog.text or reporter.dialog is not None)
    if reporter.dialog is not None:
        assert reporter.dialog.isVisible()


def test_an_expected_error_that_nobody_handled_is_explained(reporter: ErrorReporter, qtbot: QtBot) -> None:
    raise_in_hook(CustomerNotFound(code="KH-9"))
    qtbot.waitUntil(lambda: reporter.dialog is not None)
    assert reporter.dialog is not None
    assert "“KH-9”" in words(reporter.dialog)


def test_the_details_hold_no_camera_password() -> None:
    assert "s3cret" not in details_of(OSError("rtsp://admin:s3cret@10.0.0.8/live failed"))
