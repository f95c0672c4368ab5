"""Enrolment: good pictures of one person who agreed become templates; the rest is refused, and told why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from netcafe_face.domain.errors import (
    AlreadyEnrolled,
    ConsentMissing,
    CustomerNotFound,
    DegenerateLandmarks,
    FaceTooPoor,
    ImageUnreadable,
    NoFaceFound,
    PackChanged,
    PicturesDisagree,
    SeveralFaces,
    ValueRefused,
)
from netcafe_face.domain.faces import Detection, Image, QualityFlaw
from netcafe_face.domain.people import Customer, CustomerStatus, Purpose, TemplateSource
from netcafe_face.domain.results import Face
from netcafe_face.gallery.service import Gallery
from netcafe_face.pipeline.enrolment import Enrolment, EnrolmentRequest, JudgedPicture
from netcafe_face.pipeline.labels import label
from netcafe_face.pipeline.portrait import PORTRAIT_PX
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.vision.alignment import align
from netcafe_face.vision.images import decode, write_image
from netcafe_face.vision.packs import ModelPack

AN = Customer("KH-1", "Nguyễn Thị Ngọc Ánh", phone="0901 234 567")
OTHER_PACK = "another-pack@1.0.0:0123456789ab"
ALL = frozenset(Purpose)
RECOGNITION = frozenset({Purpose.RECOGNITION})


@pytest.fixture
def gallery(tmp_path: Path, pack: ModelPack) -> Iterator[Gallery]:
    with Gallery.open(tmp_path / "data", pack.pack_id) as opened:
        yield opened


@pytest.fixture
def enrolment(recognizer: Recognizer, gallery: Gallery) -> Enrolment:
    return Enrolment(recognizer, gallery)


@pytest.fixture(scope="module")
def people(group_bgr: Image, group_faces: tuple[Face, ...]) -> list[Image]:
    """A picture of each of three people alone."""
    return [cut(group_bgr, group_faces[number].detection) for number in (2, 3, 5)]


def cut(image: Image, found: Detection) -> Image:
    x, y, w, h = (int(value) for value in found.box)
    left, top = max(0, x - w // 2), max(0, y - h // 2)
    return np.ascontiguousarray(image[top : y + 3 * h // 2, left : x + 3 * w // 2])


def lit(image: Image, light: float) -> Image:
    return np.clip(image.astype(float) * light, 0, 255).astype(np.uint8)


def request(
    customer: Customer = AN,
    purposes: frozenset[Purpose] = RECOGNITION,
    how_given: str = "signed form 17",
    allow_lookalike: bool = False,
) -> EnrolmentRequest:
    return EnrolmentRequest(
        customer, purposes, how_given, "Lan", text_version="2025-01", allow_lookalike=allow_lookalike
    )


def judged(enrolment: Enrolment, *images: Image) -> list[JudgedPicture]:
    return [
        enrolment.judge(image, f"picture {number}.jpg", TemplateSource.FILE)
        for number, image in enumerate(images, 1)
    ]


def named(recognizer: Recognizer, gallery: Gallery, image: Image) -> list[str]:
    snapshot = gallery.snapshot
    faces = recognizer.recognise(image, snapshot)
    return [text for face in faces if (text := label(face, snapshot).text)]


def test_whoever_agreed_is_enrolled_and_recognised_in_the_next_frame(
    enrolment: Enrolment, recognizer: Recognizer, gallery: Gallery, people: list[Image], group_bgr: Image
) -> None:
    stored = enrolment.enrol(request(), judged(enrolment, people[0], lit(people[0], 0.8)))
    assert (stored.code, stored.name, stored.templates) == ("KH-1", AN.name, 2)
    assert named(recognizer, gallery, group_bgr) == [AN.name]
    (consent,) = gallery.consents("KH-1")
    assert (consent.how_given, consent.operator, consent.text_version) == ("signed form 17", "Lan", "2025-01")
    assert consent.purposes == RECOGNITION
    for template in gallery.templates("KH-1"):
        assert (template.source, template.operator) == (TemplateSource.FILE, "Lan")
        assert template.pack_id == gallery.snapshot.pack_id
        assert 0 < template.quality <= 1


def test_a_deleted_customer_is_not_recognised_in_the_next_frame(
    enrolment: Enrolment, recognizer: Recognizer, gallery: Gallery, people: list[Image], group_bgr: Image
) -> None:
    enrolment.enrol(request(), judged(enrolment, people[0]))
    assert named(recognizer, gallery, group_bgr) == [AN.name]
    gallery.delete("KH-1")
    assert named(recognizer, gallery, group_bgr) == []
    assert gallery.snapshot.templates == 0


@pytest.mark.parametrize(
    ("purposes", "how_given"),
    [
        (frozenset({Purpose.KEEP_PHOTO}), "signed"),
        (frozenset({Purpose.KEEP_PHOTO, Purpose.KEEP_CROPS}), "signed"),
        (RECOGNITION, ""),
        (RECOGNITION, "  \n"),
    ],
)
def test_nothing_is_stored_without_consent(
    enrolment: Enrolment,
    gallery: Gallery,
    people: list[Image],
    purposes: frozenset[Purpose],
    how_given: str,
) -> None:
    with pytest.raises(ConsentMissing) as refused:
        enrolment.enrol(request(purposes=purposes, how_given=how_given), judged(enrolment, people[0]))
    assert "KH-1" in refused.value.explain()
    assert gallery.customers() == []
    assert gallery.snapshot.templates == 0


def test_an_earlier_consent_covers_more_pictures_until_it_is_withdrawn(
    enrolment: Enrolment, gallery: Gallery, people: list[Image]
) -> None:
    more = request(purposes=frozenset(), how_given="")
    with pytest.raises(CustomerNotFound):
        enrolment.enrol(more, judged(enrolment, people[0]))
    enrolment.enrol(request(), judged(enrolment, people[0]))
    assert enrolment.enrol(more, judged(enrolment, lit(people[0], 0.8))).templates == 2
    assert len(gallery.consents("KH-1")) == 1
    gallery.withdraw_consent("KH-1")
    with pytest.raises(ConsentMissing):
        enrolment.enrol(more, judged(enrolment, people[0]))
    assert gallery.snapshot.templates == 0


@pytest.mark.parametrize(
    ("purposes", "photo", "crop"),
    [
        (RECOGNITION, False, False),
        (RECOGNITION | {Purpose.KEEP_PHOTO}, True, False),
        (RECOGNITION | {Purpose.KEEP_CROPS}, False, True),
        (ALL, True, True),
    ],
)
def test_photo_and_crops_are_kept_only_as_agreed(
    enrolment: Enrolment,
    gallery: Gallery,
    people: list[Image],
    purposes: frozenset[Purpose],
    photo: bool,
    crop: bool,
) -> None:
    pictures = judged(enrolment, people[0])
    stored = enrolment.enrol(request(purposes=purposes), pictures)
    assert stored.has_photo is photo
    kept = gallery.photo("KH-1")
    assert (kept is not None) is photo
    if kept is not None:
        assert max(decode(kept, "photo").shape[:2]) <= PORTRAIT_PX
    (template,) = gallery.templates("KH-1")
    assert template.has_crop is crop
    png = gallery.crop(template.id)
    assert (png is not None) is crop
    if png is not None:
        assert pictures[0].face is not None
        assert np.array_equal(decode(png, "crop"), pictures[0].face.crop_bgr)


@pytest.mark.parametrize("purposes", [RECOGNITION, ALL])
def test_pictures_added_later_keep_their_crops_as_the_earlier_consent_says(
    enrolment: Enrolment, gallery: Gallery, people: list[Image], purposes: frozenset[Purpose]
) -> None:
    enrolment.enrol(request(purposes=purposes), judged(enrolment, people[0]))
    enrolment.enrol(request(purposes=frozenset()), judged(enrolment, lit(people[0], 0.8)))
    kept = [template.has_crop for template in gallery.templates("KH-1")]
    assert kept == [purposes == ALL] * 2


def test_the_best_picture_becomes_the_photo(
    enrolment: Enrolment, gallery: Gallery, people: list[Image]
) -> None:
    dim = lit(people[0], 0.4)
    enrolment.enrol(request(purposes=ALL), judged(enrolment, dim, people[0]))
    kept = gallery.photo("KH-1")
    assert kept is not None
    assert decode(kept, "photo").mean() > 1.3 * dim.mean()


def test_poor_pictures_are_refused_and_say_why(enrolment: Enrolment, people: list[Image]) -> None:
    blurred = np.asarray(cv2.GaussianBlur(people[1], (0, 0), 5), np.uint8)
    small = np.asarray(cv2.resize(people[1], None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA), np.uint8)
    for image, flaw, words in (
        (blurred, QualityFlaw.BLURRED, "blurred"),
        (small, QualityFlaw.TOO_SMALL, "too small"),
        (lit(people[1], 0.2), QualityFlaw.TOO_DARK, "too dark"),
    ):
        (picture,) = judged(enrolment, image)
        assert not picture.good
        assert flaw in picture.flaws
        assert picture.portrait_bgr is not None
        with pytest.raises(FaceTooPoor, match=rf"picture 1\.jpg is not good enough: .*{words}"):
            enrolment.enrol(request(), [replace(picture, flaws=frozenset({flaw}))])


def test_a_stricter_size_can_be_asked_for(
    recognizer: Recognizer, gallery: Gallery, people: list[Image]
) -> None:
    strict = Enrolment(recognizer, gallery, min_face_px=300)
    assert QualityFlaw.TOO_SMALL in judged(strict, people[0])[0].flaws
    assert judged(Enrolment(recognizer, gallery, min_face_px=60), people[0])[0].good


def test_of_good_and_poor_pictures_only_the_good_ones_are_stored(
    enrolment: Enrolment, gallery: Gallery, people: list[Image]
) -> None:
    blank = np.full((200, 200, 3), 99, np.uint8)
    pictures = judged(enrolment, blank, people[0], lit(people[0], 0.15), lit(people[0], 0.8))
    assert [picture.good for picture in pictures] == [False, True, False, True]
    assert [picture.refusal() is None for picture in pictures] == [False, True, False, True]
    assert enrolment.enrol(request(), pictures).templates == 2


def test_pictures_without_a_face_or_with_several_are_refused(
    enrolment: Enrolment, gallery: Gallery, group_bgr: Image
) -> None:
    nobody, several = judged(enrolment, np.full((200, 200, 3), 99, np.uint8), group_bgr)
    assert isinstance(nobody.refusal(), NoFaceFound)
    assert isinstance(several.refusal(), SeveralFaces)
    assert nobody.lookalike is None
    with pytest.raises(NoFaceFound, match=r"picture 1\.jpg"):
        enrolment.enrol(request(), [nobody, several])
    with pytest.raises(SeveralFaces, match=r"picture 2\.jpg"):
        enrolment.enrol(request(), [several, nobody])
    with pytest.raises(ValueRefused, match="none given"):
        enrolment.enrol(request(), [])
    assert gallery.customers() == []


def test_picture_files_are_judged_and_broken_ones_come_back_with_their_problem(
    enrolment: Enrolment, tmp_path: Path, people: list[Image]
) -> None:
    write_image(tmp_path / "ảnh của Ánh.png", people[0])
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    good = enrolment.judge_path(tmp_path / "ảnh của Ánh.png")
    assert (good.good, good.name, good.source) == (True, "ảnh của Ánh.png", TemplateSource.FILE)
    broken = enrolment.judge_path(tmp_path / "broken.jpg")
    assert not broken.good
    assert isinstance(broken.refusal(), ImageUnreadable)


def test_pictures_of_two_people_are_refused_whole(
    enrolment: Enrolment, gallery: Gallery, people: list[Image]
) -> None:
    with pytest.raises(PicturesDisagree, match=r"picture 3\.jpg"):
        enrolment.enrol(request(), judged(enrolment, people[0], lit(people[0], 0.8), people[2]))
    assert gallery.customers() == []


def test_pictures_of_two_people_are_refused_even_when_there_are_two_of_each(
    enrolment: Enrolment, gallery: Gallery, people: list[Image]
) -> None:
    one, other = people[0], people[2]
    with pytest.raises(PicturesDisagree, match=r"picture 4\.jpg"):
        enrolment.enrol(request(), judged(enrolment, one, lit(one, 0.8), other, lit(other, 0.8)))
    assert gallery.customers() == []


def test_another_persons_picture_is_not_added_to_a_customer(
    enrolment: Enrolment, gallery: Gallery, people: list[Image]
) -> None:
    enrolment.enrol(request(), judged(enrolment, people[0]))
    with pytest.raises(PicturesDisagree, match=r"picture 1\.jpg"):
        enrolment.enrol(request(), judged(enrolment, people[2]))
    with pytest.raises(PicturesDisagree, match=r"picture 2\.jpg"):
        enrolment.enrol(request(purposes=frozenset()), judged(enrolment, people[0], people[2]))
    assert gallery.customer("KH-1").templates == 1


def test_one_person_does_not_get_two_names_unless_that_is_confirmed(
    enrolment: Enrolment, gallery: Gallery, people: list[Image]
) -> None:
    enrolment.enrol(request(), judged(enrolment, people[0]))
    twin = Customer("KH-2", "Nguyễn Thị Ngọc Anh")
    pictures = judged(enrolment, lit(people[0], 0.8))
    assert pictures[0].good
    assert pictures[0].lookalike is not None
    with pytest.raises(AlreadyEnrolled, match=r"similarity 0\.[5-9]") as refused:
        enrolment.enrol(request(twin), pictures)
    assert f"{AN.name} (KH-1)" in refused.value.explain()
    assert AN.name not in str(refused.value)
    assert [customer.code for customer in gallery.customers()] == ["KH-1"]
    assert enrolment.enrol(request(twin, allow_lookalike=True), pictures).code == "KH-2"


def test_more_pictures_of_the_same_customer_are_no_lookalike(
    enrolment: Enrolment, people: list[Image]
) -> None:
    enrolment.enrol(request(), judged(enrolment, people[0]))
    again = replace(AN, code=" kh-1 ")
    assert enrolment.enrol(request(again), judged(enrolment, lit(people[0], 0.8))).templates == 2


def test_a_banned_customer_does_not_come_back_under_another_name(
    enrolment: Enrolment, gallery: Gallery, people: list[Image]
) -> None:
    enrolment.enrol(request(), judged(enrolment, people[0]))
    gallery.ban("KH-1", "broke a chair", "Lan")
    with pytest.raises(AlreadyEnrolled):
        enrolment.enrol(request(Customer("KH-9", "Somebody New")), judged(enrolment, lit(people[0], 0.85)))
    assert gallery.customer("KH-1").status is CustomerStatus.BANNED


def test_somebody_enrolled_since_the_pictures_were_judged_is_noticed(
    enrolment: Enrolment, people: list[Image]
) -> None:
    pictures = judged(enrolment, lit(people[0], 0.8))
    assert pictures[0].lookalike is None
    enrolment.enrol(request(), judged(enrolment, people[0]))
    with pytest.raises(AlreadyEnrolled):
        enrolment.enrol(request(Customer("KH-2", "Somebody Else")), pictures)


def test_the_face_a_person_points_at_is_the_one_that_is_judged(
    enrolment: Enrolment, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    for face in group_faces:
        moved = replace(face.detection, box=face.detection.box + np.array([9, -7, 0, 0]))
        picture = enrolment.judge_near(group_bgr, moved, TemplateSource.CAMERA)
        assert picture.face is not None
        assert picture.face.detection.box == pytest.approx(face.detection.box, abs=1e-3)
        assert (picture.name, picture.source) == ("", TemplateSource.CAMERA)


def test_of_two_faces_close_together_the_nearer_one_is_judged(
    pack: ModelPack, gallery: Gallery, recognizer: Recognizer, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    found = group_faces[2].detection
    beside = replace(found, box=found.box + np.array([40, 0, 0, 0]))

    class Both:
        def detect(self, image_bgr: Image) -> list[Detection]:
            return [found, beside]

    both = Recognizer(Both(), recognizer._embedder, pack.card.thresholds, pack.pack_id)
    picture = Enrolment(both, gallery).judge_near(group_bgr, beside, TemplateSource.CAMERA)
    assert picture.face is not None
    assert picture.face.detection.box == pytest.approx(beside.box)


def test_pointing_where_nobody_is_any_more_finds_nobody(
    enrolment: Enrolment, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    gone = replace(group_faces[0].detection, box=np.array([1150, 780, 90, 90]))
    picture = enrolment.judge_near(group_bgr, gone, TemplateSource.CAMERA)
    assert isinstance(picture.problem, NoFaceFound)
    empty = np.full((300, 300, 3), 90, np.uint8)
    nobody = enrolment.judge_near(empty, group_faces[0].detection, TemplateSource.CAMERA)
    assert "the picture" in str(nobody.refusal())


def test_a_picture_from_a_camera_has_no_name_but_its_refusal_reads_well(
    enrolment: Enrolment, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    poor = replace(
        group_faces[0], quality=replace(group_faces[0].quality, flaws=frozenset({QualityFlaw.BLURRED}))
    )
    picture = enrolment.judge_face(group_bgr, poor, "", TemplateSource.CAMERA)
    assert str(picture.refusal()).startswith(
        "The face in the picture is not good enough: the face is blurred."
    )


def test_a_face_that_could_not_be_aligned_is_refused(
    enrolment: Enrolment, pack: ModelPack, gallery: Gallery, recognizer: Recognizer, people: list[Image]
) -> None:
    found = recognizer.analyse(people[0])[0].detection
    flat = replace(found, landmarks=np.tile(found.landmarks[:1], (5, 1)))

    class Flat:
        def detect(self, image_bgr: Image) -> list[Detection]:
            return [flat]

    odd = Enrolment(Recognizer(Flat(), recognizer._embedder, pack.card.thresholds), gallery)
    assert isinstance(odd.judge(people[0], "a.jpg", TemplateSource.FILE).refusal(), DegenerateLandmarks)
    near = odd.judge_near(people[0], flat, TemplateSource.CAMERA)
    assert not near.good
    assert isinstance(near.refusal(), FaceTooPoor)


def test_pictures_seen_by_one_pack_are_not_stored_as_anothers(
    enrolment: Enrolment, gallery: Gallery, people: list[Image], recognizer: Recognizer, pack: ModelPack
) -> None:
    pictures = judged(enrolment, people[0])
    gallery.use_pack(OTHER_PACK)
    with pytest.raises(PackChanged):
        enrolment.enrol(request(), pictures)
    newer = Recognizer(recognizer.detector, recognizer._embedder, pack.card.thresholds, OTHER_PACK)
    with pytest.raises(PackChanged):
        Enrolment(newer, gallery).enrol(request(), pictures)
    with pytest.raises(PackChanged):
        next(enrolment.reembed())
    assert gallery.customers() == []


def test_after_a_change_of_packs_kept_crops_are_embedded_anew_and_the_customer_is_known_again(
    enrolment: Enrolment,
    gallery: Gallery,
    people: list[Image],
    recognizer: Recognizer,
    pack: ModelPack,
    group_bgr: Image,
) -> None:
    enrolment.enrol(request(purposes=ALL), judged(enrolment, people[0], lit(people[0], 0.8)))
    enrolment.enrol(request(Customer("KH-2", "No Crops")), judged(enrolment, people[2]))
    old = gallery.templates("KH-1")
    gallery.use_pack(OTHER_PACK)
    other = Recognizer(recognizer.detector, recognizer._embedder, pack.card.thresholds, OTHER_PACK)
    assert named(other, gallery, group_bgr) == []
    done = list(Enrolment(other, gallery).reembed())
    assert [template.id for template in done] == [template.id for template in old]
    assert named(other, gallery, group_bgr) == [AN.name]
    new = [template for template in gallery.templates("KH-1") if template.pack_id == OTHER_PACK]
    assert {template.source for template in new} == {TemplateSource.REEMBEDDED}
    assert [template.quality for template in new] == [template.quality for template in old]
    assert list(Enrolment(other, gallery).reembed()) == []
    assert gallery.pack_change(OTHER_PACK).to_reenrol == ("KH-2",)


def test_one_damaged_crop_does_not_keep_the_others_from_being_embedded(
    enrolment: Enrolment,
    gallery: Gallery,
    people: list[Image],
    recognizer: Recognizer,
    pack: ModelPack,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (picture,) = judged(enrolment, people[0])
    stored = enrolment.enrol(request(purposes=ALL), [picture])
    damaged = replace(enrolment._template(picture, request(purposes=ALL)), crop_png=b"\x89PNG damaged")
    gallery.add_templates(stored.code, [damaged])
    enrolment.enrol(request(purposes=frozenset()), judged(enrolment, lit(people[0], 0.8)))
    gallery.use_pack(OTHER_PACK)
    other = Recognizer(recognizer.detector, recognizer._embedder, pack.card.thresholds, OTHER_PACK)
    assert len(list(Enrolment(other, gallery).reembed())) == 2
    assert "damaged" in caplog.text
    assert AN.name not in caplog.text


def test_pictures_of_one_pack_are_not_compared_with_templates_of_another(
    enrolment: Enrolment, gallery: Gallery, people: list[Image], recognizer: Recognizer, pack: ModelPack
) -> None:
    enrolment.enrol(request(), judged(enrolment, people[0]))
    gallery.use_pack(OTHER_PACK)
    other = Recognizer(recognizer.detector, recognizer._embedder, pack.card.thresholds, OTHER_PACK)
    anew = Enrolment(other, gallery)
    assert anew.enrol(request(), judged(anew, people[0])).templates == 2


def test_only_a_good_picture_becomes_a_template(enrolment: Enrolment) -> None:
    with pytest.raises(ValueError, match="good picture"):
        enrolment._template(JudgedPicture("a", TemplateSource.FILE), request())


def test_the_crop_that_is_kept_is_the_one_that_was_embedded(
    enrolment: Enrolment, people: list[Image]
) -> None:
    (picture,) = judged(enrolment, people[1])
    assert picture.face is not None
    assert np.array_equal(picture.face.crop_bgr, align(people[1], picture.face.detection.landmarks))


def test_a_picture_that_is_stored_already_adds_nothing(enrolment: Enrolment, people: list[Image]) -> None:
    twice = judged(enrolment, people[0], people[0])
    assert enrolment.enrol(request(), twice).templates == 1
    with pytest.raises(ValueRefused, match="stored already"):
        enrolment.enrol(request(), twice)
    more = judged(enrolment, people[0], lit(people[0], 0.7))
    assert enrolment.enrol(request(), more).templates == 2


def test_a_picture_that_is_stored_already_serves_to_widen_the_consent(
    enrolment: Enrolment, gallery: Gallery, people: list[Image]
) -> None:
    pictures = judged(enrolment, people[0])
    enrolment.enrol(request(), pictures)
    widened = enrolment.enrol(
        request(purposes=frozenset({Purpose.RECOGNITION, Purpose.KEEP_PHOTO})), pictures
    )
    assert widened.has_photo
    with pytest.raises(ValueRefused):
        enrolment.enrol(request(), pictures)
    gallery.withdraw_consent("KH-1")
    assert enrolment.enrol(request(), pictures).templates == 1
