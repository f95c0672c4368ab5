"""Whatever an OpenCV back end hands over, a frame is BGR or there is none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from netcafe_face.camera.capture import open_ffmpeg, read_bgr


class Camera:
    """A back end that gives one prepared answer."""

    def __init__(self, arrived: bool, image: np.ndarray | None, error: bool = False) -> None:
        self._answer = (arrived, image)
        self._error = error

    def read(self) -> tuple[bool, np.ndarray | None]:
        if self._error:
            raise cv2.error("the driver failed")
        return self._answer


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 3), (8, 6, 4)])
def test_grey_and_transparent_frames_become_bgr(shape: tuple[int, ...]) -> None:
    image = read_bgr(Camera(True, np.full(shape, 90, np.uint8)))  # type: ignore[arg-type]

    assert image is not None
    assert image.shape == (8, 6, 3)
    assert (image == 90).all()


@pytest.mark.parametrize(
    "camera",
    [
        Camera(False, None),
        Camera(True, None),
        Camera(True, np.empty((0, 0, 3), np.uint8)),
        Camera(True, None, error=True),
    ],
)
def test_an_empty_or_failed_answer_is_no_frame(camera: Camera) -> None:
    assert read_bgr(camera) is None  # type: ignore[arg-type]


def test_a_failure_prints_nothing_of_its_own(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert not open_ffmpeg(str(tmp_path / "gone.mp4")).isOpened()

    assert capfd.readouterr().err == ""
