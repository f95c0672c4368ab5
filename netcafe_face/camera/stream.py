"""Network cameras: RTSP and HTTP addresses, through FFmpeg, which has time limits of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from netcafe_face.camera.capture import open_ffmpeg, read_bgr
from netcafe_face.camera.frames import Frame
from netcafe_face.camera.sources import masked
from netcafe_face.domain.errors import N_, SourceStalled, SourceUnavailable

if TYPE_CHECKING:
    import cv2


class NetworkStream:
    """A network camera; it has no end, so a broken connection is an error and never a last frame.

    Frames keep the size of the first one until it is opened again: OpenCV scales a later change away.

    Args:
        address: rtsp://…, http://… and so on, with a password if need be; it is never shown or logged.
        timeout_s: longest wait for an answer and for each frame.
    """

    realtime = False

    def __init__(self, address: str, name: str = "", *, timeout_s: float = 5.0) -> None:
        self.name = name or masked(address)
        self.timeout_s = timeout_s
        self._address = address
        self._capture: cv2.VideoCapture | None = None
        self._index = 0

    def open(self) -> None:
        """Connect, RTSP over TCP.

        Raises:
            SourceUnavailable: nobody answers there, access is refused, or it is no video.
        """
        self.close()
        began_s = time.monotonic()
        capture = open_ffmpeg(self._address, timeout_ms=round(self.timeout_s * 1000))
        if not capture.isOpened():
            capture.release()
            silent = time.monotonic() - began_s >= self.timeout_s
            reason = (
                N_("it does not answer") if silent else N_("the connection is refused, or it is not a video")
            )
            raise SourceUnavailable(source=self.name, reason=reason)
        self._capture = capture
        self._index = 0

    def read(self) -> Frame:
        """Wait for the next frame.

        Raises:
            SourceStalled: none came in time.
            SourceUnavailable: the connection broke, or what came is not a picture.
        """
        if self._capture is None:
            raise SourceUnavailable(source=self.name, reason=N_("it is not open"))
        began_s = time.monotonic()
        image_bgr = read_bgr(self._capture)
        now_s = time.monotonic()
        if image_bgr is None:
            if now_s - began_s >= self.timeout_s:
                raise SourceStalled(source=self.name, seconds=round(now_s - began_s))
            raise SourceUnavailable(source=self.name, reason=N_("the connection broke"))
        frame = Frame(image_bgr, now_s, self._index)
        self._index += 1
        return frame

    def close(self) -> None:
        """Hang up."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None
