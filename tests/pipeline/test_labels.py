"""Beside a face stands a name only where one was recognised and still belongs to somebody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netcafe_face.domain.matching import Decision, Match
from netcafe_face.domain.people import Presence
from netcafe_face.gallery.service import Gallery
from netcafe_face.pipeline.labels import label, label_match
from tests.pipeline import kit


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path, kit.PACK) as opened:
        yield opened


def test_a_known_customer_is_named(gallery: Gallery) -> None:
    an = kit.enrol(gallery, "KH-1", "Lê Văn An", 1)
    found = label(kit.face(kit.match(Decision.KNOWN, an.id, 0.8)), gallery.snapshot, track_id=7)
    assert (found.presence, found.text, found.similarity) == (Presence.KNOWN, "Lê Văn An", 0.8)
    assert (found.customer_id, found.track_id) == (an.id, 7)


def test_a_banned_customer_is_named_as_banned(gallery: Gallery) -> None:
    an = kit.enrol(gallery, "KH-1", "Lê Văn An", 1)
    gallery.ban("KH-1", "broke a chair", "Lan")
    found = label(kit.face(kit.match(Decision.KNOWN, an.id)), gallery.snapshot)
    assert (found.presence, found.text) == (Presence.BANNED, "Lê Văn An")


@pytest.mark.parametrize(
    ("decision", "presence"),
    [(Decision.UNDECIDED, Presence.UNDECIDED), (Decision.UNKNOWN, Presence.STRANGER)],
)
def test_whoever_is_not_recognised_has_no_name(
    gallery: Gallery, decision: Decision, presence: Presence
) -> None:
    an = kit.enrol(gallery, "KH-1", "Lê Văn An", 1)
    found = label(kit.face(kit.match(decision, an.id, 0.4)), gallery.snapshot)
    assert (found.presence, found.text, found.customer_id) == (presence, "", None)
    assert found.similarity == 0.4


def test_somebody_erased_since_the_match_is_not_named(gallery: Gallery) -> None:
    an = kit.enrol(gallery, "KH-1", "Lê Văn An", 1)
    match = kit.match(Decision.KNOWN, an.id)
    gallery.delete("KH-1")
    found = label_match(match, gallery.snapshot)
    assert (found.presence, found.text, found.customer_id) == (Presence.UNDECIDED, "", None)


def test_a_renamed_customer_is_shown_by_the_new_name(gallery: Gallery) -> None:
    an = kit.enrol(gallery, "KH-1", "Lê Văn An", 1)
    gallery.update_customer("KH-1", name="Lê Văn Ân")
    assert label_match(kit.match(Decision.KNOWN, an.id), gallery.snapshot).text == "Lê Văn Ân"


def test_a_face_that_could_not_be_searched_is_undecided(gallery: Gallery) -> None:
    found = label(kit.face(None), gallery.snapshot)
    assert (found.presence, found.text, found.similarity) == (Presence.UNDECIDED, "", None)


def test_in_an_empty_gallery_everybody_is_a_stranger(gallery: Gallery) -> None:
    found = label_match(Match(Decision.UNKNOWN, (), 2.0, kit.RULE), gallery.snapshot)
    assert (found.presence, found.similarity) == (Presence.STRANGER, None)
