"""A folder of pictures, or a single one, shown one after the other."""

from __future__ import annotations

import logging
import re
import stat
import time
from pathlib import Path

import numpy as np

from netcafe_face.camera.frames import Frame
from netcafe_face.camera.sources import IMAGE_SUFFIXES
from netcafe_face.domain.errors import ImageUnreadable, NoPictures
from netcafe_face.domain.faces import Image

log = logging.getLogger(__name__)


class ImageFolder:
    """The pictures of a folder in natural order (“photo 2” before “photo 10”), without its subfolders.

    Args:
        path: a folder, or one picture.
        seconds_each: how long each is shown when read at its own pace.
    """

    def __init__(
        self,
        path: Path,
        name: str = "",
        *,
        loop: bool = False,
        realtime: bool = True,
        seconds_each: float = 2.0,
    ) -> None:
        self.path = path
        self.name = name or path.name
        self.loop = loop
        self.realtime = realtime
        self.seconds_each = seconds_each
        self._left: list[Path] = []
        self._given_in_this_pass = 0
        self._index = 0

    def open(self) -> None:
        """List the pictures.

        Raises:
            NoPictures: the folder has none.
            ImageUnreadable: the folder or picture is missing or may not be read.
        """
        try:
            files = [self.path] if self.path.is_file() else list(self.path.iterdir())
        except OSError as error:
            raise ImageUnreadable(path=self.path, reason=error.strerror or type(error).__name__) from error
        pictures = [file for file in files if _is_picture(file)]
        if not pictures:
            raise NoPictures(path=self.path)
        self._left = sorted(pictures, key=lambda file: natural_key(file.name), reverse=True)
        self._given_in_this_pass = 0

    def read(self) -> Frame | None:
        """Return the next picture that can be read, or None after the last.

        Raises:
            NoPictures: not one of them could be read.
        """
        while True:
            while self._left:
                image_bgr = _decode(self._left.pop())
                if image_bgr is not None:
                    return self._frame(image_bgr)
                log.warning("picture %d of a folder cannot be read; it is passed over", self._index + 1)
            if not self._given_in_this_pass:
                raise NoPictures(path=self.path)
            if not self.loop:
                return None
            self.open()

    def _frame(self, image_bgr: Image) -> Frame:
        frame = Frame(image_bgr, time.monotonic(), self._index, self._given_in_this_pass * self.seconds_each)
        self._given_in_this_pass += 1
        self._index += 1
        return frame

    def close(self) -> None:
        """Forget the list."""
        self._left = []
        self._given_in_this_pass = 1


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Return a sort key under which numbers inside names count as numbers."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)


def _is_picture(file: Path) -> bool:
    if file.suffix.lower() not in IMAGE_SUFFIXES or file.name.startswith("."):
        return False
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    # A pipe would be waited for without an end, a device read without one.
    return stat.S_ISREG(mode)


def _decode(file: Path) -> Image | None:
    import cv2

    try:
        data = np.frombuffer(file.read_bytes(), dtype=np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error):
        return None
    return None if image is None else np.asarray(image, dtype=np.uint8)
