"""The few things that every OpenCV capture here shares."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from netcafe_face.domain.faces import Image

if TYPE_CHECKING:
    import cv2


def open_ffmpeg(address: str, *, timeout_ms: int | None = None) -> cv2.VideoCapture:
    """Open a file or network address with FFmpeg, RTSP over TCP.

    FFmpeg's own log is silenced first: it would write addresses, passwords included, to the terminal.
    What the operator has set in these environment variables is left alone.

    Args:
        address: a path or a URL.
        timeout_ms: longest wait for the address to open and for each frame; None for a file.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
    import cv2

    quieten()
    settings: list[int] = []
    if timeout_ms is not None:
        # One decoding thread: FFmpeg holds back one frame for each further one.
        settings += [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
        settings += [cv2.CAP_PROP_N_THREADS, 1]
    return cv2.VideoCapture(address, cv2.CAP_FFMPEG, settings)


def quieten() -> None:
    """Keep OpenCV's own warnings off the terminal: what fails is raised, and told in better words."""
    import cv2

    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def read_bgr(capture: cv2.VideoCapture) -> Image | None:
    """Read the next frame as uint8 (h, w, 3) BGR; None when there is none."""
    import cv2

    try:
        arrived, image = capture.read()
    except cv2.error:
        return None
    if not arrived or image is None or image.size == 0:
        return None
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif image.shape[2] == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
    return np.asarray(image, dtype=np.uint8)
