"""The Identify page: files in, answers out, and nothing of them changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from netcafe_face import i18n
from netcafe_face.domain.errors import ModelUnusable
from netcafe_face.domain.people import Presence
from netcafe_face.gui.answer_panel import AnswerPanel
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.drop_zone import DropZone
from netcafe_face.gui.models.answers import KEPT_THUMBNAILS, AnswerModel, FileAnswer, Progress
from netcafe_face.gui.pages.identify import IdentifyPage, is_media
from netcafe_face.pipeline.appearances import Appearance
from netcafe_face.pipeline.identify import PictureIdentified, VideoIdentified
from netcafe_face.vision.images import read_image, write_image
from tests.files_kit import SIX_PEOPLE, enrol, recognizer, six_faces, write_video


@pytest.fixture
def page(context: GuiContext, qtbot: QtBot) -> Iterator[IdentifyPage]:
    enrol(context.cafe.gallery, six_faces()[0], "KH-1", "Nguyễn Thị Minh Khai")
    made = IdentifyPage(context)
    qtbot.addWidget(made)
    made.resize(1200, 640)
    made.show()
    yield made
    made.shut_down()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    photo = read_image(SIX_PEOPLE)
    frames = [np.ascontiguousarray(photo[40:740, 4 * step : 1200 + 4 * step]) for step in range(8)]
    return write_video(tmp_path_factory.mktemp("clip") / "six.mp4", frames)


def settle(page: IdentifyPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: page._job is None and not page.context.workers.busy, timeout=60_000)


def drop(zone: DropZone, *paths: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    zone.dropEvent(event)


def test_a_dropped_photo_is_answered_with_names_boxes_and_a_line_a_face(
    page: IdentifyPage, qtbot: QtBot
) -> None:
    assert page.drop.isVisible()
    drop(page.drop, SIX_PEOPLE)
    settle(page, qtbot)
    answer = page.model.answers[0]
    assert answer.progress is Progress.DONE
    assert answer.words() == "Nguyễn Thị Minh Khai, 5 not named"
    assert answer.presences[0] is Presence.KNOWN
    assert len(page.panel.view.faces) == 6
    assert any("Nguyễn Thị Minh Khai" in line for line in page.panel.lines)
    assert page.sum.text() == "1 file  ·  a customer in 1"
    assert page.list.isVisible()


def test_a_folder_with_bad_files_says_so_in_plain_words_for_each(
    page: IdentifyPage, qtbot: QtBot, tmp_path: Path
) -> None:
    shutil.copy(SIX_PEOPLE, tmp_path / "b.jpg")
    (tmp_path / "a.jpg").write_bytes(b"x")
    page.run([tmp_path])
    settle(page, qtbot)
    bad, good = page.model.answers
    assert bad.progress is Progress.REFUSED
    assert bad.words().startswith("The picture a.jpg cannot be read")
    assert good.progress is Progress.DONE
    assert page.sum.text().endswith("1 not usable")
    page.list.setCurrentIndex(page.model.index(0))
    assert page.panel.problem.isVisible()
    assert page.panel.problem._hint.text() == bad.words()
    page.list.setCurrentIndex(page.model.index(1))
    settle(page, qtbot)
    assert len(page.panel.view.faces) == 6


def test_a_video_is_summed_up_by_person_and_shows_its_best_frame(
    page: IdentifyPage, qtbot: QtBot, clip: Path
) -> None:
    page.run([clip])
    settle(page, qtbot)
    answer = page.model.answers[0]
    assert "Nguyễn Thị Minh Khai" in answer.words()
    assert any("0:00 – 0:00" in line for line in page.panel.lines)
    assert page.panel.view.result is not None
    assert page.panel.view.result.frame_bgr.shape == (700, 1200, 3)


def test_files_added_while_others_are_looked_at_wait_their_turn(
    page: IdentifyPage, qtbot: QtBot, clip: Path
) -> None:
    page.run([clip])
    drop(page.more, SIX_PEOPLE)
    assert page.bar.isVisible()
    assert not page.save_button.isEnabled()
    settle(page, qtbot)
    assert [answer.path for answer in page.model.answers] == [clip, SIX_PEOPLE]
    assert not page.bar.isVisible()


def test_stopping_keeps_what_is_known(page: IdentifyPage, qtbot: QtBot, clip: Path) -> None:
    page.run([SIX_PEOPLE, clip, SIX_PEOPLE.parent])
    page.run([SIX_PEOPLE])
    qtbot.waitUntil(lambda: page.model.rowCount() >= 2, timeout=30_000)
    qtbot.mouseClick(page.stop_button, Qt.MouseButton.LeftButton)
    settle(page, qtbot)
    first, second = page.model.answers[:2]
    assert first.words().startswith("Nguyễn")
    assert second.progress is Progress.DONE
    assert all(answer.progress is not Progress.RUNNING for answer in page.model.answers)


def test_annotated_copies_are_saved_to_a_chosen_folder(
    page: IdentifyPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.run([SIX_PEOPLE])
    settle(page, qtbot)
    out = tmp_path / "bản sao"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(out))
    qtbot.mouseClick(page.save_button, Qt.MouseButton.LeftButton)
    settle(page, qtbot)
    assert (out / "t1.jpg").is_file()
    assert str(out) in page.message.text
    assert page.model.answers[0].annotated == out / "t1.jpg"
    assert page.model.rowCount() == 1


def test_a_folder_that_cannot_be_written_to_is_told(page: IdentifyPage, qtbot: QtBot, tmp_path: Path) -> None:
    page.run([SIX_PEOPLE])
    settle(page, qtbot)
    (tmp_path / "file").write_text("in the way")
    page.save_copies(tmp_path / "file")
    settle(page, qtbot)
    assert "cannot be written" in page.message.text
    qtbot.mouseClick(page.clear_button, Qt.MouseButton.LeftButton)
    assert page.drop.isVisible()


def test_what_is_not_media_is_refused_by_name(page: IdentifyPage, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    drop(page.drop, tmp_path / "notes.txt")
    assert "notes.txt is neither" in page.message.text
    assert not page.model.rowCount()


def test_a_folder_without_media_is_said_to_be_empty(page: IdentifyPage, qtbot: QtBot, tmp_path: Path) -> None:
    page.run([tmp_path])
    settle(page, qtbot)
    assert "no pictures or videos" in page.message.text
    assert page.drop.isVisible()


def test_files_and_folders_can_be_chosen_in_dialogs(
    page: IdentifyPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_image(tmp_path / "grey.png", np.full((64, 64, 3), 128, np.uint8))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(SIX_PEOPLE)], ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    qtbot.mouseClick(page.files_button, Qt.MouseButton.LeftButton)
    settle(page, qtbot)
    qtbot.mouseClick(page.folder_button, Qt.MouseButton.LeftButton)
    settle(page, qtbot)
    assert [answer.path.name for answer in page.model.answers] == ["t1.jpg", "grey.png"]
    assert page.model.answers[1].words() == "Nobody found"
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([], ""))
    qtbot.mouseClick(page.files_button, Qt.MouseButton.LeftButton)
    assert page._job is None


def test_a_pack_that_cannot_be_loaded_is_told(
    page: IdentifyPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ModelUnusable(path="embedder.onnx", reason="it is cut short")

    monkeypatch.setattr(page.context.cafe, "recognizer", fail)
    page.run([SIX_PEOPLE])
    settle(page, qtbot)
    assert "embedder.onnx" in page.message.text


def test_a_picture_that_vanished_since_is_told(page: IdentifyPage, qtbot: QtBot, tmp_path: Path) -> None:
    path = Path(shutil.copy(SIX_PEOPLE, tmp_path / "gone.jpg"))
    page.run([path, SIX_PEOPLE])
    settle(page, qtbot)
    page.list.setCurrentIndex(page.model.index(1))
    settle(page, qtbot)
    path.unlink()
    page.list.setCurrentIndex(page.model.index(0))
    settle(page, qtbot)
    assert "gone.jpg" in page.message.text


def test_the_page_follows_the_language_with_answers_on_it(page: IdentifyPage, qtbot: QtBot) -> None:
    page.run([SIX_PEOPLE])
    settle(page, qtbot)
    i18n.set_language("vi")
    page.retranslate()
    assert page.title() == i18n._("Identify")
    assert "Nguyễn Thị Minh Khai" in page.model.answers[0].words()


def test_a_crowd_is_listed_only_so_far(page: IdentifyPage, qtbot: QtBot) -> None:
    page.run([SIX_PEOPLE])
    settle(page, qtbot)
    answer = page.model.answers[0]
    answer.faces = answer.faces * 20
    page._show_chosen()
    assert len(page.panel.lines) < len(answer.faces)


def test_thumbnails_of_a_huge_folder_do_not_pile_up(context: GuiContext) -> None:
    model = AnswerModel()
    rule = recognizer().rule(context.cafe.gallery.snapshot)
    tiny = np.zeros((4, 4, 3), np.uint8)
    for number in range(KEPT_THUMBNAILS + 10):
        model.take(PictureIdentified(Path(f"{number}.png"), (4, 4), (), rule, None, tiny))
    assert model.rowCount() == KEPT_THUMBNAILS + 10
    assert len(model._thumbnails) == KEPT_THUMBNAILS


def test_a_damaged_or_stopped_video_says_so(context: GuiContext) -> None:
    model = AnswerModel()
    model.take(VideoIdentified(Path("a.mp4"), 3, 0.3, (), None, False, False))
    model.take(VideoIdentified(Path("b.mp4"), 3, 0.3, (), None, True, True))
    assert "Stopped" in model.answers[0].remark
    assert "damaged" in model.answers[1].remark


def test_media_are_known_by_their_kind(tmp_path: Path) -> None:
    (tmp_path / "A.JPG").touch()
    (tmp_path / "a.txt").touch()
    assert is_media(tmp_path)
    assert is_media(tmp_path / "A.JPG")
    assert not is_media(tmp_path / "a.txt")
    assert not is_media(tmp_path / "gone.jpg")


def test_in_a_video_no_more_people_are_counted_than_were_there_at_once() -> None:
    crowd = tuple(
        Appearance(presence, "", None, 0.0, 9.0, 40, at_once, 0.2)
        for presence, at_once in ((Presence.STRANGER, 9), (Presence.UNDECIDED, 6))
    )
    answer = FileAnswer(Path("street.mp4"), Progress.DONE, frame=3, people=crowd)
    assert answer.words() == "9 not named"


def test_a_very_long_name_leaves_room_for_the_similarity(qtbot: QtBot) -> None:
    name = "Công Tằng Tôn Nữ Hoàng Phương " + "W" * 60
    panel = AnswerPanel()
    qtbot.addWidget(panel)
    panel.resize(620, 500)
    person = Appearance(Presence.KNOWN, name, 1, 0.0, 9.0, 40, 1, 0.83)
    panel.show_answer(FileAnswer(Path("door.mp4"), Progress.DONE, frame=3, people=(person,)))
    panel.show()
    name_label, details = (
        item for item in panel.findChildren(QLabel) if item.text()[:6] in ("Công T", "0:00 –")
    )
    assert "…" in name_label.text()
    assert name_label.toolTip() == name
    end = details.mapTo(panel, QPoint(0, 0)).x() + details.fontMetrics().horizontalAdvance(details.text())
    assert end <= panel.width()
