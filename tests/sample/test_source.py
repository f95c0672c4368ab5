"""The sample is a source of frames like any camera: opened, read to its end, closed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from netcafe_face.camera.frames import FrameSource
from netcafe_face.domain.errors import SampleMissing
from netcafe_face.sample import source as module
from netcafe_face.sample.people import Cutout
from netcafe_face.sample.scene import Scene
from netcafe_face.sample.script import LENGTH_S, SOURCE_NAME
from netcafe_face.sample.source import FRAMES_PER_S, SampleSource


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> int:
    """One frame every four seconds, so that the whole clip is a handful of frames."""
    monkeypatch.setattr(module, "FRAMES_PER_S", 0.25)
    return int(LENGTH_S / 4)


def test_it_gives_frames_with_their_number_and_place_in_time(scene: Scene) -> None:
    source: FrameSource = SampleSource(lambda: scene)
    assert source.name == SOURCE_NAME
    source.open()
    frames = [source.read() for _ in range(3)]
    assert [frame.index for frame in frames if frame] == [0, 1, 2]
    assert [frame.position_s for frame in frames if frame] == [0, 1 / FRAMES_PER_S, 2 / FRAMES_PER_S]
    times = [frame.captured_at_s for frame in frames if frame]
    assert times == sorted(times)
    assert frames[1] is not None
    assert np.array_equal(frames[1].image_bgr, scene.render(1 / FRAMES_PER_S))
    source.close()


@pytest.mark.parametrize("realtime", [True, False])
def test_it_says_whether_it_wants_to_be_shown_at_its_own_pace(scene: Scene, realtime: bool) -> None:
    assert SampleSource(lambda: scene, realtime=realtime).realtime is realtime


def test_it_ends_after_the_last_second(scene: Scene, slow: int) -> None:
    source = SampleSource(lambda: scene)
    source.open()
    count = 0
    while source.read() is not None:
        count += 1
    assert count == slow
    assert source.read() is None


def test_looped_it_begins_again_with_the_same_pictures_and_time_goes_on(scene: Scene, slow: int) -> None:
    source = SampleSource(lambda: scene, loop=True)
    source.open()
    frames = [source.read() for _ in range(slow + 2)]
    first, again = frames[1], frames[slow + 1]
    assert first is not None
    assert again is not None
    assert np.array_equal(first.image_bgr, again.image_bgr)
    assert again.position_s == pytest.approx(LENGTH_S + 4)


def test_closed_it_gives_nothing_and_opened_again_it_begins_anew(scene: Scene) -> None:
    source = SampleSource(lambda: scene)
    assert source.read() is None
    source.open()
    source.read()
    source.close()
    assert source.read() is None
    source.open()
    frame = source.read()
    assert frame is not None
    assert (frame.index, frame.position_s) == (0, 0.0)


def test_a_missing_picture_is_an_error_when_it_is_opened(cutout_of: Mapping[str, Cutout]) -> None:
    def broken() -> Scene:
        raise SampleMissing(path="t1.jpg")

    with pytest.raises(SampleMissing):
        SampleSource(broken).open()
