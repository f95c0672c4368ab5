"""The sample café's customers are enrolled from one picture and recognised in quite another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.domain.errors import NoFaceFound
from netcafe_face.domain.people import CustomerStatus, Presence, Purpose, TemplateSource
from netcafe_face.gallery.service import Gallery
from netcafe_face.pipeline.labels import label
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.sample.cafe import enrol_people
from netcafe_face.sample.people import PEOPLE, Cutout
from netcafe_face.sample.scene import SEAT_H, SEAT_W, Scene
from netcafe_face.sample.script import COLUMNS, LENGTH_S, SEATS, sitting
from netcafe_face.vision.packs import ModelPack

NAMES = {person.key: person.name for person in PEOPLE}
STEP_S = 1.3


@pytest.fixture
def gallery(tmp_path: Path, pack: ModelPack) -> Iterator[Gallery]:
    with Gallery.open(tmp_path, pack.pack_id) as opened:
        yield opened


def test_four_are_enrolled_with_consent_and_one_of_them_is_banned(
    gallery: Gallery, recognizer: Recognizer, cutout_of: Mapping[str, Cutout]
) -> None:
    assert enrol_people(gallery, recognizer, cutout_of) == 4
    customers = gallery.customers()
    assert {customer.name for customer in customers} == {name for name in NAMES.values() if name}
    assert [customer.status for customer in customers].count(CustomerStatus.BANNED) == 1
    for customer in customers:
        assert customer.has_photo
        assert customer.templates == 1
        assert {template.source for template in gallery.templates(customer.code)} == {TemplateSource.SAMPLE}
        (consent,) = gallery.consents(customer.code)
        assert consent.purposes == {Purpose.RECOGNITION, Purpose.KEEP_PHOTO}
        assert "no real customer" in consent.how_given


def test_a_cutout_that_shows_nobody_is_an_error(
    gallery: Gallery, recognizer: Recognizer, cutout_of: Mapping[str, Cutout]
) -> None:
    blank = replace(cutout_of["group-0"], image_bgr=np.zeros((360, 360, 3), np.uint8))
    with pytest.raises(NoFaceFound):
        enrol_people(gallery, recognizer, {**cutout_of, "group-0": blank})


def test_over_the_whole_clip_nobody_is_named_wrongly_and_every_customer_is_named(
    gallery: Gallery, recognizer: Recognizer, cutout_of: Mapping[str, Cutout], scene: Scene
) -> None:
    enrol_people(gallery, recognizer, cutout_of)
    snapshot = gallery.snapshot
    named: set[tuple[str, Presence]] = set()
    looked = 0
    for at_s in np.arange(0.0, LENGTH_S, STEP_S):
        there = {stay.seat: stay.person for stay in sitting(float(at_s))}
        for face in recognizer.recognise(scene.render(float(at_s)), snapshot):
            found = label(face, snapshot)
            x, y = face.detection.box[:2] + face.detection.box[2:] / 2
            number = int(y // SEAT_H) * COLUMNS + min(int(x // SEAT_W), COLUMNS - 1)
            person = there.get(SEATS[number].name)
            looked += person is not None
            if found.text:
                assert person is not None
                assert found.text == NAMES[person]
                named.add((person, found.presence))
    assert looked > 60
    assert named == {
        (person.key, Presence.BANNED if person.status is CustomerStatus.BANNED else Presence.KNOWN)
        for person in PEOPLE
        if person.code
    }
