"""Templates of different packs are never compared; a change of pack says what it needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from netcafe_face.domain.people import TemplateSource
from netcafe_face.gallery.service import Gallery
from tests.gallery.kit import EVERYTHING, OTHER_PACK, PACK, best, consent, person, template, unit


def test_templates_of_another_pack_are_never_found(gallery: Gallery) -> None:
    gallery.enrol(person(), consent(), [template(1, pack_id=OTHER_PACK)])
    assert gallery.snapshot.templates == 0
    assert gallery.snapshot.search(unit(1)[None]) == [()]
    assert dict(gallery.snapshot.people) == {}
    assert gallery.other_pack_templates() == {OTHER_PACK: 1}


def test_a_change_of_pack_searches_the_templates_of_that_pack(gallery: Gallery) -> None:
    an = gallery.enrol(person(), consent(), [template(1)])
    longer = template(2, pack_id=OTHER_PACK, dimension=32)
    binh = gallery.enrol(person("B02", "Bình"), consent(), [longer])
    held = gallery.snapshot
    assert best(gallery, 1) == an.id
    gallery.use_pack(OTHER_PACK)
    assert gallery.snapshot.pack_id == OTHER_PACK
    assert gallery.snapshot.search(longer.embedding[None])[0][0].customer_id == binh.id
    assert gallery.other_pack_templates() == {PACK: 1}
    assert held.search(unit(1)[None]) == [()]


def test_a_change_of_pack_says_who_must_come_again(gallery: Gallery) -> None:
    gallery.enrol(person("A01", "An"), consent(EVERYTHING), [template(1, b"crop 1"), template(2)])
    gallery.enrol(person("B02", "Bình"), consent(), [template(3, b"crop 3")])
    both = [template(4), template(5, pack_id=OTHER_PACK)]
    gallery.enrol(person("C03", "Chi"), consent(), both)
    gallery.add_customer(person("D04", "Dũng"))
    change = gallery.pack_change(OTHER_PACK)
    assert change.reembeddable == ("A01",)
    assert change.to_reenrol == ("B02",)
    assert gallery.pack_change(PACK) == replace(change, reembeddable=(), to_reenrol=())


def test_kept_crops_are_embedded_again_once(gallery: Gallery) -> None:
    an = gallery.enrol(
        person(), consent(EVERYTHING), [template(1, b"crop 1"), template(2, b"crop 2"), template(3)]
    )
    wanted = gallery.crops_for_reembedding(OTHER_PACK)
    assert [crop for _, crop in wanted] == [b"crop 1", b"crop 2"]
    fresh = [
        (old.id, replace(template(10 + old.id, pack_id=OTHER_PACK), source=TemplateSource.REEMBEDDED))
        for old, _ in wanted
    ]
    gallery.add_reembedded(fresh)
    gallery.add_reembedded(fresh)
    assert gallery.crops_for_reembedding(OTHER_PACK) == []
    assert gallery.pack_change(OTHER_PACK).reembeddable == ()
    gallery.use_pack(OTHER_PACK)
    assert gallery.snapshot.templates == 2
    assert best(gallery, 10 + wanted[1][0].id) == an.id
    new = [one for one in gallery.templates("A01") if one.pack_id == OTHER_PACK]
    assert [one.source for one in new] == [TemplateSource.REEMBEDDED] * 2
    assert [gallery.crop(one.id) for one in new] == [b"crop 1", b"crop 2"]
    assert gallery.stats().crops == 2


def test_what_was_deleted_meanwhile_is_not_embedded_again(gallery: Gallery) -> None:
    gallery.enrol(person(), consent(EVERYTHING), [template(1, b"crop"), template(2)])
    with_crop, without_crop = (one.id for one in gallery.templates("A01"))
    gallery.add_reembedded([(without_crop, template(9, pack_id=OTHER_PACK))])
    gallery.delete("A01")
    gallery.add_reembedded([(with_crop, template(9, pack_id=OTHER_PACK))])
    assert gallery.stats().templates == 0


def test_a_quality_beyond_its_range_is_brought_back_into_it(gallery: Gallery) -> None:
    odd = [replace(template(1), quality=1.0000001), replace(template(2), quality=-0.1)]
    gallery.enrol(person(), consent(), odd)
    assert [one.quality for one in gallery.templates("A01")] == [1.0, 0.0]


def test_a_damaged_template_names_nobody_and_is_reported(gallery: Gallery) -> None:
    gallery.enrol(person(), consent(), [template(1), template(2)])
    broken = np.full(16, np.nan, dtype=np.float32).tobytes()
    gallery._engine.write(
        lambda store: store.db.execute("UPDATE templates SET embedding = ? WHERE id = 1", broken)
    )
    gallery.use_pack(PACK)
    assert gallery.snapshot.templates == 1
    assert best(gallery, 2) is not None
    assert gallery.integrity() == ["template 1 is not a unit vector"]
