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
from netcafe_face.app import Cafe
from netcafe_face.config.paths import Paths
from netcafe_face.config.settings import Settings
from netcafe_face.gui.context import GuiContext


class SmallCafe(Cafe):
    """The real café on a folder of its own, with the cameras that a test plugs in."""

    def __init__(self, root: Path) -> None:
        super().__init__(Paths(root).create(), Settings(language="en", theme="light", operator="Lan"))
        self.webcams: Sequence[Any] = ()

    def list_webcams(self) -> Sequence[Any]:
        return self.webcams


@pytest.fixture
def cafe(tmp_path: Path) -> Iterator[SmallCafe]:
    small = SmallCafe(tmp_path / "data")
    yield small
    small.close()


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
