"""After a change of the model pack: learning the kept face pictures anew, with progress and a way to stop."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from PyQt6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.message_bar import MessageBar, Tone
from netcafe_face.gui.settings_words import move_words, waiting_words
from netcafe_face.gui.widgets import Button, label
from netcafe_face.gui.work import Job
from netcafe_face.i18n import _


@dataclass(frozen=True)
class MoveOutcome:
    """How many customers the pack in use has learned, can still learn, and cannot learn."""

    learned: int
    left: int
    to_reenrol: int


class PackMove(QWidget):
    """Shown while it runs; the outcome goes to the page's message bar."""

    def __init__(self, context: GuiContext, message: MessageBar) -> None:
        super().__init__()
        self._context, self._message = context, message
        self._job: Job | None = None
        self._stopped = threading.Event()
        self._words, self.bar, self.stop_button = label("muted"), QProgressBar(), Button(icon_name="stop")
        self.stop_button.clicked.connect(self.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_S)
        row.addWidget(self._words)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop_button)
        self.hide()
        self.retranslate()

    @property
    def running(self) -> bool:
        """Return whether pictures are being learned."""
        return self._job is not None

    def retranslate(self) -> None:
        """Set every text anew."""
        self._words.setText(_("Learning the kept face pictures…"))
        self.bar.setFormat("%v / %m")
        self.bar.setAccessibleName(_("Customers learned"))
        self.stop_button.setText(_("Stop"))

    def offer(self) -> None:
        """Say it, with a button, if the pack in use could learn somebody from kept pictures."""
        gallery = self._context.cafe.gallery

        def count(_job: Job) -> int:
            return len(gallery.pack_change(gallery.snapshot.pack_id).reembeddable)

        def done(waiting: int) -> None:
            if waiting and not self.running and self._message.isHidden():
                self._message.show_text(
                    Tone.INFO, lambda: waiting_words(waiting), lambda: _("Learn them now"), self.run
                )

        self._context.workers.start(count, done, self._message.show_error, owner=self, key="pack-offer")

    def run(self) -> None:
        """Learn what there is; what was learned stays if it is stopped."""
        self.stop()
        cafe, stopped = self._context.cafe, threading.Event()

        def work(job: Job) -> MoveOutcome:
            gallery = cafe.gallery
            before = gallery.pack_change(gallery.snapshot.pack_id)
            customers: set[int] = set()
            job.report(0, len(before.reembeddable))
            for template in cafe.enrolment().reembed():
                customers.add(template.customer_id)
                job.report(len(customers), len(before.reembeddable))
                if stopped.is_set() or job.cancelled:
                    break
            after = gallery.pack_change(gallery.snapshot.pack_id)
            learned = len(set(before.reembeddable) - set(after.reembeddable))
            return MoveOutcome(learned, len(after.reembeddable), len(after.to_reenrol))

        self._stopped = stopped
        self._message.hide()
        self.bar.setRange(0, 0)
        self.show()
        job = self._context.workers.start(work, self._done, self._failed, owner=self, key="pack-move")
        job.progress.connect(self._progress)
        job.finished.connect(lambda: self._finished(job))
        self._job = job

    def stop(self) -> None:
        """Stop after the picture under way."""
        self._stopped.set()

    def _progress(self, done: int, total: int, _text: str) -> None:
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)

    def _done(self, outcome: MoveOutcome) -> None:
        tone = Tone.WARNING if outcome.left or outcome.to_reenrol else Tone.GOOD
        action = (lambda: _("Go on")) if outcome.left and self._stopped.is_set() else str
        self._message.show_text(tone, lambda: move_words(outcome), action, self.run)

    def _failed(self, error: NetcafeError) -> None:
        self._message.show_error(error)

    def _finished(self, job: Job) -> None:
        if self._job is job:
            self._job = None
            self.hide()
