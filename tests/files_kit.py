"""Real networks, real photos and a real gallery for the tests of files and pages."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from netcafe_face.domain.faces import Image
from netcafe_face.domain.people import Consent, Customer, NewTemplate, Purpose, TemplateSource
from netcafe_face.domain.results import Face
from netcafe_face.gallery.service import Gallery
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.vision.images import read_image, write_image
from netcafe_face.vision.packs import ModelPack, load_pack

MODELS = Path(__file__).resolve().parents[1] / "models"
SIX_PEOPLE = Path(str(files("insightface") / "data/images/t1.jpg"))
ASTRONAUT = Path(str(files("skimage") / "data/astronaut.png"))
"""One person; the small detector also takes a patch of the suit for a face."""
SHARED = Path(__file__).resolve().parents[2] / "shared"


@cache
def pack() -> ModelPack:
    return load_pack(MODELS / "netcafe-mini")


@cache
def recognizer() -> Recognizer:
    from netcafe_face.vision.detection import build_detector
    from netcafe_face.vision.embedding import build_embedder
    from netcafe_face.vision.runtime import Runtime

    runtime = Runtime(threads=1)
    return Recognizer(
        build_detector(pack(), runtime),
        build_embedder(pack(), runtime),
        pack().card.thresholds,
        pack().pack_id,
    )


@cache
def six_faces() -> tuple[Face, ...]:
    return recognizer().analyse(read_image(SIX_PEOPLE))


def enrol(gallery: Gallery, face: Face, code: str, name: str) -> Customer:
    consent = Consent(0, frozenset({Purpose.RECOGNITION}), "signed", datetime.now(UTC), "tester")
    template = NewTemplate(
        np.asarray(face.embedding), pack().pack_id, face.quality.score, TemplateSource.FILE, "tester"
    )
    return gallery.enrol(Customer(code, name), consent, [template])


def one_person(folder: Path) -> Path:
    """Write a picture that shows exactly one face."""
    write_image(folder / "one person.png", np.ascontiguousarray(read_image(ASTRONAUT)[:250, 60:400]))
    return folder / "one person.png"


def write_video(path: Path, frames: list[Image], fps: float = 10.0) -> Path:
    from netcafe_face.pipeline.video_file import VideoWriter

    height, width = frames[0].shape[:2]
    writer = VideoWriter(path, fps, (width, height))
    for frame in frames:
        writer.write(frame)
    return writer.close()
