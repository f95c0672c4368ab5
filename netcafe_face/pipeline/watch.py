"""Everything recognition remembers about one source: tracks, their votes, and the visits at its seats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netcafe_face.domain.matching import Decision
from netcafe_face.domain.people import CustomerStatus, Presence, Seat
from netcafe_face.domain.results import Face, Label, SeenFace
from netcafe_face.gallery.index import IndexSnapshot
from netcafe_face.pipeline import voting
from netcafe_face.pipeline.seats import prominence, seat_of, seats_of
from netcafe_face.pipeline.tracker import IouTracker, Track, Tracker, TrackerRules
from netcafe_face.pipeline.visit_book import Moment, SeatState, Sighting, VisitBook, VisitNews, VisitRules
from netcafe_face.pipeline.visits import end_all, forget, step
from netcafe_face.pipeline.voting import Identity, Votes, VotingRules


@dataclass(frozen=True)
class WatchRules:
    """The rules of tracking, voting and visits."""

    tracking: TrackerRules = field(default_factory=TrackerRules)
    voting: VotingRules = field(default_factory=VotingRules)
    visits: VisitRules = field(default_factory=VisitRules)


@dataclass(frozen=True, eq=False)
class Look:
    """What one frame gave: its faces with their labels, and the visits to be stored."""

    faces: tuple[SeenFace, ...]
    news: tuple[VisitNews, ...]


class SourceWatch:
    """Follows the persons in front of one source. One thread owns it.

    Args:
        source: the source's name.
        seats: what it watches; empty: the whole picture is one seat.
        rules: when somebody is named and when a visit begins and ends.
        sample: mark the visits as a sample.
        tracker: tells persons apart.
    """

    def __init__(
        self,
        source: str,
        seats: Sequence[Seat] = (),
        rules: WatchRules | None = None,
        *,
        sample: bool = False,
        tracker: Tracker | None = None,
    ) -> None:
        self._rules = rules or WatchRules()
        self._seats = seats_of(source, seats)
        self._tracker = tracker or IouTracker(self._rules.tracking)
        self._votes: dict[int, Votes] = {}
        self._book = VisitBook(source, sample)
        self._snapshot: IndexSnapshot | None = None

    def look(
        self, faces: Sequence[Face], frame_size: tuple[int, int], snapshot: IndexSnapshot, moment: Moment
    ) -> Look:
        """Take in the matched faces of a frame.

        Args:
            faces: with the matches that `snapshot` gave.
            frame_size: the picture's width and height in pixels.
            snapshot: the gallery as it is now; whoever is not in it any more is not named.
            moment: when the frame was captured.
        """
        news = self._follow(snapshot, moment)
        tracks = self._tracker.update([face.detection for face in faces], moment.at_s)
        self._count(faces, tracks, moment.at_s)
        identities = [self._votes[track.id].identity for track in tracks]
        sightings = [
            _sighting(track, identity, snapshot) for track, identity in zip(tracks, identities, strict=True)
        ]
        seen = tuple(
            SeenFace(face, _label(face, sighting)) for face, sighting in zip(faces, sightings, strict=True)
        )
        at_seats = self._seated(faces, sightings, frame_size)
        self._book, more = step(self._book, at_seats, moment, self._rules.visits)
        return Look(seen, (*news, *more))

    def idle(self, snapshot: IndexSnapshot, moment: Moment) -> tuple[VisitNews, ...]:
        """Let time pass without a frame; return the visits to be stored."""
        news = self._follow(snapshot, moment)
        self._book, more = step(self._book, {}, moment, self._rules.visits)
        return (*news, *more)

    def end(self, moment: Moment) -> tuple[VisitNews, ...]:
        """End all visits at their last sightings, since nobody looks any more; return them."""
        self._book, news = end_all(self._book, moment, self._rules.visits)
        return news

    def _follow(self, snapshot: IndexSnapshot, moment: Moment) -> tuple[VisitNews, ...]:
        before, self._snapshot = self._snapshot, snapshot
        if before is None or before is snapshot:
            return ()
        grown = snapshot.templates > before.templates or bool(snapshot.people.keys() - before.people.keys())
        for track_id, votes in self._votes.items():
            kept = voting.without_erased(votes, snapshot.people)
            self._votes[track_id] = voting.with_newcomers(kept) if grown else kept
        self._book, news = forget(self._book, snapshot.people, moment, self._rules.visits)
        return news

    def _count(self, faces: Sequence[Face], tracks: Sequence[Track], at_s: float) -> None:
        alive = {track.id for track in self._tracker.alive}
        self._votes = {number: votes for number, votes in self._votes.items() if number in alive}
        for face, track in zip(faces, tracks, strict=True):
            votes = self._votes.get(track.id)
            if votes is None or track.gap_s > self._rules.voting.doubt_gap_s:
                votes = Votes()
            evidence = voting.evidence_of(face, at_s)
            self._votes[track.id] = voting.count(votes, evidence, self._rules.voting)

    def _seated(
        self, faces: Sequence[Face], sightings: Sequence[Sighting], frame_size: tuple[int, int]
    ) -> dict[str, Sighting]:
        """Choose one face a seat: whoever sat there already, else the largest and most central one."""
        best: dict[str, tuple[tuple[int, float], Sighting]] = {}
        for face, sighting in zip(faces, sightings, strict=True):
            seat = seat_of(face.detection.box, frame_size, self._seats)
            if seat is None:
                continue
            state = self._book.seats.get(seat.name, SeatState())
            rank = (_claim(state, sighting), prominence(face.detection.box, frame_size, seat))
            if seat.name not in best or rank > best[seat.name][0]:
                best[seat.name] = (rank, sighting)
        return {name: sighting for name, (_, sighting) in best.items()}


def _claim(state: SeatState, sighting: Sighting) -> int:
    if state.visit is not None:
        if sighting.customer_id is not None and sighting.customer_id == state.visit.visit.customer_id:
            return 3
        if sighting.track_id == state.visit.track_id:
            return 2
    return int(state.arrival is not None and sighting.track_id == state.arrival.sighting.track_id)


def _sighting(track: Track, identity: Identity, snapshot: IndexSnapshot) -> Sighting:
    look = (identity.similarity, identity.margin, identity.threshold)
    if identity.decision is Decision.UNKNOWN:
        return Sighting(track.id, Presence.STRANGER, None, "", "", *look, snapshot.pack_id)
    person = snapshot.people.get(identity.customer_id) if identity.customer_id is not None else None
    if person is None:
        return Sighting(track.id, Presence.UNDECIDED, pack_id=snapshot.pack_id)
    presence = Presence.BANNED if person.status is CustomerStatus.BANNED else Presence.KNOWN
    return Sighting(
        track.id, presence, identity.customer_id, person.code, person.name, *look, snapshot.pack_id
    )


def _label(face: Face, sighting: Sighting) -> Label:
    best = face.match.best if face.match else None
    similarity = best.similarity if best else None
    return Label(sighting.presence, sighting.name, similarity, sighting.track_id, sighting.customer_id)
