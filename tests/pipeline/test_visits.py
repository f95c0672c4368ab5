"""Who sits where since when: visits begin, go on, are corrected and end as a person would say they do."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from netcafe_face.domain.people import Presence, Visit
from netcafe_face.pipeline.visit_book import Moment, Sighting, VisitBook, VisitNews, VisitRules
from netcafe_face.pipeline.visits import end_all, forget, step

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
RULES = VisitRules()
AN, BINH = 1, 2


def known(
    customer_id: int, track: int, similarity: float = 0.7, presence: Presence = Presence.KNOWN
) -> Sighting:
    name = {AN: "An", BINH: "Bình"}[customer_id]
    return Sighting(track, presence, customer_id, f"C{customer_id}", name, similarity, 0.2, 0.5, "pack-1")


def undecided(track: int) -> Sighting:
    return Sighting(track, Presence.UNDECIDED, pack_id="pack-1")


def stranger(track: int) -> Sighting:
    return Sighting(track, Presence.STRANGER, similarity=0.1, threshold=0.5, pack_id="pack-1")


@dataclass
class Cafe:
    """A source with seats, seen twice a second, and everything that was to be stored."""

    rules: VisitRules = RULES
    book: VisitBook = field(default_factory=lambda: VisitBook("door camera"))
    now_s: float = 1000.0
    clock: datetime = NOON
    stored: dict[int, Visit] = field(default_factory=dict)
    writes: int = 0

    def see(self, seconds: float, **seats: Sighting) -> Cafe:
        """Let time pass in steps of half a second, with the same sightings in each."""
        for _ in range(round(seconds * 2)):
            self.book, news = step(self.book, seats, self.moment, self.rules)
            self.store(news)
            self.now_s += 0.5
            self.clock += timedelta(seconds=0.5)
        return self

    def store(self, news: Sequence[VisitNews]) -> None:
        for item in news:
            assert item.visit.started_at <= item.visit.last_seen_at
            self.writes += 1
            self.stored[item.key] = item.visit

    @property
    def moment(self) -> Moment:
        return Moment(self.now_s, self.clock)

    def erase(self, *people_left: int) -> Cafe:
        self.book, news = forget(self.book, set(people_left), self.moment, self.rules)
        self.store(news)
        return self

    def close(self) -> Cafe:
        self.book, news = end_all(self.book, self.moment, self.rules)
        self.store(news)
        return self

    @property
    def log(self) -> list[tuple[str, float, float]]:
        """Return the visits as (who, begin, end in seconds since noon), in order."""
        return [
            (
                {Presence.UNDECIDED: "?", Presence.STRANGER: visit.label}.get(visit.presence, visit.label),
                (visit.started_at - NOON).total_seconds(),
                (visit.last_seen_at - NOON).total_seconds(),
            )
            for visit in self.stored.values()
        ]

    @property
    def visit(self) -> Visit:
        (visit,) = self.stored.values()
        return visit


def test_somebody_who_passes_by_begins_no_visit() -> None:
    cafe = Cafe().see(1.5, A01=known(AN, 1)).see(10).see(1.5, A01=stranger(2)).see(100).close()

    assert cafe.stored == {}


def test_a_visit_begins_when_somebody_stays_and_counts_from_the_first_sighting() -> None:
    cafe = Cafe().see(2.0, A01=known(AN, 1))
    assert cafe.stored == {}

    cafe.see(0.5, A01=known(AN, 1))

    assert cafe.visit == Visit(
        source="door camera",
        seat="A01",
        presence=Presence.KNOWN,
        label="An",
        started_at=NOON,
        last_seen_at=NOON + timedelta(seconds=2),
        customer_id=AN,
        customer_code="C1",
        similarity=0.7,
        margin=0.2,
        threshold=0.5,
        pack_id="pack-1",
    )


def test_a_visit_ends_at_the_last_sighting_after_a_long_absence() -> None:
    cafe = Cafe().see(20, A01=known(AN, 1)).see(60)
    assert cafe.visit.ended_at is None

    cafe.see(1)

    assert cafe.visit.ended_at == cafe.visit.last_seen_at == NOON + timedelta(seconds=19.5)
    assert cafe.book.seats == {}


def test_a_short_walk_does_not_end_a_visit_and_another_track_goes_on_with_it() -> None:
    cafe = Cafe().see(20, A01=known(AN, 1)).see(50).see(5, A01=undecided(7)).see(10, A01=known(AN, 7)).close()

    assert cafe.log == [("An", 0.0, 84.5)]


def test_a_name_that_comes_later_reaches_back_to_where_its_track_began() -> None:
    cafe = Cafe().see(4, A01=undecided(1))
    assert cafe.visit.presence is Presence.UNDECIDED
    assert cafe.visit.label == ""

    cafe.see(4, A01=known(AN, 1)).close()

    assert cafe.log == [("An", 0.0, 7.5)]


def test_a_stranger_has_a_number_that_stays_and_may_still_be_named() -> None:
    cafe = Cafe().see(4, A01=undecided(1)).see(4, A01=stranger(1))
    assert (cafe.visit.presence, cafe.visit.label) == (Presence.STRANGER, "#1")

    cafe.see(4, A01=undecided(1)).see(4, A01=stranger(1)).see(4, A01=stranger(2))
    assert cafe.visit.label == "#1"

    cafe.see(40).see(3, A01=stranger(3))
    assert cafe.visit.label == "#1"


def test_each_stranger_gets_the_next_number() -> None:
    cafe = Cafe().see(5, A01=stranger(1), A02=stranger(2)).see(70).see(5, A01=stranger(3)).close()

    assert sorted(label for label, *_ in cafe.log) == ["#1", "#2", "#3"]


def test_a_stranger_who_is_named_has_been_that_customer_all_along() -> None:
    cafe = Cafe().see(5, A01=stranger(1)).see(5, A01=known(AN, 1)).close()

    assert cafe.log == [("An", 0.0, 9.5)]
    assert cafe.visit.customer_code == "C1"


def test_a_name_does_not_reach_back_to_somebody_who_sat_there_before() -> None:
    cafe = (
        Cafe().see(3600, A01=undecided(1)).see(30).see(4, A01=undecided(2)).see(4, A01=known(AN, 2)).close()
    )

    assert cafe.log == [("?", 0.0, 3599.5), ("An", 3630.0, 3637.5)]


def test_a_customer_who_follows_a_stranger_has_a_visit_of_their_own() -> None:
    cafe = Cafe().see(10, A01=stranger(1)).see(5).see(10, A01=known(AN, 2)).close()

    assert cafe.log == [("#1", 0.0, 9.5), ("An", 15.0, 24.5)]


def test_another_customer_ends_the_visit_at_once() -> None:
    cafe = Cafe().see(100, A01=known(AN, 1)).see(5).see(10, A01=known(BINH, 2)).close()

    assert cafe.log == [("An", 0.0, 99.5), ("Bình", 105.0, 114.5)]


def test_a_glimpse_of_somebody_else_changes_nothing() -> None:
    cafe = Cafe().see(100, A01=known(AN, 1)).see(1.5, A01=known(BINH, 2)).see(10, A01=known(AN, 1)).close()

    assert cafe.log == [("An", 0.0, 111.0)]


def test_somebody_undecided_who_stays_ends_a_named_visit_in_the_end_and_has_their_own() -> None:
    cafe = Cafe().see(100, A01=known(AN, 1)).see(90, A01=undecided(2)).close()

    assert cafe.log == [("An", 0.0, 99.5), ("?", 100.0, 189.5)]


def test_a_name_that_turns_out_wrong_soon_is_taken_out_of_the_log() -> None:
    cafe = Cafe().see(5, A01=known(AN, 1)).see(2, A01=undecided(1)).see(5, A01=stranger(1)).close()

    assert cafe.log == [("#1", 0.0, 11.5)]
    assert (cafe.visit.customer_id, cafe.visit.customer_code) == (None, "")


def test_a_name_that_is_only_doubted_soon_is_taken_out_of_the_log_too() -> None:
    cafe = Cafe().see(5, A01=known(AN, 1)).see(10, A01=undecided(1)).close()

    assert cafe.log == [("?", 0.0, 14.5)]
    assert cafe.visit.similarity == 0.0


def test_a_name_that_is_mixed_up_soon_is_corrected_to_the_right_one() -> None:
    cafe = (
        Cafe().see(5, A01=known(AN, 1, 0.9)).see(2, A01=undecided(1)).see(5, A01=known(BINH, 1, 0.6)).close()
    )

    assert cafe.log == [("Bình", 0.0, 11.5)]
    assert cafe.visit.similarity == 0.6


def test_a_settled_name_is_not_rewritten_when_its_track_goes_to_somebody_else() -> None:
    cafe = Cafe().see(600, A01=known(AN, 1)).see(2, A01=undecided(1)).see(5, A01=stranger(1)).close()

    assert cafe.log == [("An", 0.0, 599.5), ("#1", 600.0, 606.5)]


def test_a_ban_that_is_pronounced_during_the_visit_is_in_the_log() -> None:
    cafe = Cafe().see(5, A01=known(AN, 1)).see(2, A01=replace(known(AN, 1), presence=Presence.BANNED))

    assert cafe.visit.presence is Presence.BANNED
    assert cafe.visit.label == "An"


def test_a_customer_who_is_renamed_has_the_new_name_in_the_log() -> None:
    cafe = Cafe().see(5, A01=known(AN, 1)).see(1, A01=replace(known(AN, 1), name="Ân", code="X9"))

    assert (cafe.visit.label, cafe.visit.customer_code) == ("Ân", "X9")


def test_an_erased_customer_is_taken_out_of_the_visit_that_lasts() -> None:
    cafe = Cafe().see(5, A01=known(AN, 1), A02=known(BINH, 2)).erase(BINH)

    an, binh = cafe.stored.values()
    assert (an.label, an.customer_id, an.customer_code, an.presence) == ("", None, "", Presence.UNDECIDED)
    assert binh.customer_id == BINH

    cafe.see(5, A01=undecided(1), A02=known(BINH, 2)).close()
    assert cafe.log == [("?", 0.0, 9.5), ("Bình", 0.0, 9.5)]


def test_an_erased_customer_who_has_just_arrived_begins_no_visit_by_name() -> None:
    cafe = Cafe().see(2, A01=known(AN, 1)).erase(BINH).see(2, A01=undecided(1)).close()

    assert cafe.log == [("?", 0.0, 3.5)]


def test_erasing_nobody_stores_nothing() -> None:
    cafe = Cafe().see(5, A01=known(AN, 1))
    writes = cafe.writes

    cafe.erase(AN, BINH)

    assert cafe.writes == writes


def test_a_quiet_visit_is_stored_every_five_seconds_only() -> None:
    cafe = Cafe().see(102, A01=known(AN, 1))

    assert 20 <= cafe.writes <= 22


def test_the_best_look_is_kept() -> None:
    cafe = (
        Cafe()
        .see(5, A01=known(AN, 1, 0.6))
        .see(5, A01=known(AN, 1, 0.9))
        .see(9, A01=known(AN, 1, 0.7))
        .close()
    )

    assert cafe.visit.similarity == 0.9


def test_seats_do_not_know_of_each_other() -> None:
    cafe = Cafe().see(5, A01=known(AN, 1)).see(5, A01=known(AN, 1), A02=stranger(2)).close()

    assert cafe.log == [("An", 0.0, 9.5), ("#1", 5.0, 9.5)]


def test_giving_the_source_up_ends_everything_at_the_last_sighting() -> None:
    cafe = Cafe().see(5, A01=known(AN, 1), A02=stranger(2)).see(20).close()

    assert [visit.ended_at for visit in cafe.stored.values()] == [NOON + timedelta(seconds=4.5)] * 2
    assert cafe.book.seats == {}


def test_a_wall_clock_that_jumps_changes_no_duration() -> None:
    cafe = Cafe().see(10, A01=known(AN, 1))
    cafe.clock -= timedelta(hours=5)
    cafe.see(10, A01=known(AN, 1)).close()

    assert cafe.visit.duration_s == 19.5
    assert cafe.visit.started_at == NOON


def test_visits_of_the_sample_are_marked_so() -> None:
    cafe = Cafe(book=VisitBook("sample", sample=True)).see(5, A01=known(AN, 1))

    assert cafe.visit.sample


@pytest.mark.parametrize("seed", range(15))
def test_whatever_happens_visits_at_a_seat_never_overlap_and_none_is_left_open(seed: int) -> None:
    chance = random.Random(seed)
    cafe = Cafe()
    track = 0
    for _ in range(150):
        track += chance.random() < 0.4
        person = chance.choice(
            [known(AN, track), known(BINH, track), stranger(track), undecided(track), None]
        )
        seconds = chance.choice([0.5, 1.0, 3.0, 8.0, 40.0, 70.0])
        if person is None:
            cafe.see(seconds)
        else:
            cafe.see(seconds, A01=person)
        if chance.random() < 0.05:
            cafe.erase(BINH)
    cafe.close()

    visits = sorted(cafe.stored.values(), key=lambda visit: visit.started_at)
    assert len(visits) > 5
    assert all(visit.ended_at is not None for visit in visits)
    assert all(earlier.ended_at < later.started_at for earlier, later in pairwise(visits))  # type: ignore[operator]
    assert {visit.presence for visit in visits} <= set(Presence)
    for visit in visits:
        assert (visit.customer_id is not None) == (visit.presence in (Presence.KNOWN, Presence.BANNED))
        assert bool(visit.label) == (visit.presence is not Presence.UNDECIDED)
