"""What the window needs from the rest of the program, and nothing more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from netcafe_face.domain.people import Seat
from netcafe_face.domain.results import FrameResult
from netcafe_face.gui.work import Workers

if TYPE_CHECKING:
    from netcafe_face.camera.frames import Frame
    from netcafe_face.camera.sources import SourceSpec
    from netcafe_face.camera.webcams import WebcamInfo
    from netcafe_face.config.paths import Paths
    from netcafe_face.config.settings import Settings
    from netcafe_face.gallery.service import Gallery
    from netcafe_face.pipeline.enrolment import Enrolment
    from netcafe_face.pipeline.live import LiveSession, LiveState
    from netcafe_face.pipeline.recognizer import Recognizer
    from netcafe_face.vision.packs import ModelPack


class Cafe(Protocol):
    """The program's services, wired by `app`. Methods marked slow are called off the GUI thread only."""

    @property
    def settings(self) -> Settings:
        """Return the settings in force."""
        ...

    @property
    def paths(self) -> Paths:
        """Return where the data folder's parts are."""
        ...

    @property
    def gallery(self) -> Gallery:
        """Return the customers' database."""
        ...

    @property
    def pack(self) -> ModelPack:
        """Return the model pack in use; slow at the first call."""
        ...

    @property
    def is_sample(self) -> bool:
        """Return whether this is the sample café, so that the window says so."""
        ...

    def recognizer(self) -> Recognizer:
        """Return the networks, loaded; slow at the first call."""
        ...

    def enrolment(self) -> Enrolment:
        """Return the enrolment use case; slow at the first call."""
        ...

    def change_settings(self, **changes: Any) -> None:
        """Change some settings from now on and write them to disk; slow."""
        ...

    def list_webcams(self) -> Sequence[WebcamInfo]:
        """Return the cameras of this computer; slow."""
        ...

    def sample_source(self) -> SourceSpec:
        """Return the sample café's clip as a source."""
        ...

    def seats(self, source_name: str) -> Sequence[Seat]:
        """Return the seats that a source watches; empty for most."""
        ...

    def live_session(
        self,
        spec: SourceSpec,
        on_result: Callable[[FrameResult], None],
        on_state: Callable[[LiveState], None],
        on_frame: Callable[[Frame], None] | None = None,
    ) -> LiveSession:
        """Return a session, not started, that calls back on its own threads."""
        ...


@dataclass(frozen=True)
class GuiContext:
    """What every page gets.

    Attributes:
        cafe: the program's services.
        workers: threads for slow work.
        started_s: `time.monotonic()` when the process started, for the start-up trace.
    """

    cafe: Cafe
    workers: Workers = field(default_factory=Workers)
    started_s: float = field(default_factory=time.monotonic)
