"""From pictures to aligned crops, with the app's own detector and alignment: both see the same crop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

import numpy as np

from netcafe_face.domain.errors import DegenerateLandmarks, InputError
from netcafe_face.domain.faces import Detection, Image
from netcafe_face.trainer.data.crops import CropRecord, Crops, CropSet
from netcafe_face.trainer.data.reading import Picture, ReadingReport
from netcafe_face.vision.alignment import CROP_SIZE, align
from netcafe_face.vision.images import decode
from netcafe_face.vision.ports import Detector

SMALLEST_FACE_PX = 20.0
"""Smaller faces tell too little to learn from."""

_SHOWN = 10


@dataclass
class PrepareReport:
    """What became of the pictures; grows while they are read.

    Attributes:
        reading: what was found in the set, and which pictures cannot be read.
        faceless: pictures in which no face was found.
        twins: pictures to train on whose bytes are held out under another name.
        crops: how many were cut out.
    """

    reading: ReadingReport = field(default_factory=ReadingReport)
    faceless: list[str] = field(default_factory=list)
    twins: list[str] = field(default_factory=list)
    crops: int = 0

    def lines(self) -> list[str]:
        """Return it as lines of text, problems last."""
        lines = [f"{self.crops} crops", *self.reading.lines()]
        lines += _listed("pictures to train on equal held-out ones and were left out", self.twins)
        return lines + _listed("pictures show no face and were left out", self.faceless)


def align_pictures(
    pictures: Iterable[Picture],
    detector: Detector,
    group: str,
    report: PrepareReport | None = None,
    on_picture: Callable[[], object] = lambda: None,
    twins: Collection[str] = (),
) -> CropSet:
    """Cut aligned crops out of pictures.

    A picture of a named identity gives one crop, of the face nearest to its middle (as large faces count
    more); a picture without a name gives every face of at least `SMALLEST_FACE_PX`.

    Args:
        pictures: as read by `reading.pictures`.
        detector: the app's, from `vision.detection.build_detector`.
        group: the set's name, kept in the records.
        report: is told what was left out.
        on_picture: called after each picture, for progress.
        twins: sources of pictures that are left out unless they are held out, see `twins_across_split`.

    Raises:
        ModelUnusable: the detector failed.
    """
    report = report if report is not None else PrepareReport()
    crops: list[Image] = []
    records: list[CropRecord] = []
    for picture in pictures:
        on_picture()
        if picture.source in twins and not picture.held_out:
            report.twins.append(picture.source)
            continue
        try:
            image_bgr = decode(picture.data, picture.source)
        except InputError as error:
            report.reading.add_broken(picture, str(error.details.get("reason", error)))
            continue
        found = 0
        for face in _chosen(detector.detect(image_bgr), image_bgr, bool(picture.name)):
            try:
                crop = align(image_bgr, face.landmarks)
            except DegenerateLandmarks:
                continue
            found += 1
            crops.append(crop)
            records.append(_record(picture, face, group, found))
        if not found:
            report.faceless.append(picture.source)
    report.crops += len(crops)
    stacked: Crops = np.stack(crops) if crops else np.empty((0, CROP_SIZE, CROP_SIZE, 3), dtype=np.uint8)
    return CropSet(stacked, tuple(records))


def _record(picture: Picture, face: Detection, group: str, number: int) -> CropRecord:
    return CropRecord(
        name=picture.name,
        source=picture.source if number == 1 else f"{picture.source}#{number}",
        group=group,
        held_out=picture.held_out,
        face_px=round(face.size_px, 1),
        score=round(face.score, 3),
    )


def _listed(what: str, sources: list[str]) -> list[str]:
    if not sources:
        return []
    more = [f"  and {len(sources) - _SHOWN} more"] if len(sources) > _SHOWN else []
    return [f"{len(sources)} {what}:", *(f"  {source}" for source in sources[:_SHOWN]), *more]


def _chosen(faces: list[Detection], image_bgr: Image, named: bool) -> list[Detection]:
    if not named:
        return [face for face in faces if face.size_px >= SMALLEST_FACE_PX]
    middle = np.array([image_bgr.shape[1], image_bgr.shape[0]], dtype=np.float32) / 2

    def off_centre(face: Detection) -> float:
        distance = float(np.linalg.norm(face.box[:2] + face.box[2:] / 2 - middle))
        return distance - face.size_px

    return sorted(faces, key=off_centre)[:1]
