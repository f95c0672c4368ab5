"""The window: every page by mouse and keyboard, both languages while it runs, its place remembered."""

from __future__ import annotations

import gettext
from collections.abc import Iterator

import pytest
from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from netcafe_face import i18n
from netcafe_face.gui.application import build_window
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.language import use_language
from netcafe_face.gui.main_window import MainWindow
from netcafe_face.gui.rail import NARROW_PX, NAV, WIDE_PX


@pytest.fixture
def window(context: GuiContext, qtbot: QtBot) -> Iterator[MainWindow]:
    made = build_window(context)
    qtbot.addWidget(made)
    made.resize(1366, 768)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


class Longer(gettext.NullTranslations):
    """Makes every text a third longer, as translations are."""

    def gettext(self, message: str) -> str:
        return f"{message} " + "ữ" * (2 + len(message) // 3)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid2)


def test_ctrl_and_a_number_opens_each_page(window: MainWindow, qtbot: QtBot) -> None:
    keys = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4, Qt.Key.Key_5, Qt.Key.Key_6, Qt.Key.Key_7)
    for key, item in zip(keys, NAV, strict=True):
        qtbot.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda wanted=item.key: window.current == wanted)
        assert window.page(item.key).isVisible()
        assert window.rail.buttons[item.key].isChecked()


def test_f1_says_what_the_program_is(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: window.current == "about")


class Windows(QObject):
    """Notes every window of its own that appears."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[QWidget] = []

    def eventFilter(self, thing: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        shown = event is not None and event.type() == QEvent.Type.Show
        if shown and isinstance(thing, QWidget) and thing.isWindow():
            self.seen.append(thing)
        return False


def test_no_stray_window_flashes_up_while_pages_are_made(
    window: MainWindow, qtbot: QtBot, qapp: QApplication
) -> None:
    windows = Windows()
    qapp.installEventFilter(windows)
    for item in NAV:
        window.show_page(item.key)
    qtbot.wait(100)
    qapp.removeEventFilter(windows)
    assert windows.seen == []


def test_a_click_on_the_rail_opens_the_page(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(window.rail.buttons["about"], Qt.MouseButton.LeftButton)
    assert window.current == "about"


def test_every_control_that_can_be_used_has_a_name_for_a_screen_reader(window: MainWindow) -> None:
    for item in NAV:
        window.show_page(item.key)
        page = window.page(item.key)
        buddies = [each.buddy() for each in page.findChildren(QLabel)]
        for kind in (QAbstractButton, QComboBox, QLineEdit):
            for control in page.findChildren(kind):
                inside = isinstance(control.parent(), (QComboBox, QAbstractSpinBox))
                focusable = control.focusPolicy() != Qt.FocusPolicy.NoFocus
                if control.isVisible() and focusable and not inside:
                    text = control.text() if isinstance(control, QAbstractButton) else ""
                    named = text or control.accessibleName() or control.toolTip() or control in buddies
                    assert named, (item.key, control)


def test_the_language_changes_in_every_page_while_it_runs(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    for item in NAV:
        window.show_page(item.key)
    monkeypatch.setattr(gettext, "translation", lambda *_args, **_more: Longer())
    use_language("vi")
    for item in NAV:
        assert window.page(item.key).header._title.text().endswith("ữữ")
        assert window.rail.buttons[item.key].text().endswith("ữữ")
    assert i18n.language() == "vi"
    use_language("en")
    assert window.page("live").header._title.text() == "Live"


def test_little_room_turns_the_rail_into_icons(window: MainWindow, qtbot: QtBot) -> None:
    assert window.rail.width() == WIDE_PX
    window.resize(905, 490)
    qtbot.waitUntil(lambda: window.rail.width() == NARROW_PX)
    assert window.rail.buttons["live"].toolTip() == "Live (Ctrl+1)"


def test_every_page_fits_a_small_screen_with_long_texts(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gettext, "translation", lambda *_args, **_more: Longer())
    use_language("vi")
    window.resize(905, 490)
    for item in NAV:
        window.show_page(item.key)
        assert window.minimumSizeHint().width() <= 905, item.key
        assert window.minimumSizeHint().height() <= 490, item.key
    use_language("en")


def test_the_sample_is_marked_and_the_real_cafe_is_not(context: GuiContext, qtbot: QtBot) -> None:
    window = build_window(context)
    qtbot.addWidget(window)
    window.show()
    assert not window.banner.isVisible()
    window.close()


def test_the_window_opens_where_it_was_closed(context: GuiContext, qtbot: QtBot) -> None:
    first = build_window(context)
    qtbot.addWidget(first)
    first.show()
    first.resize(780, 555)
    first.close()
    assert context.cafe.settings.window_geometry
    second = build_window(context)
    qtbot.addWidget(second)
    second.show()
    assert (second.width(), second.height()) == (780, 555)
    second.close()


def test_nonsense_in_the_saved_place_is_ignored(context: GuiContext, qtbot: QtBot) -> None:
    context.cafe.change_settings(window_geometry="not hex, not geometry")
    window = build_window(context)
    qtbot.addWidget(window)
    window.show()
    assert window.width() >= 700
    window.close()


def test_start_up_times_are_traced_when_asked(
    context: GuiContext, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NETCAFE_TRACE_STARTUP", "1")
    window = build_window(context)
    qtbot.addWidget(window)
    window.show()
    window.repaint()
    lines: list[str] = []

    def printed() -> bool:
        lines.extend(capsys.readouterr().err.splitlines())
        return any(line.startswith("STARTUP window ") for line in lines)

    qtbot.waitUntil(printed)
    window.close()


def test_the_window_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys; import netcafe_face.gui.application, netcafe_face.gui.pages.live; "
        "heavy = {'cv2', 'onnxruntime', 'insightface', 'skimage', 'scipy', 'sqlite_utils', 'onnx'}; "
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr.strip(), done.returncode) == ("", "", 0)
