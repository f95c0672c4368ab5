"""Small photos, a small teacher and small runs for the tests of the detector's trainer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from netcafe_face.domain.faces import Image
from netcafe_face.trainer.detector.config import DetectorConfig
from netcafe_face.trainer.detector.layout import ANSWER_WIDTH, cell_count
from netcafe_face.trainer.detector.store import SceneStore
from netcafe_face.trainer.detector.teacher import DenseTeacher
from netcafe_face.vision.images import read_image
from tests.files_kit import MODELS, SIX_PEOPLE

TEACHER = MODELS / "netcafe-mini" / "detector.onnx"
"""The shipped detector has YuNet's format, so it can teach as well as YuNet can."""

YUNET = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
"""SHA-256 of OpenCV Zoo's YuNet, whose licence is known."""


def people() -> Image:
    """Return the packaged photo of six people, 640 pixels wide."""
    import cv2

    photo = read_image(SIX_PEOPLE)
    size = (640, round(photo.shape[0] * 640 / photo.shape[1]))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def two_scenes() -> SceneStore:
    """Return two cuts of the photo with the teacher's answers, 160 pixels each."""
    photo = people()
    scenes = np.stack([photo[100:260, left : left + 160] for left in (60, 330)])
    teacher = DenseTeacher(TEACHER)
    answers = np.concatenate([teacher.answers(scene[None]) for scene in scenes])
    return SceneStore(scenes, answers.astype(np.float16), {"key": {}})


def random_store(count: int = 6, side_px: int = 64) -> SceneStore:
    """Return noise with answers that are right for nothing."""
    rng = np.random.default_rng(0)
    scenes = rng.integers(0, 256, (count, side_px, side_px, 3), dtype=np.uint8)
    answers = rng.random((count, cell_count(side_px), ANSWER_WIDTH)).astype(np.float16)
    return SceneStore(scenes, answers, {"key": {}})


def short_config(**changes: object) -> DetectorConfig:
    """Return choices of a run that takes a second."""
    choices: dict[str, object] = {
        "scenes": 6,
        "side_px": 64,
        "batch": 2,
        "steps": 6,
        "warmup": 2,
        "decay_steps": 2,
        "report_every": 2,
    }
    return DetectorConfig(**(choices | changes))  # type: ignore[arg-type]


def folder_of(path: Path, names: list[str], image_bgr: Image) -> Path:
    """Write a picture under several names, with one pixel of its own in each, so that no two are equal."""
    from netcafe_face.vision.images import write_image

    path.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        own = image_bgr.copy()
        own[0, 0] = number
        write_image(path / name, own)
    return path
