"""A video is summed up by person: a track counts as what it was decided to be at last."""

from __future__ import annotations

from netcafe_face.domain.people import Presence
from netcafe_face.domain.results import Label, SeenFace
from netcafe_face.pipeline.appearances import Appearances
from tests.files_kit import six_faces

FACE = six_faces()[0]


def seen(track: int, presence: Presence, similarity: float | None = 0.3, customer: int = 0) -> SeenFace:
    text = f"customer {customer}" if customer else ""
    return SeenFace(FACE, Label(presence, text, similarity, track, customer or None))


def test_a_customer_who_was_undecided_at_first_is_one_line_and_not_two() -> None:
    people = Appearances()
    people.add([seen(1, Presence.UNDECIDED, 0.5)], 0.0)
    people.add([seen(1, Presence.KNOWN, 0.7, customer=7)], 0.1)
    people.add([seen(1, Presence.KNOWN, 0.6, customer=7)], 0.2)
    (line,) = people.summary()
    assert (line.presence, line.text, line.customer_id) == (Presence.KNOWN, "customer 7", 7)
    assert (line.first_s, line.last_s, line.faces, line.similarity) == (0.0, 0.2, 3, 0.7)


def test_a_customer_who_comes_back_is_still_one_line() -> None:
    people = Appearances()
    people.add([seen(1, Presence.KNOWN, customer=7)], 0.0)
    people.add([seen(2, Presence.STRANGER)], 1.0)
    people.add([seen(5, Presence.KNOWN, customer=7)], 9.0)
    known, stranger = people.summary()
    assert (known.first_s, known.last_s, known.most_at_once) == (0.0, 9.0, 1)
    assert stranger.presence is Presence.STRANGER


def test_strangers_are_counted_by_how_many_were_there_at_once() -> None:
    people = Appearances()
    people.add([seen(1, Presence.STRANGER), seen(2, Presence.STRANGER)], 0.0)
    people.add([seen(2, Presence.STRANGER)], 1.0)
    people.add([seen(3, Presence.STRANGER)], 2.0)
    (line,) = people.summary()
    assert (line.faces, line.most_at_once) == (4, 2)


def test_without_anybody_enrolled_there_is_no_similarity() -> None:
    people = Appearances()
    assert people.summary() == ()
    people.add([seen(1, Presence.STRANGER, None)], 0.0)
    assert people.summary()[0].similarity is None
