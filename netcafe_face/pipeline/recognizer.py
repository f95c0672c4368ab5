"""From a frame to faces with names: detect, assess, align, embed in one batch, match."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from netcafe_face.domain.errors import DegenerateLandmarks
from netcafe_face.domain.faces import Detection, FloatArray, Image
from netcafe_face.domain.matching import (
    Candidate,
    DecisionRule,
    ThresholdCurve,
    decide,
    identification_rule,
    verification_rule,
)
from netcafe_face.domain.results import Face
from netcafe_face.vision.alignment import align
from netcafe_face.vision.ports import Detector, Embedder
from netcafe_face.vision.quality import assess

CANDIDATES = 5


class Searchable(Protocol):
    """What a recogniser needs of an index snapshot."""

    @property
    def pack_id(self) -> str:
        """Return the model pack whose templates it holds."""
        ...

    @property
    def templates(self) -> int:
        """Return the number of live templates."""
        ...

    def search(self, queries: FloatArray, k: int = CANDIDATES) -> list[tuple[Candidate, ...]]:
        """Return the best customers for each unit row of float32 (n, d), best first."""
        ...


class Recognizer:
    """Find and name the faces of a frame.

    Safe to call from several threads: the networks serve one frame at a time.

    Args:
        detector: finds faces.
        embedder: turns aligned crops into unit vectors.
        curve: the pack's thresholds against false-accept rates.
        pack_id: the pack they belong to; with it, templates of another pack are never searched.
    """

    def __init__(
        self, detector: Detector, embedder: Embedder, curve: ThresholdCurve, pack_id: str = ""
    ) -> None:
        self.detector = detector
        self._embedder = embedder
        self._curve = curve
        self.pack_id = pack_id
        self._one_frame_at_a_time = threading.Lock()

    def analyse(self, image_bgr: Image) -> tuple[Face, ...]:
        """Find, assess, align and embed the faces of a frame, uint8 (h, w, 3) BGR.

        A face whose landmarks are degenerate comes without crop and embedding.

        Raises:
            ModelUnusable: a network failed.
            ValueError: it is no such picture.
        """
        with self._one_frame_at_a_time:
            faces = [_seen(image_bgr, detection) for detection in self.detector.detect(image_bgr)]
            crops = [face.crop_bgr for face in faces if face.crop_bgr is not None]
            vectors = iter(self._embedder.embed(np.stack(crops)) if crops else ())
        return tuple(
            face if face.crop_bgr is None else replace(face, embedding=next(vectors)) for face in faces
        )

    def embed(self, crops_bgr: Sequence[Image]) -> FloatArray:
        """Embed one or more aligned crops, each uint8 (112, 112, 3) BGR, as float32 (n, d) unit rows.

        Raises:
            ModelUnusable: the network failed.
            ValueError: there is none, or one is of another shape or type.
        """
        with self._one_frame_at_a_time:
            return self._embedder.embed(np.stack(crops_bgr))

    def recognise(self, image_bgr: Image, snapshot: Searchable) -> tuple[Face, ...]:
        """Analyse a frame and decide for every face who it is.

        Raises:
            ModelUnusable: a network failed.
        """
        return self.match(self.analyse(image_bgr), snapshot)

    def match(self, faces: Sequence[Face], snapshot: Searchable) -> tuple[Face, ...]:
        """Decide for faces that were analysed before.

        Those without an embedding stay without a match, and so does everybody while the gallery holds the
        templates of another pack: just after a change of packs, one of the two is the older one.
        """
        vectors = [face.embedding for face in faces if face.embedding is not None]
        if not vectors or self.pack_id not in ("", snapshot.pack_id):
            return tuple(replace(face, match=None) for face in faces)
        rule = self.rule(snapshot)
        found = iter(snapshot.search(np.stack(vectors), CANDIDATES))
        return tuple(
            face
            if face.embedding is None
            else replace(face, match=decide(next(found), rule, face.quality.trusted))
            for face in faces
        )

    def rule(self, snapshot: Searchable) -> DecisionRule:
        """Return the identification rule in force for a gallery."""
        return identification_rule(self._curve, snapshot.templates)

    def verification_rule(self) -> DecisionRule:
        """Return the rule for “same person or not” of two pictures."""
        return verification_rule(self._curve)


def _seen(image_bgr: Image, detection: Detection) -> Face:
    try:
        crop = align(image_bgr, detection.landmarks)
    except DegenerateLandmarks:
        crop = None
    return Face(detection, assess(image_bgr, detection, crop), crop)
