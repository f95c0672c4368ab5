"""Frames for a loop that does the work itself: every one of a file, the newest of a camera."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from netcafe_face.camera.frames import Frame, FrameSource
from netcafe_face.camera.worker import CapturePhase, CaptureRules, CaptureState, CaptureWorker
from netcafe_face.domain.errors import NetcafeError
from netcafe_face.pipeline.mailbox import Mailbox

FIRST_TRIES = 3
"""A camera that has never given a picture is given up after so many tries: somebody waits for it."""


class FrameFeed(contextlib.AbstractContextManager["FrameFeed"]):
    """A source as a loop reads it; to be used in a `with` block.

    A file waits until it is asked for the next frame, so nothing of it is missed while the loop is busy or
    pauses. A camera is read on a thread of its own, which opens it again when it fails, and gives the newest
    frame.

    Args:
        opener: makes the source, again for every new try.
        is_camera: whether frames come whether they are read or not.
        rules: when a camera counts as broken.
    """

    def __init__(
        self, opener: Callable[[], FrameSource], is_camera: bool, rules: CaptureRules | None = None
    ) -> None:
        self._opener = opener
        self.is_camera = is_camera
        self._mailbox: Mailbox[Frame] = Mailbox()
        self._worker = CaptureWorker(opener, self._mailbox.put, self._changed, rules)
        self._state: CaptureState | None = None
        self._file: FrameSource | None = None
        self._came = self.ended = False

    @property
    def problem(self) -> NetcafeError | None:
        """Return why a camera gives no pictures now, or None while it does."""
        state = self._state
        return state.reason if state is not None and state.phase is CapturePhase.RECONNECTING else None

    def __enter__(self) -> FrameFeed:
        """Open it.

        Raises:
            InputError: a file is unusable.
        """
        if self.is_camera:
            self._worker.start()
        else:
            self._file = self._opener()
            self._file.open()
        return self

    def __exit__(self, *raised: object) -> None:
        """Give the camera or file back."""
        if self._file is not None:
            self._file.close()
        else:
            self._worker.stop()
            self._mailbox.close()

    def next(self, timeout_s: float = 0.25) -> Frame | None:
        """Return the next frame; None when a camera gives none in time, or after the last one (`ended`).

        Raises:
            NetcafeError: the source cannot be used, and trying again does not help.
        """
        if self._file is not None:
            frame = self._file.read()
            self.ended = frame is None
            return frame
        frame = self._mailbox.take(timeout_s)
        self._worker.check()
        state = self._state
        self._came = self._came or frame is not None
        if state is not None and state.reason is not None and self._hopeless(state):
            raise state.reason
        self.ended = frame is None and state is not None and state.phase is CapturePhase.ENDED
        return frame

    def _hopeless(self, state: CaptureState) -> bool:
        again_and_again = state.phase is CapturePhase.RECONNECTING and state.attempt >= FIRST_TRIES
        return state.phase is CapturePhase.FAILED or (again_and_again and not self._came)

    def _changed(self, state: CaptureState) -> None:
        self._state = state
