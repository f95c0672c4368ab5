"""Enrolment: pictures are judged, and the good ones become templates of a customer who agreed to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netcafe_face.domain.errors import (
    N_,
    AlreadyEnrolled,
    ConsentMissing,
    FaceTooPoor,
    InputError,
    NoFaceFound,
    PicturesDisagree,
    ValueRefused,
)
from netcafe_face.domain.faces import Detection, FloatArray, Image, QualityFlaw
from netcafe_face.domain.matching import Candidate, Decision
from netcafe_face.domain.people import Consent, Customer, NewTemplate, Purpose, Template, TemplateSource
from netcafe_face.domain.results import Face
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.pipeline.single import FLAW_WORDS, single_face
from netcafe_face.vision.images import decode, encode_jpeg, encode_png, read_image

if TYPE_CHECKING:
    from netcafe_face.gallery.service import Gallery

PORTRAIT_PX = 320
_PORTRAIT_MARGIN = 0.45


@dataclass(frozen=True, eq=False)
class JudgedPicture:
    """A picture offered for an enrolment, with its verdict.

    Attributes:
        name: the file's name, or "" for one from a camera.
        portrait_bgr: uint8, the face with some surroundings; None where there is no face.
        face: the face, matched against everybody enrolled; None where there is none to use.
        problem: why there is no face to use.
        flaws: why the face is not good enough; empty for a good one.
    """

    name: str
    source: TemplateSource
    portrait_bgr: Image | None = None
    face: Face | None = None
    problem: InputError | None = None
    flaws: frozenset[QualityFlaw] = frozenset()

    @property
    def good(self) -> bool:
        """Return whether it can become a template."""
        return self.face is not None and self.face.embedding is not None and not self.flaws

    @property
    def lookalike(self) -> Candidate | None:
        """Return the enrolled customer whom this face is, or may be."""
        match = self.face.match if self.face is not None else None
        return match.best if match is not None and match.decision is not Decision.UNKNOWN else None

    def refusal(self) -> InputError | None:
        """Return why it cannot become a template, or None when it can."""
        if self.problem is not None:
            return self.problem
        for flaw in QualityFlaw:
            if flaw in self.flaws:
                return FaceTooPoor(path=self.name, reason=FLAW_WORDS[flaw])
        return None


@dataclass(frozen=True)
class EnrolmentRequest:
    """Who is to be enrolled, and what they agreed to.

    Attributes:
        customer: a new code creates the customer, an existing one adds to it.
        purposes: what was agreed to now; empty relies on the consent recorded before.
        how_given: how the consent was given, in words.
        allow_lookalike: store although the faces look like another customer's.
    """

    customer: Customer
    purposes: frozenset[Purpose]
    how_given: str
    operator: str
    text_version: str = ""
    allow_lookalike: bool = False


class Enrolment:
    """Judge pictures and enrol customers from them.

    Args:
        recognizer: finds, embeds and matches faces.
        gallery: where customers are stored.
        min_face_px: shorter side of the box under which a face is refused.
    """

    def __init__(self, recognizer: Recognizer, gallery: Gallery, min_face_px: float = 40.0) -> None:
        self._recognizer = recognizer
        self._gallery = gallery
        self._min_face_px = min_face_px

    def judge_path(self, path: Path) -> JudgedPicture:
        """Judge a picture file; one that cannot be used comes back with its problem."""
        try:
            image_bgr = read_image(path)
        except InputError as problem:
            return JudgedPicture(path.name, TemplateSource.FILE, problem=problem)
        return self.judge(image_bgr, path.name, TemplateSource.FILE)

    def judge(self, image_bgr: Image, name: str, source: TemplateSource) -> JudgedPicture:
        """Judge a picture, uint8 (h, w, 3) BGR."""
        try:
            face = single_face(self._recognizer.recognise(image_bgr, self._gallery.snapshot), name)
        except InputError as problem:
            return JudgedPicture(name, source, problem=problem)
        return self.judge_face(image_bgr, face, name, source)

    def judge_near(self, frame_bgr: Image, detection: Detection, source: TemplateSource) -> JudgedPicture:
        """Judge the face of a frame that lies where `detection` says: the one a person pointed at."""
        faces = self._recognizer.recognise(frame_bgr, self._gallery.snapshot)
        reach = detection.size_px / 2
        near = [f for f in faces if np.abs(_centre(f.detection) - _centre(detection)).max() < reach]
        if not near or near[0].embedding is None:
            return JudgedPicture("", source, problem=NoFaceFound(path=N_("the picture")))
        return self.judge_face(frame_bgr, near[0], "", source)

    def judge_face(self, image_bgr: Image, face: Face, name: str, source: TemplateSource) -> JudgedPicture:
        """Judge a face that was analysed and matched before."""
        flaws = set(face.quality.flaws)
        if face.quality.size_px < self._min_face_px:
            flaws.add(QualityFlaw.TOO_SMALL)
        if face.embedding is None:
            flaws.add(QualityFlaw.TURNED_AWAY)
        cut = portrait(image_bgr, face.detection)
        return JudgedPicture(name, source, cut, face, flaws=frozenset(flaws))

    def enrol(self, request: EnrolmentRequest, pictures: Sequence[JudgedPicture]) -> Customer:
        """Store the good pictures as templates, in one transaction; nothing is stored when it raises.

        Raises:
            ConsentMissing: recognition was not agreed to.
            InputError: no picture is good (the first one's reason), or the pictures show different people.
            AlreadyEnrolled: a face is already, or may be, another customer's.
            GalleryError: the gallery refused.
        """
        good = [picture for picture in pictures if picture.good]
        if not good:
            refusals = [refusal for picture in pictures if (refusal := picture.refusal())]
            none_given = ValueRefused(field=N_("Pictures"), value="", reason=N_("none given"))
            raise refusals[0] if refusals else none_given
        self._refuse_disagreement(good)
        if not request.allow_lookalike:
            self._refuse_lookalike(request.customer.code, good)
        templates = [self._template(picture, request) for picture in good]
        if not request.purposes:
            self._gallery.add_templates(request.customer.code, templates)
            return self._gallery.customer(request.customer.code)
        if Purpose.RECOGNITION not in request.purposes or not request.how_given.strip():
            raise ConsentMissing(code=request.customer.code)
        consent = Consent(
            customer_id=0,
            purposes=request.purposes,
            how_given=request.how_given.strip(),
            given_at=datetime.now(UTC),
            operator=request.operator,
            text_version=request.text_version,
        )
        photo = _photo(good) if Purpose.KEEP_PHOTO in request.purposes else None
        return self._gallery.enrol(request.customer, consent, templates, photo)

    def reembed(self) -> Iterator[Template]:
        """Make templates of the pack in use from the crops that customers allowed to keep.

        Yields the older template of each new one once that is stored, so that a caller can show progress and
        stop in between.
        """
        pack_id = self._gallery.snapshot.pack_id
        for template, crop_png in self._gallery.crops_for_reembedding(pack_id):
            fresh = NewTemplate(
                embedding=self._recognizer.embed([decode(crop_png, str(template.id))])[0],
                pack_id=pack_id,
                quality=template.quality,
                source=TemplateSource.REEMBEDDED,
                operator=template.operator,
                crop_png=crop_png,
            )
            self._gallery.add_reembedded([(template.id, fresh)])
            yield template

    def _template(self, picture: JudgedPicture, request: EnrolmentRequest) -> NewTemplate:
        face = picture.face
        if face is None or face.embedding is None or face.crop_bgr is None:
            raise ValueError("only a good picture becomes a template")
        return NewTemplate(
            embedding=face.embedding,
            pack_id=self._gallery.snapshot.pack_id,
            quality=face.quality.score,
            source=picture.source,
            operator=request.operator,
            crop_png=encode_png(face.crop_bgr) if Purpose.KEEP_CROPS in request.purposes else None,
        )

    def _refuse_disagreement(self, good: Sequence[JudgedPicture]) -> None:
        vectors = np.stack([p.face.embedding for p in good if p.face and p.face.embedding is not None])
        cosines = vectors @ vectors.T
        # A picture that is unlike every other one is of somebody else; poses and light make pairs differ.
        if len(vectors) > 1:
            nearest = (cosines - 2 * np.eye(len(vectors))).max(axis=1)
            worst = int(nearest.argmin())
            if nearest[worst] < self._recognizer.verification_rule().doubt_from / 2:
                raise PicturesDisagree(path=good[worst].name or "?")

    def _refuse_lookalike(self, code: str, good: Iterable[JudgedPicture]) -> None:
        people = self._gallery.snapshot.people
        for picture in good:
            like = picture.lookalike
            person = people.get(like.customer_id) if like else None
            if like and person and person.code.casefold() != code.strip().casefold():
                raise AlreadyEnrolled(code=person.code, name=person.name, similarity=f"{like.similarity:.2f}")


def portrait(image_bgr: Image, detection: Detection) -> Image:
    """Cut a face out with some surroundings, at most `PORTRAIT_PX` pixels a side."""
    import cv2

    x, y, w, h = (float(value) for value in detection.box)
    half = max(w, h) * (0.5 + _PORTRAIT_MARGIN)
    left, top = max(0, round(x + w / 2 - half)), max(0, round(y + h / 2 - half))
    right = min(image_bgr.shape[1], max(left + 1, round(x + w / 2 + half)))
    bottom = min(image_bgr.shape[0], max(top + 1, round(y + h / 2 + half)))
    cut = image_bgr[top:bottom, left:right]
    if cut.size == 0:
        return np.zeros((1, 1, 3), dtype=np.uint8)
    scale = min(1.0, PORTRAIT_PX / max(cut.shape[:2]))
    size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _centre(detection: Detection) -> FloatArray:
    return np.asarray(detection.box[:2] + detection.box[2:] / 2, dtype=np.float32)


def _photo(good: Sequence[JudgedPicture]) -> bytes | None:
    best = max(good, key=lambda picture: picture.face.quality.score if picture.face else 0.0)
    return encode_jpeg(best.portrait_bgr) if best.portrait_bgr is not None else None
