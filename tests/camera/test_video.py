"""Videos are read to their end, at their own times, and broken ones are refused with a reason."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from netcafe_face.camera.frames import Frame
from netcafe_face.camera.video import VideoFile
from netcafe_face.domain.errors import VideoUnreadable

SHARED_VIDEOS = Path(__file__).resolve().parents[2] / "../shared/data/videos"


def all_frames(source: VideoFile) -> list[Frame]:
    source.open()
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    return frames


def test_every_frame_comes_once_with_its_time(clip: Callable[..., Path]) -> None:
    frames = all_frames(VideoFile(clip(frames=10, fps=20.0)))

    assert [frame.index for frame in frames] == list(range(10))
    assert [frame.position_s for frame in frames] == pytest.approx([n * 0.05 for n in range(10)], abs=0.002)
    assert [round(float(frame.image_bgr.mean())) for frame in frames] == pytest.approx(
        [20 + n * 8 for n in range(10)], abs=4
    )
    assert frames[0].image_bgr.shape == (120, 160, 3)
    assert frames[0].image_bgr.dtype == np.uint8


def test_a_looping_video_starts_again_and_numbers_go_on(clip: Callable[..., Path]) -> None:
    source = VideoFile(clip(frames=4), loop=True)
    source.open()

    frames = [source.read() for _ in range(10)]

    source.close()
    assert [frame.index for frame in frames if frame] == list(range(10))
    assert [round(frame.position_s or 0, 2) for frame in frames if frame] == [
        *(0.0, 0.05, 0.1, 0.15), *(0.0, 0.05, 0.1, 0.15), *(0.0, 0.05)
    ]  # fmt: skip


def test_a_gif_plays_with_the_times_of_its_frames(tmp_path: Path) -> None:
    path = tmp_path / "wave.gif"
    pictures = [Pillow.fromarray(np.full((60, 80, 3), 30 + 50 * n, np.uint8)) for n in range(4)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[100, 300, 100, 100], loop=0)

    frames = all_frames(VideoFile(path))

    assert [frame.position_s for frame in frames] == pytest.approx([0.0, 0.1, 0.4, 0.5], abs=0.011)
    assert frames[0].image_bgr.shape == (60, 80, 3)


@pytest.mark.parametrize(
    "content", [b"", b"this is not a video", b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 500]
)
def test_a_file_that_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)

    with pytest.raises(VideoUnreadable) as refused:
        all_frames(VideoFile(path))

    assert str(path) in str(refused.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.mp4", tmp_path):
        with pytest.raises(VideoUnreadable, match="no such file"):
            VideoFile(path).open()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(clip: Callable[..., Path]) -> None:
    path = clip()
    path.chmod(0)

    with pytest.raises(VideoUnreadable):
        VideoFile(path).open()


def test_a_video_cut_before_its_index_is_refused(clip: Callable[..., Path]) -> None:
    path = clip(frames=30)
    path.write_bytes(path.read_bytes()[:-600])

    with pytest.raises(VideoUnreadable):
        all_frames(VideoFile(path))


def test_a_cut_video_gives_what_is_left_of_it_and_says_so(
    clip: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = clip(frames=100, name="clip.avi", code="MJPG")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    source = VideoFile(path)

    with caplog.at_level(logging.WARNING):
        frames = all_frames(source)

    assert 10 < len(frames) < 90
    assert source.ended_early
    assert "ended after" in caplog.text
    assert str(path) not in caplog.text


def test_a_whole_video_did_not_end_early(clip: Callable[..., Path]) -> None:
    source = VideoFile(clip())
    all_frames(source)

    assert not source.ended_early


def test_a_video_that_is_not_open_gives_nothing(clip: Callable[..., Path]) -> None:
    source = VideoFile(clip())

    assert source.read() is None
    source.close()


def test_a_looping_video_that_vanishes_is_refused_in_its_next_round(clip: Callable[..., Path]) -> None:
    path = clip(frames=3)
    source = VideoFile(path, loop=True)
    source.open()
    path.unlink()

    for _ in range(3):
        assert source.read()
    with pytest.raises(VideoUnreadable):
        source.read()
    source.close()


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "frames", "size"),
    [
        ("classroom.gif", 45, (270, 480)),
        ("face-demographics-walking.gif", 35, (270, 480)),
        ("head-pose-face-detection-female-and-male.gif", 56, (270, 480)),
        ("head-pose-face-detection-male.gif", 62, (270, 480)),
        ("one-face-close.mp4", 42, (988, 988)),
        ("shop-counter-cctv.mp4", 505, (360, 640)),
        ("street-five-people.mp4", 105, (1080, 1920)),
    ],
)
def test_every_shared_video_plays_to_its_end(name: str, frames: int, size: tuple[int, int]) -> None:
    path = SHARED_VIDEOS / name
    if not path.exists():
        pytest.skip("needs the shared data folder beside the checkout")

    seen = all_frames(VideoFile(path))

    assert len(seen) == frames
    assert seen[0].image_bgr.shape[:2] == size
    times = [frame.position_s or 0.0 for frame in seen]
    assert all(later > earlier for earlier, later in pairwise(times))
