"""Identify: drop pictures, folders or videos, see who is in them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from PyQt6.QtCore import QModelIndex, Qt, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.domain.faces import Image
from netcafe_face.gui import tokens
from netcafe_face.gui.answer_delegate import THUMBNAIL_PX, AnswerDelegate
from netcafe_face.gui.answer_panel import AnswerPanel
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.drop_zone import DropZone
from netcafe_face.gui.message_bar import Tone
from netcafe_face.gui.models.answers import AnswerModel, FileAnswer
from netcafe_face.gui.page import Page
from netcafe_face.gui.pages.identify_files import ask_files, ask_folder, is_media
from netcafe_face.gui.picture_tag import label_texts
from netcafe_face.gui.widgets import Button, Kind, label
from netcafe_face.gui.work import Job
from netcafe_face.i18n import _
from netcafe_face.pipeline.identify import IdentifyEvent, IdentifyOptions, identify
from netcafe_face.pipeline.media import media_files
from netcafe_face.pipeline.video_file import VideoReader
from netcafe_face.vision.images import read_image

BUTTON_TEXTS_PX = 960


class IdentifyPage(Page):
    """A list of files with their answers, and the chosen one large beside it."""

    key = "identify"
    icon_name = "identify"
    _event = pyqtSignal(object)

    def __init__(self, context: GuiContext) -> None:
        super().__init__(context)
        self._inputs: list[Path] = []
        self._waiting: list[Path] = []
        self._job: Job | None = None
        self.model = AnswerModel(self)
        self.drop, self.more = DropZone(is_media), DropZone(is_media)
        self.list, self.panel, self.stack = QListView(), AnswerPanel(), QStackedWidget()
        self.files_button, self.folder_button = Button(icon_name="picture"), Button(icon_name="folder")
        self.save_button, self.clear_button = Button(Kind.PRIMARY, "export"), Button(icon_name="close")
        self.stop_button, self.bar, self.sum = Button(icon_name="stop"), QProgressBar(), label("muted")
        self._lay_out()
        self._connect()
        self.retranslate()

    def title(self) -> str:
        """Return the page's name."""
        return _("Identify")

    def explanation(self) -> str:
        """Return what the page is for."""
        return _("Who is in these pictures and videos? Nothing is changed or stored.")

    def retranslate(self) -> None:
        """Set every text anew."""
        super().retranslate()
        hint = _("A folder is searched with everything in it. Press to choose files.")
        self.drop.set_texts(_("Drop pictures, videos or a folder here"), hint)
        self.more.set_texts(_("Drop more here"))
        self._name_buttons()
        self.clear_button.setText(_("Clear"))
        self.stop_button.setText(_("Stop"))
        self.list.setAccessibleName(_("Files and who is in them"))
        self.model.retranslate()
        self._show_state()
        self._show_chosen()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show the buttons by their icons alone where their texts do not fit."""
        super().resizeEvent(event)
        self._name_buttons()

    def _name_buttons(self) -> None:
        roomy = self.width() >= BUTTON_TEXTS_PX
        for button, text in (
            (self.files_button, _("Choose files…")),
            (self.folder_button, _("Choose folder…")),
            (self.save_button, _("Save annotated copies…")),
        ):
            button.setText(text if roomy else "")
            button.setToolTip("" if roomy else text)
            button.setAccessibleName(text)

    def on_shown(self) -> None:
        """Put the keyboard where the next step is."""
        (self.list if self.model.rowCount() else self.drop).setFocus()

    def shut_down(self) -> None:
        """Stop looking."""
        self.stop()

    def run(self, paths: list[Path], out: Path | None = None) -> None:
        """Identify files and folders, after those under way; `out` is a folder for annotated copies."""
        if self._job is not None:
            self._waiting += paths
            return
        self._inputs += [path for path in paths if path not in self._inputs]
        cafe = self.context.cafe

        def work(job: Job) -> None:
            options = IdentifyOptions(
                out=out,
                thumbnail_px=2 * THUMBNAIL_PX,
                caption=lambda found: " · ".join(text for text in label_texts(found) if text),
                cancelled=lambda: job.cancelled,
            )
            total = sum(1 for _media in media_files(paths, out))
            job.report(0, total)
            finished: set[Path] = set()
            with closing(identify(cafe.recognizer(), cafe.gallery, paths, options)) as events:
                for event in events:
                    self._event.emit(event)
                    finished.add(event.path)
                    job.report(len(finished) - 1, total)
            job.report(total, total)

        self.message.hide()
        self._job = self.context.workers.start(work, None, self._failed, owner=self, key="identify")
        self._job.progress.connect(self._progress)
        self._job.finished.connect(self._finished)
        self._job.done.connect(lambda _nothing: self._tell_saved(out))
        self._show_state()

    def stop(self) -> None:
        """Stop after the picture or frame under way; what is known stays."""
        self._waiting.clear()
        if self._job is not None:
            self._job.cancel()

    def clear(self) -> None:
        """Forget all files."""
        self.stop()
        self._inputs.clear()
        self.model.clear()
        self.message.hide()
        self._show_chosen()
        self._show_state()

    def save_copies(self, folder: Path) -> None:
        """Look at all files again and write an annotated copy of each into a folder."""
        inputs = list(self._inputs)
        self.model.clear()
        self.run(inputs, folder)

    def _take(self, event: IdentifyEvent) -> None:
        if self._job is None and not self.model.rowCount():
            return
        row = self.model.take(event)
        chosen = self.list.currentIndex()
        if not chosen.isValid():
            self.list.setCurrentIndex(self.model.index(row))
        elif chosen.row() == row:
            self._show_chosen()
        self._show_summary()

    def _show_chosen(self) -> None:
        row = self.list.currentIndex().row()
        if not 0 <= row < self.model.rowCount():
            self.panel.show_answer(None)
            return
        answer = self.model.answers[row]
        self.panel.show_answer(answer)
        if answer.error is None and answer.rule is not None:
            self._load_picture(answer)

    def _load_picture(self, answer: FileAnswer) -> None:
        path, frame = answer.path, answer.frame

        def work(_job: Job) -> Image:
            if frame is None:
                return read_image(path)
            with VideoReader(path) as reader:
                return reader.frame_at(frame)

        self.context.workers.start(
            work, self.panel.show_picture, self.message.show_error, owner=self.panel, key="identify-picture"
        )

    def _progress(self, done: int, total: int, _text: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setFormat(_("{done} of {total}").format(done=done, total=total))

    def _failed(self, error: NetcafeError) -> None:
        self.message.show_error(error)

    def _tell_saved(self, out: Path | None) -> None:
        if out is not None:
            self.message.show_text(
                Tone.GOOD, lambda: _("The annotated copies are in {folder}").format(folder=out)
            )

    def _finished(self) -> None:
        self._job = None
        self.model.stop()
        if self._waiting:
            paths, self._waiting = self._waiting, []
            self.run(paths)
        elif self.model.rowCount() == 0 and self._inputs and not self.message.isVisible():
            self._inputs.clear()
            self.message.show_text(Tone.INFO, lambda: _("There are no pictures or videos in this folder."))
        self._show_state()

    def _refuse(self, paths: list[Path]) -> None:
        self.message.show_text(
            Tone.WARNING, lambda: _("{name} is neither a picture nor a video.").format(name=paths[0].name)
        )

    def _browse_files(self) -> None:
        if chosen := ask_files(self):
            self.run(chosen)

    def _browse_folder(self) -> None:
        if (chosen := ask_folder(self, _("Choose a folder"))) is not None:
            self.run([chosen])

    def _browse_save(self) -> None:
        if (chosen := ask_folder(self, _("Choose a folder for the annotated copies"))) is not None:
            self.save_copies(chosen)

    def _show_summary(self) -> None:
        self.sum.setText(self.model.summary() if self.model.rowCount() else "")

    def _show_state(self) -> None:
        busy, some = self._job is not None, bool(self.model.rowCount()) or self._job is not None
        self.stack.setCurrentIndex(1 if some else 0)
        for widget in (self.bar, self.stop_button):
            widget.setVisible(busy)
        for button in (self.save_button, self.clear_button):
            button.setVisible(some)
            button.setEnabled(not busy)
        self._show_summary()

    def _connect(self) -> None:
        for zone in (self.drop, self.more):
            zone.dropped.connect(self.run)
            zone.refused.connect(self._refuse)
            zone.pressed.connect(self._browse_files)
        self.files_button.clicked.connect(self._browse_files)
        self.folder_button.clicked.connect(self._browse_folder)
        self.save_button.clicked.connect(self._browse_save)
        self.clear_button.clicked.connect(self.clear)
        self.stop_button.clicked.connect(self.stop)
        self._event.connect(self._take)
        selection = self.list.selectionModel()
        if selection is not None:
            selection.currentChanged.connect(self._choose)

    def _choose(self, current: QModelIndex, _before: QModelIndex) -> None:
        self._show_chosen()

    def _lay_out(self) -> None:
        for button in (self.files_button, self.folder_button, self.save_button, self.clear_button):
            self.header.add_action(button)
        self.list.setModel(self.model)
        self.list.setItemDelegate(AnswerDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.more.setFixedHeight(96)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_S)
        column.addWidget(self.list, 1)
        column.addWidget(self.more)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(tokens.SPACE_M)
        splitter.addWidget(left)
        splitter.addWidget(self.panel)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([330, 700])
        left.setMinimumWidth(230)
        self.stack.addWidget(self.drop)
        self.stack.addWidget(splitter)
        below = QHBoxLayout()
        below.setSpacing(tokens.SPACE_S)
        below.addWidget(self.sum)
        below.addWidget(self.bar, 1)
        below.addWidget(self.stop_button)
        self.body.addWidget(self.stack, 1)
        self.body.addLayout(below)
