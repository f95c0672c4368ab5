"""Enrolling: nothing is stored without the customer's consent, and every refusal says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from netcafe_face.domain.people import Purpose
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.enrol_dialog import EnrolDialog, EnrolStart
from netcafe_face.vision.images import read_image, write_image


@pytest.fixture
def dialog(context: GuiContext, qtbot: QtBot) -> Iterator[EnrolDialog]:
    made = EnrolDialog(context, EnrolStart())
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.open()
    settle(made, qtbot)
    yield made
    settle(made, qtbot)


def settle(dialog: EnrolDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not dialog._context.workers.busy, timeout=30_000)


def add(dialog: EnrolDialog, qtbot: QtBot, *paths: Path) -> None:
    dialog.add_files(paths)
    settle(dialog, qtbot)


def agree(dialog: EnrolDialog, qtbot: QtBot, *purposes: Purpose) -> None:
    for purpose in purposes or (Purpose.RECOGNITION,):
        qtbot.mouseClick(dialog.consent.boxes[purpose], Qt.MouseButton.LeftButton)
    dialog.consent.way.setCurrentIndex(0)


def drop(dialog: EnrolDialog, *paths: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    dialog.zone.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )


def test_no_box_is_ticked_beforehand(dialog: EnrolDialog) -> None:
    assert not any(box.isChecked() for box in dialog.consent.boxes.values())
    assert dialog.consent.how_given == ""
    assert dialog.person.code.text() == "KH-0001"


def test_save_waits_for_everything_and_says_for_what(
    dialog: EnrolDialog, qtbot: QtBot, one_person: Path
) -> None:
    assert not dialog.main_button.isEnabled()
    assert "a name" in dialog.status.text()
    dialog.person.name.setText("Thảo Vy")
    add(dialog, qtbot, one_person)
    assert not dialog.main_button.isEnabled()
    assert dialog.missing() == ["the customer's consent to recognition", "how the consent was given"]
    agree(dialog, qtbot)
    assert dialog.main_button.isEnabled()
    assert dialog.status.text() == "1 picture will be stored."
    qtbot.mouseClick(dialog.consent.boxes[Purpose.RECOGNITION], Qt.MouseButton.LeftButton)
    assert not dialog.main_button.isEnabled()


def test_saving_stores_the_face_the_consent_and_only_what_was_agreed(
    dialog: EnrolDialog, qtbot: QtBot, one_person: Path
) -> None:
    done: list[Any] = []
    dialog.enrolled.connect(done.append)
    dialog.person.name.setText("Thảo Vy")
    add(dialog, qtbot, one_person)
    agree(dialog, qtbot)
    qtbot.mouseClick(dialog.main_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(done), timeout=20_000)
    gallery = dialog._context.cafe.gallery
    customer = gallery.customer("KH-0001")
    assert (customer.name, customer.templates, customer.has_photo) == ("Thảo Vy", 1, False)
    (consent,) = gallery.consents("KH-0001")
    assert consent.purposes == {Purpose.RECOGNITION}
    assert (consent.how_given, consent.operator, consent.text_version) == ("Signed on paper", "Lan", "1-en")
    assert gallery.photo("KH-0001") is None
    assert not gallery.templates("KH-0001")[0].has_crop


def test_a_photo_is_kept_only_when_its_own_box_is_ticked(
    dialog: EnrolDialog, qtbot: QtBot, one_person: Path
) -> None:
    dialog.person.name.setText("Thảo Vy")
    assert not dialog.consent.boxes[Purpose.KEEP_PHOTO].isEnabled()
    add(dialog, qtbot, one_person)
    agree(dialog, qtbot, Purpose.RECOGNITION, Purpose.KEEP_PHOTO)
    with qtbot.waitSignal(dialog.enrolled, timeout=20_000):
        qtbot.mouseClick(dialog.main_button, Qt.MouseButton.LeftButton)
    gallery = dialog._context.cafe.gallery
    assert gallery.photo("KH-0001").startswith(b"\xff\xd8")
    assert not gallery.templates("KH-0001")[0].has_crop


def test_taking_recognition_back_takes_the_rest_back(dialog: EnrolDialog, qtbot: QtBot) -> None:
    agree(dialog, qtbot, Purpose.RECOGNITION, Purpose.KEEP_CROPS)
    qtbot.mouseClick(dialog.consent.boxes[Purpose.RECOGNITION], Qt.MouseButton.LeftButton)
    assert dialog.consent.purposes == frozenset()


def test_each_picture_gets_its_verdict(
    dialog: EnrolDialog, qtbot: QtBot, one_person: Path, six_people: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 nothing")
    drop(dialog, one_person, six_people, broken)
    settle(dialog, qtbot)
    verdicts = [row.verdict.text() for row in dialog.shots.rows]
    assert verdicts[0].startswith("Good")
    assert verdicts[1].startswith("6 faces were found")
    assert "cannot be read" in verdicts[2]
    assert [shot.good for shot in dialog.shots.shots] == [True, False, False]


def test_files_that_are_no_pictures_are_refused_by_name(dialog: EnrolDialog, tmp_path: Path) -> None:
    drop(dialog, tmp_path / "list.xlsx")
    assert "list.xlsx" in dialog.message.text
    assert dialog.shots.shots == []


def test_a_picture_can_be_taken_out_again(dialog: EnrolDialog, qtbot: QtBot, one_person: Path) -> None:
    add(dialog, qtbot, one_person)
    qtbot.mouseClick(dialog.shots.rows[0]._remove, Qt.MouseButton.LeftButton)
    assert dialog.shots.shots == []
    assert "at least one good picture" in dialog.missing()


def enrol_first(dialog: EnrolDialog, qtbot: QtBot, picture: Path) -> None:
    dialog.person.name.setText("Thảo Vy")
    add(dialog, qtbot, picture)
    agree(dialog, qtbot)
    with qtbot.waitSignal(dialog.enrolled, timeout=20_000):
        qtbot.mouseClick(dialog.main_button, Qt.MouseButton.LeftButton)


def test_somebody_enrolled_already_is_noticed_and_can_be_added_to(
    dialog: EnrolDialog, context: GuiContext, qtbot: QtBot, one_person: Path, tmp_path: Path
) -> None:
    enrol_first(dialog, qtbot, one_person)
    again = EnrolDialog(context, EnrolStart())
    again.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(again)
    again.open()
    settle(again, qtbot)
    again.person.name.setText("Somebody New")
    darker = tmp_path / "darker.png"
    write_image(darker, (read_image(one_person) * 0.7).astype(np.uint8))
    add(again, qtbot, darker)
    agree(again, qtbot)
    assert "Thảo Vy (KH-0001)" in again.likeness.warning.text
    assert not again.main_button.isEnabled()
    assert again.missing() == ["your decision about the likeness"]
    qtbot.mouseClick(again.likeness.warning.button, Qt.MouseButton.LeftButton)
    settle(again, qtbot)
    assert again.who.text() == "Thảo Vy (KH-0001)"
    assert not again.person.isVisible()
    assert again.main_button.isEnabled()
    with qtbot.waitSignal(again.enrolled, timeout=20_000):
        qtbot.mouseClick(again.main_button, Qt.MouseButton.LeftButton)
    gallery = context.cafe.gallery
    assert gallery.customer("KH-0001").templates == 2
    assert len(gallery.consents("KH-0001")) == 1


def test_a_twin_is_enrolled_only_on_purpose(
    dialog: EnrolDialog, context: GuiContext, qtbot: QtBot, one_person: Path
) -> None:
    enrol_first(dialog, qtbot, one_person)
    twin = EnrolDialog(context, EnrolStart())
    twin.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(twin)
    twin.open()
    settle(twin, qtbot)
    twin.person.name.setText("Thảo My")
    add(twin, qtbot, one_person)
    agree(twin, qtbot)
    twin.likeness.box.click()
    assert twin.main_button.isEnabled()
    with qtbot.waitSignal(twin.enrolled, timeout=20_000):
        qtbot.mouseClick(twin.main_button, Qt.MouseButton.LeftButton)
    assert context.cafe.gallery.customer("KH-0002").name == "Thảo My"


def test_cancelling_leaves_nothing(dialog: EnrolDialog, qtbot: QtBot, one_person: Path) -> None:
    dialog.person.name.setText("Thảo Vy")
    add(dialog, qtbot, one_person)
    agree(dialog, qtbot)
    qtbot.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    assert dialog._context.cafe.gallery.customers() == []
