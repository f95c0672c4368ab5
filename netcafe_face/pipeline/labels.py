"""What to write beside a face."""

from __future__ import annotations

from netcafe_face.domain.matching import Decision, Match
from netcafe_face.domain.people import CustomerStatus, Presence
from netcafe_face.domain.results import Face, Label
from netcafe_face.gallery.index import IndexSnapshot


def label(face: Face, snapshot: IndexSnapshot, track_id: int = 0) -> Label:
    """Say who a face is by its own match alone."""
    return label_match(face.match, snapshot, track_id)


def label_match(match: Match | None, snapshot: IndexSnapshot, track_id: int = 0) -> Label:
    """Say who a match names; a customer erased since then is not named any more."""
    if match is None:
        return Label(Presence.UNDECIDED, "", None, track_id)
    similarity = match.best.similarity if match.best else None
    if match.decision is Decision.UNKNOWN:
        return Label(Presence.STRANGER, "", similarity, track_id)
    person = snapshot.people.get(match.customer_id) if match.customer_id is not None else None
    if person is None:
        return Label(Presence.UNDECIDED, "", similarity, track_id)
    banned = person.status is CustomerStatus.BANNED
    presence = Presence.BANNED if banned else Presence.KNOWN
    return Label(presence, person.name, similarity, track_id, match.customer_id)
