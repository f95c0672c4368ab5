"""What most tests need: the shipped networks, loaded once, and photos that installed packages bring along."""

from __future__ import annotations

import os
import signal
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import settings

from netcafe_face.domain.faces import Image
from netcafe_face.domain.results import Face
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.vision.detection import build_detector
from netcafe_face.vision.embedding import build_embedder
from netcafe_face.vision.images import read_image
from netcafe_face.vision.packs import ModelPack
from netcafe_face.vision.ports import Detector, Embedder
from netcafe_face.vision.runtime import Runtime
from tests.files_kit import ASTRONAUT, SHARED, SIX_PEOPLE
from tests.files_kit import pack as shipped_pack
from tests.skipping import choose_trainer_tests, why_trainer_tests_are_skipped

# A shell starts what it puts into the background with Ctrl-C ignored, and every child would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy computer is no failure, and every run tries the same examples.
settings.register_profile("netcafe", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("netcafe")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--trainer", action="store_true", help="run the trainer's tests, which need torch")


def pytest_configure(config: pytest.Config) -> None:
    choose_trainer_tests(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(report.nodeid.startswith("tests/trainer/") for report in skipped)
    reason = why_trainer_tests_are_skipped(config)
    if count and reason:
        terminalreporter.write_line(f"\n{count} trainer test{'s'[: count != 1]} skipped: {reason}")


@pytest.fixture(scope="session")
def pack() -> ModelPack:
    return shipped_pack()


@pytest.fixture(scope="session")
def detector(pack: ModelPack) -> Detector:
    return build_detector(pack, Runtime(threads=1))


@pytest.fixture(scope="session")
def embedder(pack: ModelPack) -> Embedder:
    return build_embedder(pack, Runtime(threads=1))


@pytest.fixture(scope="session")
def recognizer(pack: ModelPack, detector: Detector, embedder: Embedder) -> Recognizer:
    return Recognizer(detector, embedder, pack.card.thresholds, pack.pack_id)


@pytest.fixture(scope="session")
def group_bgr() -> Image:
    """Six people, 1280×886."""
    return _unchangeable(read_image(SIX_PEOPLE))


@pytest.fixture(scope="session")
def portrait_bgr() -> Image:
    """One face that fills a picture of 112×112."""
    return _unchangeable(read_image(str(files("insightface") / "data/images/Tom_Hanks_54745.png")))


@pytest.fixture(scope="session")
def astronaut_bgr() -> Image:
    """One person, 512×512."""
    return _unchangeable(read_image(ASTRONAUT))


@pytest.fixture(scope="session")
def group_faces(recognizer: Recognizer, group_bgr: Image) -> tuple[Face, ...]:
    """The six faces of the group, from left to right."""
    faces = sorted(recognizer.analyse(group_bgr), key=lambda face: float(face.detection.box[0]))
    assert len(faces) == 6
    return tuple(faces)


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the shared data folder is not beside the checkout")
    return SHARED


@pytest.fixture
def without_root() -> None:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        pytest.skip("root may write everywhere")


def _unchangeable(image: Image) -> Image:
    image.flags.writeable = False
    return image
