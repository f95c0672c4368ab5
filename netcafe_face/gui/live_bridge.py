"""From the session's threads to the GUI thread, keeping only the newest of everything."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, pyqtSignal

from netcafe_face.domain.results import FrameResult

if TYPE_CHECKING:
    from netcafe_face.camera.frames import Frame
    from netcafe_face.pipeline.live import LiveState


class LiveBridge(QObject):
    """Call the `put_…` methods on any thread; the signals are emitted on the GUI thread.

    However fast results come and however slow the window is, at most one event waits, and it delivers the
    newest of each kind: memory does not grow and what is shown is never old.
    """

    frame = pyqtSignal(object)
    result = pyqtSignal(object)
    state = pyqtSignal(object)
    _wake = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._newest: dict[str, object] = {}
        self._waiting = self._closed = False
        self._wake.connect(self._hand_over)

    def put_frame(self, frame: Frame) -> None:
        """Offer a picture that was not searched yet."""
        self._put("frame", frame)

    def put_result(self, result: FrameResult) -> None:
        """Offer a result; it replaces one that was not shown yet."""
        self._put("result", result)

    def put_state(self, state: LiveState) -> None:
        """Offer the session's state; it replaces one that was not shown yet."""
        self._put("state", state)

    def close(self) -> None:
        """Deliver nothing any more."""
        with self._lock:
            self._closed = True
            self._newest.clear()

    def _put(self, kind: str, value: object) -> None:
        with self._lock:
            if self._closed:
                return
            self._newest[kind] = value
            ring, self._waiting = not self._waiting, True
        if ring:
            self._wake.emit()

    def _hand_over(self) -> None:
        with self._lock:
            newest, self._newest = self._newest, {}
            self._waiting = False
        for kind, signal in (("state", self.state), ("frame", self.frame), ("result", self.result)):
            if kind in newest and not self._closed:
                signal.emit(newest[kind])
