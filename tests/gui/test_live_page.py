"""A person new to it starts a source, clicks a face, enrols it, and sees it recognised."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from netcafe_face.domain.people import Presence, Purpose
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.enrol_dialog import EnrolDialog
from netcafe_face.gui.pages.live import LivePage
from netcafe_face.gui.source_chooser import Choice
from netcafe_face.gui.theme import theme
from tests.files_kit import MODELS


@pytest.fixture
def page(context: GuiContext, qtbot: QtBot) -> Iterator[LivePage]:
    made = LivePage(context)
    qtbot.addWidget(made)
    made.resize(1100, 700)
    made.show()
    made.on_shown()
    qtbot.waitUntil(lambda: not context.workers.busy)
    yield made
    made.shut_down()


def choose(page: LivePage, choice: Choice, address: str) -> None:
    for index in range(page.chooser.sources.count()):
        if page.chooser.sources.itemData(index)[0] == choice.value:
            page.chooser.sources.setCurrentIndex(index)
    page.chooser.address.setText(address)


def start(page: LivePage, qtbot: QtBot, clip: Path) -> None:
    choose(page, Choice.VIDEO, str(clip))
    qtbot.mouseClick(page.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(page.picture.faces) == 6, timeout=30_000)


def click_face(page: LivePage, qtbot: QtBot, index: int) -> None:
    qtbot.mouseClick(
        page.picture, Qt.MouseButton.LeftButton, pos=page.picture.face_rect(index).center().toPoint()
    )


def test_from_an_empty_gallery_to_a_name_in_the_picture(page: LivePage, qtbot: QtBot, clip: Path) -> None:
    assert "click a face" in page.empty._hint.text()
    start(page, qtbot, clip)
    assert "Click a face in the picture to enrol it" in page.message.text
    largest = max(range(6), key=lambda index: page.picture.face_rect(index).width())
    click_face(page, qtbot, largest)
    qtbot.waitUntil(lambda: bool(page.findChildren(EnrolDialog)))
    (dialog,) = page.findChildren(EnrolDialog)
    qtbot.waitUntil(lambda: bool(dialog.shots.shots), timeout=20_000)
    assert dialog.shots.shots[0].good
    dialog.person.name.setText("Thảo Vy")
    qtbot.mouseClick(dialog.consent.boxes[Purpose.RECOGNITION], Qt.MouseButton.LeftButton)
    dialog.consent.way.setCurrentIndex(1)
    qtbot.waitUntil(dialog.main_button.isEnabled)
    qtbot.mouseClick(dialog.main_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Step in front of the camera" in page.message.text, timeout=20_000)

    def named() -> bool:
        return any(
            seen.label.presence is Presence.KNOWN and seen.label.text == "Thảo Vy"
            for seen in page.picture.faces
        )

    qtbot.waitUntil(named, timeout=20_000)
    qtbot.waitUntil(lambda: any(row.name.text() == "Thảo Vy" for row in page.panel.rows))
    assert page.panel._threshold.text().startswith("0.")


def test_a_known_face_leads_to_its_customer_instead_of_a_second_enrolment(
    page: LivePage, qtbot: QtBot, clip: Path
) -> None:
    from netcafe_face.domain.people import Customer, TemplateSource
    from netcafe_face.pipeline.enrolment import EnrolmentRequest

    start(page, qtbot, clip)
    cafe = page.context.cafe
    result = page.picture.result
    assert result is not None
    enrolment = cafe.enrolment()
    picture = next(
        judged
        for seen in result.faces
        if (judged := enrolment.judge_near(result.frame_bgr, seen.face.detection, TemplateSource.CAMERA)).good
    )
    request = EnrolmentRequest(Customer("KH-0001", "Vy"), frozenset({Purpose.RECOGNITION}), "on paper", "Lan")
    enrolment.enrol(request, [picture])

    def known() -> list[int]:
        return [n for n, seen in enumerate(page.picture.faces) if seen.label.presence is Presence.KNOWN]

    qtbot.waitUntil(lambda: bool(known()), timeout=20_000)
    click_face(page, qtbot, known()[0])
    assert page.message.text == "This is Vy (KH-0001)."
    assert page.findChildren(EnrolDialog) == []
    with qtbot.waitSignal(page.navigate) as asked:
        qtbot.mouseClick(page.message.button, Qt.MouseButton.LeftButton)
    assert asked.args == ["customers", "KH-0001"]


def test_the_keyboard_reaches_every_face(page: LivePage, qtbot: QtBot, clip: Path) -> None:
    start(page, qtbot, clip)
    page.picture.setFocus()
    qtbot.keyClick(page.picture, Qt.Key.Key_Right)
    with qtbot.waitSignal(page.picture.face_chosen):
        qtbot.keyClick(page.picture, Qt.Key.Key_Return)
    page.findChildren(EnrolDialog)[0].reject()


def test_zoom_keeps_the_point_under_the_pointer_and_double_click_shows_all(
    page: LivePage, qtbot: QtBot, clip: Path
) -> None:
    start(page, qtbot, clip)
    page.run.bridge.close()  # type: ignore[union-attr]
    view = page.picture
    before = view.face_rect(0)
    wheel = QWheelEvent(
        before.center(),
        view.mapToGlobal(before.center()),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, wheel)
    after = view.face_rect(0)
    assert view.zoom == pytest.approx(1.44)
    assert after.width() == pytest.approx(before.width() * 1.44)
    spare = QPointF(after.center() - before.center())
    assert spare.manhattanLength() < before.width()  # the picture's edge may stop it
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton)
    assert view.face_rect(0) == before


def test_stopping_empties_the_picture_and_frees_the_controls(
    page: LivePage, qtbot: QtBot, clip: Path
) -> None:
    start(page, qtbot, clip)
    assert not page.chooser.isEnabled()
    session = page.run.session
    qtbot.mouseClick(page.stop_button, Qt.MouseButton.LeftButton)
    assert page.picture.faces == ()
    assert page.empty.isVisible()
    assert page.start_button.isVisible()
    qtbot.waitUntil(lambda: not page.context.workers.busy, timeout=10_000)
    assert session is not None
    assert not session._thread.is_alive()


def test_a_file_that_is_not_there_fails_with_what_to_do(page: LivePage, qtbot: QtBot, tmp_path: Path) -> None:
    choose(page, Choice.VIDEO, str(tmp_path / "gone.mp4"))
    page.start()
    qtbot.waitUntil(lambda: "gone.mp4" in page.state_bar.text, timeout=15_000)
    assert page.state_bar.button.text() == "Try again"


def test_a_dead_address_is_tried_again_and_says_so(page: LivePage, qtbot: QtBot) -> None:
    choose(page, Choice.ADDRESS, "rtsp://admin:secret@127.0.0.1:9/stream")
    page.start()
    qtbot.waitUntil(lambda: "attempt" in page.state_bar.text, timeout=30_000)
    assert "secret" not in page.state_bar.text
    assert page.empty.isVisible()
    assert "secret" not in page.chooser.address.text()
    page.stop()
    assert page.chooser.address.text() == "rtsp://admin:secret@127.0.0.1:9/stream"


def test_a_source_is_stopped_even_if_the_window_closes_at_once(
    page: LivePage, qtbot: QtBot, clip: Path
) -> None:
    start(page, qtbot, clip)
    workers, hold = page.context.workers, threading.Event()
    for _ in range(3):
        workers.start(lambda _job: hold.wait(20))
    qtbot.mouseClick(page.stop_button, Qt.MouseButton.LeftButton)
    page.shut_down()
    threading.Timer(0.1, hold.set).start()
    assert workers.shut_down(20_000)
    assert not {"capture", "recognition"} & {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("typed", ["", "ftp://x/y", "rtsp://"])
def test_an_address_that_cannot_be_one_is_refused_at_once(page: LivePage, typed: str) -> None:
    choose(page, Choice.ADDRESS, typed)
    page.start()
    assert not page.run.running
    assert page.message.isVisible()
    assert page.start_button.isVisible()


def test_stopping_while_the_networks_load_starts_nothing(page: LivePage, qtbot: QtBot, clip: Path) -> None:
    choose(page, Choice.VIDEO, str(clip))
    page.start()
    page.stop()
    qtbot.waitUntil(lambda: not page.context.workers.busy, timeout=20_000)
    assert page.run.session is None
    assert page.start_button.isVisible()


def test_webcams_are_offered_by_name(page: LivePage, qtbot: QtBot) -> None:
    from netcafe_face.camera.webcams import WebcamInfo

    page.context.cafe.webcams = [WebcamInfo("Logitech C920", 2, 200)]  # type: ignore[attr-defined]
    page.chooser.list_webcams()
    qtbot.waitUntil(lambda: page.chooser.sources.itemText(0) == "Logitech C920")
    page.chooser.sources.setCurrentIndex(0)
    assert page.chooser.spec().address == "2"


def test_the_choice_is_remembered_without_the_password(page: LivePage, qtbot: QtBot, clip: Path) -> None:
    start(page, qtbot, clip)
    settings = page.context.cafe
    qtbot.waitUntil(lambda: settings.settings.source_kind == "video")
    assert settings.settings.source_address == str(clip)


def test_a_pack_that_was_damaged_leads_to_the_settings(page: LivePage, qtbot: QtBot, clip: Path) -> None:
    cafe = page.context.cafe
    folder = cafe.paths.packs / "other"
    shutil.copytree(MODELS / "netcafe-mini", folder)
    card = (folder / "pack.toml").read_text(encoding="utf-8")
    (folder / "pack.toml").write_text(card.replace('name = "netcafe-mini"', 'name = "other"'), "utf-8")
    (folder / "embedder.onnx").write_bytes(b"damaged")
    cafe.change_settings(pack="other")
    choose(page, Choice.VIDEO, str(clip))
    page.start()
    qtbot.waitUntil(lambda: "“other” is not the one" in page.state_bar.text, timeout=20_000)
    with qtbot.waitSignal(page.navigate) as asked:
        qtbot.mouseClick(page.state_bar.button, Qt.MouseButton.LeftButton)
    assert asked.args == ["settings", None]


def test_the_frame_around_the_picture_is_for_the_keyboard(page: LivePage, qtbot: QtBot, clip: Path) -> None:
    start(page, qtbot, clip)
    view = page.picture

    def corner() -> str:
        return view.grab().toImage().pixelColor(1, view.height() // 2).name()

    view.setFocus(Qt.FocusReason.OtherFocusReason)
    assert corner() != theme().colour("focus").name()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: corner() == theme().colour("focus").name())
