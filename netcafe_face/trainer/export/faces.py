"""What a pack sees: faces found and aligned with its own detector, as the program does."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import DegenerateLandmarks
from netcafe_face.domain.faces import Detection, Image
from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.data.prepare import PrepareReport, align_pictures
from netcafe_face.trainer.data.reading import Picture, count_pictures, pictures
from netcafe_face.trainer.data.twins import twins_across_split
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.rates import FEWEST_IMPOSTORS
from netcafe_face.trainer.evaluation.sources import Progress
from netcafe_face.vision.alignment import align
from netcafe_face.vision.ports import Detector
from netcafe_face.vision.quality import assess


class Kind(Enum):
    """What is known of the pictures of a set."""

    PEOPLE = "folders name people"
    DISTINCT = "every face is another person"
    NAMELESS = "every picture shows somebody"


@dataclass(frozen=True)
class FaceSource:
    """A set of pictures to measure with.

    Attributes:
        path: a folder or tar.
        kind: what is known of it.
        everyone: people or pictures that are not held out count as well; for sets that no network saw.
    """

    path: Path
    kind: Kind = Kind.PEOPLE
    everyone: bool = False

    @property
    def name(self) -> str:
        """Return the set's name: the file's without its ending."""
        return self.path.name.removesuffix(".gz").removesuffix(".tar")


@dataclass(frozen=True, eq=False)
class View:
    """The faces that a detector finds in a set.

    Attributes:
        source: where it was read.
        pictures: that were read.
        faceless: in which no face was found.
        twins: held-out pictures that were left out because their bytes may be trained on.
        crops: the faces, aligned.
    """

    source: FaceSource
    pictures: int
    faceless: int
    twins: int
    crops: CropSet

    @property
    def owners(self) -> npt.NDArray[np.int64]:
        """Return the person of each face, int64 (n,), from 0."""
        return np.arange(len(self.crops)) if self.source.kind is Kind.DISTINCT else self.crops.labels()[0]

    @property
    def impostor_pairs(self) -> int:
        """Return how many pairs of different people there are."""
        sizes = np.bincount(self.owners)
        return int((sizes.sum() ** 2 - (sizes**2).sum()) // 2)


def enough(view: View) -> View:
    """Return a view that has people enough to measure with.

    Raises:
        DataUnusable: it has too few.
    """
    if view.impostor_pairs < FEWEST_IMPOSTORS:
        reason = (
            f"{len(view.crops)} faces to measure with make {view.impostor_pairs} pairs of different people, "
            f"and {FEWEST_IMPOSTORS} are needed; people and pictures to train on do not count"
        )
        raise DataUnusable(path=view.source.path, reason=reason)
    return view


def look(detector: Detector, source: FaceSource, progress: Progress) -> View:
    """Find and align the faces of a set.

    Raises:
        DataUnusable: it cannot be read.
        ModelUnusable: the detector failed.
    """
    report, count, left_out = PrepareReport(), 0, 0
    named = source.kind is Kind.PEOPLE
    twins: Collection[str] = () if source.everyone else twins_across_split([(source.path, named)])[0]
    progress.begin(count_pictures(source.path), source.name)

    def counted() -> Iterator[Picture]:
        nonlocal count, left_out
        for picture in _wanted(source, report, progress):
            if picture.source in twins:
                left_out += 1
                continue
            count += 1
            yield picture

    chosen = _Flawless(detector) if source.kind is Kind.DISTINCT else detector
    crops = align_pictures(counted(), chosen, source.name, report)
    if named:
        crops = crops.labelled()
    return View(source, count, len(report.faceless), left_out, crops)


class _Flawless:
    """Finds only faces without a flaw: in a crowd, strangers who are blurred are no test."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def detect(self, image_bgr: Image) -> list[Detection]:
        """Find the faces without a flaw."""
        return [face for face in self._detector.detect(image_bgr) if _is_flawless(image_bgr, face)]


def _is_flawless(image_bgr: Image, face: Detection) -> bool:
    try:
        return not assess(image_bgr, face, align(image_bgr, face.landmarks)).flaws
    except DegenerateLandmarks:
        return False


def _wanted(source: FaceSource, report: PrepareReport, progress: Progress) -> Iterator[Picture]:
    for picture in pictures(source.path, identities=source.kind is Kind.PEOPLE, report=report.reading):
        progress.advance()
        if source.everyone or picture.held_out:
            yield picture
