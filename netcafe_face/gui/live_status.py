"""What the source of the live picture is doing, in the bar above it and in its place."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from netcafe_face.domain.errors import ModelError, NetcafeError
from netcafe_face.gui.empty_state import EmptyState
from netcafe_face.gui.live_rows import lasting
from netcafe_face.gui.message_bar import MessageBar, Tone
from netcafe_face.i18n import _

if TYPE_CHECKING:
    from netcafe_face.camera.worker import CapturePhase
    from netcafe_face.pipeline.live import LiveState


class LiveStatus:
    """Words for a source that is off, on its way, or in trouble.

    Attributes:
        bar: above the picture; it lasts as long as the trouble.
        empty: in place of the picture while there is none.
        somebody: whether anybody is enrolled.

    Args:
        to_settings: shows the page where another model pack can be chosen.
    """

    def __init__(self, to_settings: Callable[[], object]) -> None:
        self._to_settings = to_settings
        self.bar, self.empty = MessageBar(closable=False), EmptyState("live", "play")
        self.state: LiveState | None = None
        self.somebody = False
        self._name = ""

    def show(self, running: bool, starting: bool, name: str, state: LiveState | None) -> None:
        """Say it anew.

        Args:
            running: whether a source was started and not stopped since.
            starting: whether its networks are still being loaded.
            name: the source's, for people.
            state: what the session told last.
        """
        from netcafe_face.camera.worker import CapturePhase

        self.state, self._name = state, name
        self._show_bar(starting)
        if running and self._phase() is CapturePhase.FAILED:
            self.empty.set_texts(_("No picture"), _("What is wrong is said above."))
            return
        if running:
            self.empty.set_texts(_("No picture yet"), _("It appears here as soon as the source gives one."))
            return
        first = _("Choose a camera above and press Start. Then click a face in the picture to enrol it.")
        hint = _("Choose a source above and press Start.") if self.somebody else first
        self.empty.set_texts(_("The camera is off"), hint, _("Start"))

    def _show_bar(self, starting: bool) -> None:
        from netcafe_face.camera.worker import CapturePhase

        bar, state, phase = self.bar, self.state, self._phase()
        if starting:
            bar.show_text(Tone.INFO, lambda: _("Getting ready…"))
        elif state is not None and phase is CapturePhase.LIVE and state.problem is not None:
            self._show_problem(state.problem)
        elif state is None or phase is CapturePhase.LIVE:
            bar.hide()
        elif phase is CapturePhase.CONNECTING:
            bar.show_text(Tone.INFO, lambda: _("Connecting to {source}…").format(source=self._name))
        elif phase is CapturePhase.RECONNECTING:
            bar.show_text(Tone.WARNING, self._reconnecting_text)
        elif phase is CapturePhase.FAILED:
            bar.show_text(Tone.BAD, self._reason_text, lambda: _("Try again"))
        else:
            bar.show_text(Tone.INFO, self._ended_text, lambda: _("Play again"))

    def _show_problem(self, problem: NetcafeError) -> None:
        if isinstance(problem, ModelError):
            self.bar.show_text(
                Tone.BAD, lambda: problem.explain(_), lambda: _("Open the settings"), self._to_settings
            )
        else:
            self.bar.show_error(problem)

    def _phase(self) -> CapturePhase | None:
        return self.state.capture.phase if self.state is not None else None

    def _ended_text(self) -> str:
        return _("{source} has ended.").format(source=self._name)

    def _reason_text(self) -> str:
        reason = self.state.capture.reason if self.state is not None else None
        return reason.explain(_) if reason is not None else ""

    def _reconnecting_text(self) -> str:
        if self.state is None:
            return ""
        capture = self.state.capture
        trying = _("Trying again by itself: attempt {attempt}, no picture for {time}.").format(
            attempt=capture.attempt, time=lasting(time.monotonic() - capture.since_s)
        )
        return f"{self._reason_text()} {trying}"
