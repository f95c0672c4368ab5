"""A video file read frame by frame, and an annotated one written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from netcafe_face.camera.capture import open_ffmpeg
from netcafe_face.domain.errors import N_, OutputError, VideoUnreadable
from netcafe_face.domain.faces import Image

FALLBACK_FPS = 25.0


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One decoded frame: uint8 (h, w, 3) BGR, its number from 0, and its time in the video."""

    image_bgr: Image
    number: int
    position_s: float


class VideoReader:
    """Reads a video file through FFmpeg; use it in a `with` block.

    Attributes:
        fps: frames a second as the file says, 25 where it does not.
        frames_expected: how many frames the file says it has, 0 where it does not.

    Raises:
        VideoUnreadable: the file is missing, empty, damaged or of an unknown kind.
    """

    def __init__(self, path: Path) -> None:
        import cv2

        self._path = path
        self._check_file()
        self._capture = open_ffmpeg(str(path.absolute()))
        if not self._capture.isOpened():
            self._capture.release()
            raise VideoUnreadable(path=path, reason=N_("it is damaged or of an unknown kind"))
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if np.isfinite(fps) and 0.0 < fps <= 1000.0 else FALLBACK_FPS
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.frames_expected = int(count) if np.isfinite(count) and count > 0 else 0
        self.frames_read = 0
        self._position_property = cv2.CAP_PROP_POS_MSEC

    def frames(self, fps: float | None = None) -> Iterator[VideoFrame]:
        """Yield every frame, or `fps` frames a second of the video.

        Raises:
            VideoUnreadable: not a single frame can be decoded.
        """
        due_s = 0.0
        last_s = -1.0
        given = 0
        while self._capture.grab():
            number, self.frames_read = self.frames_read, self.frames_read + 1
            told_s = self._capture.get(self._position_property) / 1000.0
            position_s = told_s if told_s > last_s else last_s + 1.0 / self.fps if number else 0.0
            last_s = position_s
            # Half a frame of slack, so that rounded timestamps do not shift the samples by one.
            if fps is not None and position_s + 0.5 / self.fps < due_s:
                continue
            decoded, image = self._capture.retrieve()
            if not decoded or image is None:
                continue
            if fps is not None:
                due_s = max(due_s + 1.0 / fps, position_s - 0.5 / self.fps)
            given += 1
            yield VideoFrame(np.asarray(image, dtype=np.uint8), number, position_s)
        if not given:
            raise VideoUnreadable(path=self._path, reason=N_("no frame of it can be decoded"))

    def frame_at(self, number: int) -> Image:
        """Return one frame, uint8 (h, w, 3) BGR, by its number from 0.

        Raises:
            VideoUnreadable: it cannot be decoded.
        """
        import cv2

        self._capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        decoded, image = self._capture.read()
        if not decoded or image is None:
            raise VideoUnreadable(path=self._path, reason=N_("no frame of it can be decoded"))
        return np.asarray(image, dtype=np.uint8)

    def close(self) -> None:
        """Let go of the file."""
        self._capture.release()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_file(self) -> None:
        try:
            if not self._path.is_file():
                missing = not self._path.exists()
                reason = N_("there is no such file") if missing else N_("it is not a file")
                raise VideoUnreadable(path=self._path, reason=reason)
            with self._path.open("rb") as stream:
                if not stream.read(1):
                    raise VideoUnreadable(path=self._path, reason=N_("it is empty"))
        except OSError as error:
            raise VideoUnreadable(path=self._path, reason=error.strerror or type(error).__name__) from error


class VideoWriter:
    """Writes an MP4 that appears under its name once it is closed, with all frames given so far.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        import cv2

        self.path = path
        self._size = size
        self._frames = 0
        self._aside = path.with_name(f".{path.stem}.part.mp4")
        self._begin_private()
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(
            str(self._aside), cv2.CAP_FFMPEG, code, min(max(fps, 0.1), 240.0), size
        )
        if not self._writer.isOpened():
            self._writer.release()
            self._discard()
            raise OutputError(path=path, reason=N_("the video could not be begun"))

    def _begin_private(self) -> None:
        """Make the file for this user alone, like every other picture of faces, before OpenCV fills it."""
        try:
            self._aside.touch(mode=0o600)
            self._aside.chmod(0o600)
        except OSError as error:
            raise OutputError(path=self.path, reason=error.strerror or type(error).__name__) from error

    def write(self, image_bgr: Image) -> None:
        """Add a frame, uint8 (h, w, 3) BGR; one of another size is scaled to the first one's."""
        import cv2

        height, width = image_bgr.shape[:2]
        if (width, height) != self._size:
            image_bgr = np.asarray(cv2.resize(image_bgr, self._size), dtype=np.uint8)
        self._writer.write(image_bgr)
        self._frames += 1

    def close(self) -> Path:
        """Finish the video and give it its name.

        Raises:
            OutputError: it came out incomplete, as on a full disk; what was there before is unchanged.
        """
        self._writer.release()
        if self._written_frames() < self._frames:
            # FFmpeg does not say that a disk is full, so the proof is the file itself.
            self._discard()
            raise OutputError(path=self.path, reason=N_("the video came out incomplete; is the disk full?"))
        try:
            self._aside.replace(self.path)
        except OSError as error:
            self._discard()
            raise OutputError(path=self.path, reason=error.strerror or type(error).__name__) from error
        return self.path

    def _written_frames(self) -> int:
        import cv2

        capture = open_ffmpeg(str(self._aside))
        count = capture.get(cv2.CAP_PROP_FRAME_COUNT) if capture.isOpened() else 0.0
        capture.release()
        return int(count)

    def _discard(self) -> None:
        with contextlib.suppress(OSError):
            self._aside.unlink(missing_ok=True)
