"""A live session from end to end: real videos and network cameras, real networks, a real gallery."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage

from netcafe_face.camera.frames import Frame, FrameSource
from netcafe_face.camera.stream import NetworkStream
from netcafe_face.camera.video import VideoFile
from netcafe_face.camera.worker import CapturePhase, CaptureRules
from netcafe_face.domain.errors import ModelUnusable, RecognitionFailed
from netcafe_face.domain.faces import Image
from netcafe_face.domain.matching import DecisionRule
from netcafe_face.domain.people import (
    Consent,
    Customer,
    NewTemplate,
    Presence,
    Purpose,
    TemplateSource,
    Visit,
)
from netcafe_face.domain.results import Face, FrameResult
from netcafe_face.gallery.index import IndexSnapshot
from netcafe_face.gallery.service import Gallery
from netcafe_face.pipeline.live import LiveOptions, LiveSession, LiveState
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.pipeline.visit_book import INTERRUPTED_NOTE, VisitRules
from netcafe_face.pipeline.watch import WatchRules
from netcafe_face.vision.detection import build_detector
from netcafe_face.vision.embedding import build_embedder
from netcafe_face.vision.packs import load_pack
from netcafe_face.vision.runtime import Runtime
from tests.camera.mjpeg import MjpegServer

PACK_FOLDER = Path(__file__).resolve().parents[2] / "models" / "netcafe-mini"
QUICK = CaptureRules(stalled_s=0.3, backoff_s=lambda _: 0.02)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    pack = load_pack(PACK_FOLDER)
    runtime = Runtime()
    return Recognizer(
        build_detector(pack, runtime), build_embedder(pack, runtime), pack.card.thresholds, pack.pack_id
    )


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path / "data", load_pack(PACK_FOLDER).pack_id) as opened:
        yield opened


@pytest.fixture(scope="module")
def astronaut() -> Image:
    path = Path(skimage.__file__).parent / "data" / "astronaut.png"
    return np.asarray(cv2.imread(str(path)), np.uint8)


@pytest.fixture
def clip(tmp_path: Path, astronaut: Image) -> Path:
    """Six seconds of the astronaut, moving slowly from side to side."""
    path = tmp_path / "seat.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (512, 512))
    for number in range(60):
        shift = np.array([[1, 0, 20 * np.sin(number / 8)], [0, 1, 0]], np.float32)
        writer.write(cv2.warpAffine(astronaut, shift, (512, 512)))
    writer.release()
    return path


@pytest.fixture
def camera_server() -> Iterator[MjpegServer]:
    server = MjpegServer()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    ours = ("capture", "recognition")
    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline and any(thread.name in ours for thread in threading.enumerate()):
        time.sleep(0.02)
    assert [thread.name for thread in threading.enumerate() if thread.name in ours] == []


class Watched:
    """A session with everything it called back."""

    def __init__(
        self,
        opener: Callable[[], FrameSource],
        recognizer: Callable[[], object],
        gallery: Gallery,
        options: LiveOptions | None = None,
    ) -> None:
        self.results: list[FrameResult] = []
        self.states: list[LiveState] = []
        self.frames: list[Frame] = []
        self.changed = threading.Condition()
        given = options or LiveOptions(capture=QUICK)
        self.session = LiveSession(
            opener,
            "door",
            recognizer,  # type: ignore[arg-type]
            gallery,
            self._into(self.results),
            self._into(self.states),
            LiveOptions(self._into(self.frames), given.seats, given.sample, given.rules, given.capture),
        )

    def _into(self, kept: list) -> Callable[[object], None]:  # type: ignore[type-arg]
        def keep(item: object) -> None:
            with self.changed:
                kept.append(item)
                self.changed.notify_all()

        return keep

    def wait(self, for_what: Callable[[], object], seconds: float = 90.0) -> None:
        with self.changed:
            assert self.changed.wait_for(for_what, seconds), self.states[-1:]

    def start(self) -> Watched:
        self.session.start()
        return self

    @property
    def phases(self) -> list[CapturePhase]:
        return [state.capture.phase for state in self.states]


@cache
def load_card_id() -> str:
    return load_pack(PACK_FOLDER).pack_id


class Blind:
    """A recogniser that sees nobody, or fails as it is told."""

    def __init__(self, failing: Exception | None = None, times: int = 0) -> None:
        self.failing = failing
        self.times = times
        self.looks = 0

    @property
    def pack_id(self) -> str:
        return load_card_id()

    def recognise(self, image_bgr: Image, snapshot: IndexSnapshot) -> tuple[Face, ...]:
        self.looks += 1
        if self.failing is not None and self.looks <= self.times:
            raise self.failing
        return ()

    def rule(self, snapshot: IndexSnapshot) -> DecisionRule:
        return DecisionRule(0.5, 0.05, 0.3, 1e-4, snapshot.templates, False)


def enrol(gallery: Gallery, recognizer: Recognizer, image_bgr: Image) -> Customer:
    (face,) = recognizer.analyse(image_bgr)
    assert face.embedding is not None
    template = NewTemplate(face.embedding, gallery.snapshot.pack_id, 0.9, TemplateSource.FILE, "tester")
    consent = Consent(0, frozenset({Purpose.RECOGNITION}), "said yes", datetime.now(UTC), "tester")
    return gallery.enrol(Customer("C1", "Eileen"), consent, [template])


def test_an_enrolled_customer_is_seen_named_and_written_to_the_log(
    clip: Path, recognizer: Recognizer, gallery: Gallery, astronaut: Image
) -> None:
    customer = enrol(gallery, recognizer, astronaut)
    watched = Watched(lambda: VideoFile(clip, "door", loop=True), lambda: recognizer, gallery).start()

    watched.wait(lambda: watched.results and gallery.visits())
    watched.wait(lambda: watched.results[-1].faces)

    assert watched.session.stop(20.0)
    labels = [result.faces[0].label for result in watched.results if result.faces]
    assert labels[0].presence is Presence.UNDECIDED
    assert (labels[-1].presence, labels[-1].text, labels[-1].customer_id) == (
        Presence.KNOWN,
        "Eileen",
        customer.id,
    )
    assert {label.track_id for label in labels[:10]} == {1}
    (visit,) = gallery.visits()
    assert (visit.label, visit.customer_id, visit.seat, visit.source) == (
        "Eileen",
        customer.id,
        "door",
        "door",
    )
    assert visit.ended_at is not None
    assert visit.similarity >= visit.threshold > 0
    assert visit.pack_id == gallery.snapshot.pack_id


def test_with_nobody_enrolled_the_same_person_is_a_numbered_stranger(
    clip: Path, recognizer: Recognizer, gallery: Gallery
) -> None:
    watched = Watched(lambda: VideoFile(clip, "door", loop=True), lambda: recognizer, gallery).start()

    watched.wait(lambda: any(visit.presence is Presence.STRANGER for visit in gallery.visits()))

    watched.session.stop(20.0)
    (visit,) = gallery.visits()
    assert (visit.label, visit.customer_id) == ("#1", None)


def test_a_deleted_customer_is_not_named_in_a_later_frame(
    clip: Path, recognizer: Recognizer, gallery: Gallery, astronaut: Image
) -> None:
    enrol(gallery, recognizer, astronaut)
    watched = Watched(lambda: VideoFile(clip, "door", loop=True), lambda: recognizer, gallery).start()
    watched.wait(lambda: any(seen.label.text for result in watched.results for seen in result.faces))
    gallery.delete("C1")
    deleted_s = time.monotonic()

    watched.wait(lambda: sum(result.captured_at_s > deleted_s for result in watched.results) >= 3)

    watched.session.stop(20.0)
    later = [result for result in watched.results if result.captured_at_s > deleted_s]
    assert {seen.label.text for result in later for seen in result.faces} == {""}
    assert all("Eileen" not in (visit.label, visit.customer_code) for visit in gallery.visits())


def test_the_picture_is_live_before_the_networks_are_loaded(clip: Path, gallery: Gallery) -> None:
    loading = threading.Event()

    def load() -> Blind:
        loading.wait(60.0)
        return Blind()

    watched = Watched(lambda: VideoFile(clip, loop=True), load, gallery).start()
    watched.wait(lambda: len(watched.frames) >= 3)
    assert watched.results == []
    assert watched.session.state.rule is None
    loading.set()
    watched.wait(lambda: watched.results)

    watched.session.stop(20.0)
    assert watched.results[0].captured_at_s >= watched.frames[1].captured_at_s
    assert watched.session.state.dropped >= 1


def test_results_carry_the_frame_its_time_and_the_rule_in_force(clip: Path, gallery: Gallery) -> None:
    watched = Watched(lambda: VideoFile(clip), Blind, gallery).start()
    watched.wait(lambda: watched.results)

    watched.session.stop(20.0)
    result = watched.results[0]
    assert (result.source, result.frame_bgr.shape, result.faces) == ("door", (512, 512, 3), ())
    assert result.position_s is not None
    assert result.rule.templates == 0
    assert result.recognise_ms >= 0


def test_the_state_tells_rates_and_the_end_of_a_video(clip: Path, gallery: Gallery) -> None:
    watched = Watched(lambda: VideoFile(clip), Blind, gallery).start()

    watched.wait(lambda: watched.phases and watched.phases[-1] is CapturePhase.ENDED)

    watched.session.stop(20.0)
    running = [state for state in watched.states if state.capture.phase is CapturePhase.LIVE]
    assert max(state.capture_fps for state in running) == pytest.approx(10.0, rel=0.5)
    assert max(state.recognition_fps for state in running) > 0
    assert all(state.problem is None for state in running)
    assert running[-1].rule is not None


@pytest.mark.parametrize(
    ("failing", "told"),
    [
        (ZeroDivisionError("face of An"), RecognitionFailed),
        (ModelUnusable(path="a", reason="b"), ModelUnusable),
    ],
)
def test_a_picture_that_cannot_be_searched_is_reported_and_the_session_goes_on(
    clip: Path, gallery: Gallery, caplog: pytest.LogCaptureFixture, failing: Exception, told: type
) -> None:
    blind = Blind(failing, times=5)
    with caplog.at_level(logging.ERROR):
        watched = Watched(lambda: VideoFile(clip, loop=True), lambda: blind, gallery).start()
        watched.wait(lambda: any(isinstance(state.problem, told) for state in watched.states))
        watched.wait(lambda: watched.results and watched.states[-1].problem is None)
        watched.session.stop(20.0)

    reports = [record for record in caplog.records if "searched for faces" in record.message]
    assert len(reports) == 1


@pytest.mark.parametrize(
    ("failing", "told"),
    [(ModelUnusable(path="a", reason="b"), ModelUnusable), (ZeroDivisionError(), RecognitionFailed)],
)
def test_without_networks_the_picture_still_shows_and_the_reason_is_told(
    clip: Path, gallery: Gallery, failing: Exception, told: type
) -> None:
    def load() -> Blind:
        raise failing

    watched = Watched(lambda: VideoFile(clip, loop=True), load, gallery).start()
    watched.wait(lambda: len(watched.frames) > 5)
    watched.wait(lambda: any(isinstance(state.problem, told) for state in watched.states))

    assert watched.session.stop(20.0)
    assert watched.results == []


def test_a_mistake_in_a_listener_is_reported_and_stopping_still_works(
    clip: Path, gallery: Gallery, caplog: pytest.LogCaptureFixture
) -> None:
    states: list[LiveState] = []

    def listener(_: FrameResult) -> None:
        raise ZeroDivisionError

    session = LiveSession(lambda: VideoFile(clip, loop=True), "door", Blind, gallery, listener, states.append)
    with caplog.at_level(logging.ERROR):
        session.start()
        deadline = time.monotonic() + 60.0
        while session.state.problem is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert session.stop(20.0)

    assert isinstance(session.state.problem, RecognitionFailed)
    assert "the recognition thread failed" in caplog.text


@pytest.mark.parametrize("mode", ["stall", "reset", "garbage"])
def test_a_network_camera_that_fails_comes_back_and_recognition_with_it(
    camera_server: MjpegServer, recognizer: Recognizer, gallery: Gallery, mode: str
) -> None:
    camera_server.mode = mode
    watched = Watched(
        lambda: NetworkStream(camera_server.address, timeout_s=1.0), lambda: recognizer, gallery
    ).start()
    watched.wait(lambda: CapturePhase.RECONNECTING in watched.phases)
    broken = watched.states[-1].capture
    camera_server.mode = "fine"
    before = len(watched.results)
    watched.wait(lambda: watched.phases[-1] is CapturePhase.LIVE and len(watched.results) > before + 3)

    assert watched.session.stop(20.0)
    assert "s3cret" not in str(broken.reason)


def test_a_source_that_hangs_is_reported_and_does_not_hang_the_stop(gallery: Gallery) -> None:
    wakes = threading.Event()

    class Hanging:
        name = "the door"
        realtime = False

        def open(self) -> None:
            wakes.wait()

        def read(self) -> Frame | None:
            return None

        def close(self) -> None:
            pass

    watched = Watched(Hanging, Blind, gallery).start()
    watched.wait(lambda: CapturePhase.RECONNECTING in watched.phases)

    assert not watched.session.stop(timeout_s=0.1)

    states = len(watched.states)
    wakes.set()
    assert watched.session.stop(20.0)
    assert len(watched.states) == states


def test_visits_left_open_by_a_crash_are_closed_and_marked_at_the_start(clip: Path, gallery: Gallery) -> None:
    seen = datetime.now(UTC) - timedelta(hours=1)
    gallery.save_visit(Visit("door", "A01", Presence.STRANGER, "#4", seen, seen))
    watched = Watched(lambda: VideoFile(clip, loop=True), Blind, gallery).start()
    watched.wait(lambda: watched.results)

    watched.session.stop(20.0)
    (visit,) = gallery.visits()
    assert visit.ended_at == visit.last_seen_at
    assert visit.note == INTERRUPTED_NOTE


def test_a_gallery_that_is_closed_too_early_is_told_and_nothing_hangs(
    clip: Path, recognizer: Recognizer, tmp_path: Path
) -> None:
    gallery = Gallery.open(tmp_path / "data", load_pack(PACK_FOLDER).pack_id)
    gallery.close()
    quick = LiveOptions(capture=QUICK, rules=WatchRules(visits=VisitRules(begin_s=0.5)))
    watched = Watched(lambda: VideoFile(clip, loop=True), lambda: recognizer, gallery, quick).start()

    watched.wait(lambda: watched.states and watched.states[-1].problem is not None)

    assert watched.session.stop(20.0)


def test_the_picture_is_shown_no_more_often_than_asked(clip: Path, gallery: Gallery) -> None:
    shown: list[Frame] = []
    results: list[FrameResult] = []
    options = LiveOptions(on_frame=shown.append, shown_per_s=0.1, looks_per_s=1000.0)
    session = LiveSession(
        lambda: VideoFile(clip, loop=True), "door", Blind, gallery, results.append, lambda _: None, options
    )
    session.start()
    deadline = time.monotonic() + 60.0
    while len(results) < 10 and time.monotonic() < deadline:
        time.sleep(0.02)
    session.stop(20.0)

    assert len(results) >= 10
    assert len(shown) == 1


def test_a_session_that_was_never_started_can_be_stopped(clip: Path, gallery: Gallery) -> None:
    watched = Watched(lambda: VideoFile(clip), Blind, gallery)

    assert watched.session.stop()


def test_a_listener_may_stop_the_session(clip: Path, gallery: Gallery) -> None:
    stopped = threading.Event()
    sessions: list[LiveSession] = []

    def stop(_: FrameResult) -> None:
        sessions[0].stop(20.0)
        stopped.set()

    sessions.append(
        LiveSession(lambda: VideoFile(clip, loop=True), "door", Blind, gallery, stop, lambda _: None)
    )
    sessions[0].start()

    assert stopped.wait(60.0)
    assert sessions[0].stop(20.0)


def test_networks_of_one_pack_never_look_for_templates_of_another(
    clip: Path, gallery: Gallery, recognizer: Recognizer, astronaut: Image
) -> None:
    enrol(gallery, recognizer, astronaut)
    made: list[str] = []

    def make() -> Recognizer:
        made.append(gallery.snapshot.pack_id)
        parts = recognizer.detector, recognizer._embedder, recognizer._curve
        return Recognizer(*parts, gallery.snapshot.pack_id)

    watched = Watched(lambda: VideoFile(clip, loop=True), make, gallery).start()
    watched.wait(lambda: watched.results)
    gallery.use_pack("other@1.0.0:0123456789ab")
    seen = len(watched.results)
    watched.wait(lambda: len(watched.results) >= seen + 3)
    watched.session.stop(20.0)
    assert made == [recognizer.pack_id, "other@1.0.0:0123456789ab"]
    assert watched.results[-1].rule.templates == 0
    assert all(seen.label.customer_id is None for seen in watched.results[-1].faces)
