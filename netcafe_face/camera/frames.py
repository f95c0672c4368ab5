"""A frame, and the port that every camera, video and image folder is read through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from netcafe_face.domain.faces import Image


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        image_bgr: uint8 (h, w, 3), not to be written to once it is handed out.
        captured_at_s: monotonic seconds when it was read.
        index: 0 for the first frame since the source was opened.
        position_s: time within a video or a folder of pictures; None where frames come from a camera.
    """

    image_bgr: Image
    captured_at_s: float
    index: int
    position_s: float | None = None


class FrameSource(Protocol):
    """Something that gives frames, owned by one thread from `open` to `close`.

    `realtime` asks the reader to show each frame at its `position_s`; a source never sleeps by itself.
    """

    @property
    def name(self) -> str:
        """Return what a person calls it; never an address with a password in it."""
        ...

    @property
    def realtime(self) -> bool:
        """Return whether the reader should keep the pace of `position_s`."""
        ...

    def open(self) -> None:
        """Start to give frames.

        Raises:
            SourceUnavailable: a camera does not answer; trying again later may help.
            InputError: a file or folder is unusable; trying again does not help.
        """
        ...

    def read(self) -> Frame | None:
        """Return the next frame, or None after the last one of a video or folder.

        Raises:
            SourceStalled: a camera stopped giving frames.
            SourceUnavailable: a camera went away.
        """
        ...

    def close(self) -> None:
        """Give the camera or file back; harmless when it is not open."""
        ...


@runtime_checkable
class Interruptible(Protocol):
    """A source whose blocked `open` or `read` can be told from another thread to give up."""

    def interrupt(self) -> None:
        """Make a blocked call return soon, by raising `SourceStalled`."""
        ...
