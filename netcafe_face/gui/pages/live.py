"""Live: the camera's picture with names, and who is here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.domain.people import Customer, Presence, Seat
from netcafe_face.domain.results import FrameResult, SeenFace
from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.customer_actions import enrolled_text
from netcafe_face.gui.enrol_dialog import EnrolDialog, EnrolStart
from netcafe_face.gui.live_bridge import LiveBridge
from netcafe_face.gui.live_panel import LivePanel, lasting
from netcafe_face.gui.page import Page
from netcafe_face.gui.picture_view import PictureView
from netcafe_face.gui.shots import LiveFace
from netcafe_face.gui.source_chooser import Choice, SourceChooser
from netcafe_face.gui.trace import trace_startup
from netcafe_face.gui.who_is_here import WhoIsHere
from netcafe_face.gui.widgets import Button, EmptyState, Kind, MessageBar, Tone
from netcafe_face.gui.work import Job
from netcafe_face.i18n import _

if TYPE_CHECKING:
    from netcafe_face.camera.frames import Frame
    from netcafe_face.camera.sources import SourceSpec
    from netcafe_face.pipeline.live import LiveSession, LiveState

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
        self.chooser, self.picture, self.panel = SourceChooser(context), PictureView(), LivePanel()
        self.start_button, self.stop_button = Button(Kind.PRIMARY, "play"), Button(icon_name="stop")
        self.enrol_button, self.empty, self.state_bar = (
            Button(icon_name="enrol"),
            EmptyState("live", "play"),
            MessageBar(),
        )
        self._session: LiveSession | None = None
        self._bridge: LiveBridge | None = None
        self._starting: Job | None = None
        self._spec: SourceSpec | None = None
        self._state: LiveState | None = None
        self._who = WhoIsHere()
        self._shown_code = ""
        self._result_s = 0.0
        self._somebody = self._hinted = False
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
        self.enrol_button.clicked.connect(self._enrol_any)
        self.picture.face_chosen.connect(self._face_chosen)
        self.picture.name_painted.connect(lambda: trace_startup("name", self.context.started_s))
        self.state_bar.acted.connect(self.start)
        self.message.acted.connect(lambda: self.navigate.emit("customers", self._shown_code))

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
        self._show_hint()
        self._show_state()

    def on_shown(self) -> None:
        """Look for webcams once, and show what was seen meanwhile."""
        self.chooser.list_webcams_once()
        (self.start_button if self.start_button.isVisibleTo(self) else self.picture).setFocus()
        self._look_who_is_enrolled()

    def receive(self, payload: object) -> None:
        """Lead on to an enrolment for "enrol"."""
        if payload != "enrol":
            return
        if self._session is None:
            self.message.show_text(
                Tone.INFO,
                lambda: _("Press Start, then click the face of the person to enrol in the picture."),
            )
        else:
            self._enrol_any()

    def shut_down(self) -> None:
        """Stop the camera and wait for its threads."""
        self._timer.stop()
        if self._bridge is not None:
            self._bridge.close()
        if self._starting is not None:
            self._starting.cancel()
        session, self._session = self._session, None
        if session is not None:
            session.stop()

    def start(self) -> None:
        """Start the chosen source; the networks are loaded off the GUI thread."""
        cafe = self.context.cafe
        try:
            spec = self.chooser.spec()
        except NetcafeError as error:
            self.message.show_error(error)
            self.chooser.address.setFocus()
            return
        self.stop()
        self.message.hide()
        bridge = LiveBridge()
        bridge.frame.connect(self._show_frame)
        bridge.result.connect(self._show_result)
        bridge.state.connect(self._take_state)
        self._bridge, self._spec = bridge, spec

        def prepare(_job: Job) -> tuple[LiveSession, Sequence[Seat]]:
            session = cafe.live_session(spec, bridge.put_result, bridge.put_state, bridge.put_frame)
            return session, cafe.seats(spec.name)

        self._starting = self.context.workers.start(prepare, self._started, self._not_started, owner=self)
        self._show_running()

    def stop(self) -> None:
        """Stop the source; its threads are waited for off the GUI thread."""
        if self._bridge is not None:
            self._bridge.close()
            self._bridge = None
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
        session, self._session = self._session, None
        if session is not None:
            self.context.workers.start(lambda _job: session.stop())
        self._state = None
        self._who = WhoIsHere()
        self.panel.set_seats(())
        self.picture.set_result(None)
        self._show_running()

    def _started(self, prepared: tuple[LiveSession, Sequence[Seat]]) -> None:
        self._starting = None
        self._session, seats = prepared
        self._who = WhoIsHere(seats)
        self.panel.set_seats(seats)
        self._session.start()
        if self._spec is not None and self.chooser.choice is not Choice.SAMPLE:
            self.chooser.remember(self._spec)
        self._show_running()

    def _not_started(self, error: NetcafeError) -> None:
        self._starting = None
        self.stop()
        self.message.show_error(error)

    def _show_running(self) -> None:
        running = self._session is not None or self._starting is not None
        self.start_button.setVisible(not running)
        self.stop_button.setVisible(running)
        self.enrol_button.setEnabled(bool(self.picture.faces))
        self.chooser.setEnabled(not running)
        self._stage.setCurrentIndex(1 if running else 0)
        if running:
            self._timer.start()
        else:
            self._timer.stop()
            self.panel.show_people(self._who, time.monotonic())
        self._show_state()

    def _show_hint(self) -> None:
        self.empty.set_texts(
            _("The camera is off"),
            _("Choose a source above and press Start.")
            if self._somebody
            else _("Choose a camera above and press Start. Then click a face in the picture to enrol it."),
            _("Start"),
        )

    def _look_who_is_enrolled(self) -> None:
        """Open the gallery off the GUI thread, so that the window is there first."""

        def done(somebody: bool) -> None:
            self._somebody = somebody
            self._show_hint()

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
            self.enrol_button.setEnabled(False)

    def _show_result(self, result: FrameResult) -> None:
        self._who.update(result)
        if not self.isVisible():
            return
        self._result_s = time.monotonic()
        self.picture.set_result(result)
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
        self._show_state()

    def _take_state(self, state: LiveState) -> None:
        self._state = state
        if self.isVisible():
            self.panel.show_rule(state.rule)
            self.panel.show_rates(state.capture_fps, state.recognition_fps, state.dropped)
            self._show_state()

    def _show_state(self) -> None:
        """Say what the source is doing, and while it does not give pictures what to do."""
        from netcafe_face.camera.worker import CapturePhase

        phase = self._state.capture.phase if self._state is not None else None
        self.picture.set_dimmed(phase in (CapturePhase.RECONNECTING, CapturePhase.FAILED))
        bar = self.state_bar
        if self._starting is not None:
            bar.show_text(Tone.INFO, lambda: _("Getting ready…"))
        elif self._state is not None and phase is CapturePhase.LIVE and self._state.problem is not None:
            bar.show_error(self._state.problem)
        elif self._state is None or phase is CapturePhase.LIVE:
            bar.hide()
        elif phase is CapturePhase.CONNECTING:
            bar.show_text(Tone.INFO, lambda: _("Connecting to {source}…").format(source=self._name()))
        elif phase is CapturePhase.RECONNECTING:
            bar.show_text(Tone.WARNING, self._reconnecting_text)
        elif phase is CapturePhase.FAILED:
            bar.show_text(Tone.BAD, self._reason_text, lambda: _("Try again"))
        else:
            bar.show_text(Tone.INFO, self._ended_text, lambda: _("Play again"))

    def _name(self) -> str:
        return self._spec.name if self._spec is not None else ""

    def _ended_text(self) -> str:
        return _("{source} has ended.").format(source=self._name())

    def _reason_text(self) -> str:
        reason = self._state.capture.reason if self._state is not None else None
        return reason.explain(_) if reason is not None else ""

    def _reconnecting_text(self) -> str:
        state = self._state
        if state is None:
            return ""
        trying = _("Trying again by itself: attempt {attempt}, no picture for {time}.").format(
            attempt=state.capture.attempt, time=lasting(time.monotonic() - state.capture.since_s)
        )
        return f"{self._reason_text()} {trying}"

    def _enrol_any(self) -> None:
        faces = self.picture.faces
        if len(faces) == 1:
            self._face_chosen(faces[0])
        elif faces:
            self.message.show_text(Tone.INFO, lambda: _("Click the face to enrol in the picture."))
            self.picture.setFocus()

    def _face_chosen(self, seen: SeenFace) -> None:
        result = self.picture.result
        if result is None:
            return
        label = seen.label
        person = self.context.cafe.gallery.snapshot.people.get(label.customer_id or 0)
        if person is not None and label.presence in (Presence.KNOWN, Presence.BANNED):
            self._shown_code = person.code
            self.message.show_text(
                Tone.INFO,
                lambda: _("This is {name} ({code}).").format(name=person.name, code=person.code),
                lambda: _("Show in Customers"),
            )
            return
        dialog = EnrolDialog(
            self.context,
            EnrolStart(
                face=LiveFace(result.frame_bgr, seen.face), another=lambda: self._same_face(label.track_id)
            ),
            self,
        )
        dialog.enrolled.connect(self._enrolled)
        dialog.open()

    def _same_face(self, track_id: int) -> LiveFace | None:
        """Return the face of the same track in the newest frame, or the only one there is."""
        result = self.picture.result
        if result is None:
            return None
        same = [seen for seen in result.faces if track_id and seen.label.track_id == track_id]
        found = same or (list(result.faces) if len(result.faces) == 1 else [])
        return LiveFace(result.frame_bgr, found[0].face) if found else None

    def _enrolled(self, customer: Customer) -> None:
        self.message.show_text(Tone.GOOD, lambda: enrolled_text(customer))
