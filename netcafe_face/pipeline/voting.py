"""A track's identity: a name is given only after agreeing evidence, and taken back when it turns.

Pure functions over frozen values. One look at one face is never enough: neighbouring frames share their
mistakes, so a name also needs some time between its first and last witness.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from netcafe_face.domain.faces import QualityFlaw
from netcafe_face.domain.matching import Decision, Match
from netcafe_face.domain.results import Face

NOT_COUNTED = frozenset(
    {QualityFlaw.TOO_SMALL, QualityFlaw.BLURRED, QualityFlaw.TURNED_AWAY, QualityFlaw.CUT_OFF}
)
"""Flaws with which a face says nothing about who it is, neither for a name nor against it."""


@dataclass(frozen=True)
class VotingRules:
    """How much evidence a decision takes.

    Attributes:
        window_s: how long a frame counts.
        named_after: frames that must name the same customer.
        spread_s: least time between the first and the last of them.
        stranger_after: frames without anybody similar that make a stranger.
        stranger_spread_s: least time between the first and the last of them, so that a customer who walks in
            is not called a stranger first.
        doubt_gap_s: after so long out of sight, a track must prove itself anew.
    """

    window_s: float = 5.0
    named_after: int = 3
    spread_s: float = 0.3
    stranger_after: int = 5
    stranger_spread_s: float = 1.0
    doubt_gap_s: float = 1.0


@dataclass(frozen=True)
class Evidence:
    """What one frame says about a track; `customer_id` only where the decision is “known”."""

    at_s: float
    decision: Decision
    customer_id: int | None
    similarity: float
    margin: float
    threshold: float


@dataclass(frozen=True)
class Identity:
    """What a track was decided to be, and the best look at it that the decision rests on."""

    decision: Decision
    customer_id: int | None = None
    similarity: float = 0.0
    margin: float = 0.0
    threshold: float = 0.0


UNDECIDED = Identity(Decision.UNDECIDED)


@dataclass(frozen=True)
class Votes:
    """The evidence about one track within the window, and the identity it gives."""

    evidence: tuple[Evidence, ...] = ()
    identity: Identity = UNDECIDED


def evidence_of(face: Face, at_s: float) -> Evidence | None:
    """Return what a face says about who it is; None when it was not matched or is too poor to count."""
    match: Match | None = face.match
    if match is None or face.quality.flaws & NOT_COUNTED:
        return None
    similarity = match.best.similarity if match.best else 0.0
    return Evidence(at_s, match.decision, match.customer_id, similarity, match.margin, match.rule.threshold)


def count(votes: Votes, new: Evidence | None, rules: VotingRules) -> Votes:
    """Add a frame's evidence and decide again; without any, everything stays as it is."""
    if new is None:
        return votes
    window = tuple(item for item in votes.evidence if new.at_s - item.at_s <= rules.window_s)
    evidence = (*window, new)
    return Votes(evidence, _decide(votes.identity, evidence, rules))


def _decide(before: Identity, evidence: tuple[Evidence, ...], rules: VotingRules) -> Identity:
    customers = {item.customer_id for item in evidence if item.decision is Decision.KNOWN}
    nobody = tuple(item for item in evidence if item.decision is Decision.UNKNOWN)
    unknown = len(nobody)
    if len(customers) > 1:
        return UNDECIDED
    if customers:
        for_name = tuple(item for item in evidence if item.decision is Decision.KNOWN)
        if before.decision is Decision.KNOWN:
            return _kept(before, for_name, unknown, rules)
        return _named(for_name, evidence[-1], unknown, rules)
    enough = unknown >= rules.stranger_after and nobody[-1].at_s - nobody[0].at_s >= rules.stranger_spread_s
    if enough and 2 * unknown > len(evidence):
        best = max(nobody, key=lambda item: item.similarity)
        return Identity(Decision.UNKNOWN, None, best.similarity, best.margin, best.threshold)
    # Clear looks, and none of them bears out what was decided before.
    contradicted = before.decision is Decision.KNOWN or not unknown
    return UNDECIDED if contradicted and len(evidence) >= rules.named_after else before


def _named(for_name: tuple[Evidence, ...], newest: Evidence, unknown: int, rules: VotingRules) -> Identity:
    lasted_s = for_name[-1].at_s - for_name[0].at_s
    enough = len(for_name) >= rules.named_after and lasted_s >= rules.spread_s
    if enough and len(for_name) > unknown and newest.decision is Decision.KNOWN:
        best = max(for_name, key=lambda item: item.similarity)
        return Identity(Decision.KNOWN, best.customer_id, best.similarity, best.margin, best.threshold)
    return UNDECIDED


def _kept(before: Identity, for_name: tuple[Evidence, ...], unknown: int, rules: VotingRules) -> Identity:
    best = max(for_name, key=lambda item: item.similarity)
    turned = unknown >= rules.stranger_after and unknown > 2 * len(for_name)
    if best.customer_id != before.customer_id or turned:
        return UNDECIDED
    if best.similarity <= before.similarity:
        return before
    return Identity(Decision.KNOWN, best.customer_id, best.similarity, best.margin, best.threshold)


def without_erased(votes: Votes, people: Container[int]) -> Votes:
    """Forget what was seen of customers who are no longer in the gallery, their name included."""
    evidence = tuple(
        item for item in votes.evidence if item.customer_id is None or item.customer_id in people
    )
    gone = votes.identity.customer_id is not None and votes.identity.customer_id not in people
    if not gone and len(evidence) == len(votes.evidence):
        return votes
    return Votes(evidence, UNDECIDED if gone else votes.identity)


def with_newcomers(votes: Votes) -> Votes:
    """Forget that nobody was similar: the gallery has grown since, and the track may be the newcomer."""
    evidence = tuple(item for item in votes.evidence if item.decision is Decision.KNOWN)
    stranger = votes.identity.decision is Decision.UNKNOWN
    return Votes(evidence, UNDECIDED if stranger else votes.identity)
