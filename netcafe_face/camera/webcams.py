"""Webcams: which there are, and how one is read."""

from __future__ import annotations

import functools
import logging
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netcafe_face.camera.capture import quieten, read_bgr
from netcafe_face.camera.frames import Frame
from netcafe_face.camera.isolated import IsolatedSource
from netcafe_face.camera.sources import SourceKind, SourceSpec
from netcafe_face.domain.errors import N_, SourceUnavailable

if TYPE_CHECKING:
    import cv2

log = logging.getLogger(__name__)

_V4L2, _DSHOW, _AVFOUNDATION = 200, 700, 1200  # cv2.CAP_V4L2, cv2.CAP_DSHOW, cv2.CAP_AVFOUNDATION
_WANTED_SIZE = (1280, 720)


def native_backend() -> int:
    """Return OpenCV's number of this system's own camera interface; 0 where any will do."""
    return {"linux": _V4L2, "win32": _DSHOW, "darwin": _AVFOUNDATION}.get(sys.platform, 0)


@dataclass(frozen=True)
class WebcamInfo:
    """A webcam of this computer: its name, its number, and OpenCV's number of the back end that counts so."""

    name: str
    index: int
    backend: int

    def spec(self) -> SourceSpec:
        """Return it as a source."""
        return SourceSpec(SourceKind.WEBCAM, str(self.index), self.name)


def list_webcams(timeout_s: float = 5.0) -> list[WebcamInfo]:
    """Find the webcams, with their names; empty when there are none or the drivers do not answer in time.

    It loads OpenCV and asks the drivers, so call it on a worker thread.
    """
    found: list[WebcamInfo] = []
    asking = threading.Thread(target=_ask_drivers, args=(found,), name="webcams", daemon=True)
    asking.start()
    asking.join(timeout_s)
    if asking.is_alive():
        log.warning("the camera drivers did not answer within %.0f s", timeout_s)
        return []
    return sorted(found, key=lambda webcam: webcam.index)


def _ask_drivers(found: list[WebcamInfo]) -> None:
    try:
        from cv2_enumerate_cameras import enumerate_cameras, supported_backends

        backend = native_backend()
        if backend in supported_backends:
            found += [
                WebcamInfo(info.name or f"webcam {info.index}", info.index, backend)
                for info in enumerate_cameras(backend)
            ]
    except Exception:
        log.exception("the webcams could not be listed")


def webcam_source(address: str, name: str) -> IsolatedSource:
    """Make a webcam's source; its driver may hang, so it is read in a child process.

    Args:
        address: its number, or a device such as /dev/video0.
        name: what a person calls it.
    """
    return IsolatedSource(functools.partial(Webcam, address, name), name)


class Webcam:
    """A webcam, read in this very process; without time limits, since drivers have none."""

    realtime = False

    def __init__(self, address: str, name: str) -> None:
        self.name = name
        self._address = address
        self._capture: cv2.VideoCapture | None = None
        self._index = 0

    def open(self) -> None:
        """Start the camera, at 1280×720 where it can.

        Raises:
            SourceUnavailable: it is not there, or another program uses it.
        """
        import cv2

        self.close()
        quieten()
        device = int(self._address) if self._address.isdecimal() else self._address
        try:
            capture = cv2.VideoCapture(device, native_backend())
        except cv2.error as error:
            raise SourceUnavailable(source=self.name, reason=N_("the camera driver failed")) from error
        if not capture.isOpened():
            capture.release()
            raise SourceUnavailable(
                source=self.name, reason=N_("it is not there, or another program uses it")
            )
        # Uncompressed 1280×720 comes at 10 frames a second over USB 2; motion JPEG at 30.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, _WANTED_SIZE[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, _WANTED_SIZE[1])
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture = capture
        self._index = 0

    def read(self) -> Frame:
        """Wait for the next frame.

        Raises:
            SourceUnavailable: the camera gave none: it was unplugged, or its driver failed.
        """
        image_bgr = read_bgr(self._capture) if self._capture is not None else None
        if image_bgr is None:
            raise SourceUnavailable(source=self.name, reason=N_("it gives no picture"))
        frame = Frame(image_bgr, time.monotonic(), self._index)
        self._index += 1
        return frame

    def close(self) -> None:
        """Give the camera back."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None
