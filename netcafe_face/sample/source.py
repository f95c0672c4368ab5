"""The sample café as a source of frames, rendered while it is watched."""

from __future__ import annotations

import time
from collections.abc import Callable

from netcafe_face.camera.frames import Frame
from netcafe_face.sample.scene import Scene
from netcafe_face.sample.script import LENGTH_S, SOURCE_NAME

FRAMES_PER_S = 12.0


class SampleSource:
    """Frames of the sample café at 12 a second.

    Args:
        make_scene: builds the scene when the source is opened; slow.
        loop: begin again at the end.
        realtime: ask to be shown at its own pace.
    """

    def __init__(self, make_scene: Callable[[], Scene], loop: bool = False, realtime: bool = True) -> None:
        self._make_scene = make_scene
        self._loop = loop
        self._realtime = realtime
        self._scene: Scene | None = None
        self._index = 0

    @property
    def name(self) -> str:
        """Return what it is called."""
        return SOURCE_NAME

    @property
    def realtime(self) -> bool:
        """Return whether the reader should keep the pace of `position_s`."""
        return self._realtime

    def open(self) -> None:
        """Build the scene.

        Raises:
            SampleMissing: a picture it is made of is not installed.
        """
        self._scene = self._make_scene()
        self._index = 0

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end."""
        position_s = self._index / FRAMES_PER_S
        if self._scene is None or (position_s >= LENGTH_S and not self._loop):
            return None
        picture = self._scene.render(position_s % LENGTH_S)
        frame = Frame(picture, time.monotonic(), self._index, position_s)
        self._index += 1
        return frame

    def close(self) -> None:
        """Forget the scene."""
        self._scene = None
