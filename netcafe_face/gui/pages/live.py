"""Live: the camera's picture with names, and who is here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.domain.people import Seat
from netcafe_face.domain.results import FrameResult
from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.live_enrol import LiveEnrol
from netcafe_face.gui.live_panel import LivePanel
from netcafe_face.gui.live_run import LiveRun
from netcafe_face.gui.live_status import LiveStatus
from netcafe_face.gui.message_bar import Tone
from netcafe_face.gui.page import Page
from netcafe_face.gui.picture_view import PictureView
from netcafe_face.gui.source_chooser import Choice, SourceChooser
from netcafe_face.gui.trace import trace_startup
from netcafe_face.gui.who_is_here import WhoIsHere
from netcafe_face.gui.widgets import Button, Kind
from netcafe_face.i18n import _

if TYPE_CHECKING:
    from netcafe_face.camera.frames import Frame
    from netcafe_face.pipeline.live import LiveState

NARROW_BELOW_PX = 860
REFRESH_MS = 250
"""How often the side panel follows the picture."""

RESULT_AGE_S = 1.5
"""After how long without a result pictures are shown without boxes: old boxes would be in the wrong place."""


class LivePage(Page):
    """Choose a source, see who is in the picture, enrol a face with a click."""

    key = "live"
    icon_name = "live"

    def __init__(self, context: GuiContext) -> None:
        super().__init__(context)
        self.run = LiveRun(context, self)
        self.chooser, self.picture, self.panel = SourceChooser(context), PictureView(), LivePanel()
        self.start_button, self.stop_button = Button(Kind.PRIMARY, "play"), Button(icon_name="stop")
        self.enrol_button, self.status = (
            Button(icon_name="enrol"),
            LiveStatus(lambda: self.navigate.emit("settings", None)),
        )
        self.empty, self.state_bar = self.status.empty, self.status.bar
        self._enrol = LiveEnrol(context, self.picture, self.message, self)
        self._state: LiveState | None = None
        self._who = WhoIsHere()
        self._result_s = 0.0
        self._hinted = False
        self._lay_out()
        self._connect()
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh_panel)
        self.retranslate()
        self._show_running()
        if context.cafe.is_sample:
            QTimer.singleShot(0, self.start)

    def _lay_out(self) -> None:
        for button in (self.enrol_button, self.stop_button, self.start_button):
            self.header.add_action(button)
        left = QVBoxLayout()
        left.setSpacing(tokens.SPACE_S)
        left.addWidget(self.chooser)
        left.addWidget(self.state_bar)
        stage = QWidget()
        self._stage = QStackedLayout(stage)
        self._stage.addWidget(self.empty)
        self._stage.addWidget(self.picture)
        left.addWidget(stage, 1)
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_M)
        row.addLayout(left, 1)
        row.addWidget(self.panel)
        self.body.addLayout(row, 1)

    def _connect(self) -> None:
        self.start_button.clicked.connect(self.start)
        self.empty.acted.connect(self.start)
        self.chooser.confirmed.connect(self.start)
        self.stop_button.clicked.connect(self.stop)
        self.enrol_button.clicked.connect(self._enrol.choose_any)
        self.picture.name_painted.connect(lambda: trace_startup("name", self.context.started_s))
        self.state_bar.acted.connect(self.start)
        self._enrol.wanted.connect(lambda code: self.navigate.emit("customers", code))
        self.run.frame.connect(self._show_frame)
        self.run.result.connect(self._show_result)
        self.run.state.connect(self._take_state)
        self.run.began.connect(self._began)
        self.run.failed.connect(self._not_started)

    @property
    def has_ended(self) -> bool:
        """Return whether the source has come to its end."""
        from netcafe_face.camera.worker import CapturePhase

        return self._state is not None and self._state.capture.phase is CapturePhase.ENDED

    @property
    def position_s(self) -> float | None:
        """Return how far the picture is within a clip, None without one."""
        return self.picture.result.position_s if self.picture.result is not None else None

    def title(self) -> str:
        """Return the page's name."""
        return _("Live")

    def explanation(self) -> str:
        """Return what the page is for."""
        return _("Who is in front of the camera. Click a face to enrol it.")

    def retranslate(self) -> None:
        """Set every text anew."""
        super().retranslate()
        self.start_button.setText(_("&Start"))
        self.stop_button.setText(_("S&top"))
        self.enrol_button.setText(_("&Enrol this face…"))
        self.picture.setAccessibleName(_("Live picture"))
        self.picture.update()
        for part in (self.chooser, self.panel, self.state_bar):
            part.retranslate()
        self._show_status()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Leave the room to the picture when there is little."""
        super().resizeEvent(event)
        self.panel.set_narrow(self.width() < NARROW_BELOW_PX)

    def on_shown(self) -> None:
        """Look for webcams once, and show what was seen meanwhile."""
        self.chooser.list_webcams_once()
        (self.start_button if self.start_button.isVisibleTo(self) else self.picture).setFocus()
        self._look_who_is_enrolled()

    def receive(self, payload: object) -> None:
        """Lead on to an enrolment for "enrol"."""
        if payload != "enrol":
            return
        if self.run.session is None:
            self.message.show_text(
                Tone.INFO,
                lambda: _("Press Start, then click the face of the person to enrol in the picture."),
            )
        else:
            self._enrol.choose_any()

    def shut_down(self) -> None:
        """Stop the camera and wait for its threads."""
        self._timer.stop()
        self.run.shut_down()

    def start(self) -> None:
        """Start the chosen source; the networks are loaded off the GUI thread."""
        try:
            spec = self.chooser.spec()
        except NetcafeError as error:
            self.message.show_error(error)
            self.chooser.address.setFocus()
            return
        self._forget()
        self.message.hide()
        self.run.start(spec)
        self._show_running()

    def stop(self) -> None:
        """Stop the source."""
        self.run.stop()
        self._forget()
        self._show_running()

    def _forget(self) -> None:
        self._state = None
        self._who = WhoIsHere()
        self.panel.set_seats(())
        self.picture.set_result(None)
        self._stage.setCurrentWidget(self.empty)

    def _began(self, seats: Sequence[Seat]) -> None:
        self._who = WhoIsHere(seats)
        self.panel.set_seats(seats)
        if self.run.spec is not None and self.chooser.choice is not Choice.SAMPLE:
            self.chooser.remember(self.run.spec)
        self._show_running()

    def _not_started(self, error: NetcafeError) -> None:
        self._forget()
        self._show_running()
        self.message.show_error(error)

    def _show_running(self) -> None:
        running = self.run.running
        wanted, other = self.start_button, self.stop_button
        if running:
            wanted, other = other, wanted
        wanted.show()
        if self.focusWidget() is other:
            # Left alone, Qt would put it on whatever comes next.
            wanted.setFocus()
        other.hide()
        self.enrol_button.setEnabled(bool(self.picture.faces))
        self.chooser.setEnabled(not running)
        if running:
            self._timer.start()
        else:
            self._timer.stop()
            self.panel.show_people(self._who, time.monotonic())
        self._show_status()

    def _look_who_is_enrolled(self) -> None:
        """Open the gallery off the GUI thread, so that the window is there first."""

        def done(somebody: bool) -> None:
            self.status.somebody = somebody
            self._show_status()

        cafe = self.context.cafe
        self.context.workers.start(
            lambda _job: bool(cafe.gallery.snapshot.people),
            done,
            self.message.show_error,
            owner=self,
            key="who",
        )

    def _show_frame(self, frame: Frame) -> None:
        """Show a picture while recognition gives none: the networks are being loaded, or it is slow."""
        if self.isVisible() and time.monotonic() - self._result_s > RESULT_AGE_S:
            self.picture.set_frame(frame.image_bgr)
            self._stage.setCurrentWidget(self.picture)
            self.enrol_button.setEnabled(False)

    def _show_result(self, result: FrameResult) -> None:
        self._who.update(result)
        if not self.isVisible():
            return
        self._result_s = time.monotonic()
        self.picture.set_result(result)
        self._stage.setCurrentWidget(self.picture)
        self.enrol_button.setEnabled(bool(result.faces))
        if not result.rule.templates and result.faces and not self._hinted:
            self._hinted = True
            self.message.show_text(
                Tone.INFO, lambda: _("Nobody is enrolled yet. Click a face in the picture to enrol it.")
            )

    def _refresh_panel(self) -> None:
        if not self.isVisible():
            return
        self.panel.show_people(self._who, time.monotonic())
        self._show_status()

    def _take_state(self, state: LiveState) -> None:
        self._state = state
        if self.isVisible():
            self.panel.show_rule(state.rule)
            self.panel.show_rates(state.capture_fps, state.recognition_fps, state.dropped)
            self._show_status()

    def _show_status(self) -> None:
        from netcafe_face.camera.worker import CapturePhase

        phase = self._state.capture.phase if self._state is not None else None
        self.picture.set_dimmed(phase in (CapturePhase.RECONNECTING, CapturePhase.FAILED))
        name = self.run.spec.name if self.run.spec is not None else ""
        self.status.show(self.run.running, self.run.starting, name, self._state)
