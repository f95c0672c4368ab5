"""One source under way: made off the GUI thread, heard through a bridge, stopped without waiting here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, pyqtSignal

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.live_bridge import LiveBridge
from netcafe_face.gui.work import Job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netcafe_face.camera.sources import SourceSpec
    from netcafe_face.domain.people import Seat
    from netcafe_face.pipeline.live import LiveSession


class LiveRun(QObject):
    """Starts and stops live sessions, one at a time.

    Signals:
        frame, result, state: the newest of each, as `LiveBridge` gives them.
        began: (seats) the networks are loaded and the source is being opened.
        failed: (NetcafeError) it could not begin.
    """

    frame = pyqtSignal(object)
    result = pyqtSignal(object)
    state = pyqtSignal(object)
    began = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self, context: GuiContext, parent: QObject) -> None:
        super().__init__(parent)
        self.spec: SourceSpec | None = None
        self.session: LiveSession | None = None
        self.bridge: LiveBridge | None = None
        self._context = context
        self._starting: Job | None = None

    @property
    def starting(self) -> bool:
        """Return whether the networks are being loaded for it."""
        return self._starting is not None

    @property
    def running(self) -> bool:
        """Return whether a source runs or is about to."""
        return self.session is not None or self.starting

    def start(self, spec: SourceSpec) -> None:
        """Start a source; one that runs is stopped first."""
        self.stop()
        cafe, bridge = self._context.cafe, LiveBridge()
        bridge.frame.connect(self.frame)
        bridge.result.connect(self.result)
        bridge.state.connect(self.state)
        self.bridge, self.spec = bridge, spec

        def prepare(_job: Job) -> tuple[LiveSession, Sequence[Seat]]:
            session = cafe.live_session(spec, bridge.put_result, bridge.put_state, bridge.put_frame)
            return session, cafe.seats(spec.name)

        self._starting = self._context.workers.start(prepare, self._prepared, self._not_prepared, owner=self)

    def stop(self) -> None:
        """Stop the source; its threads are waited for off the GUI thread."""
        if (session := self._let_go()) is not None:
            self._context.workers.start(lambda _job: session.stop(), must_finish=True)

    def shut_down(self) -> None:
        """Stop the source and wait for its threads."""
        if (session := self._let_go()) is not None:
            session.stop()

    def _let_go(self) -> LiveSession | None:
        if self.bridge is not None:
            self.bridge.close()
            self.bridge = None
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
        session, self.session = self.session, None
        return session

    def _prepared(self, prepared: tuple[LiveSession, Sequence[Seat]]) -> None:
        self._starting = None
        self.session, seats = prepared
        self.session.start()
        self.began.emit(seats)

    def _not_prepared(self, error: NetcafeError) -> None:
        self._let_go()
        self.failed.emit(error)
