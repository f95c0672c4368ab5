"""The warning that a new customer looks like one who is enrolled already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from netcafe_face.domain.people import Customer, CustomerStatus
from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.message_bar import MessageBar, Tone
from netcafe_face.i18n import _

if TYPE_CHECKING:
    from netcafe_face.pipeline.enrolment import JudgedPicture


class Likeness(QWidget):
    """Hidden until somebody looks alike; then it asks: the same person, or somebody else?

    Signals:
        changed: it came, went, or was answered.
        taken: (Customer) it is the enrolled one.
        failed: (NetcafeError) the enrolled one could not be read.
    """

    changed = pyqtSignal()
    taken = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self, context: GuiContext) -> None:
        super().__init__()
        self._context = context
        self._like: Customer | None = None
        self._looking = 0
        self.warning, self.box = MessageBar(closable=False), QCheckBox()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(tokens.SPACE_S)
        layout.addWidget(self.warning)
        layout.addWidget(self.box)
        self.box.toggled.connect(self.changed)
        self.warning.acted.connect(self._take)
        self.hide()

    @property
    def looking(self) -> bool:
        """Return whether the one who looks alike is being read."""
        return self._looking > 0

    @property
    def undecided(self) -> bool:
        """Return whether somebody looks alike and nobody has said who it is."""
        return self._like is not None and not self.box.isChecked()

    @property
    def somebody_else(self) -> bool:
        """Return whether a person said that it is somebody else."""
        return self._like is not None and self.box.isChecked()

    def retranslate(self) -> None:
        """Set every text anew."""
        self.box.setText(_("It is somebody else, such as a twin: enrol &anyway"))
        self.warning.retranslate()

    def look(self, shots: Sequence[JudgedPicture], customer: Customer | None) -> None:
        """Look for another than `customer` whom good pictures resemble."""
        own = customer.id if customer is not None else 0
        likes = [shot.lookalike for shot in shots if shot.good]
        others = [like for like in likes if like is not None and like.customer_id != own]
        best = max(others, key=lambda like: like.similarity, default=None)
        gallery = self._context.cafe.gallery
        person = gallery.snapshot.people.get(best.customer_id) if best is not None else None
        if best is None or person is None:
            self._forget()
            return
        similarity = best.similarity
        self._looking += 1
        job = self._context.workers.start(
            lambda _job: gallery.customer(person.code),
            lambda found: self._warn(found, similarity),
            self.failed.emit,
            owner=self,
            key="likeness",
        )
        job.finished.connect(self._looked)

    def _looked(self) -> None:
        self._looking -= 1
        self.changed.emit()

    def _forget(self) -> None:
        self._like = None
        self.box.setChecked(False)
        self.hide()

    def _warn(self, customer: Customer, similarity: float) -> None:
        self._like = customer
        details = {"name": customer.name, "code": customer.code, "similarity": f"{similarity:.2f}"}

        def text() -> str:
            if customer.status is CustomerStatus.BANNED:
                return _("This may be {name} ({code}), who is banned. Similarity {similarity}.").format(
                    **details
                )
            return _("This may be {name} ({code}), who is enrolled already. Similarity {similarity}.").format(
                **details
            )

        self.warning.show_text(Tone.WARNING, text, lambda: _("Add to {code}").format(**details))
        self.show()

    def _take(self) -> None:
        if (customer := self._like) is not None:
            self._forget()
            self.taken.emit(customer)
