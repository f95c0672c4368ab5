"""The capture thread: it reports what a source does, tries again, and always lets itself be stopped."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.camera.frames import Frame, FrameSource
from netcafe_face.camera.images import ImageFolder
from netcafe_face.camera.isolated import IsolatedSource
from netcafe_face.camera.stream import NetworkStream
from netcafe_face.camera.video import VideoFile
from netcafe_face.camera.worker import CapturePhase, CaptureRules, CaptureState, CaptureWorker
from netcafe_face.domain.errors import (
    ModelError,
    SourceFrozen,
    SourceStalled,
    SourceUnavailable,
    VideoUnreadable,
)
from tests.camera.mjpeg import MjpegServer

QUICK = CaptureRules(frozen_s=0.4, settled_s=0.3, stalled_s=0.3, backoff_s=lambda _: 0.02)


class Watched:
    """A worker with everything it handed out."""

    def __init__(self, opener: Callable[[], FrameSource], rules: CaptureRules = QUICK) -> None:
        self.frames: list[Frame] = []
        self.states: list[CaptureState] = []
        self.changed = threading.Condition()
        self.worker = CaptureWorker(opener, self._frame, self._state, rules)

    def _frame(self, frame: Frame) -> None:
        with self.changed:
            self.frames.append(frame)
            self.changed.notify_all()

    def _state(self, state: CaptureState) -> None:
        with self.changed:
            self.states.append(state)
            self.changed.notify_all()

    @property
    def phases(self) -> list[CapturePhase]:
        return [state.phase for state in self.states]

    def wait(self, for_what: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(for_what, 60.0), self.phases

    def start(self) -> Watched:
        self.worker.start()
        return self


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline and any(thread.name == "capture" for thread in threading.enumerate()):
        time.sleep(0.02)
    assert [thread for thread in threading.enumerate() if thread.name == "capture"] == []


class Script:
    """A camera that does what it is told: frames, errors, or waiting for an event."""

    realtime = False
    name = "the door"

    def __init__(self, *acts: np.ndarray | Exception | threading.Event) -> None:
        self._acts = list(acts)
        self.closed = False

    def open(self) -> None:
        self._perform_blocking()

    def read(self) -> Frame | None:
        self._perform_blocking()
        if not self._acts:
            return None
        return Frame(self._acts.pop(0), time.monotonic(), 0)  # type: ignore[arg-type]

    def close(self) -> None:
        self.closed = True

    def _perform_blocking(self) -> None:
        while self._acts and not isinstance(self._acts[0], np.ndarray):
            act = self._acts.pop(0)
            if isinstance(act, Exception):
                raise act
            act.wait()


def picture(shade: int) -> np.ndarray:
    return np.full((16, 16, 3), shade, np.uint8)


def test_a_video_is_played_to_its_end_and_reported_as_ended(clip: Callable[..., Path]) -> None:
    watched = Watched(lambda: VideoFile(clip(frames=6), realtime=False)).start()

    watched.wait(lambda: CapturePhase.ENDED in watched.phases)

    assert watched.worker.stop()
    assert len(watched.frames) == 6
    assert watched.phases == [CapturePhase.LIVE, CapturePhase.ENDED]


def test_a_video_in_its_own_time_takes_as_long_as_it_is(clip: Callable[..., Path]) -> None:
    watched = Watched(lambda: VideoFile(clip(frames=6, fps=10.0))).start()

    watched.wait(lambda: CapturePhase.ENDED in watched.phases)

    watched.worker.stop()
    shown = [frame.captured_at_s for frame in watched.frames]
    assert shown[-1] - shown[0] >= 0.45
    assert all(later > earlier for earlier, later in pairwise(shown))


def test_a_worker_waiting_for_the_next_picture_of_a_slow_folder_stops(tmp_path: Path) -> None:
    import cv2

    for number in range(2):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture(number))
    watched = Watched(lambda: ImageFolder(tmp_path, seconds_each=3600.0)).start()
    watched.wait(lambda: len(watched.frames) == 1)

    assert watched.worker.stop()
    assert len(watched.frames) == 1


def test_a_broken_file_fails_at_once_and_is_not_tried_again(tmp_path: Path) -> None:
    opened = []

    def opener() -> FrameSource:
        opened.append(1)
        return VideoFile(tmp_path / "gone.mp4")

    watched = Watched(opener).start()
    watched.wait(lambda: CapturePhase.FAILED in watched.phases)

    watched.worker.stop()
    assert len(opened) == 1
    assert isinstance(watched.states[-1].reason, VideoUnreadable)


def test_any_other_error_of_the_program_fails_with_its_own_message() -> None:
    watched = Watched(lambda: Script(ModelError())).start()
    watched.wait(lambda: CapturePhase.FAILED in watched.phases)

    watched.worker.stop()
    assert isinstance(watched.states[-1].reason, ModelError)


def test_a_mistake_in_a_source_is_logged_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        watched = Watched(lambda: Script(ZeroDivisionError("oops"))).start()
        watched.wait(lambda: CapturePhase.FAILED in watched.phases)
        watched.worker.stop()

    assert "ZeroDivisionError" in str(watched.states[-1].reason)
    assert "oops" in caplog.text


def test_a_camera_that_goes_away_is_opened_again_until_it_is_back() -> None:
    gone = SourceUnavailable(source="the door", reason="unplugged")
    tries: Iterator[Script] = iter(
        [Script(picture(1), gone), Script(gone), Script(gone), Script(picture(2), picture(3))]
    )
    watched = Watched(lambda: next(tries)).start()

    watched.wait(lambda: CapturePhase.ENDED in watched.phases)

    watched.worker.stop()
    assert watched.phases == [
        CapturePhase.LIVE,
        *[CapturePhase.RECONNECTING] * 3,
        CapturePhase.LIVE,
        CapturePhase.ENDED,
    ]
    lost = watched.states[1:4]
    assert [state.attempt for state in lost] == [1, 2, 3]
    assert len({state.since_s for state in lost}) == 1
    assert watched.states[1].reason is gone
    assert [int(frame.image_bgr[0, 0, 0]) for frame in watched.frames] == [1, 2, 3]


def test_the_pause_grows_while_a_camera_keeps_failing_and_only_a_settled_one_resets_it() -> None:
    gone = SourceUnavailable(source="the door", reason="unplugged")
    asked: list[int] = []

    def pause(attempt: int) -> float:
        asked.append(attempt)
        return 0.0

    settled = CaptureRules(settled_s=0.0, backoff_s=pause)
    hasty = CaptureRules(settled_s=3600.0, backoff_s=pause)
    for rules, expected in ((hasty, [1, 2, 3]), (settled, [1, 1, 1])):
        asked.clear()
        tries = iter([Script(picture(n), picture(n + 9), gone) for n in range(3)] + [Script()])
        watched = Watched(functools.partial(next, tries), rules).start()
        watched.wait(lambda watched=watched: CapturePhase.ENDED in watched.phases)  # type: ignore[misc]
        watched.worker.stop()
        assert asked == expected


def test_every_source_is_given_back(clip: Callable[..., Path]) -> None:
    scripts = [
        Script(picture(1), SourceUnavailable(source="x", reason="y")),
        Script(SourceUnavailable(source="x", reason="y")),
        Script(picture(2)),
    ]
    tries = iter(scripts)
    watched = Watched(lambda: next(tries)).start()
    watched.wait(lambda: CapturePhase.ENDED in watched.phases)
    watched.worker.stop()

    assert all(script.closed for script in scripts)


def test_a_frozen_picture_counts_as_a_stall_and_is_not_live_until_it_moves(
    camera_server: MjpegServer,
) -> None:
    camera_server.mode = "frozen"
    watched = Watched(lambda: NetworkStream(camera_server.address)).start()
    watched.wait(lambda: watched.phases.count(CapturePhase.RECONNECTING) >= 2)
    frozen = list(watched.phases)
    camera_server.mode = "fine"
    watched.wait(lambda: watched.phases[-1] is CapturePhase.LIVE)

    watched.worker.stop()
    assert frozen == [CapturePhase.LIVE, CapturePhase.RECONNECTING, CapturePhase.RECONNECTING]
    assert isinstance(watched.states[1].reason, SourceFrozen)
    assert "exactly the same picture" in str(watched.states[1].reason)


def test_a_camera_that_shows_the_same_picture_after_a_break_gets_its_time_to_move() -> None:
    gone = SourceUnavailable(source="the door", reason="unplugged")
    tries = iter([Script(picture(1), gone), Script(picture(1), picture(1), picture(2))])
    watched = Watched(lambda: next(tries), CaptureRules(frozen_s=0.01, backoff_s=lambda _: 0.1)).start()

    watched.wait(lambda: CapturePhase.ENDED in watched.phases)

    watched.worker.stop()
    assert watched.phases.count(CapturePhase.RECONNECTING) == 1


@pytest.mark.parametrize("mode", ["stall", "reset", "garbage"])
def test_a_network_camera_that_fails_comes_back_by_itself(camera_server: MjpegServer, mode: str) -> None:
    camera_server.mode = mode
    watched = Watched(lambda: NetworkStream(camera_server.address, timeout_s=1.0)).start()
    watched.wait(lambda: CapturePhase.RECONNECTING in watched.phases)
    camera_server.mode = "fine"
    watched.wait(lambda: watched.phases[-1] is CapturePhase.LIVE and watched.frames[-1].index > 8)

    assert watched.worker.stop()
    assert camera_server.connections >= 2


def test_a_camera_that_is_not_there_is_reported_and_does_not_hinder_stopping(
    camera_server: MjpegServer,
) -> None:
    camera_server.mode = "missing"
    watched = Watched(
        lambda: NetworkStream(camera_server.address), CaptureRules(backoff_s=lambda _: 3600.0)
    ).start()
    watched.wait(lambda: CapturePhase.RECONNECTING in watched.phases)

    assert watched.worker.stop()


@pytest.mark.parametrize("frames_first", [0, 1])
def test_a_source_that_hangs_does_not_hang_the_one_who_stops_it(frames_first: int) -> None:
    wakes = threading.Event()
    source = Script(*[picture(n) for n in range(frames_first)], wakes, picture(99))
    watched = Watched(lambda: source).start()
    watched.wait(lambda: len(watched.frames) == frames_first)
    states = len(watched.states)

    assert not watched.worker.stop(timeout_s=0.05)

    wakes.set()
    assert watched.worker.stop(timeout_s=10.0)
    assert len(watched.frames) == frames_first
    assert len(watched.states) == states
    assert source.closed


def test_a_source_that_hangs_is_reported_while_it_hangs_and_is_live_again_when_it_wakes() -> None:
    wakes = threading.Event()
    watched = Watched(lambda: Script(picture(1), wakes, picture(2))).start()
    watched.wait(lambda: len(watched.frames) == 1)
    deadline = time.monotonic() + 30.0
    while watched.worker.state.phase is CapturePhase.LIVE and time.monotonic() < deadline:
        watched.worker.check()
        time.sleep(0.02)
    reported = watched.worker.state

    wakes.set()
    watched.wait(lambda: CapturePhase.ENDED in watched.phases)

    watched.worker.check()
    watched.worker.stop()
    assert reported.phase is CapturePhase.RECONNECTING
    assert isinstance(reported.reason, SourceStalled)
    assert watched.phases == [
        CapturePhase.LIVE,
        CapturePhase.RECONNECTING,
        CapturePhase.LIVE,
        CapturePhase.ENDED,
    ]


def test_a_hanging_driver_in_a_child_process_is_killed_when_the_worker_is_stopped() -> None:
    make = functools.partial(time.sleep, 600.0)
    source = IsolatedSource(make, "webcam 0", open_timeout_s=600.0)  # type: ignore[arg-type]
    watched = Watched(lambda: source).start()

    assert watched.worker.stop(timeout_s=30.0)


def test_a_worker_stopped_before_it_began_reads_nothing() -> None:
    watched = Watched(lambda: Script(picture(1)))

    assert watched.worker.stop()
    watched.start()
    watched.worker.stop()
    assert watched.frames == []


def test_a_source_may_stop_its_own_worker_from_a_callback() -> None:
    done = threading.Event()

    def stop(_: Frame) -> None:
        worker.stop()
        done.set()

    worker = CaptureWorker(lambda: Script(picture(1), picture(2)), stop, lambda _: None, QUICK)
    worker.start()

    assert done.wait(30.0)
    assert worker.stop()
