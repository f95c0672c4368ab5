"""Settings are saved one by one as they change, and what they mean is said."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from netcafe_face import i18n
from netcafe_face.config.settings import load_settings
from netcafe_face.domain.errors import OutputError
from netcafe_face.domain.people import Consent, Customer, NewTemplate, Purpose, TemplateSource
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.pages.settings import SettingsPage
from netcafe_face.gui.theme import theme
from netcafe_face.vision.images import encode_png
from tests.files_kit import MODELS, enrol, six_faces


@pytest.fixture
def page(context: GuiContext, qtbot: QtBot) -> Iterator[SettingsPage]:
    made = SettingsPage(context)
    qtbot.addWidget(made)
    made.resize(1000, 640)
    made.show()
    made.on_shown()
    settle(made, qtbot)
    yield made
    made.shut_down()


def settle(page: SettingsPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not page.context.workers.busy, timeout=20_000)


def choose(box: QComboBox, value: object) -> None:
    index = box.findData(value)
    assert index >= 0
    box.setCurrentIndex(index)
    box.activated.emit(index)


def on_disk(page: SettingsPage) -> Any:
    return load_settings(page.context.cafe.paths.settings_file)


def test_what_was_typed_last_is_saved_when_the_window_closes_at_once(
    page: SettingsPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    cafe, hold, begun = page.context.cafe, threading.Event(), threading.Event()
    write = cafe.change_settings

    def slowly(**changes: Any) -> None:
        begun.set()
        hold.wait(20)
        write(**changes)

    monkeypatch.setattr(cafe, "change_settings", slowly)
    choose(page.theme, "dark")
    assert begun.wait(20)
    page.operator.setText("Thảo")
    page.shut_down()
    threading.Timer(0.1, hold.set).start()
    assert page.context.workers.shut_down(20_000)
    assert (on_disk(page).theme, on_disk(page).operator) == ("dark", "Thảo")


def test_the_language_changes_at_once_and_is_remembered(page: SettingsPage, qtbot: QtBot) -> None:
    choose(page.language, "vi")
    assert i18n.language() == "vi"
    settle(page, qtbot)
    assert on_disk(page).language == "vi"


def test_the_theme_changes_at_once_and_is_remembered(page: SettingsPage, qtbot: QtBot) -> None:
    choose(page.theme, "dark")
    assert theme().palette.dark
    settle(page, qtbot)
    assert on_disk(page).theme == "dark"


def test_changes_in_quick_succession_are_all_saved(page: SettingsPage, qtbot: QtBot) -> None:
    choose(page.theme, "dark")
    page.min_face.setValue(64)
    page.min_face.editingFinished.emit()
    page.threads.setValue(3)
    page.threads.editingFinished.emit()
    choose(page.theme, "light")
    settle(page, qtbot)
    saved = on_disk(page)
    assert (saved.theme, saved.min_face_px, saved.threads) == ("light", 64, 3)


def test_the_operator_is_saved_even_when_the_page_is_just_left(page: SettingsPage, qtbot: QtBot) -> None:
    page.operator.setText("  Trần Hoàng  ")
    page.on_hidden()
    settle(page, qtbot)
    assert on_disk(page).operator == "Trần Hoàng"


def test_nothing_is_written_while_nothing_changed(page: SettingsPage, qtbot: QtBot) -> None:
    page.threads.editingFinished.emit()
    page.on_hidden()
    settle(page, qtbot)
    assert not page.context.cafe.paths.settings_file.exists()


def test_the_packs_card_is_told_plainly(page: SettingsPage) -> None:
    assert page.pack.list.currentText().startswith("netcafe-mini")
    text = page.pack.facts.text()
    assert text.startswith("Licence: GPL-3.0-only.")
    assert "one pair of strangers in 10,000" in text


def install_other_pack(page: SettingsPage, qtbot: QtBot) -> None:
    folder = page.context.cafe.paths.packs / "other"
    shutil.copytree(MODELS / "netcafe-mini", folder)
    card = (folder / "pack.toml").read_text(encoding="utf-8")
    (folder / "pack.toml").write_text(
        card.replace('name = "netcafe-mini"', 'name = "other"'), encoding="utf-8"
    )
    page.on_shown()
    settle(page, qtbot)


def choose_pack(page: SettingsPage, qtbot: QtBot, index: int) -> None:
    page.pack.list.setCurrentIndex(index)
    page.pack.list.activated.emit(index)
    settle(page, qtbot)


def enrol_with_crop(cafe: Any, number: int, code: str, name: str) -> None:
    face = six_faces()[number]
    assert face.crop_bgr is not None
    purposes = frozenset({Purpose.RECOGNITION, Purpose.KEEP_CROPS})
    template = NewTemplate(
        np.asarray(face.embedding),
        cafe.gallery.snapshot.pack_id,
        face.quality.score,
        TemplateSource.FILE,
        "tester",
        encode_png(face.crop_bgr),
    )
    consent = Consent(0, purposes, "signed", datetime.now(UTC), "tester")
    cafe.gallery.enrol(Customer(code, name), consent, [template])


def test_another_pack_says_who_must_be_enrolled_again(page: SettingsPage, qtbot: QtBot) -> None:
    enrol(page.context.cafe.gallery, six_faces()[0], "KH-1", "Nguyễn Thị Minh Khai")
    install_other_pack(page, qtbot)
    choose_pack(page, qtbot, 1)
    assert on_disk(page).pack == "other"
    assert "1 customer must be enrolled again" in page.message.text
    choose_pack(page, qtbot, 0)
    assert not page.message.isVisible()


def test_another_pack_learns_the_faces_that_customers_let_the_cafe_keep(
    page: SettingsPage, qtbot: QtBot
) -> None:
    gallery = page.context.cafe.gallery
    enrol(gallery, six_faces()[0], "KH-1", "Nguyễn Thị Minh Khai")
    for number in (1, 2):
        enrol_with_crop(page.context.cafe, number, f"KH-{number + 1}", f"Khách {number}")
    install_other_pack(page, qtbot)
    choose_pack(page, qtbot, 1)
    assert page.message.text.startswith("2 customers were learned from the kept face pictures.")
    assert "1 customer must be enrolled again" in page.message.text
    assert not page.move_pack.isVisible()
    assert gallery.snapshot.pack_id.startswith("other@")
    assert gallery.snapshot.templates == 2


def test_learning_that_was_stopped_is_offered_again(page: SettingsPage, qtbot: QtBot) -> None:
    gallery = page.context.cafe.gallery
    for number in (1, 2, 3):
        enrol_with_crop(page.context.cafe, number, f"KH-{number}", f"Khách {number}")
    install_other_pack(page, qtbot)
    gallery.use_pack(f"other@{gallery.snapshot.pack_id.split('@')[1]}")
    page.context.cafe.use_settings(replace(page.context.cafe.settings, pack="other"))
    page.message.hide()
    page.on_shown()
    settle(page, qtbot)
    assert "does not know 3 customers yet" in page.message.text
    qtbot.mouseClick(page.message.button, Qt.MouseButton.LeftButton)
    assert page.move_pack.isVisible()
    page.move_pack.stop()
    settle(page, qtbot)
    assert "1 customer was learned" in page.message.text
    assert "2 customers are not learned yet" in page.message.text
    qtbot.mouseClick(page.message.button, Qt.MouseButton.LeftButton)
    settle(page, qtbot)
    assert page.message.text == "2 customers were learned from the kept face pictures."
    assert gallery.snapshot.templates == 3


def test_a_pack_of_the_settings_that_is_gone_is_named_with_what_to_do(
    page: SettingsPage, qtbot: QtBot
) -> None:
    cafe = page.context.cafe
    cafe.use_settings(replace(cafe.settings, pack="gone"))
    page.on_shown()
    settle(page, qtbot)
    assert page.pack.list.currentIndex() == -1
    assert "“gone”" in page.pack.facts.text()
    assert "Choose another one" in page.pack.facts.text()


def test_another_provider_or_thread_count_says_what_a_running_camera_does(
    page: SettingsPage, qtbot: QtBot
) -> None:
    page.threads.setValue(2)
    page.threads.editingFinished.emit()
    settle(page, qtbot)
    assert "camera that is running" in page.message.text
    assert "enrolled again" not in page.message.text


def test_settings_that_cannot_be_saved_are_told(
    page: SettingsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_changes: object) -> None:
        raise OutputError(path="settings.toml", reason="the disk is full")

    monkeypatch.setattr(page.context.cafe, "change_settings", fail)
    choose(page.theme, "dark")
    settle(page, qtbot)
    assert "settings.toml cannot be written (the disk is full)" in page.message.text
    monkeypatch.undo()
    choose(page.theme, "dark")
    settle(page, qtbot)
    assert page.context.cafe.settings.theme == "dark"


def test_the_data_folder_can_be_opened(
    page: SettingsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    qtbot.mouseClick(page.open_folder, Qt.MouseButton.LeftButton)
    assert opened == [QUrl.fromLocalFile(str(page.context.cafe.paths.root))]
    assert Path(page.folder.text()) == page.context.cafe.paths.root


def test_every_text_is_set_anew_in_the_other_language(page: SettingsPage) -> None:
    i18n.set_language("vi")
    page.retranslate()
    assert page.title() == i18n._("Settings")
    assert page.pack.facts.text()
