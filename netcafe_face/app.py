"""The one place where the program is put together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netcafe_face.camera.opening import open_source
from netcafe_face.camera.sources import SourceKind, SourceSpec
from netcafe_face.config.paths import Paths, data_paths
from netcafe_face.config.settings import Settings, load_settings, update_settings
from netcafe_face.domain.errors import FolderUnusable
from netcafe_face.domain.people import Seat
from netcafe_face.vision.packs import ModelPack, PackLibrary
from netcafe_face.vision.runtime import Runtime

if TYPE_CHECKING:
    from netcafe_face.camera.frames import Frame, FrameSource
    from netcafe_face.camera.webcams import WebcamInfo
    from netcafe_face.domain.results import FrameResult
    from netcafe_face.gallery.service import Gallery
    from netcafe_face.pipeline.enrolment import Enrolment
    from netcafe_face.pipeline.live import LiveSession, LiveState
    from netcafe_face.pipeline.recognizer import Recognizer
    from netcafe_face.pipeline.watch import WatchRules
    from netcafe_face.sample.scene import Scene

SHIPPED_PACKS = Path(__file__).resolve().parents[1] / "models"


class Cafe:
    """One data folder's services, each made when it is first asked for; safe to use from several threads.

    Args:
        paths: the data folder.
        settings: what the operator chose.
        is_sample: whether this is the sample café.
    """

    def __init__(self, paths: Paths, settings: Settings, is_sample: bool = False) -> None:
        self.paths = paths
        self.is_sample = is_sample
        self._settings = settings
        self.library = PackLibrary(SHIPPED_PACKS, paths.packs)
        # One lock each, so that the gallery can be asked while networks load.
        self._changing, self._opening, self._loading = (threading.RLock() for _ in range(3))
        self._pack: ModelPack | None = None
        self._gallery: Gallery | None = None
        self._recognizer: Recognizer | None = None
        self._scene: Scene | None = None

    @property
    def settings(self) -> Settings:
        """Return the settings in force."""
        return self._settings

    def use_settings(self, settings: Settings) -> None:
        """Use settings for this run without writing them."""
        self._settings = settings

    def change_settings(self, **changes: Any) -> None:
        """Change some settings, on disk too; another pack or runtime takes effect at the next use.

        Raises:
            PackNotFound, CardInvalid: there is no such pack, and the settings stay as they were.
            SettingsInvalid, OutputError: they cannot be written.
        """
        with self._changing:
            before = self._settings
            settings = replace(before, **changes)
            card = self.library.card(settings.pack)
            # Only what was changed here: a command may have changed something else meanwhile.
            update_settings(self.paths.settings_file, **changes)
            self._settings = settings
            if settings.pack != before.pack or self._runtime_of(settings) != self._runtime_of(before):
                with self._loading:
                    self._pack = self._recognizer = None
            if settings.pack != before.pack:
                self.gallery.use_pack(card.pack_id)

    @property
    def pack(self) -> ModelPack:
        """Return the model pack in use, its files verified.

        Raises:
            ModelError: it is not there, or not what its card says.
        """
        with self._loading:
            if self._pack is None:
                self._pack = self.library.find(self._settings.pack)
            return self._pack

    @property
    def gallery(self) -> Gallery:
        """Return the gallery, opened for the pack in use.

        Raises:
            GalleryError: it cannot be opened.
            ModelError: there is no such pack.
        """
        from netcafe_face.gallery.service import Gallery

        with self._opening:
            if self._gallery is None:
                card = self.library.card(self._settings.pack)
                self._gallery = Gallery.open(self.paths.database, card.pack_id)
            return self._gallery

    def recognizer(self) -> Recognizer:
        """Return the networks, loaded; takes about a second at the first call.

        Raises:
            ModelError: the pack cannot be used.
        """
        from netcafe_face.pipeline.recognizer import Recognizer
        from netcafe_face.vision.detection import build_detector
        from netcafe_face.vision.embedding import build_embedder

        with self._loading:
            if self._recognizer is None:
                runtime = self._runtime_of(self._settings)
                self._recognizer = Recognizer(
                    build_detector(self.pack, runtime),
                    build_embedder(self.pack, runtime),
                    self.pack.card.thresholds,
                    self.pack.pack_id,
                )
            return self._recognizer

    def enrolment(self) -> Enrolment:
        """Return the enrolment use case; loads the networks."""
        from netcafe_face.pipeline.enrolment import Enrolment

        return Enrolment(self.recognizer(), self.gallery, float(self._settings.min_face_px))

    def list_webcams(self) -> Sequence[WebcamInfo]:
        """Return the cameras of this computer; slow."""
        from netcafe_face.camera.webcams import list_webcams

        return list_webcams()

    def sample_source(self) -> SourceSpec:
        """Return the sample café's clip as a source."""
        from netcafe_face.sample.script import SOURCE_NAME

        return SourceSpec(SourceKind.SAMPLE, "sample", SOURCE_NAME, loop=not self.is_sample)

    def seats(self, source_name: str) -> Sequence[Seat]:
        """Return the seats that a source watches; empty for most."""
        from netcafe_face.sample.script import SEATS, SOURCE_NAME

        return SEATS if source_name == SOURCE_NAME else ()

    def live_session(
        self,
        spec: SourceSpec,
        on_result: Callable[[FrameResult], None],
        on_state: Callable[[LiveState], None],
        on_frame: Callable[[Frame], None] | None = None,
    ) -> LiveSession:
        """Return a live session, not started, that calls back on its own threads.

        The sample café's people are enrolled first, so that its window need not wait for them.
        """
        from netcafe_face.pipeline.live import LiveOptions, LiveSession

        if self.is_sample and not self.gallery.snapshot.templates:
            self._enrol_sample_people()
        options = LiveOptions(
            on_frame=on_frame,
            seats=self.seats(spec.name),
            sample=spec.kind is SourceKind.SAMPLE,
            rules=self._watch_rules(),
        )
        return LiveSession(
            lambda: self.open_source(spec),
            spec.name,
            self.recognizer,
            self.gallery,
            on_result,
            on_state,
            options,
        )

    def open_source(self, spec: SourceSpec) -> FrameSource:
        """Make the source that a spec describes, not opened yet."""
        if spec.kind is SourceKind.SAMPLE:
            from netcafe_face.sample.source import SampleSource

            return SampleSource(self._sample_scene, loop=spec.loop, realtime=spec.realtime)
        return open_source(spec)

    def begin_afresh(self) -> None:
        """Delete the sample café's customers, log, exports and settings.

        Raises:
            FolderUnusable: they cannot be deleted.
        """
        import shutil

        if not self.is_sample:
            raise ValueError("only the sample café begins afresh")
        try:
            for folder in (self.paths.database, self.paths.exports):
                shutil.rmtree(folder, ignore_errors=False)
            self.paths.settings_file.unlink(missing_ok=True)
        except OSError as error:
            raise FolderUnusable(path=self.paths.root, reason=error.strerror or str(error)) from error
        self.paths.create()

    def _enrol_sample_people(self) -> None:
        from netcafe_face.sample.cafe import enrol_people

        enrol_people(self.gallery, self.recognizer(), self._sample_scene().cutouts)

    def close(self) -> None:
        """Finish what the gallery has in hand and close it."""
        with self._opening:
            if self._gallery is not None:
                self._gallery.close()
                self._gallery = None

    def _watch_rules(self) -> WatchRules:
        from netcafe_face.pipeline.visit_book import VisitRules
        from netcafe_face.pipeline.watch import WatchRules
        from netcafe_face.sample.script import ABSENCE_S, BEGIN_S

        if not self.is_sample:
            return WatchRules()
        return WatchRules(visits=VisitRules(begin_s=BEGIN_S, absence_s=ABSENCE_S))

    def _sample_scene(self) -> Scene:
        from netcafe_face.sample.people import cutouts
        from netcafe_face.sample.scene import Scene

        recognizer = self.recognizer()
        with self._loading:
            if self._scene is None:
                self._scene = Scene(cutouts(recognizer.detector))
            return self._scene

    @staticmethod
    def _runtime_of(settings: Settings) -> Runtime:
        return Runtime(settings.provider, settings.threads)


def build(data_dir: Path | None = None) -> Cafe:
    """Put the program together for a data folder: `data_dir`, or the user's own.

    Raises:
        FolderUnusable: the folder cannot be made or written.
        SettingsInvalid: the settings file cannot be used.
    """
    paths = data_paths(data_dir).create()
    return Cafe(paths, load_settings(paths.settings_file))


def build_sample(data_dir: Path | None = None, language: str | None = None) -> Cafe:
    """Put the sample café together: a data folder of its own inside the other one."""
    outer = data_paths(data_dir).create()
    settings = load_settings(outer.settings_file)
    paths = Paths(outer.root / "sample-cafe").create()
    chosen = Settings(language=language or settings.language, theme=settings.theme)
    return Cafe(paths, chosen, is_sample=True)
