"""A live session: one source watched by two threads, with a one-slot mailbox between them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from netcafe_face.camera.frames import Frame, FrameSource
from netcafe_face.camera.worker import CaptureRules, CaptureState, CaptureWorker
from netcafe_face.domain.errors import GalleryError, NetcafeError, RecognitionFailed
from netcafe_face.domain.faces import Image
from netcafe_face.domain.matching import DecisionRule
from netcafe_face.domain.people import Seat
from netcafe_face.domain.results import Face, FrameResult
from netcafe_face.gallery.index import IndexSnapshot
from netcafe_face.pipeline.mailbox import Mailbox
from netcafe_face.pipeline.rate import Rate
from netcafe_face.pipeline.visit_book import Moment
from netcafe_face.pipeline.visit_log import VisitGallery, VisitLog, end_interrupted
from netcafe_face.pipeline.watch import SourceWatch, WatchRules

log = logging.getLogger(__name__)

_TICK_S = 0.25


class FaceRecognizer(Protocol):
    """What a session needs of the recogniser."""

    @property
    def pack_id(self) -> str:
        """Return the model pack that its networks belong to."""
        ...

    def recognise(self, image_bgr: Image, snapshot: IndexSnapshot) -> tuple[Face, ...]:
        """Find and match the faces of uint8 (h, w, 3) BGR."""
        ...

    def rule(self, snapshot: IndexSnapshot) -> DecisionRule:
        """Return the identification rule in force."""
        ...


@dataclass(frozen=True)
class LiveState:
    """How a session is doing.

    Attributes:
        capture: what the source is doing.
        capture_fps, recognition_fps: over the last two seconds.
        dropped: frames that were replaced by newer ones before recognition was free.
        rule: the identification rule in force; None until the networks are loaded.
        problem: why recognition or the session log does not work now, or None.
    """

    capture: CaptureState
    capture_fps: float
    recognition_fps: float
    dropped: int
    rule: DecisionRule | None
    problem: NetcafeError | None


@dataclass(frozen=True)
class LiveOptions:
    """What may differ from session to session.

    Attributes:
        on_frame: gets the picture as soon as it is there, at most `shown_per_s` times a second, whether or
            not recognition keeps up; called on the capture thread, so it must be quick.
        seats: what the source watches; empty: the whole picture is one seat.
        sample: mark the visits as a sample.
        looks_per_s: at most so many frames a second are searched for faces.
    """

    on_frame: Callable[[Frame], None] | None = None
    seats: Sequence[Seat] = ()
    sample: bool = False
    rules: WatchRules = field(default_factory=WatchRules)
    capture: CaptureRules = field(default_factory=CaptureRules)
    looks_per_s: float = 15.0
    shown_per_s: float = 30.0


class LiveSession:
    """Watches one source until it is stopped. Start it once; `stop` never hangs.

    Args:
        opener: makes the source, again for every new try.
        source_name: what a person calls it.
        recognizer: makes the recogniser; called on the recognition thread, so that loading networks delays no
            picture, and again when the gallery has changed to another model pack.
        gallery: whom to recognise, and where visits are stored.
        on_result: gets every frame that was searched; called on the recognition thread.
        on_state: gets the state at each change and about four times a second; called on either thread.
        options: the rest.
    """

    def __init__(
        self,
        opener: Callable[[], FrameSource],
        source_name: str,
        recognizer: Callable[[], FaceRecognizer],
        gallery: VisitGallery,
        on_result: Callable[[FrameResult], None],
        on_state: Callable[[LiveState], None],
        options: LiveOptions | None = None,
    ) -> None:
        self._options = options = options or LiveOptions()
        self._source_name = source_name
        self._make_recognizer = recognizer
        self._gallery = gallery
        self._on_result = on_result
        self._on_state = on_state
        self._mailbox: Mailbox[Frame] = Mailbox()
        self._capture = CaptureWorker(opener, self._arrived, lambda _: self._publish(), options.capture)
        self._thread = threading.Thread(target=self._run, name="recognition", daemon=True)
        self._watch = SourceWatch(source_name, options.seats, options.rules, sample=options.sample)
        self._visits = VisitLog(gallery)
        self._stopping = threading.Event()
        self._captured, self._looked = Rate(), Rate()
        self._rule: DecisionRule | None = None
        self._problem: NetcafeError | None = None
        self._shown_s = self._published_s = 0.0

    @property
    def state(self) -> LiveState:
        """Return how the session is doing now."""
        now_s = time.monotonic()
        return LiveState(
            capture=self._capture.state,
            capture_fps=self._captured.per_s(now_s),
            recognition_fps=self._looked.per_s(now_s),
            dropped=self._mailbox.dropped,
            rule=self._rule,
            problem=self._problem or self._visits.problem,
        )

    def start(self) -> None:
        """Begin to capture and to recognise."""
        self._thread.start()
        self._capture.start()

    def stop(self, timeout_s: float = 3.0) -> bool:
        """End the session: first the camera, then the mailbox, then recognition, which ends the visits.

        Each thread is waited for at most `timeout_s`. Returns whether both have ended; a source that hangs
        keeps its thread until it wakes up, but nothing comes from it any more.
        """
        self._stopping.set()
        captured = self._capture.stop(timeout_s)
        self._mailbox.close()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return captured and not self._thread.is_alive()

    def _arrived(self, frame: Frame) -> None:
        self._captured.count(frame.captured_at_s)
        self._mailbox.put(frame)
        on_frame = self._options.on_frame
        if on_frame is not None and frame.captured_at_s - self._shown_s >= 1.0 / self._options.shown_per_s:
            self._shown_s = frame.captured_at_s
            on_frame(frame)

    def _publish(self) -> None:
        if not self._stopping.is_set():
            self._on_state(self.state)

    def _publish_now_and_then(self) -> None:
        now_s = time.monotonic()
        if now_s - self._published_s >= _TICK_S:
            self._published_s = now_s
            self._publish()

    def _run(self) -> None:
        try:
            self._end_interrupted()
            recognizer = self._load()
            while not self._mailbox.closed:
                if recognizer is not None and recognizer.pack_id != self._gallery.snapshot.pack_id:
                    recognizer = self._load()
                self._turn(recognizer)
        except Exception as error:
            log.exception("the recognition thread failed")
            self._problem = _told(error)
            self._publish()
        finally:
            self._visits.add(self._watch.end(_now()))
            self._visits.flush(time.monotonic(), at_once=True)

    def _end_interrupted(self) -> None:
        try:
            ended = end_interrupted(self._gallery, self._source_name, datetime.now(UTC))
        except GalleryError as error:
            log.warning("visits left open could not be ended: %s", type(error).__name__)
        else:
            if ended:
                log.info("%d visits left open by a crash were ended at their last sighting", ended)

    def _load(self) -> FaceRecognizer | None:
        try:
            return self._make_recognizer()
        except Exception as error:
            log.exception("the recogniser could not be made")
            self._problem = _told(error)
        self._publish()
        return None

    def _turn(self, recognizer: FaceRecognizer | None) -> None:
        """Look at the newest frame, or let a moment pass; then store what is due."""
        began_s = time.monotonic()
        frame = self._mailbox.take(_TICK_S)
        self._capture.check()
        if recognizer is None or frame is None:
            self._visits.add(self._watch.idle(self._gallery.snapshot, _now()))
        else:
            self._look(recognizer, frame)
        self._visits.flush(time.monotonic())
        self._publish_now_and_then()
        if frame is not None:
            self._stopping.wait(1.0 / self._options.looks_per_s - (time.monotonic() - began_s))

    def _look(self, recognizer: FaceRecognizer, frame: Frame) -> None:
        began_s = time.monotonic()
        snapshot = self._gallery.snapshot
        try:
            self._rule = recognizer.rule(snapshot)
            faces = recognizer.recognise(frame.image_bgr, snapshot)
        except Exception as error:
            # One bad picture must not end a day's session; the state says that something is wrong.
            if self._problem is None:  # else it is in the log already, and would be there 15 times a second
                log.exception("a picture could not be searched for faces")
            self._problem = _told(error)
            return
        self._problem = None
        height, width = frame.image_bgr.shape[:2]
        # The gallery as it is by now: whoever was erased during the search is not named any more.
        newest = self._gallery.snapshot
        look = self._watch.look(faces, (width, height), newest, _moment(frame.captured_at_s))
        self._visits.add(look.news)
        done_s = time.monotonic()
        self._looked.count(done_s)
        if not self._stopping.is_set():
            self._on_result(
                FrameResult(
                    source=self._source_name,
                    frame_bgr=frame.image_bgr,
                    faces=look.faces,
                    rule=self._rule,
                    captured_at_s=frame.captured_at_s,
                    position_s=frame.position_s,
                    recognise_ms=(done_s - began_s) * 1000.0,
                )
            )


def _told(error: Exception) -> NetcafeError:
    return error if isinstance(error, NetcafeError) else RecognitionFailed(reason=type(error).__name__)


def _moment(at_s: float) -> Moment:
    now_s = time.monotonic()
    return Moment(at_s, datetime.now(UTC) - timedelta(seconds=now_s - at_s))


def _now() -> Moment:
    return _moment(time.monotonic())
