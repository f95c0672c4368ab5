"""The About page says honestly what the program is made of and how well it recognises."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

import pytest
from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from netcafe_face import __version__, i18n
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.pages.about import LICENCE_FILE, AboutPage, third_parties


@pytest.fixture
def page(context: GuiContext, qtbot: QtBot) -> Iterator[AboutPage]:
    made = AboutPage(context)
    qtbot.addWidget(made)
    made.resize(1000, 640)
    made.show()
    made.on_shown()
    qtbot.waitUntil(lambda: not context.workers.busy, timeout=20_000)
    yield made
    made.shut_down()


def words(page: AboutPage) -> str:
    return "\n".join(item.text() for item in page.findChildren(QLabel))


def test_version_pack_and_its_weaknesses_are_told(page: AboutPage) -> None:
    card = page.context.cafe.pack.card
    text = words(page)
    assert f"Netcafe Face {__version__}" in text
    assert card.pack_id in text
    assert card.licence in text
    for weakness in card.weaknesses:
        assert weakness in text


def test_how_the_pack_was_trained_is_told_when_asked_for_sentence_by_sentence(
    page: AboutPage, qtbot: QtBot
) -> None:
    told = page.context.cafe.pack.card.trained_on
    training = next(item for item in page.findChildren(QLabel) if "Stage 1:" in item.text())
    assert not training.isVisible()
    qtbot.keyClick(page.training_button, Qt.Key.Key_Space)
    assert training.isVisible()
    assert page.training_button.text() == "Hide how it was trained"
    lines = training.text().splitlines()
    assert len(lines) > 3
    assert all(line.startswith("•  ") for line in lines)
    assert " ".join(line.removeprefix("•  ") for line in lines) == told
    qtbot.keyClick(page.training_button, Qt.Key.Key_Space)
    assert not training.isVisible()


def test_every_package_that_is_used_is_named_with_version_and_licence() -> None:
    found = {name.lower().replace("_", "-"): (version, licence) for name, version, licence in third_parties()}
    for name in ("pyqt6", "opencv-python", "onnxruntime", "insightface", "numpy", "pillow"):
        version, licence = found[name]
        assert version == metadata.version(name)
        assert licence
        assert licence != "?"


def test_the_page_can_be_copied_as_text(page: AboutPage, qtbot: QtBot) -> None:
    qtbot.mouseClick(page.copy_button, Qt.MouseButton.LeftButton)
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text().startswith(f"Netcafe Face {__version__}")
    assert "onnxruntime" in clipboard.text()
    assert "Stage 1:" in clipboard.text(), "also what is folded away"
    assert page.copy_button.text() == "Copied"


def test_the_licence_can_be_read(page: AboutPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    qtbot.mouseClick(page.licence_button, Qt.MouseButton.LeftButton)
    assert opened == [QUrl.fromLocalFile(str(LICENCE_FILE))]
    assert LICENCE_FILE.name == "LICENSE"


def test_shown_again_in_another_language_it_lists_everything_once(page: AboutPage, qtbot: QtBot) -> None:
    i18n.set_language("vi")
    page.on_shown()
    qtbot.waitUntil(lambda: not page.context.workers.busy, timeout=20_000)

    def shown() -> int:
        return sum(item.text() == "onnxruntime" and item.isVisible() for item in page.findChildren(QLabel))

    qtbot.waitUntil(lambda: shown() == 1)
