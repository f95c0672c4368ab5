"""The people of the sample café, cut out of pictures that insightface and scikit-image bring along."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import SampleMissing
from netcafe_face.domain.faces import Detection, Image
from netcafe_face.domain.people import CustomerStatus
from netcafe_face.vision.images import read_image
from netcafe_face.vision.ports import Detector

CUTOUT_PX = 360
_CUTOUT_FACES = 2.9
"""Width of a cut-out in widths of the face."""


@dataclass(frozen=True)
class SamplePerson:
    """Somebody who visits the sample café; `code` is empty for a stranger."""

    key: str
    code: str = ""
    name: str = ""
    status: CustomerStatus = CustomerStatus.ACTIVE


PEOPLE = (
    SamplePerson("group-0", "SAMPLE-1", "Nguyễn Thị Ngọc Ánh"),
    SamplePerson("group-2", "SAMPLE-2", "Trần Hoàng Minh Quân"),
    SamplePerson("group-3", "SAMPLE-3", "Lê Phạm Gia Bảo"),
    SamplePerson("group-1", "SAMPLE-4", "Vũ Hoàng Phương Thảo Vy", CustomerStatus.BANNED),
    SamplePerson("group-5"),
    SamplePerson("astronaut"),
)


@dataclass(frozen=True, eq=False)
class Cutout:
    """A person's head and shoulders.

    Attributes:
        image_bgr: uint8 (360, 360, 3).
        alpha: float32 (360, 360), 1 on the person, fading to 0 at the edge.
        face_px: width of the face in it.
    """

    image_bgr: Image
    alpha: npt.NDArray[np.float32]
    face_px: float


def cutouts(detector: Detector) -> dict[str, Cutout]:
    """Cut everybody out, by key.

    Raises:
        SampleMissing: a package does not bring its picture, or its faces are not found.
    """
    group = _picture("insightface", "data/images/t1.jpg")
    faces = sorted(detector.detect(group), key=lambda face: float(face.box[0]))
    if len(faces) < 6:
        raise SampleMissing(path="t1.jpg")
    found = {f"group-{number}": _cut(group, face) for number, face in enumerate(faces)}
    astronaut = _picture("skimage", "data/astronaut.png")
    faces = sorted(detector.detect(astronaut), key=lambda face: -face.score)
    if not faces:
        raise SampleMissing(path="astronaut.png")
    return {**found, "astronaut": _cut(astronaut, faces[0])}


def _picture(package: str, inside: str) -> Image:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SampleMissing(path=inside)
    path = Path(spec.origin).parent / inside
    if not path.is_file():
        raise SampleMissing(path=inside)
    return read_image(path)


def _cut(picture: Image, face: Detection) -> Cutout:
    x, y, w, h = (float(value) for value in face.box)
    scale = CUTOUT_PX / (_CUTOUT_FACES * w)
    # The face stands a little above the middle, so that the shoulders are in.
    shift = np.array(
        [
            [scale, 0, CUTOUT_PX / 2 - scale * (x + w / 2)],
            [0, scale, CUTOUT_PX * 0.45 - scale * (y + h / 2)],
        ]
    )
    image = cv2.warpAffine(
        picture, shift, (CUTOUT_PX, CUTOUT_PX), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    inside = cv2.warpAffine(np.ones(picture.shape[:2], np.float32), shift, (CUTOUT_PX, CUTOUT_PX))
    alpha = np.zeros((CUTOUT_PX, CUTOUT_PX), np.float32)
    middle = CUTOUT_PX // 2
    cv2.ellipse(
        alpha,
        (middle, round(CUTOUT_PX * 0.43)),
        (round(CUTOUT_PX * 0.27), round(CUTOUT_PX * 0.36)),
        0,
        0,
        360,
        1.0,
        cv2.FILLED,
    )
    cv2.ellipse(
        alpha,
        (middle, round(CUTOUT_PX * 0.98)),
        (round(CUTOUT_PX * 0.42), round(CUTOUT_PX * 0.24)),
        0,
        0,
        360,
        1.0,
        cv2.FILLED,
    )
    soft = cv2.GaussianBlur(alpha * inside, (0, 0), CUTOUT_PX / 36)
    return Cutout(np.asarray(image, dtype=np.uint8), np.asarray(soft, dtype=np.float32), face_px=scale * w)
