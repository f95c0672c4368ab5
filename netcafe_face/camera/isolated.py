"""A source read in a child process, which is killed when it hangs.

The two take turns: the parent asks, then the child writes its newest frame into the shared memory and
answers. Nobody writes while the other reads, so no lock can be left held by a killed child.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.shared_memory import SharedMemory

import numpy as np

from netcafe_face.camera.frames import Frame, FrameSource
from netcafe_face.domain.errors import N_, NetcafeError, SourceStalled, SourceUnavailable

LARGEST_FRAME_BYTES = 4096 * 2304 * 3
_SLICE_S = 0.1


class IsolatedSource:
    """Any source, at arm's length.

    Args:
        make: makes the source in the child; it must be picklable.
        name: what a person calls it.
        realtime: whether the reader keeps the pace of `position_s`.
        open_timeout_s: longest wait for it to open, the start of the child included.
        read_timeout_s: longest wait for a frame.
    """

    def __init__(
        self,
        make: Callable[[], FrameSource],
        name: str,
        *,
        realtime: bool = False,
        open_timeout_s: float = 20.0,
        read_timeout_s: float = 5.0,
    ) -> None:
        self.name = name
        self.realtime = realtime
        self._make = make
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s
        self._interrupted = threading.Event()
        self._child: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._memory: SharedMemory | None = None
        self._index = 0

    def open(self) -> None:
        """Start the child and wait until it has opened the source.

        Raises:
            SourceStalled: it hangs.
            SourceUnavailable: it cannot be opened.
        """
        self.close()
        try:
            self._start_child()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SourceUnavailable(source=self.name, reason=reason) from error
        self._answer(self._open_timeout_s)
        self._index = 0

    def _start_child(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._memory = SharedMemory(create=True, size=LARGEST_FRAME_BYTES)
        self._pipe, far_end = spawn.Pipe()
        with far_end:
            child = spawn.Process(
                target=_serve, args=(self._make, far_end, self._memory.name), name="camera", daemon=True
            )
            child.start()
        self._child = child

    def read(self) -> Frame | None:
        """Return the newest frame, or None after the last one.

        Raises:
            SourceStalled: none came in time; close it, which kills the child.
            SourceUnavailable: the child or the source is gone.
        """
        if self._pipe is None or self._memory is None:
            raise SourceUnavailable(source=self.name, reason=N_("it is not open"))
        try:
            self._pipe.send("next")
        except OSError as error:
            raise self._gone() from error
        answer = self._answer(self._read_timeout_s)
        if answer is None:
            return None
        shape, captured_at_s, position_s = answer
        shared = np.ndarray(shape, dtype=np.uint8, buffer=self._memory.buf)
        frame = Frame(shared.copy(), captured_at_s, self._index, position_s)
        self._index += 1
        return frame

    def _answer(self, timeout_s: float) -> tuple[tuple[int, int, int], float, float | None] | None:
        assert self._pipe is not None
        deadline_s = time.monotonic() + timeout_s
        try:
            while not self._pipe.poll(_SLICE_S):
                if self._interrupted.is_set() or time.monotonic() >= deadline_s:
                    raise SourceStalled(source=self.name, seconds=round(timeout_s))
            kind, content = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._gone() from error
        if kind == "error":
            error_type, details = content
            raise error_type(**details)
        return content  # type: ignore[no-any-return]  # what _serve below sends

    def _gone(self) -> SourceUnavailable:
        return SourceUnavailable(source=self.name, reason=N_("the camera driver crashed"))

    def interrupt(self) -> None:
        """Make a blocked `open` or `read` on another thread give up soon."""
        self._interrupted.set()

    def close(self) -> None:
        """Kill the child: it may hang, and it has nothing to save."""
        if self._child is not None:
            self._child.kill()
            self._child.join(2.0)
            self._child = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._memory is not None:
            self._memory.close()
            self._memory.unlink()
            self._memory = None


def _serve(make: Callable[[], FrameSource], pipe: Connection, memory_name: str) -> None:
    """Read the source over and over, and hand out the newest frame whenever the parent asks."""
    # Ctrl-C in a terminal reaches the child too; the parent decides when it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    memory = SharedMemory(memory_name)
    # EOFError or OSError: the parent is gone, and so is whoever would want to know.
    with contextlib.closing(memory), contextlib.suppress(EOFError, OSError):
        try:
            source = make()
            source.open()
            pipe.send(("opened", None))
            _pump(source, pipe, memory)
        except NetcafeError as error:
            pipe.send(("error", (type(error), error.details)))


def _pump(source: FrameSource, pipe: Connection, memory: SharedMemory) -> None:
    while True:
        frame = source.read()
        if frame is None:
            pipe.recv()
            pipe.send(("ended", None))
            return
        # A camera goes on while nobody asks, so that the next answer is new; a file waits.
        if frame.position_s is None and not pipe.poll():
            continue
        pipe.recv()
        image = frame.image_bgr
        if image.nbytes > LARGEST_FRAME_BYTES:
            raise SourceUnavailable(source=source.name, reason=N_("its picture is too large"))
        np.ndarray(image.shape, dtype=np.uint8, buffer=memory.buf)[:] = image
        pipe.send(("frame", (image.shape, frame.captured_at_s, frame.position_s)))
