"""A name is given only after agreeing evidence, and taken back when it turns."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from netcafe_face.domain.faces import QualityFlaw
from netcafe_face.domain.matching import Decision, Match
from netcafe_face.pipeline.voting import (
    NOT_COUNTED,
    UNDECIDED,
    Evidence,
    Identity,
    Votes,
    VotingRules,
    count,
    evidence_of,
    with_newcomers,
    without_erased,
)
from tests.pipeline.kit import face, match

RULES = VotingRules(window_s=5.0, named_after=3, spread_s=0.3, stranger_after=5, stranger_spread_s=0.75)
AN, BINH = 1, 2


def evidence(kind: str, at_s: float) -> Evidence:
    """Make evidence: “A” and “B” for the two customers, “?” for undecided, “-” for nobody similar."""
    decision = {"A": Decision.KNOWN, "B": Decision.KNOWN, "?": Decision.UNDECIDED, "-": Decision.UNKNOWN}[
        kind
    ]
    customer = {"A": AN, "B": BINH}.get(kind)
    similarity = {"A": 0.7, "B": 0.7, "?": 0.4, "-": 0.1}[kind]
    return Evidence(at_s, decision, customer, similarity, 0.2, 0.5)


def vote(kinds: Iterable[str], step_s: float = 0.2, votes: Votes | None = None, from_s: float = 0.0) -> Votes:
    votes = votes or Votes()
    for number, kind in enumerate(kinds):
        votes = count(votes, evidence(kind, from_s + number * step_s), RULES)
    return votes


def who(votes: Votes) -> str:
    identity = votes.identity
    if identity.decision is Decision.KNOWN:
        return {AN: "A", BINH: "B"}[identity.customer_id or 0]
    return {Decision.UNDECIDED: "?", Decision.UNKNOWN: "-"}[identity.decision]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("", "?"),
        ("A", "?"),
        ("AA", "?"),
        ("AAA", "A"),
        ("A?A?A", "A"),
        ("A-A-A", "A"),
        ("AAB", "?"),
        ("BAAA", "?"),
        ("AABB", "?"),
        ("????????", "?"),
        ("----", "?"),
        ("-----", "-"),
        ("-?-?-?-?-", "-"),
        ("?????-----", "?"),
        ("---A---", "?"),
        ("--------AAA", "?"),
        ("AAA?", "A"),
    ],
)
def test_what_the_looks_at_a_track_add_up_to(kinds: str, expected: str) -> None:
    assert who(vote(kinds)) == expected


def test_three_frames_of_the_same_instant_are_not_enough() -> None:
    assert who(vote("AAA", step_s=0.03)) == "?"
    assert who(vote("AAAAAAAAAAAA", step_s=0.03)) == "A"


def test_a_customer_who_walks_in_is_not_called_a_stranger_at_once() -> None:
    assert who(vote("--------", step_s=0.07)) == "?"
    assert who(vote("-" * 12, step_s=0.07)) == "-"


def test_only_what_was_seen_lately_counts() -> None:
    votes = vote("AA")
    votes = vote("A", votes=votes, from_s=10.0)

    assert who(votes) == "?"
    assert len(votes.evidence) == 1


def test_one_frame_for_somebody_else_takes_the_name_back_until_it_is_out_of_the_window() -> None:
    votes = vote("AAAA")
    votes = vote("B", votes=votes, from_s=1.0)
    assert who(votes) == "?"

    votes = vote("AAAA", votes=votes, from_s=2.0)
    assert who(votes) == "?"

    votes = vote("AAAA", votes=votes, from_s=7.0)
    assert who(votes) == "A"


def test_a_name_is_taken_back_when_clear_looks_no_longer_bear_it_out() -> None:
    named = vote("AAA")

    assert who(vote("???", votes=named, from_s=6.0)) == "?"
    assert who(vote("--------", votes=named, from_s=1.0)) == "?"
    assert who(vote("-----", votes=named, from_s=6.0)) == "-"


def test_a_name_survives_a_few_poor_matches() -> None:
    assert who(vote("??--?A?-?A", votes=vote("AAA"), from_s=1.0)) == "A"


def test_a_name_goes_to_another_customer_only_after_being_undecided() -> None:
    votes = vote("AAA")
    seen = []
    for number in range(40):
        votes = count(votes, evidence("B", 1.0 + 0.2 * number), RULES)
        seen.append(who(votes))

    assert seen[0] == "?"
    assert seen[-1] == "B"
    assert "".join(dict.fromkeys(seen)) == "?B"


def test_a_stranger_stays_one_until_there_is_evidence_against_it() -> None:
    stranger = vote("-----")

    assert who(vote("?", votes=stranger, from_s=1.2)) == "-"
    assert who(vote("A", votes=stranger, from_s=1.2)) == "?"
    assert who(vote("??", votes=stranger, from_s=9.0)) == "-"
    assert who(vote("???", votes=stranger, from_s=9.0)) == "?"


def test_a_frame_without_evidence_changes_nothing() -> None:
    named = vote("AAA")

    assert count(named, None, RULES) is named


def test_an_identity_carries_the_best_look_it_rests_on() -> None:
    looks = [Evidence(0.2 * n, Decision.KNOWN, AN, s, 0.3, 0.5) for n, s in enumerate((0.6, 0.8, 0.7))]
    votes = Votes()
    for look in looks:
        votes = count(votes, look, RULES)
    assert votes.identity == Identity(Decision.KNOWN, AN, 0.8, 0.3, 0.5)

    votes = count(votes, Evidence(0.8, Decision.KNOWN, AN, 0.9, 0.4, 0.5), RULES)
    assert votes.identity == Identity(Decision.KNOWN, AN, 0.9, 0.4, 0.5)


def test_a_stranger_is_told_with_the_best_look_that_says_so() -> None:
    votes = count(Votes(), Evidence(0.0, Decision.UNDECIDED, None, 0.4, 0.1, 0.5), RULES)
    for number, similarity in enumerate((0.1, 0.2, 0.15, 0.1, 0.1), start=1):
        votes = count(votes, Evidence(0.4 * number, Decision.UNKNOWN, None, similarity, 0.0, 0.5), RULES)
    assert votes.identity == Identity(Decision.UNKNOWN, None, 0.2, 0.0, 0.5)


@pytest.mark.parametrize("flaw", sorted(NOT_COUNTED, key=lambda flaw: flaw.value))
def test_a_poor_face_never_counts(flaw: QualityFlaw) -> None:
    assert evidence_of(face(match(Decision.KNOWN), flaws=[flaw]), 1.0) is None


def test_flaws_of_light_alone_still_count() -> None:
    assert evidence_of(face(match(Decision.KNOWN), flaws=[QualityFlaw.TOO_DARK]), 1.0) is not None


def test_a_face_that_was_not_matched_says_nothing() -> None:
    assert evidence_of(face(None), 1.0) is None


def test_a_face_is_told_with_what_its_match_says() -> None:
    known = evidence_of(face(match(Decision.KNOWN, customer_id=BINH, similarity=0.66)), 3.0)
    nobody = evidence_of(face(Match(Decision.UNKNOWN, (), 2.0, match(Decision.KNOWN).rule)), 3.0)

    assert known == Evidence(3.0, Decision.KNOWN, BINH, 0.66, 0.2, 0.5)
    assert nobody == Evidence(3.0, Decision.UNKNOWN, None, 0.0, 2.0, 0.5)


def test_an_erased_customer_loses_the_name_and_the_evidence() -> None:
    votes = without_erased(vote("AAA"), {BINH})

    assert votes == Votes((), UNDECIDED)


def test_erasing_one_customer_leaves_the_others_alone() -> None:
    named = vote("AAA")
    mixed = vote("AAAB")

    assert without_erased(named, {AN, BINH}) is named
    assert [item.customer_id for item in without_erased(mixed, {AN}).evidence] == [AN, AN, AN]


def test_when_the_gallery_grows_strangers_are_looked_at_anew_and_names_stay() -> None:
    stranger = with_newcomers(vote("-----"))
    named = with_newcomers(vote("A-A?A"))

    assert who(stranger) == "?"
    assert who(vote("AAA", votes=stranger, from_s=1.2)) == "A"
    assert who(named) == "A"
