"""From a face in the live picture to its enrolment, or to the customer that it is known to be."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QWidget

from netcafe_face.domain.people import Customer, Presence
from netcafe_face.domain.results import SeenFace
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.customer_actions import enrolled_text
from netcafe_face.gui.enrol_dialog import EnrolDialog, EnrolStart
from netcafe_face.gui.message_bar import MessageBar, Tone
from netcafe_face.gui.picture_view import PictureView
from netcafe_face.gui.shots import LiveFace
from netcafe_face.i18n import _


class LiveEnrol(QWidget):
    """Opens the dialog for a face that was chosen in the picture.

    Signals:
        wanted: (code) somebody wants to see this customer.
    """

    wanted = pyqtSignal(str)

    def __init__(self, context: GuiContext, picture: PictureView, message: MessageBar, page: QWidget) -> None:
        super().__init__(page)
        self.hide()
        self._context, self._picture, self._message = context, picture, message
        picture.face_chosen.connect(self.choose)

    def choose_any(self) -> None:
        """Take the only face there is, or ask for a click on one."""
        faces = self._picture.faces
        if len(faces) == 1:
            self.choose(faces[0])
        elif faces:
            self._message.show_text(Tone.INFO, lambda: _("Click the face to enrol in the picture."))
            self._picture.setFocus()

    def choose(self, seen: SeenFace) -> None:
        """Say who it is if that is known, else open an enrolment that begins with this face."""
        result, label = self._picture.result, seen.label
        if result is None:
            return
        person = self._context.cafe.gallery.snapshot.people.get(label.customer_id or 0)
        if person is not None and label.presence in (Presence.KNOWN, Presence.BANNED):
            self._message.show_text(
                Tone.INFO,
                lambda: _("This is {name} ({code}).").format(name=person.name, code=person.code),
                lambda: _("Show in Customers"),
                lambda: self.wanted.emit(person.code),
            )
            return
        face = LiveFace(result.frame_bgr, seen.face)
        start = EnrolStart(face=face, another=lambda: self._same_face(label.track_id))
        dialog = EnrolDialog(self._context, start, self.parentWidget())
        dialog.enrolled.connect(self._enrolled)
        dialog.open()

    def _same_face(self, track_id: int) -> LiveFace | None:
        """Return the face of the same track in the newest frame, or the only one there is."""
        result = self._picture.result
        if result is None:
            return None
        same = [seen for seen in result.faces if track_id and seen.label.track_id == track_id]
        found = same or (list(result.faces) if len(result.faces) == 1 else [])
        return LiveFace(result.frame_bgr, found[0].face) if found else None

    def _enrolled(self, customer: Customer) -> None:
        self._message.show_text(Tone.GOOD, lambda: enrolled_text(customer))
