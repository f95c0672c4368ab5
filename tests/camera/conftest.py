from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.camera.mjpeg import MjpegServer


@pytest.fixture
def camera_server() -> Iterator[MjpegServer]:
    server = MjpegServer()
    yield server
    server.close()


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    """Write a video whose frames grow brighter, so that each can be told from the others."""

    def write(frames: int = 10, fps: float = 20.0, name: str = "clip.mp4", code: str = "mp4v") -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), fps, (160, 120))
        for number in range(frames):
            writer.write(np.full((120, 160, 3), (20 + number * 8) % 256, np.uint8))
        writer.release()
        return path

    return write
