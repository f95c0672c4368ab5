"""The Verify page: two pictures in, one clear answer out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from netcafe_face import i18n
from netcafe_face.domain.errors import ModelUnusable
from netcafe_face.domain.matching import Decision
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.pages.verify import VerifyPage
from netcafe_face.gui.theme import theme
from netcafe_face.vision.images import read_image, write_image
from tests.files_kit import SIX_PEOPLE, one_person, recognizer, six_faces


@pytest.fixture
def page(context: GuiContext, qtbot: QtBot) -> Iterator[VerifyPage]:
    made = VerifyPage(context)
    qtbot.addWidget(made)
    made.resize(1100, 640)
    made.show()
    yield made
    made.shut_down()


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    return one_person(tmp_path)


@pytest.fixture
def another(tmp_path: Path) -> Path:
    x, y, w, h = (int(value) for value in six_faces()[0].detection.box)
    photo = read_image(SIX_PEOPLE)[max(0, y - h // 2) : y + h + h // 2, max(0, x - w // 2) : x + w + w // 2]
    write_image(tmp_path / "another.png", photo)
    return tmp_path / "another.png"


def settle(page: VerifyPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not page.context.workers.busy, timeout=30_000)


def test_the_same_person_is_said_with_similarity_and_angle(
    page: VerifyPage, qtbot: QtBot, portrait: Path
) -> None:
    page.slots[0].dropped.emit([portrait])
    assert not page.answer.isVisible()
    page.slots[1].dropped.emit([portrait])
    assert page.waiting.isVisible()
    settle(page, qtbot)
    assert page.answer.answer.text() == "Same person"
    assert "1.000" in page.answer.figures.text()
    assert "θ 0." in page.answer.figures.text()
    threshold = recognizer().verification_rule().threshold
    assert f"same person from {threshold:.2f}" in page.answer.figures.text()
    assert page.answer.scale.accessibleName().startswith("Similarity 1.00; undecided from")
    assert all(slot.has_picture for slot in page.slots)
    assert not page.waiting.isVisible()


def test_two_pictures_dropped_together_fill_both_places(
    page: VerifyPage, qtbot: QtBot, portrait: Path, another: Path
) -> None:
    page.slots[1].dropped.emit([portrait, another])
    settle(page, qtbot)
    assert page.paths == [portrait, another]
    assert page.answer.answer.text() == "Different people"
    qtbot.mouseClick(page.swap_button, Qt.MouseButton.LeftButton)
    settle(page, qtbot)
    assert page.paths == [another, portrait]
    assert page.answer.answer.text() == "Different people"


def test_several_faces_offer_to_compare_the_largest(page: VerifyPage, qtbot: QtBot, portrait: Path) -> None:
    page.take(0, [portrait, SIX_PEOPLE])
    settle(page, qtbot)
    assert not page.answer.isVisible()
    assert "6 faces were found in t1.jpg" in page.message.text
    qtbot.mouseClick(page.message.button, Qt.MouseButton.LeftButton)
    settle(page, qtbot)
    assert page.answer.isVisible()
    assert "B shows 6 faces; the largest was compared." in page.answer.why.text()


def test_a_picture_without_a_face_is_told_by_its_name(
    page: VerifyPage, qtbot: QtBot, portrait: Path, tmp_path: Path
) -> None:
    write_image(tmp_path / "grey.png", np.full((200, 200, 3), 128, np.uint8))
    page.take(0, [portrait, tmp_path / "grey.png"])
    settle(page, qtbot)
    assert "No face was found in grey.png" in page.message.text
    assert not page.message.button.isVisible()


def test_a_file_that_is_no_picture_leaves_its_place_free(
    page: VerifyPage, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"x")
    page.take(0, [tmp_path / "broken.png"])
    settle(page, qtbot)
    assert page.paths == [None, None]
    assert not page.slots[0].has_picture
    assert "broken.png" in page.message.text
    page.slots[0].refused.emit([tmp_path / "notes.txt"])
    assert page.message.text == "notes.txt is not a picture."


def test_a_place_can_be_pressed_to_choose_a_picture(
    page: VerifyPage, qtbot: QtBot, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(portrait)], ""))
    qtbot.mouseClick(page.slots[1], Qt.MouseButton.LeftButton)
    settle(page, qtbot)
    assert page.paths == [None, portrait]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([], ""))
    qtbot.keyClick(page.slots[0], Qt.Key.Key_Return)
    assert page.paths == [None, portrait]


def test_starting_over_forgets_both_pictures(page: VerifyPage, qtbot: QtBot, portrait: Path) -> None:
    page.take(0, [portrait, portrait])
    settle(page, qtbot)
    qtbot.mouseClick(page.clear_button, Qt.MouseButton.LeftButton)
    assert page.paths == [None, None]
    assert not page.answer.isVisible()
    assert not any(slot.has_picture for slot in page.slots)
    assert not page.clear_button.isVisible()


def test_a_pack_that_cannot_be_loaded_is_told(
    page: VerifyPage, qtbot: QtBot, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ModelUnusable(path="embedder.onnx", reason="it is cut short")

    monkeypatch.setattr(page.context.cafe, "recognizer", fail)
    page.take(0, [portrait, portrait])
    settle(page, qtbot)
    assert "embedder.onnx" in page.message.text


def test_a_poor_face_is_named_as_the_reason(
    page: VerifyPage, qtbot: QtBot, portrait: Path, tmp_path: Path
) -> None:
    import cv2

    small = cv2.resize(read_image(portrait), None, fx=0.32, fy=0.32, interpolation=cv2.INTER_AREA)
    write_image(tmp_path / "small.png", np.asarray(small, np.uint8))
    page.take(0, [portrait, tmp_path / "small.png"])
    settle(page, qtbot)
    assert "In B, the face is too small" in page.answer.why.text()
    assert page.answer.answer.text() != "Same person"


@pytest.mark.parametrize("decision", list(Decision))
def test_every_answer_is_drawn_in_both_themes_and_languages(
    page: VerifyPage, qtbot: QtBot, portrait: Path, decision: Decision
) -> None:
    import dataclasses

    page.take(0, [portrait, portrait])
    settle(page, qtbot)
    shown = page.answer._shown
    assert shown is not None
    similarity = {Decision.KNOWN: 0.9, Decision.UNDECIDED: 0.5, Decision.UNKNOWN: -0.4}[decision]
    page.answer.show_answer(dataclasses.replace(shown, decision=decision, similarity=similarity))
    for look in ("dark", "light"):
        theme().choose(look)
        for language in ("vi", "en"):
            i18n.set_language(language)
            page.retranslate()
            assert page.answer.answer.text()
            assert not page.grab().isNull()
