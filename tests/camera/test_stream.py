"""Network cameras: every way in which they fail is told apart, and no password is ever shown."""

from __future__ import annotations

import logging
from itertools import pairwise

import pytest

from netcafe_face.camera.stream import NetworkStream
from netcafe_face.domain.errors import CameraError, SourceStalled, SourceUnavailable
from tests.camera.mjpeg import MjpegServer


def read_until_it_fails(stream: NetworkStream, most: int = 200) -> tuple[list[tuple[int, ...]], CameraError]:
    shapes: list[tuple[int, ...]] = []
    try:
        while len(shapes) < most:
            shapes.append(stream.read().image_bgr.shape)
    except CameraError as error:
        return shapes, error
    raise AssertionError("it should have failed")


def test_frames_arrive_one_after_the_other(camera_server: MjpegServer) -> None:
    stream = NetworkStream(camera_server.address)
    stream.open()

    frames = [stream.read() for _ in range(8)]

    stream.close()
    assert [frame.index for frame in frames] == list(range(8))
    assert {frame.position_s for frame in frames} == {None}
    assert {frame.image_bgr.shape for frame in frames} == {(240, 320, 3)}
    assert all(earlier.captured_at_s <= later.captured_at_s for earlier, later in pairwise(frames))


def test_a_camera_that_stalls_is_noticed(camera_server: MjpegServer) -> None:
    camera_server.mode = "stall"
    stream = NetworkStream(camera_server.address, timeout_s=1.0)
    stream.open()

    shapes, error = read_until_it_fails(stream)

    stream.close()
    assert len(shapes) == 5
    assert isinstance(error, SourceStalled)


@pytest.mark.parametrize("mode", ["reset", "garbage"])
def test_a_camera_that_hangs_up_or_sends_rubbish_is_an_error_and_not_an_end(
    camera_server: MjpegServer, mode: str
) -> None:
    camera_server.mode = mode
    stream = NetworkStream(camera_server.address, timeout_s=2.0)
    stream.open()

    shapes, error = read_until_it_fails(stream)

    stream.close()
    assert len(shapes) >= 4
    assert isinstance(error, SourceUnavailable)


def test_a_camera_that_changes_its_resolution_goes_on_in_the_size_it_began_with(
    camera_server: MjpegServer,
) -> None:
    camera_server.mode = "resize"
    stream = NetworkStream(camera_server.address)
    stream.open()

    frames = [stream.read() for _ in range(12)]

    stream.close()
    assert {frame.image_bgr.shape for frame in frames} == {(240, 320, 3)}
    white = [int((frame.image_bgr > 200).all(axis=2).sum()) for frame in (frames[2], frames[9])]
    assert 0 < white[1] < white[0] / 2  # the same digits, in a picture of four times the pixels


@pytest.mark.parametrize(("mode", "reason"), [("silent", "does not answer"), ("missing", "refused")])
def test_a_camera_that_cannot_be_opened_says_why(camera_server: MjpegServer, mode: str, reason: str) -> None:
    camera_server.mode = mode

    with pytest.raises(SourceUnavailable, match=reason):
        NetworkStream(camera_server.address, timeout_s=1.0).open()


def test_a_stream_that_is_not_open_gives_no_picture() -> None:
    with pytest.raises(SourceUnavailable):
        NetworkStream("rtsp://127.0.0.1:9/x").read()


def test_no_password_is_shown_logged_or_printed(
    camera_server: MjpegServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    shown = []
    with caplog.at_level(logging.DEBUG):
        for mode in ("missing", "reset", "garbage"):
            camera_server.mode = mode
            stream = NetworkStream(camera_server.address, timeout_s=1.0)
            shown.append(stream.name)
            try:
                stream.open()
                error = read_until_it_fails(stream)[1]
            except CameraError as refused:
                error = refused
            shown += [str(error), repr(error)]
            stream.close()
        with pytest.raises(CameraError) as failed:
            NetworkStream("rtsp://staff:s3cret@127.0.0.1:9/x", timeout_s=1.0).open()
        shown += [str(failed.value), repr(failed.value)]

    printed = capfd.readouterr()
    assert all("s3cret" not in text for text in (*shown, caplog.text, printed.out, printed.err))
    assert "staff:***@127.0.0.1" in shown[0]
