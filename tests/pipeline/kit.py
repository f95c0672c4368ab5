"""Faces, matches and galleries to test with, made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from netcafe_face.domain.faces import Detection, FloatArray, QualityFlaw, QualityReport
from netcafe_face.domain.matching import Candidate, Decision, DecisionRule, Match
from netcafe_face.domain.people import Consent, Customer, NewTemplate, Purpose, TemplateSource
from netcafe_face.domain.results import Face
from netcafe_face.gallery.service import Gallery

RULE = DecisionRule(threshold=0.5, margin=0.05, doubt_from=0.3, far=1e-4, templates=3, extrapolated=False)
PACK = "pack-1"
DIMENSION = 16


def detection(x: float = 100, y: float = 100, size: float = 60) -> Detection:
    box = np.array([x, y, size, size], np.float32)
    points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    return Detection(box, box[:2] + points * size, 0.9)


def quality(*flaws: QualityFlaw) -> QualityReport:
    return QualityReport(60.0, 0.8, 120.0, 40.0, 0.0, 0.0, 0.0, 0.0, frozenset(flaws))


def match(decision: Decision, customer_id: int = 1, similarity: float | None = None) -> Match:
    usual = {Decision.KNOWN: 0.7, Decision.UNDECIDED: 0.4, Decision.UNKNOWN: 0.1}[decision]
    candidate = Candidate(customer_id, customer_id * 10, usual if similarity is None else similarity)
    return Match(decision, (candidate,), 0.2, RULE)


def face(found: Match | None, at: Detection | None = None, flaws: Iterable[QualityFlaw] = ()) -> Face:
    return Face(at or detection(), quality(*flaws), match=found)


def direction(number: int) -> FloatArray:
    """Return the unit vector that stands for customer `number`'s face."""
    vector = np.zeros(DIMENSION, np.float32)
    vector[number] = 1.0
    return vector


def enrol(gallery: Gallery, code: str, name: str, number: int) -> Customer:
    """Enrol a customer, with consent, whose only template is `direction(number)`."""
    consent = Consent(0, frozenset({Purpose.RECOGNITION}), "said yes", datetime.now(UTC), "tester")
    template = NewTemplate(direction(number), PACK, 0.9, TemplateSource.FILE, "tester")
    return gallery.enrol(Customer(code, name), consent, [template])
