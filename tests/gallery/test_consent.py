"""No face is stored, or stays stored, without a consent that covers it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netcafe_face.domain.errors import ConsentMissing, ValueRefused
from netcafe_face.domain.people import Consent, CustomerStatus, Purpose
from netcafe_face.gallery.service import Gallery
from netcafe_face.gallery.store import Store
from tests.gallery.kit import EVERYTHING, MOMENT, PACK, best, consent, person, template

PHOTO_ONLY = frozenset({Purpose.KEEP_PHOTO})


def test_a_face_without_consent_is_refused(gallery: Gallery) -> None:
    gallery.add_customer(person())
    with pytest.raises(ConsentMissing) as refused:
        gallery.add_templates("A01", [template(1)])
    assert refused.value.details["code"] == "A01"
    assert gallery.templates("A01") == []


def test_a_consent_to_something_else_does_not_allow_recognition(gallery: Gallery) -> None:
    with pytest.raises(ConsentMissing):
        gallery.enrol(person(), consent(PHOTO_ONLY), [template(1)])
    gallery.add_customer(person(), consent(PHOTO_ONLY))
    with pytest.raises(ConsentMissing):
        gallery.add_templates("A01", [template(1)])


def test_a_consent_says_how_and_to_whom_it_was_given(gallery: Gallery) -> None:
    gallery.add_customer(person())
    for how, operator in (("", "Lan"), ("on paper", "")):
        with pytest.raises(ValueRefused):
            gallery.record_consent("A01", Consent(0, EVERYTHING, how, MOMENT, operator))
    gallery.record_consent("A01", consent(EVERYTHING))
    (stored,) = gallery.consents("A01")
    assert stored.purposes == EVERYTHING
    assert (stored.how_given, stored.given_at, stored.operator, stored.text_version) == (
        "signed on paper",
        MOMENT,
        "Lan",
        "vi-1",
    )
    assert stored.withdrawn_at is None
    assert stored.customer_id == gallery.customer("A01").id


def test_crops_are_kept_only_where_the_consent_covers_it(gallery: Gallery) -> None:
    gallery.enrol(person("A01"), consent(), [template(1, b"crop of A")])
    gallery.enrol(person("B02"), consent(EVERYTHING), [template(2, b"crop of B")])
    assert [stored.has_crop for stored in gallery.templates("A01") + gallery.templates("B02")] == [
        False,
        True,
    ]
    assert gallery.crop(gallery.templates("A01")[0].id) is None


def test_withdrawing_deletes_templates_crops_and_photo_at_once(gallery: Gallery) -> None:
    gallery.enrol(person(), consent(EVERYTHING), [template(1, b"crop")], b"photo")
    held = gallery.snapshot
    withdrawn = gallery.withdraw_consent("A01")
    assert withdrawn.status is CustomerStatus.WITHDRAWN
    assert (withdrawn.templates, withdrawn.has_photo) == (0, False)
    assert best(gallery, 1) is None
    assert held.search(template(1).embedding[None]) == [()]
    assert gallery.stats().crops == 0
    assert gallery.consents("A01")[0].withdrawn_at is not None
    with pytest.raises(ConsentMissing):
        gallery.add_templates("A01", [template(1)])


def test_who_agrees_again_is_an_ordinary_customer_again(gallery: Gallery) -> None:
    gallery.enrol(person(), consent(), [template(1)])
    gallery.withdraw_consent("A01")
    assert gallery.record_consent("A01", consent(PHOTO_ONLY)).status is CustomerStatus.WITHDRAWN
    assert gallery.record_consent("A01", consent()).status is CustomerStatus.ACTIVE
    gallery.add_templates("A01", [template(3)])
    assert [stored.withdrawn_at is None for stored in gallery.consents("A01")] == [False, True, True]


def test_withdrawing_and_agreeing_again_does_not_lift_a_ban(gallery: Gallery) -> None:
    gallery.enrol(person(), consent(), [template(1)])
    gallery.ban("A01", "noise", "Lan")
    assert gallery.withdraw_consent("A01").status is CustomerStatus.WITHDRAWN
    assert gallery.enrol(person(), consent(), [template(2)]).status is CustomerStatus.BANNED


@pytest.mark.parametrize("withdraw_first", [True, False])
def test_lifting_a_ban_does_not_undo_a_withdrawal(gallery: Gallery, withdraw_first: bool) -> None:
    gallery.enrol(person(), consent(), [template(1)])
    if withdraw_first:
        gallery.withdraw_consent("A01")
        gallery.ban("A01", "noise", "Lan")
    else:
        gallery.ban("A01", "noise", "Lan")
        gallery.withdraw_consent("A01")
    lifted = gallery.unban("A01", "Lan")
    assert (lifted.status, lifted.ban_reason) == (CustomerStatus.WITHDRAWN, "")


def test_a_time_without_zone_is_refused(gallery: Gallery) -> None:
    gallery.add_customer(person())
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        gallery.record_consent("A01", Consent(0, EVERYTHING, "paper", naive, "Lan"))


class TestTheDatabaseItself:
    """Even code that writes past the program's own check meets a fence."""

    @pytest.fixture
    def customer_id(self, store: Store) -> int:
        return store.enrol(person(), consent(), [template(1)], None).id

    def test_refuses_templates_photos_and_crops(self, store: Store, customer_id: int) -> None:
        unknown = store.add_customer(person("B02"), None).id
        blob = template(2).embedding.tobytes()
        for statement, *given in (
            (
                "INSERT INTO templates (customer_id, pack_id, dimension, embedding, quality, source, "
                "created_at) VALUES (?, 'p', 16, ?, 1, 'file', '')",
                unknown,
                blob,
            ),
            ("UPDATE templates SET customer_id = ?", unknown),
            ("INSERT INTO photos VALUES (?, x'01', '')", customer_id),
            ("INSERT INTO crops (customer_id, png) VALUES (?, x'01')", customer_id),
        ):
            with pytest.raises(ConsentMissing), store.db.writing("B02"):
                store.db.execute(statement, *given)
        assert store.stats().templates == 1

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE consents SET withdrawn_at = '2026'",
            "DELETE FROM consents",
            "DELETE FROM consent_purposes WHERE purpose = 'recognition'",
        ],
    )
    def test_forgets_the_face_when_the_consent_goes(
        self, store: Store, customer_id: int, statement: str
    ) -> None:
        store.db.execute(statement)
        assert store.stats().templates == 0

    def test_keeps_the_face_while_another_consent_stands(self, store: Store, customer_id: int) -> None:
        store.record_consent("A01", consent())
        store.db.execute("DELETE FROM consents WHERE id = (SELECT min(id) FROM consents)")
        assert store.stats().templates == 1

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE customers SET status = 'banned'",
            "UPDATE customers SET status = 'loved'",
            "UPDATE customers SET name = ''",
            "UPDATE templates SET embedding = x'00'",
            "UPDATE templates SET quality = 2",
            "UPDATE consents SET how_given = ''",
        ],
    )
    def test_refuses_values_that_make_no_sense(self, store: Store, customer_id: int, statement: str) -> None:
        with closing(sqlite3.connect(store.db.path)) as other, pytest.raises(sqlite3.IntegrityError):
            other.execute(statement)


def test_consents_outlive_a_restart(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as first:
        first.enrol(person(), consent(EVERYTHING), [template(1, b"crop")], b"photo")
    with Gallery.open(tmp_path, PACK) as second:
        assert second.consents("A01")[0].purposes == EVERYTHING
        assert second.photo("A01") == b"photo"
        assert best(second, 1) == second.customer("A01").id
        assert second.consents("A01")[0].given_at.tzinfo is UTC
