"""Verify: drop two pictures, see whether they show the same person."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QFileDialog, QHBoxLayout, QProgressBar

from netcafe_face.domain.errors import InputError, NetcafeError, SeveralFaces
from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.images import to_qimage
from netcafe_face.gui.message_bar import Tone
from netcafe_face.gui.page import Page
from netcafe_face.gui.pages.verify_answer import VerifyAnswer
from netcafe_face.gui.picture_drop import PictureDrop
from netcafe_face.gui.widgets import Button, label
from netcafe_face.gui.work import Job
from netcafe_face.i18n import _
from netcafe_face.pipeline.verify import FaceChoice, Verification, Verifier
from netcafe_face.vision.images import IMAGE_SUFFIXES, read_image

PREVIEW_PX = 900


def is_picture(path: Path) -> bool:
    """Return whether a path looks like a picture file."""
    return path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES


class VerifyPage(Page):
    """Two places for pictures and the answer below them."""

    key = "verify"
    icon_name = "verify"

    def __init__(self, context: GuiContext) -> None:
        super().__init__(context)
        self.paths: list[Path | None] = [None, None]
        self.slots = (PictureDrop(is_picture), PictureDrop(is_picture))
        self.answer = VerifyAnswer()
        self.waiting, self.hint = QProgressBar(), label("muted", wrap=True)
        self.clear_button = Button(icon_name="close")
        self.swap_button = Button(icon_name="refresh")
        self._lay_out()
        for index, slot in enumerate(self.slots):
            slot.dropped.connect(lambda paths, at=index: self.take(at, paths))
            slot.refused.connect(self._refuse)
            slot.pressed.connect(lambda at=index: self._browse(at))
        self.clear_button.clicked.connect(self.clear)
        self.swap_button.clicked.connect(self.swap)
        self.message.acted.connect(lambda: self.compare(FaceChoice.LARGEST))
        self.retranslate()

    def title(self) -> str:
        """Return the page's name."""
        return _("Verify")

    def explanation(self) -> str:
        """Return what the page is for."""
        return _("Do two pictures show the same person? Nothing is stored, and nobody needs to be enrolled.")

    def retranslate(self) -> None:
        """Set every text anew."""
        super().retranslate()
        titles = (_("Picture A"), _("Picture B"))
        for slot, title in zip(self.slots, titles, strict=True):
            slot.set_texts(
                title, "" if slot.has_picture else _("Drop a picture here, or press to choose one.")
            )
        self.clear_button.setText(_("Start over"))
        self.swap_button.setText(_("Swap"))
        self.waiting.setFormat(_("Comparing…"))
        self.hint.setText(
            _("Drop both at once if you like. The best pictures show one face, sharp and from the front.")
        )
        self.answer.retranslate()

    def on_shown(self) -> None:
        """Put the keyboard where the next step is."""
        self.slots[1 if self.paths[0] is not None and self.paths[1] is None else 0].setFocus()

    def take(self, at: int, paths: list[Path]) -> None:
        """Put one picture into a place, or two into both."""
        if len(paths) >= 2:
            self._set(0, paths[0])
            self._set(1, paths[1])
        elif paths:
            self._set(at, paths[0])
        if None not in self.paths:
            self.compare()

    def compare(self, choice: FaceChoice = FaceChoice.ONLY) -> None:
        """Compare the two pictures."""
        first, second = self.paths
        if first is None or second is None:
            return
        cafe, pictures = self.context.cafe, (first, second)

        def work(_job: Job) -> Verification:
            return Verifier(cafe.recognizer(), choice).verify(*pictures)

        self.answer.show_answer(None)
        self.message.hide()
        self.waiting.show()
        self.context.workers.start(work, self._answered, self._refused, owner=self, key="verify")

    def clear(self) -> None:
        """Take both pictures away."""
        self.paths = [None, None]
        for slot in self.slots:
            slot.show_picture(None)
        self.answer.show_answer(None)
        self.message.hide()
        self._show_buttons()
        self.retranslate()

    def swap(self) -> None:
        """Exchange the two pictures."""
        first, second = self.paths
        if first is not None and second is not None:
            self.take(0, [second, first])

    def _set(self, at: int, path: Path) -> None:
        self.paths[at] = path
        self.answer.show_answer(None)
        slot = self.slots[at]

        def work(_job: Job) -> QImage:
            return to_qimage(read_image(path)).scaled(
                PREVIEW_PX,
                PREVIEW_PX,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )

        def done(image: QImage) -> None:
            slot.show_picture(image, path.name)

        def failed(error: NetcafeError) -> None:
            self.paths[at] = None
            slot.show_picture(None)
            self.message.show_error(error)
            self._show_buttons()

        self.context.workers.start(work, done, failed, owner=self, key=f"verify-picture-{at}")
        self._show_buttons()

    def _answered(self, verification: Verification) -> None:
        self.waiting.hide()
        self.answer.show_answer(verification)

    def _refused(self, error: NetcafeError) -> None:
        self.waiting.hide()
        pictures = [path for path in self.paths if path is not None]

        def words() -> str:
            text = error.explain(_)
            for path in pictures:
                text = text.replace(str(path), path.name)
            return text

        def action() -> str:
            return _("Compare the largest faces") if isinstance(error, SeveralFaces) else ""

        tone = Tone.WARNING if isinstance(error, InputError) else Tone.BAD
        self.message.show_text(tone, words, action)

    def _refuse(self, paths: list[Path]) -> None:
        self.message.show_text(Tone.WARNING, lambda: _("{name} is not a picture.").format(name=paths[0].name))

    def _browse(self, at: int) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        chosen, _kind = QFileDialog.getOpenFileNames(
            self, _("Choose a picture"), "", f"{_('Pictures')} ({patterns})"
        )
        self.take(at, [Path(name) for name in chosen])

    def _show_buttons(self) -> None:
        self.clear_button.setVisible(self.paths != [None, None])
        self.swap_button.setVisible(None not in self.paths)
        self.hint.setVisible(None in self.paths)

    def _lay_out(self) -> None:
        self.header.add_action(self.swap_button)
        self.header.add_action(self.clear_button)
        self.waiting.setRange(0, 0)
        self.waiting.hide()
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_M)
        for slot in self.slots:
            row.addWidget(slot, 1)
        self.body.addLayout(row, 1)
        self.body.addWidget(self.hint)
        self.body.addWidget(self.waiting)
        self.body.addWidget(self.answer)
        self._show_buttons()
