"""Fill a gallery with the sample café's customers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from netcafe_face.domain.people import (
    Consent,
    Customer,
    CustomerStatus,
    NewTemplate,
    Purpose,
    TemplateSource,
)
from netcafe_face.gallery.service import Gallery
from netcafe_face.pipeline.portrait import portrait
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.pipeline.single import single_face
from netcafe_face.sample.people import PEOPLE, Cutout
from netcafe_face.vision.images import encode_jpeg

OPERATOR = "sample"


def enrol_people(gallery: Gallery, recognizer: Recognizer, cutouts: Mapping[str, Cutout]) -> int:
    """Enrol everybody of the sample café who has a code, and return how many there were.

    Each is enrolled from one upright, evenly lit picture; the clip shows them moving and in bad light.

    Raises:
        NoFaceFound, DegenerateLandmarks: a picture shows no face to enrol.
        ModelUnusable: a network failed.
        GalleryError: the gallery refused.
    """
    enrolled = [person for person in PEOPLE if person.code]
    for person in enrolled:
        image_bgr = cutouts[person.key].image_bgr
        face = single_face(recognizer.analyse(image_bgr), person.key, largest=True)
        template = NewTemplate(
            embedding=np.asarray(face.embedding),
            pack_id=gallery.snapshot.pack_id,
            quality=face.quality.score,
            source=TemplateSource.SAMPLE,
            operator=OPERATOR,
        )
        consent = Consent(
            customer_id=0,
            purposes=frozenset({Purpose.RECOGNITION, Purpose.KEEP_PHOTO}),
            how_given="sample: a picture shipped with insightface, no real customer",
            given_at=datetime.now(UTC),
            operator=OPERATOR,
        )
        photo = encode_jpeg(portrait(image_bgr, face.detection))
        gallery.enrol(Customer(code=person.code, name=person.name), consent, [template], photo)
        if person.status is CustomerStatus.BANNED:
            gallery.ban(person.code, "sample: shows how a banned customer looks", OPERATOR)
    return len(enrolled)
