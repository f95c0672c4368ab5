"""A café for the window's tests: the real gallery and the real networks on a folder of its own."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from netcafe_face import i18n
from netcafe_face.config.paths import Paths
from netcafe_face.config.settings import Settings
from netcafe_face.domain.people import Seat
from netcafe_face.gallery.service import Gallery
from netcafe_face.gui.context import GuiContext
from netcafe_face.vision.packs import load_pack

PACK = Path(__file__).resolve().parents[2] / "models" / "netcafe-mini"


class SmallCafe:
    """What `app` will wire, for one test."""

    def __init__(self, root: Path) -> None:
        self.settings = Settings(language="en", theme="light", operator="Lan")
        self.paths = Paths(root).create()
        self.pack = load_pack(PACK)
        self.gallery = Gallery.open(self.paths.database, self.pack.card.pack_id)
        self.is_sample = False
        self.webcams: Sequence[Any] = ()
        self.seat_list: Sequence[Seat] = ()
        self._recognizer: Any = None

    def recognizer(self) -> Any:
        if self._recognizer is None:
            from netcafe_face.pipeline.recognizer import Recognizer
            from netcafe_face.vision.detection import build_detector
            from netcafe_face.vision.embedding import build_embedder
            from netcafe_face.vision.runtime import Runtime

            runtime = Runtime()
            self._recognizer = Recognizer(
                build_detector(self.pack, runtime),
                build_embedder(self.pack, runtime),
                self.pack.card.thresholds,
            )
        return self._recognizer

    def enrolment(self) -> Any:
        from netcafe_face.pipeline.enrolment import Enrolment

        return Enrolment(self.recognizer(), self.gallery, self.settings.min_face_px)

    def save_settings(self, settings: Settings) -> None:
        self.settings = settings

    def list_webcams(self) -> Sequence[Any]:
        return self.webcams

    def sample_source(self) -> Any:
        raise AssertionError("this café has no sample")

    def seats(self, source_name: str) -> Sequence[Seat]:
        return self.seat_list

    def live_session(self, spec: Any, on_result: Any, on_state: Any, on_frame: Any = None) -> Any:
        from netcafe_face.camera.sources import open_source
        from netcafe_face.pipeline.live import LiveOptions, LiveSession

        return LiveSession(
            lambda: open_source(spec),
            spec.name,
            self.recognizer,
            self.gallery,
            on_result,
            on_state,
            LiveOptions(on_frame=on_frame),
        )


@pytest.fixture
def cafe(tmp_path: Path) -> Iterator[SmallCafe]:
    small = SmallCafe(tmp_path / "data")
    yield small
    small.gallery.close()


@pytest.fixture
def context(cafe: SmallCafe, qapp: Any) -> Iterator[GuiContext]:
    from netcafe_face.gui.theme import theme

    i18n.set_language("en")
    theme().choose("light")
    made = GuiContext(cafe=cafe)
    yield made
    assert made.workers.shut_down(20_000)
    i18n.set_language("en")


def _inside(package: str, *parts: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent.joinpath(*parts)


@pytest.fixture(scope="session")
def six_people() -> Path:
    """Return the photo of six people that insightface carries."""
    return _inside("insightface", "data", "images", "t1.jpg")


@pytest.fixture(scope="session")
def one_person() -> Path:
    """Return the photo of one astronaut that scikit-image carries."""
    return _inside("skimage", "data", "astronaut.png")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, six_people: Path) -> Path:
    """Return a video of twenty seconds in which six people sit still."""
    import cv2

    path = tmp_path_factory.mktemp("clip") / "table.avi"
    picture = cv2.resize(cv2.imread(str(six_people)), (960, 664))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 8.0, (960, 664))
    for _number in range(160):
        writer.write(picture)
    writer.release()
    return path
