"""What staff do with customers: find, edit, ban, delete; each click on real widgets and a real gallery."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from netcafe_face.domain.people import Consent, Customer, CustomerStatus, NewTemplate, Purpose, TemplateSource
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.dialogs import AskDialog
from netcafe_face.gui.models.customers import Column
from netcafe_face.gui.pages.customers import CustomersPage
from netcafe_face.gui.person_dialog import PersonDialog

NAMES = ("Nguyễn Hoàng Phương Thảo Vy", "Trần Đức", "Lê Nhung")


def enrol(cafe: Any, code: str, name: str, photo: bytes | None = None) -> None:
    vector = np.random.default_rng(len(code + name)).normal(size=128).astype(np.float32)
    template = NewTemplate(
        vector / np.linalg.norm(vector), cafe.gallery.snapshot.pack_id, 0.8, TemplateSource.FILE, "Lan"
    )
    purposes = {Purpose.RECOGNITION, Purpose.KEEP_PHOTO} if photo else {Purpose.RECOGNITION}
    consent = Consent(0, frozenset(purposes), "on paper", datetime.now(UTC), "Lan")
    cafe.gallery.enrol(Customer(code, name), consent, [template], photo)


@pytest.fixture
def page(context: GuiContext, qtbot: QtBot) -> Iterator[CustomersPage]:
    for number, name in enumerate(NAMES, start=1):
        enrol(context.cafe, f"KH-000{number}", name)
    made = CustomersPage(context)
    qtbot.addWidget(made)
    made.resize(1100, 700)
    made.show()
    made.on_shown()
    qtbot.waitUntil(lambda: made.model.rowCount() == 3)
    yield made
    made.shut_down()


def choose(page: CustomersPage, code: str, qtbot: QtBot) -> None:
    page.table.selectRow(page.model.row_of(code))
    qtbot.waitUntil(lambda: not page.context.workers.busy)


def press(page: CustomersPage, action: str, qtbot: QtBot) -> None:
    qtbot.mouseClick(page.card.buttons[action], Qt.MouseButton.LeftButton)


def dialog(page: CustomersPage, kind: type, qtbot: QtBot) -> Any:
    qtbot.waitUntil(lambda: any(each.isVisible() for each in page.findChildren(kind)))
    return next(each for each in page.findChildren(kind) if each.isVisible())


def test_typing_finds_a_customer_without_diacritics(page: CustomersPage, qtbot: QtBot) -> None:
    qtbot.keyClicks(page.search, "nguyen thao")
    assert [page.model.customer(row).name for row in range(page.model.rowCount())] == [NAMES[0]]
    assert page.count.text() == "1 of 3"
    qtbot.keyClicks(page.search, "zzz")
    assert page.nothing_found.isVisible()
    page.search.clear()
    assert page.table.isVisible()


def test_the_card_shows_the_chosen_customer_and_the_consent(page: CustomersPage, qtbot: QtBot) -> None:
    assert not page.card.isVisible()
    choose(page, "KH-0002", qtbot)
    assert page.card.isVisible()
    assert page.card._name.text() == "Trần Đức"
    qtbot.waitUntil(lambda: "recognition (on paper)" in page.card._consent_text.text())


def test_deleting_asks_once_says_what_goes_and_erases_at_once(page: CustomersPage, qtbot: QtBot) -> None:
    choose(page, "KH-0002", qtbot)
    press(page, "delete", qtbot)
    asked = dialog(page, AskDialog, qtbot)
    assert "every stored face" in asked._points.text()
    assert asked.main_button.property("kind") == "danger"
    assert not asked.main_button.isDefault()
    qtbot.mouseClick(asked.main_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.model.rowCount() == 2)
    gallery = page.context.cafe.gallery
    assert gallery.snapshot.templates == 2
    assert [customer.code for customer in gallery.customers()] == ["KH-0001", "KH-0003"]
    assert "KH-0002" in page.message.text
    assert not page.card.isVisible()


def test_changing_ones_mind_deletes_nothing(page: CustomersPage, qtbot: QtBot) -> None:
    choose(page, "KH-0002", qtbot)
    press(page, "delete", qtbot)
    asked = dialog(page, AskDialog, qtbot)
    qtbot.keyClick(asked, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not page.findChildren(AskDialog))
    assert len(page.context.cafe.gallery.customers()) == 3


def test_a_ban_needs_a_reason_and_can_be_lifted(page: CustomersPage, qtbot: QtBot) -> None:
    gallery = page.context.cafe.gallery
    choose(page, "KH-0001", qtbot)
    press(page, "ban", qtbot)
    asked = dialog(page, AskDialog, qtbot)
    assert not asked.main_button.isEnabled()
    qtbot.keyClicks(asked.field, "took a headset")
    qtbot.mouseClick(asked.main_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.card.buttons["unban"].isVisible())
    banned = gallery.customer("KH-0001")
    assert (banned.status, banned.ban_reason) == (CustomerStatus.BANNED, "took a headset")
    press(page, "unban", qtbot)
    asked = dialog(page, AskDialog, qtbot)
    qtbot.mouseClick(asked.main_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.card.buttons["ban"].isVisible())
    assert gallery.customer("KH-0001").status is CustomerStatus.ACTIVE


def test_withdrawing_the_consent_erases_the_face_but_not_the_customer(
    page: CustomersPage, qtbot: QtBot
) -> None:
    choose(page, "KH-0003", qtbot)
    qtbot.waitUntil(lambda: page.card.buttons["withdraw"].isVisible())
    press(page, "withdraw", qtbot)
    asked = dialog(page, AskDialog, qtbot)
    qtbot.mouseClick(asked.main_button, Qt.MouseButton.LeftButton)
    gallery = page.context.cafe.gallery
    qtbot.waitUntil(lambda: gallery.snapshot.templates == 2)
    assert gallery.customer("KH-0003").status is CustomerStatus.WITHDRAWN


def test_editing_saves_what_changed(page: CustomersPage, qtbot: QtBot) -> None:
    choose(page, "KH-0003", qtbot)
    press(page, "edit", qtbot)
    form = dialog(page, PersonDialog, qtbot)
    form.person.name.setText("Lê Thị Hồng Nhung")
    qtbot.keyClicks(form.person.birth, "09/05/2001")
    qtbot.mouseClick(form.main_button, Qt.MouseButton.LeftButton)
    gallery = page.context.cafe.gallery
    qtbot.waitUntil(lambda: gallery.customer("KH-0003").name == "Lê Thị Hồng Nhung")
    assert str(gallery.customer("KH-0003").birth_date) == "2001-05-09"
    qtbot.waitUntil(lambda: page.card._name.text() == "Lê Thị Hồng Nhung")


def test_a_code_that_is_taken_is_said_in_the_dialog(page: CustomersPage, qtbot: QtBot) -> None:
    choose(page, "KH-0003", qtbot)
    press(page, "edit", qtbot)
    form = dialog(page, PersonDialog, qtbot)
    form.person.code.setText("KH-0001")
    qtbot.mouseClick(form.main_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(form.message.isVisible)
    assert "KH-0001" in form.message.text
    form.reject()


def test_ctrl_c_copies_the_chosen_rows(page: CustomersPage, qtbot: QtBot) -> None:
    page.table.sortByColumn(Column.CODE, Qt.SortOrder.AscendingOrder)
    page.table.setFocus()
    page.table.selectAll()
    qtbot.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert [line.split("\t")[0] for line in clipboard.text().split("\n")] == [
        "Code",
        "KH-0001",
        "KH-0002",
        "KH-0003",
    ]


def test_a_change_made_elsewhere_appears_by_itself(page: CustomersPage, qtbot: QtBot) -> None:
    choose(page, "KH-0001", qtbot)
    enrol(page.context.cafe, "KH-0009", "Mới Đến")
    qtbot.waitUntil(lambda: page.model.row_of("KH-0009") >= 0)
    assert [customer.code for customer in page.table.selected()] == ["KH-0001"]


def test_a_photo_is_shown_where_the_consent_allows_it(
    page: CustomersPage, qtbot: QtBot, one_person: Any
) -> None:
    from netcafe_face.vision.images import encode_jpeg, read_image

    enrol(page.context.cafe, "KH-0007", "Có Ảnh", encode_jpeg(read_image(one_person)))
    qtbot.waitUntil(lambda: page.model.row_of("KH-0007") >= 0)
    choose(page, "KH-0007", qtbot)
    qtbot.waitUntil(lambda: page.model.photo("KH-0007") is not None)
    qtbot.waitUntil(lambda: page.card._photo_image is not None)
    assert page.model.photo("KH-0001") is None


def test_an_empty_gallery_leads_to_the_first_enrolment(context: GuiContext, qtbot: QtBot) -> None:
    from netcafe_face.gui.enrol_dialog import EnrolDialog

    page = CustomersPage(context)
    qtbot.addWidget(page)
    page.show()
    page.on_shown()
    qtbot.waitUntil(page.empty.button.isVisible)
    qtbot.mouseClick(page.empty.button, Qt.MouseButton.LeftButton)
    opened = dialog(page, EnrolDialog, qtbot)
    assert not opened.main_button.isEnabled()
    opened.reject()
    page.shut_down()
