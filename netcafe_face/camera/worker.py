"""The thread that owns one source: it reads, keeps pace, notices what is wrong, and tries again."""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from netcafe_face.camera.frames import Frame, FrameSource, Interruptible
from netcafe_face.camera.pace import Pacer, backoff_s
from netcafe_face.domain.errors import (
    N_,
    CameraError,
    NetcafeError,
    SourceFrozen,
    SourceStalled,
    SourceUnavailable,
)

log = logging.getLogger(__name__)


class CapturePhase(Enum):
    """What a source is doing."""

    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True)
class CaptureState:
    """What a source is doing, and why.

    Attributes:
        attempt: how many times it failed in a row; 0 while all is well.
        since_s: monotonic seconds when it began: to be live, or to have no picture.
        reason: what is wrong, to be shown with `explain`; None while all is well.
    """

    phase: CapturePhase
    since_s: float
    attempt: int = 0
    reason: NetcafeError | None = None


@dataclass(frozen=True)
class CaptureRules:
    """When a source counts as broken or as well again.

    Attributes:
        frozen_s: how long a camera may repeat exactly the same picture; noise changes every real one.
        settled_s: how long a camera must give pictures before earlier failures are forgotten.
        stalled_s: how long one open or read may take before the source is reported as stalled.
        backoff_s: the pause before a new try, by its number from 1.
    """

    frozen_s: float = 30.0
    settled_s: float = 10.0
    stalled_s: float = 12.0
    backoff_s: Callable[[int], float] = backoff_s


class CaptureWorker:
    """Reads one source on its own thread until it ends or is stopped.

    A camera that fails is opened again with back-off, for ever; a file or folder that cannot be used fails
    at once. Both callbacks are called on the capture thread and must be quick.

    Args:
        opener: makes the source; called again for every new try.
        sink: gets every frame.
        on_state: gets every change of state.
    """

    def __init__(
        self,
        opener: Callable[[], FrameSource],
        sink: Callable[[Frame], None],
        on_state: Callable[[CaptureState], None],
        rules: CaptureRules | None = None,
    ) -> None:
        self._opener = opener
        self._sink = sink
        self._on_state = on_state
        self._rules = rules or CaptureRules()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._state = CaptureState(CapturePhase.CONNECTING, time.monotonic())
        self._source: FrameSource | None = None
        self._busy_since_s: float | None = None
        self._failures = 0
        self._watch = _PictureWatch(self._rules.frozen_s)

    @property
    def state(self) -> CaptureState:
        """Return what the source is doing now."""
        with self._lock:
            return self._state

    def start(self) -> None:
        """Begin to read; a worker is started once."""
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> bool:
        """Stop reading, and wait for the thread at most `timeout_s`.

        A source that hangs is left to its thread, which gives it back as soon as it wakes up and hands out
        nothing any more. Returns whether the thread has ended.
        """
        self._stopping.set()
        source = self._source
        if isinstance(source, Interruptible):
            source.interrupt()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        ended = not self._thread.is_alive()
        if not ended:
            log.warning("a source hangs; its thread is left behind")
        return ended

    def check(self) -> None:
        """Report a source that hangs in one call; to be called now and then by another thread."""
        busy_since_s = self._busy_since_s
        if busy_since_s is None:
            return
        waited_s = time.monotonic() - busy_since_s
        if waited_s > self._rules.stalled_s and self.state.phase in (
            CapturePhase.CONNECTING,
            CapturePhase.LIVE,
        ):
            name = self._source.name if self._source is not None else N_("The source")
            self._publish(CapturePhase.RECONNECTING, SourceStalled(source=name, seconds=round(waited_s)))

    def _run(self) -> None:
        try:
            while not self._stopping.is_set() and self._one_try():
                self._stopping.wait(self._rules.backoff_s(self._failures))
        except Exception as error:
            log.exception("the capture thread failed")
            reason = type(error).__name__
            self._publish(CapturePhase.FAILED, SourceUnavailable(source=N_("The source"), reason=reason))

    def _one_try(self) -> bool:
        """Open the source and read it as long as it goes well; return whether to try again."""
        try:
            self._busy_since_s = time.monotonic()
            self._watch.reopened()
            self._source = source = self._opener()
            if self._stopping.is_set():  # `stop` may have looked for a source to interrupt before it was set
                return False
            try:
                source.open()
                self._read_all(source)
            finally:
                self._busy_since_s = None
                source.close()
        except CameraError as error:
            self._failures += 1
            self._publish(CapturePhase.RECONNECTING, error)
            return True
        except NetcafeError as error:
            self._publish(CapturePhase.FAILED, error)
            return False
        self._publish(CapturePhase.ENDED, None)
        return False

    def _read_all(self, source: FrameSource) -> None:
        pacer = Pacer()
        while not self._stopping.is_set():
            self._busy_since_s = time.monotonic()
            frame = source.read()
            self._busy_since_s = None
            if frame is None:
                return
            if frame.position_s is None:
                if self._watch.repeats(frame, source.name):
                    continue
            elif source.realtime:
                self._stopping.wait(pacer.wait_s(frame.position_s, time.monotonic()))
                frame = replace(frame, captured_at_s=time.monotonic())
            if not self._stopping.is_set():
                self._arrived(frame)

    def _arrived(self, frame: Frame) -> None:
        state = self.state
        if state.phase is not CapturePhase.LIVE:
            self._publish(CapturePhase.LIVE, None)
        elif self._failures and frame.captured_at_s - state.since_s >= self._rules.settled_s:
            self._failures = 0
        self._sink(frame)

    def _publish(self, phase: CapturePhase, reason: NetcafeError | None) -> None:
        if self._stopping.is_set():
            return
        with self._lock:
            before = self._state
            # A camera that fails again has been without a picture since it first did.
            same = before.phase is phase and phase is CapturePhase.RECONNECTING
            since_s = before.since_s if same else time.monotonic()
            attempt = self._failures if phase is CapturePhase.RECONNECTING else 0
            self._state = state = CaptureState(phase, since_s, attempt, reason)
        self._on_state(state)


class _PictureWatch:
    """Notices a camera that gives the same picture over and over, even across a reconnection."""

    def __init__(self, frozen_s: float) -> None:
        self._frozen_s = frozen_s
        self._sum: int | None = None
        self._since_s: float | None = None
        self._frozen = False

    def reopened(self) -> None:
        """Give the camera its full time again to show another picture."""
        self._since_s = None

    def repeats(self, frame: Frame, name: str) -> bool:
        """Return whether this is still the picture that was found frozen before.

        Raises:
            SourceFrozen: the same picture has come for too long.
        """
        # Every fourth pixel is enough: noise is everywhere, and it costs a tenth of a millisecond.
        checksum = zlib.crc32(frame.image_bgr[::4, ::4].tobytes())
        now_s = frame.captured_at_s
        if checksum != self._sum:
            self._sum, self._since_s, self._frozen = checksum, now_s, False
        elif self._since_s is None:
            self._since_s = now_s
        elif now_s - self._since_s >= self._frozen_s:
            self._frozen = True
            raise SourceFrozen(source=name, seconds=round(now_s - self._since_s))
        return self._frozen
