"""A source in a child process: same frames, and whatever the driver does, the parent stays free."""

from __future__ import annotations

import functools
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from netcafe_face.camera.frames import Interruptible
from netcafe_face.camera.isolated import IsolatedSource
from netcafe_face.camera.stream import NetworkStream
from netcafe_face.camera.video import VideoFile
from netcafe_face.domain.errors import NetcafeError, SourceStalled, SourceUnavailable, VideoUnreadable
from tests.camera.mjpeg import MjpegServer


def read_ten(source: IsolatedSource) -> None:
    for _ in range(10):
        source.read()


@pytest.fixture(autouse=True)
def no_child_is_left() -> object:
    yield
    assert multiprocessing.active_children() == []


def test_the_frames_are_those_of_the_source(clip: Callable[..., Path]) -> None:
    path = clip(frames=6)
    plain, isolated = VideoFile(path), IsolatedSource(functools.partial(VideoFile, path), "door")
    plain.open()
    isolated.open()

    for _ in range(6):
        expected, frame = plain.read(), isolated.read()
        assert expected is not None
        assert frame is not None
        assert (frame.image_bgr == expected.image_bgr).all()
        assert (frame.index, frame.position_s) == (expected.index, expected.position_s)
    assert isolated.read() is None
    isolated.close()
    plain.close()


def test_a_slow_reader_gets_the_newest_frame_of_a_camera(camera_server: MjpegServer) -> None:
    source = IsolatedSource(functools.partial(NetworkStream, camera_server.address, "door"), "door")
    source.open()
    first = source.read()
    time.sleep(0.5)
    asked_s = time.monotonic()

    second = source.read()

    source.close()
    assert first is not None
    assert second is not None
    assert second.captured_at_s >= asked_s - 0.2


def test_errors_of_the_source_arrive_as_they_are(tmp_path: Path) -> None:
    source = IsolatedSource(functools.partial(VideoFile, tmp_path / "gone.mp4"), "door")

    with pytest.raises(VideoUnreadable, match="no such file"):
        source.open()
    source.close()


def test_a_stream_that_breaks_while_it_is_read_is_reported(camera_server: MjpegServer) -> None:
    camera_server.mode = "reset"
    source = IsolatedSource(functools.partial(NetworkStream, camera_server.address, "door"), "door")
    source.open()

    with pytest.raises(SourceUnavailable, match="connection broke"):
        read_ten(source)
    source.close()


def test_a_driver_that_hangs_while_opening_is_killed() -> None:
    source = IsolatedSource(functools.partial(time.sleep, 600.0), "door", open_timeout_s=1.0)  # type: ignore[arg-type]

    with pytest.raises(SourceStalled):
        source.open()
    source.close()


def test_a_driver_that_hangs_while_reading_is_killed(camera_server: MjpegServer) -> None:
    camera_server.mode = "stall"
    make = functools.partial(NetworkStream, camera_server.address, "door", timeout_s=600.0)
    source = IsolatedSource(make, "door", read_timeout_s=0.5)
    source.open()

    with pytest.raises(SourceStalled):
        read_ten(source)
    source.close()


def test_a_driver_that_crashes_is_reported_and_can_be_opened_again(tmp_path: Path) -> None:
    source = IsolatedSource(functools.partial(os._exit, 3), "door")

    for _ in range(2):
        with pytest.raises(SourceUnavailable, match="crashed"):
            source.open()
    source.close()


def test_a_child_that_is_killed_between_two_frames_is_reported(clip: Callable[..., Path]) -> None:
    source = IsolatedSource(functools.partial(VideoFile, clip()), "door")
    source.open()
    (child,) = multiprocessing.active_children()
    child.kill()
    child.join()

    with pytest.raises(SourceUnavailable):
        source.read()
    source.close()


def test_a_blocked_call_gives_up_when_it_is_interrupted() -> None:
    source = IsolatedSource(functools.partial(time.sleep, 600.0), "door", open_timeout_s=600.0)  # type: ignore[arg-type]
    assert isinstance(source, Interruptible)
    raised: list[NetcafeError] = []

    def open_it() -> None:
        try:
            source.open()
        except NetcafeError as error:
            raised.append(error)
        source.close()

    thread = threading.Thread(target=open_it)
    thread.start()
    source.interrupt()
    thread.join(30.0)

    assert not thread.is_alive()
    assert isinstance(raised[0], SourceStalled)


def test_a_source_that_is_not_open_gives_no_picture() -> None:
    source = IsolatedSource(functools.partial(time.sleep, 600.0), "door")  # type: ignore[arg-type]

    with pytest.raises(SourceUnavailable):
        source.read()
    source.close()


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="shared memory is not a folder here")
def test_no_shared_memory_is_left_behind(clip: Callable[..., Path]) -> None:
    before = set(Path("/dev/shm").iterdir())
    source = IsolatedSource(functools.partial(VideoFile, clip()), "door")
    source.open()
    source.read()
    source.close()

    left = set(Path("/dev/shm").iterdir()) - before
    assert not {file for file in left if file.name.startswith("psm_")}
