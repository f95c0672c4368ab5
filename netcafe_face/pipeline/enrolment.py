"""Enrolment: pictures are judged, and the good ones become templates of a customer who agreed to it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import (
    N_,
    AlreadyEnrolled,
    ConsentMissing,
    CustomerNotFound,
    FaceTooPoor,
    ImageUnreadable,
    InputError,
    NoFaceFound,
    PackChanged,
    PicturesDisagree,
    ValueRefused,
)
from netcafe_face.domain.faces import Detection, FloatArray, Image, QualityFlaw
from netcafe_face.domain.matching import Candidate, Decision
from netcafe_face.domain.people import Consent, Customer, NewTemplate, Purpose, Template, TemplateSource
from netcafe_face.domain.results import Face
from netcafe_face.pipeline.media import read_picture
from netcafe_face.pipeline.portrait import portrait
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.pipeline.single import FLAW_WORDS, single_face
from netcafe_face.vision.images import decode, encode_jpeg, encode_png

if TYPE_CHECKING:
    from netcafe_face.gallery.service import Gallery

_SOME_PICTURE = N_("the picture")
_SAME_PICTURE = 0.999
"""Cosine from which two templates say the same, so that the second helps nobody."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class JudgedPicture:
    """A picture offered for an enrolment, with its verdict.

    Attributes:
        name: the file's name, or "" for one from a camera.
        pack_id: the model pack that saw the face.
        portrait_bgr: uint8 (h, w, 3), at most 320 a side, the face with some surroundings; None where there
            is no face.
        face: the face, matched against everybody enrolled; None where there is none to use.
        problem: why there is no face to use.
        flaws: why the face is not good enough; empty for a good one.
    """

    name: str
    source: TemplateSource
    pack_id: str = ""
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
                return FaceTooPoor(path=self.name or _SOME_PICTURE, reason=FLAW_WORDS[flaw])
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
            image_bgr = read_picture(path)
        except InputError as problem:
            return JudgedPicture(path.name, TemplateSource.FILE, problem=problem)
        return self.judge(image_bgr, path.name, TemplateSource.FILE)

    def judge(self, image_bgr: Image, name: str, source: TemplateSource) -> JudgedPicture:
        """Judge a picture, uint8 (h, w, 3) BGR.

        Raises:
            ModelUnusable: a network failed.
        """
        faces = self._recognizer.recognise(image_bgr, self._gallery.snapshot)
        try:
            face = single_face(faces, name or _SOME_PICTURE)
        except InputError as problem:
            return JudgedPicture(name, source, problem=problem)
        return self.judge_face(image_bgr, face, name, source)

    def judge_near(self, frame_bgr: Image, detection: Detection, source: TemplateSource) -> JudgedPicture:
        """Judge the face of a frame that lies where `detection` says: the one a person pointed at.

        Args:
            frame_bgr: uint8 (h, w, 3).
            detection: the face pointed at, in pixels of this frame.
            source: where the frame came from.

        Raises:
            ModelUnusable: a network failed.
        """
        faces = self._recognizer.recognise(frame_bgr, self._gallery.snapshot)
        away = [float(np.abs(_centre(f.detection) - _centre(detection)).max()) for f in faces]
        if not faces or min(away) >= detection.size_px / 2:
            return JudgedPicture("", source, problem=NoFaceFound(path=_SOME_PICTURE))
        return self.judge_face(frame_bgr, faces[int(np.argmin(away))], "", source)

    def judge_face(self, image_bgr: Image, face: Face, name: str, source: TemplateSource) -> JudgedPicture:
        """Judge a face of an image, uint8 (h, w, 3) BGR, that was analysed and matched before."""
        flaws = set(face.quality.flaws)
        if face.quality.size_px < self._min_face_px:
            flaws.add(QualityFlaw.TOO_SMALL)
        if face.embedding is None:
            flaws.add(QualityFlaw.TURNED_AWAY)
        pack_id = self._recognizer.pack_id or self._gallery.snapshot.pack_id
        cut = portrait(image_bgr, face.detection)
        return JudgedPicture(name, source, pack_id, cut, face, flaws=frozenset(flaws))

    def enrol(self, request: EnrolmentRequest, pictures: Sequence[JudgedPicture]) -> Customer:
        """Store the good pictures as templates, in one transaction; nothing is stored when it raises.

        A picture that is stored already is left out: it would help nobody and, as names get stricter with
        the number of templates, make everybody harder to recognise. It still serves to widen a consent.

        Raises:
            ConsentMissing: recognition was not agreed to.
            InputError: no picture is good (the first one's reason), or the pictures show different people,
                or not the customer who is enrolled under this code, or all of them are stored already.
            PackChanged: they were judged with another model pack than the one in use.
            AlreadyEnrolled: a face is already, or may be, another customer's.
            GalleryError: the gallery refused.
        """
        good = [picture for picture in pictures if picture.good]
        if not good:
            refusals = [refusal for picture in pictures if (refusal := picture.refusal())]
            none_given = ValueRefused(field=N_("Pictures"), value="", reason=N_("none given"))
            raise refusals[0] if refusals else none_given
        if any(picture.pack_id != self._pack_in_use() for picture in good):
            raise PackChanged
        self._refuse_disagreement(request.customer.code, good)
        if not request.allow_lookalike:
            self._refuse_lookalike(request.customer.code, good)
        templates = [self._template(picture, request) for picture in self._new(request, good)]
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
        stop in between. A crop that is damaged is left out.

        Raises:
            PackChanged: the networks are not those of the pack in use.
            ModelUnusable: the network failed.
            GalleryError: the gallery refused.
        """
        pack_id = self._pack_in_use()
        for template, crop_png in self._gallery.crops_for_reembedding(pack_id):
            try:
                crop_bgr = decode(crop_png, str(template.id))
            except ImageUnreadable:
                _log.warning("The crop of template %d is damaged and was not embedded", template.id)
                continue
            fresh = NewTemplate(
                embedding=self._recognizer.embed([crop_bgr])[0],
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
        # Without a consent given now the gallery keeps crops as far as the earlier one covers them.
        keep_crop = not request.purposes or Purpose.KEEP_CROPS in request.purposes
        return NewTemplate(
            embedding=face.embedding,
            pack_id=picture.pack_id,
            quality=face.quality.score,
            source=picture.source,
            operator=request.operator,
            crop_png=encode_png(face.crop_bgr) if keep_crop else None,
        )

    def _pack_in_use(self) -> str:
        pack_id = self._gallery.snapshot.pack_id
        if self._recognizer.pack_id not in ("", pack_id):
            raise PackChanged
        return pack_id

    def _refuse_disagreement(self, code: str, good: Sequence[JudgedPicture]) -> None:
        new = [p.face.embedding for p in good if p.face is not None and p.face.embedding is not None]
        earlier = self._stored(code)
        # Poses and light make pairs of one person differ, but some chain of likeness joins all of them.
        joined = _joined(np.stack(new + earlier), self._recognizer.verification_rule().doubt_from / 2)
        others = joined[: len(new), len(new) :] if earlier else joined
        count = others.sum(axis=1)
        if count.min() < (1 if earlier else len(new)):
            odd = len(new) - 1 - int(count[::-1].argmin())
            raise PicturesDisagree(path=good[odd].name or _SOME_PICTURE)

    def _new(self, request: EnrolmentRequest, good: Sequence[JudgedPicture]) -> list[JudgedPicture]:
        """Return the pictures of which no template is stored yet."""
        known, new = self._stored(request.customer.code), []
        for picture in good:
            vector = picture.face.embedding if picture.face is not None else None
            if vector is not None and not any(float(vector @ other) >= _SAME_PICTURE for other in known):
                known.append(vector)
                new.append(picture)
        if new or request.purposes - self._agreed(request.customer.code):
            return new or [good[0]]
        names = ", ".join(picture.name or _SOME_PICTURE for picture in good)
        raise ValueRefused(field=N_("Pictures"), value=names, reason=N_("they are stored already"))

    def _agreed(self, code: str) -> frozenset[Purpose]:
        consents = self._gallery.consents(code)
        return frozenset(purpose for each in consents if not each.withdrawn_at for purpose in each.purposes)

    def _stored(self, code: str) -> list[FloatArray]:
        try:
            templates = self._gallery.templates(code)
        except CustomerNotFound:
            return []
        return [template.embedding for template in templates if template.pack_id == self._pack_in_use()]

    def _refuse_lookalike(self, code: str, good: Iterable[JudgedPicture]) -> None:
        snapshot = self._gallery.snapshot
        for picture in good:
            # Once more, because somebody may have been enrolled since it was judged.
            faces = self._recognizer.match([picture.face] if picture.face else [], snapshot)
            like = replace(picture, face=faces[0]).lookalike if faces else None
            person = snapshot.people.get(like.customer_id) if like else None
            if like and person and person.code.casefold() != code.strip().casefold():
                raise AlreadyEnrolled(code=person.code, name=person.name, similarity=f"{like.similarity:.2f}")


def _joined(vectors: FloatArray, limit: float) -> npt.NDArray[np.bool_]:
    """Return bool (n, n): which unit rows are alike, directly or through others between them."""
    joined = np.asarray(vectors @ vectors.T >= limit) | np.eye(len(vectors), dtype=bool)
    for middle in range(len(vectors)):
        joined |= joined[:, middle, None] & joined[None, middle]
    return joined


def _centre(detection: Detection) -> FloatArray:
    return np.asarray(detection.box[:2] + detection.box[2:] / 2, dtype=np.float32)


def _photo(good: Sequence[JudgedPicture]) -> bytes | None:
    best = max(good, key=lambda picture: picture.face.quality.score if picture.face else 0.0)
    return encode_jpeg(best.portrait_bgr) if best.portrait_bgr is not None else None
