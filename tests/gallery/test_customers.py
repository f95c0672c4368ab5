"""Customers are added, found, changed, banned and deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from netcafe_face.domain.errors import (
    ConsentMissing,
    CustomerExists,
    CustomerNotFound,
    ValueRefused,
)
from netcafe_face.domain.people import Customer, CustomerStatus, Presence, Purpose, VisitFilter
from netcafe_face.gallery.schema import ERASED_LABEL
from netcafe_face.gallery.service import Gallery
from tests.gallery.kit import EVERYTHING, best, consent, person, template, visit


def test_a_customer_without_a_face_needs_no_consent(gallery: Gallery) -> None:
    added = gallery.add_customer(
        Customer(" A01 ", " An ", date(2001, 2, 3), "0912 345 678", "likes window seats")
    )
    assert added == gallery.customer("a01")
    assert (added.code, added.name, added.birth_date) == ("A01", "An", date(2001, 2, 3))
    assert added.status is CustomerStatus.ACTIVE
    assert added.created_at is not None
    assert (added.templates, added.has_photo) == (0, False)
    assert gallery.consents("A01") == []


def test_enrolling_makes_the_customer_recognisable_at_once(gallery: Gallery) -> None:
    enrolled = gallery.enrol(person(), consent(), [template(1), template(2)], b"photo")
    assert enrolled.templates == 2
    assert best(gallery, 2) == enrolled.id
    brief = gallery.snapshot.people[enrolled.id]
    assert (brief.code, brief.name, brief.status) == ("A01", "Nguyễn Văn An", CustomerStatus.ACTIVE)


def test_enrolling_again_adds_to_the_same_customer(gallery: Gallery) -> None:
    first = gallery.enrol(person(), consent(), [template(1)])
    again = gallery.enrol(person("a01", "NGUYEN VAN AN"), None, [template(2)])
    nameless = gallery.enrol(person("A01", " "), None, [template(3)])
    assert first.id == again.id == nameless.id
    assert nameless.templates == 3
    assert nameless.name == "Nguyễn Văn An"
    assert gallery.snapshot.templates == 3


def test_a_face_is_never_added_to_somebody_with_another_name(gallery: Gallery) -> None:
    gallery.enrol(person(), consent(), [template(1)])
    with pytest.raises(CustomerExists):
        gallery.enrol(person("A01", "Trần Thị Bình"), consent(), [template(2)])
    assert gallery.snapshot.templates == 1
    assert len(gallery.consents("A01")) == 1


def test_a_refused_enrolment_leaves_nothing(gallery: Gallery) -> None:
    with pytest.raises(ConsentMissing):
        gallery.enrol(person(), None, [template(1)])
    with pytest.raises(ValueError, match="have 16 values, got 8"):
        gallery.enrol(person(), consent(), [template(1), template(2, dimension=8)])
    assert gallery.customers() == []
    assert gallery.snapshot.templates == 0


def test_more_templates_can_be_added_by_code(gallery: Gallery) -> None:
    gallery.enrol(person(), consent(), [template(1)])
    assert gallery.add_templates("A01", [template(2), template(3)]).templates == 3
    with pytest.raises(CustomerNotFound):
        gallery.add_templates("nobody", [template(4)])


@pytest.mark.parametrize("code", ["A01", "a01", "Ａ01"])
def test_a_code_belongs_to_one_customer_whatever_its_case(gallery: Gallery, code: str) -> None:
    gallery.add_customer(person("A01"))
    with pytest.raises(CustomerExists):
        gallery.add_customer(person(code))


@pytest.mark.parametrize(
    "bad",
    [
        Customer("", "An"),
        Customer("A01", " "),
        Customer("A01", "An", date(1800, 1, 1)),
        Customer("A01", "An", phone="none"),
        Customer("A01", "An", note="\x00"),
    ],
)
def test_what_cannot_be_a_customer_is_refused(gallery: Gallery, bad: Customer) -> None:
    with pytest.raises(ValueRefused):
        gallery.add_customer(bad)
    assert gallery.customers() == []


@pytest.mark.parametrize(
    "name", ["Robert'); DROP TABLE customers;--", '" OR 1=1 --', "%", "a'b\"c;d", "{name}", "=1+1"]
)
def test_names_that_look_like_commands_are_just_names(gallery: Gallery, name: str) -> None:
    gallery.add_customer(person("A01", name))
    gallery.add_customer(person("B02", "Somebody else"))
    assert [customer.code for customer in gallery.customers(name)] == ["A01"]
    assert gallery.customer("A01").name == name


def test_customers_are_searched_by_name_code_phone_and_status(gallery: Gallery) -> None:
    gallery.add_customer(Customer("A01", "Nguyễn Văn Đạt", phone="0912 345 678"))
    gallery.add_customer(Customer("b02", "Trần Thị Bình", phone="0987 654 321"))
    gallery.ban("B02", "broke a screen", "Lan")

    def codes(text: str = "", status: CustomerStatus | None = None) -> list[str]:
        return [customer.code for customer in gallery.customers(text, status)]

    assert codes() == ["A01", "b02"]
    assert codes("nguyen dat") == codes("a0") == codes("091234") == ["A01"]
    assert codes("tran", CustomerStatus.BANNED) == ["b02"]
    assert codes("tran", CustomerStatus.ACTIVE) == []


def test_a_customer_can_be_changed_and_recoded(gallery: Gallery) -> None:
    enrolled = gallery.enrol(person(), consent(), [template(1)])
    changed = gallery.update_customer(
        "A01", code="V7", name="An Nguyễn", birth_date=date(1990, 1, 1), phone="0900000000", note="regular"
    )
    assert changed.id == enrolled.id
    assert gallery.customer("v7") == changed
    assert gallery.snapshot.people[enrolled.id].name == "An Nguyễn"
    assert gallery.update_customer("V7", birth_date=None).birth_date is None
    with pytest.raises(CustomerNotFound):
        gallery.customer("A01")


def test_a_change_may_alter_the_case_of_a_code_but_not_take_anothers(gallery: Gallery) -> None:
    gallery.add_customer(person("A01"))
    gallery.add_customer(person("B02"))
    assert gallery.update_customer("A01", code="a01").code == "a01"
    with pytest.raises(CustomerExists):
        gallery.update_customer("a01", code="b02")
    with pytest.raises(ValueRefused):
        gallery.update_customer("a01", name="")


def test_a_ban_needs_a_reason_and_somebody_who_says_so(gallery: Gallery) -> None:
    enrolled = gallery.enrol(person(), consent(), [template(1)])
    for reason, operator in (("", "Lan"), ("stole a mouse", " ")):
        with pytest.raises(ValueRefused):
            gallery.ban("A01", reason, operator)
    banned = gallery.ban("A01", "stole a mouse", "Lan")
    assert (banned.status, banned.ban_reason) == (CustomerStatus.BANNED, "stole a mouse")
    assert gallery.snapshot.people[enrolled.id].status is CustomerStatus.BANNED
    assert best(gallery, 1) == enrolled.id


def test_a_lifted_ban_leaves_an_ordinary_customer(gallery: Gallery) -> None:
    enrolled = gallery.enrol(person(), consent(), [template(1)])
    gallery.ban("A01", "noise", "Lan")
    with pytest.raises(ValueRefused):
        gallery.unban("A01", "")
    lifted = gallery.unban("A01", "Lan")
    assert (lifted.status, lifted.ban_reason) == (CustomerStatus.ACTIVE, "")
    assert gallery.snapshot.people[enrolled.id].status is CustomerStatus.ACTIVE


def test_a_deleted_customer_is_not_recognised_in_the_next_frame(gallery: Gallery) -> None:
    gallery.enrol(person(), consent(), [template(1)])
    gallery.enrol(person("B02", "Bình"), consent(), [template(2)])
    held = gallery.snapshot
    gallery.delete("a01")
    assert best(gallery, 1) is None
    assert held.templates == 2
    assert len(held.search(template(1).embedding[None])[0]) == 1
    with pytest.raises(CustomerNotFound):
        gallery.delete("A01")


def test_the_visits_of_a_deleted_customer_stay_without_a_name(gallery: Gallery) -> None:
    an = gallery.enrol(person(), consent(), [template(1)])
    other = gallery.add_customer(person("B02", "Bình"))
    gallery.save_visits([visit(an, note="An forgot a bag"), visit(other)])
    gallery.delete("A01")
    kept = {kept.label: kept for kept in gallery.visits()}
    assert set(kept) == {ERASED_LABEL, "Bình"}
    anonymous = kept[ERASED_LABEL]
    assert (anonymous.customer_id, anonymous.customer_code, anonymous.note) == (None, "", "")
    assert anonymous.presence is Presence.KNOWN
    assert gallery.visits(VisitFilter(text="An")) == []


def test_a_session_that_still_knows_a_deleted_customer_cannot_write_the_name_back(gallery: Gallery) -> None:
    an = gallery.enrol(person(), consent(), [template(1)])
    running = gallery.save_visit(visit(an))
    gallery.delete("A01")
    for written in (gallery.save_visit(running), gallery.save_visit(visit(an, note="An was here"))):
        assert (written.label, written.customer_id, written.customer_code) == (ERASED_LABEL, None, "")
        assert written.note == ""
    assert {kept.label for kept in gallery.visits()} == {ERASED_LABEL}


def test_the_id_of_a_deleted_customer_is_never_given_to_another(gallery: Gallery) -> None:
    first = gallery.enrol(person(), consent(), [template(1)])
    gallery.delete("A01")
    second = gallery.enrol(person(), consent(), [template(1)])
    assert second.id > first.id


def test_a_photo_is_kept_only_where_the_consent_covers_it(gallery: Gallery) -> None:
    gallery.enrol(person("A01"), consent(), [template(1)], b"photo of A")
    gallery.enrol(person("B02"), consent(EVERYTHING), [template(2)], b"photo of B")
    assert gallery.photo("A01") is None
    assert gallery.photo("B02") == b"photo of B"
    assert (gallery.customer("A01").has_photo, gallery.customer("B02").has_photo) == (False, True)
    assert not gallery.keep_photo("A01", b"another")
    assert gallery.keep_photo("B02", b"newer")
    assert gallery.photo("B02") == b"newer"


def test_asking_for_what_is_held_of_nobody_says_so(gallery: Gallery) -> None:
    for ask in (
        gallery.customer,
        gallery.photo,
        gallery.templates,
        gallery.consents,
        gallery.withdraw_consent,
    ):
        with pytest.raises(CustomerNotFound) as missing:
            ask("X9")
        assert missing.value.details["code"] == "X9"


def test_a_template_keeps_its_source_and_quality(gallery: Gallery) -> None:
    gallery.enrol(
        person(), consent(frozenset({Purpose.RECOGNITION, Purpose.KEEP_CROPS})), [template(1, b"png")]
    )
    (stored,) = gallery.templates("A01")
    given = template(1)
    assert (stored.embedding == given.embedding).all()
    assert not stored.embedding.flags.writeable
    assert (stored.pack_id, stored.quality, stored.source, stored.operator, stored.has_crop) == (
        given.pack_id,
        given.quality,
        given.source,
        given.operator,
        True,
    )
    assert gallery.crop(stored.id) == b"png"


def test_a_template_may_come_from_nobody_in_particular(gallery: Gallery) -> None:
    gallery.enrol(person(), consent(), [replace(template(1), operator="")])
    assert gallery.templates("A01")[0].operator == ""
