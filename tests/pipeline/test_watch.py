"""One source, watched over frames: tracks, votes, names and visits together, over a real gallery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.domain.faces import QualityFlaw
from netcafe_face.domain.matching import decide
from netcafe_face.domain.people import Presence, Seat, Visit
from netcafe_face.domain.results import Face, Label
from netcafe_face.gallery.service import Gallery
from netcafe_face.pipeline.visit_book import Moment, VisitRules
from netcafe_face.pipeline.watch import SourceWatch, WatchRules
from tests.pipeline.kit import PACK, RULE, detection, direction, enrol, quality

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
SIZE = (1000, 500)


class Room:
    """A gallery and a watch; each look shows the given persons: a number of `direction`, at a place."""

    def __init__(self, gallery: Gallery, seats: Sequence[Seat] = (), rules: WatchRules | None = None) -> None:
        self.gallery = gallery
        self.watch = SourceWatch("door", seats, rules)
        self.at_s = 50.0
        self.visits: dict[int, Visit] = {}

    def look(
        self, *people: tuple[int, float], flaws: Sequence[QualityFlaw] = (), times: int = 1
    ) -> list[Label]:
        labels: list[Label] = []
        for _ in range(times):
            snapshot = self.gallery.snapshot
            faces = []
            for number, x in people:
                vector = direction(number)
                found = snapshot.search(vector[None])[0]
                where = detection(x=x, y=200)
                faces.append(Face(where, quality(*flaws), None, vector, decide(found, RULE)))
            look = self.watch.look(faces, SIZE, snapshot, self.moment)
            self.visits.update({item.key: item.visit for item in look.news})
            labels = [seen.label for seen in look.faces]
            assert [seen.face for seen in look.faces] == faces
            self.at_s += 0.2
        return labels

    def wait(self, seconds: float) -> None:
        self.at_s += seconds
        news = self.watch.idle(self.gallery.snapshot, self.moment)
        self.visits.update({item.key: item.visit for item in news})

    @property
    def moment(self) -> Moment:
        return Moment(self.at_s, NOON + timedelta(seconds=self.at_s))


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path, PACK) as opened:
        yield opened


def presences(labels: Sequence[Label]) -> list[Presence]:
    return [label.presence for label in labels]


def test_a_customer_is_named_after_a_few_frames_and_not_before(gallery: Gallery) -> None:
    customer = enrol(gallery, "C1", "An", 1)
    room = Room(gallery)

    assert presences(room.look((1, 100), times=2)) == [Presence.UNDECIDED]
    (label,) = room.look((1, 100))

    assert label == Label(Presence.KNOWN, "An", pytest.approx(1.0), 1, customer.id)


def test_with_nobody_enrolled_everybody_is_a_stranger_without_a_similarity(gallery: Gallery) -> None:
    (label,) = Room(gallery).look((1, 100), times=8)

    assert label == Label(Presence.STRANGER, "", None, 1)


def test_a_banned_customer_is_shown_as_banned_from_the_next_frame_on(gallery: Gallery) -> None:
    enrol(gallery, "C1", "An", 1)
    room = Room(gallery)
    room.look((1, 100), times=20)
    gallery.ban("C1", "theft", "owner")

    (label,) = room.look((1, 100))

    assert (label.presence, label.text) == (Presence.BANNED, "An")
    assert [visit.presence for visit in room.visits.values()] == [Presence.BANNED]


def test_a_deleted_customer_is_not_named_in_the_next_frame(gallery: Gallery) -> None:
    enrol(gallery, "C1", "An", 1)
    enrol(gallery, "C2", "Bình", 2)
    room = Room(gallery)
    room.look((1, 100), (2, 600), times=20)
    gallery.delete("C1")

    labels = room.look((1, 100), (2, 600))

    assert [(label.presence, label.text) for label in labels] == [
        (Presence.UNDECIDED, ""),
        (Presence.KNOWN, "Bình"),
    ]
    assert all("An" not in (visit.label, visit.customer_code) for visit in room.visits.values())


def test_a_deleted_customer_leaves_the_log_while_no_frame_comes(gallery: Gallery) -> None:
    enrol(gallery, "C1", "An", 1)
    room = Room(gallery)
    room.look((1, 100), times=20)
    assert [visit.label for visit in room.visits.values()] == ["An"]
    gallery.delete("C1")

    room.wait(1.0)

    assert [(visit.label, visit.customer_id) for visit in room.visits.values()] == [("", None)]


def test_a_stranger_who_is_enrolled_is_named_within_a_second(gallery: Gallery) -> None:
    room = Room(gallery)
    assert presences(room.look((1, 100), times=25)) == [Presence.STRANGER]
    enrol(gallery, "C1", "An", 1)

    labels = room.look((1, 100), times=5)

    assert labels[0].text == "An"
    assert [visit.label for visit in room.visits.values()] == ["An"]


def test_a_blurred_face_is_never_named_however_long_it_is_seen(gallery: Gallery) -> None:
    enrol(gallery, "C1", "An", 1)
    room = Room(gallery)

    labels = room.look((1, 100), flaws=[QualityFlaw.BLURRED], times=50)

    assert presences(labels) == [Presence.UNDECIDED]
    assert labels[0].similarity == pytest.approx(1.0)


def test_after_a_long_occlusion_a_track_must_prove_itself_anew(gallery: Gallery) -> None:
    enrol(gallery, "C1", "An", 1)
    room = Room(gallery)
    room.look((1, 100), times=10)
    room.look()
    room.at_s += 1.0

    (label,) = room.look((1, 100))

    assert (label.track_id, label.presence) == (1, Presence.UNDECIDED)
    assert room.look((1, 100), times=3)[0].text == "An"


def test_two_customers_at_two_seats_have_two_visits(gallery: Gallery) -> None:
    enrol(gallery, "C1", "An", 1)
    enrol(gallery, "C2", "Bình", 2)
    seats = [Seat("A01", "door", (0.0, 0.0, 0.5, 1.0)), Seat("A02", "door", (0.5, 0.0, 0.4, 1.0))]
    room = Room(gallery, seats)

    room.look((1, 200), (2, 700), (3, 930), times=20)

    assert {(visit.seat, visit.label) for visit in room.visits.values()} == {("A01", "An"), ("A02", "Bình")}


def test_of_two_faces_at_one_seat_the_one_who_sat_there_stays_the_sitter(gallery: Gallery) -> None:
    enrol(gallery, "C1", "An", 1)
    enrol(gallery, "C2", "Bình", 2)
    room = Room(gallery)
    room.look((1, 100), times=20)

    room.look((2, 470), (1, 100), times=40)

    assert [visit.label for visit in room.visits.values()] == ["An"]


def test_of_two_who_arrive_together_the_central_one_sits_there(gallery: Gallery) -> None:
    room = Room(gallery)
    enrol(gallery, "C2", "Bình", 2)

    room.look((1, 20), (2, 470), times=20)

    assert [visit.label for visit in room.visits.values()] == ["Bình"]


def test_a_returning_customer_is_the_sitter_even_with_somebody_more_central(gallery: Gallery) -> None:
    enrol(gallery, "C1", "An", 1)
    room = Room(gallery)
    room.look((1, 100), times=20)
    for _ in range(20):
        room.look()

    room.look((5, 470), (1, 100), times=5)
    room.look((5, 470), (1, 100), times=20)

    assert "An" in [visit.label for visit in room.visits.values() if visit.ended_at is None]


def test_visits_end_while_no_frame_comes(gallery: Gallery) -> None:
    room = Room(gallery, rules=WatchRules(visits=VisitRules(absence_s=10.0)))
    room.look((1, 100), times=20)
    room.wait(9.0)
    (open_visit,) = room.visits.values()
    room.wait(2.0)
    (ended,) = room.visits.values()

    assert open_visit.ended_at is None
    assert ended.ended_at == ended.last_seen_at


def test_ending_the_watch_ends_its_visits(gallery: Gallery) -> None:
    room = Room(gallery)
    room.look((1, 100), times=20)

    (news,) = room.watch.end(room.moment)

    assert news.visit.ended_at is not None
    assert room.watch.end(room.moment) == ()


def test_what_is_remembered_does_not_grow_with_the_people_seen(gallery: Gallery) -> None:
    room = Room(gallery)
    for step in range(200):
        room.look((step % 8, float(step * 400 % 900)))
        room.at_s += 5.0

    assert len(room.watch._votes) <= 2


def test_a_face_without_a_match_is_undecided(gallery: Gallery) -> None:
    watch = SourceWatch("door")

    look = watch.look([Face(detection(), quality())], SIZE, gallery.snapshot, Moment(1.0, NOON))

    assert look.faces[0].label == Label(Presence.UNDECIDED, "", None, 1)
    assert np.asarray(look.faces[0].face.detection.box).shape == (4,)
