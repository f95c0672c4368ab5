"""Video files, animated GIFs included."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from netcafe_face.camera.capture import open_ffmpeg, read_bgr
from netcafe_face.camera.frames import Frame
from netcafe_face.domain.errors import N_, VideoUnreadable
from netcafe_face.domain.faces import Image

if TYPE_CHECKING:
    import cv2

log = logging.getLogger(__name__)

_ASSUMED_FPS = 25.0


class VideoFile:
    """A video file, read to its end or over and over.

    Attributes:
        frames_total: how many frames its header promises; 0 where it does not say.
    """

    def __init__(self, path: Path, name: str = "", *, loop: bool = False, realtime: bool = True) -> None:
        self.path = path
        self.name = name or path.name
        self.loop = loop
        self.realtime = realtime
        self.frames_total = 0
        self._capture: cv2.VideoCapture | None = None
        self._step_s = 1.0 / _ASSUMED_FPS
        self._index = 0
        self._in_this_pass = 0
        self._position_s = 0.0

    def open(self) -> None:
        """Open the file at its beginning.

        Raises:
            VideoUnreadable: it is missing, empty, or nothing that FFmpeg can play.
        """
        import cv2

        self.close()
        self._check_file()
        capture = open_ffmpeg(str(self.path.absolute()))
        if not capture.isOpened():
            capture.release()
            raise VideoUnreadable(path=self.path, reason=N_("it is damaged or of an unknown kind"))
        fps = capture.get(cv2.CAP_PROP_FPS)
        self._step_s = 1.0 / (fps if 0.1 <= fps <= 240.0 else _ASSUMED_FPS)
        self.frames_total = max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self._capture = capture
        self._in_this_pass = 0

    def _check_file(self) -> None:
        try:
            if not self.path.is_file():
                raise VideoUnreadable(path=self.path, reason=N_("there is no such file"))
            with self.path.open("rb") as file:
                empty = not file.read(1)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise VideoUnreadable(path=self.path, reason=reason) from error
        if empty:
            raise VideoUnreadable(path=self.path, reason=N_("it is empty"))

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end.

        Raises:
            VideoUnreadable: not a single frame could be decoded.
        """
        image_bgr = self._next()
        if image_bgr is None and self._finished() and self.loop:
            self.open()
            image_bgr = self._next()
        if image_bgr is None or self._capture is None:
            return None
        frame = Frame(image_bgr, time.monotonic(), self._index, self._timestamp(self._capture))
        self._index += 1
        self._in_this_pass += 1
        return frame

    def _next(self) -> Image | None:
        return read_bgr(self._capture) if self._capture is not None else None

    def _finished(self) -> bool:
        """Take note of the end of one pass, and say whether another would give frames again."""
        if self._capture is None:
            return False
        if not self._in_this_pass:
            raise VideoUnreadable(path=self.path, reason=N_("no frame of it can be decoded"))
        if self.ended_early:
            log.warning("a video ended after %d of %d frames", self._in_this_pass, self.frames_total)
        return True

    @property
    def ended_early(self) -> bool:
        """Return whether clearly fewer frames came in this pass than the header promises: a cut file."""
        return self._in_this_pass < 0.9 * self.frames_total - 2

    def _timestamp(self, capture: cv2.VideoCapture) -> float:
        """Return the frame's time in the video; one step on where the file's own time does not advance."""
        import cv2

        told_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        if not self._in_this_pass:
            self._position_s = max(0.0, told_s)
        else:
            self._position_s = told_s if told_s > self._position_s else self._position_s + self._step_s
        return self._position_s

    def close(self) -> None:
        """Let go of the file."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None
