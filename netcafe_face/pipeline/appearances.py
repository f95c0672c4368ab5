"""Who appeared in a video, when and how surely: one line a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netcafe_face.domain.people import Presence
from netcafe_face.domain.results import Label, SeenFace


@dataclass(frozen=True)
class Appearance:
    """One customer, or all tracks of one other presence, over a video.

    Attributes:
        text: the customer's name, empty for strangers and undecided faces.
        faces: how many times a face of this line was seen.
        most_at_once: the most tracks of this line at one time.
        similarity: the best one, None when nobody is enrolled.
    """

    presence: Presence
    text: str
    customer_id: int | None
    first_s: float
    last_s: float
    faces: int
    most_at_once: int
    similarity: float | None


@dataclass
class _TrackLine:
    label: Label
    first_s: float
    last_s: float
    faces: int = 0
    similarity: float | None = None


class Appearances:
    """Gathers the tracks of a video frame by frame; a track counts as what it was decided to be at last."""

    def __init__(self) -> None:
        self._tracks: dict[int, _TrackLine] = {}

    def add(self, faces: Iterable[SeenFace], position_s: float) -> None:
        """Count the faces of one frame."""
        for seen in faces:
            line = self._tracks.setdefault(
                seen.label.track_id, _TrackLine(seen.label, position_s, position_s)
            )
            line.label, line.last_s, line.faces = seen.label, position_s, line.faces + 1
            known = [value for value in (line.similarity, seen.label.similarity) if value is not None]
            line.similarity = max(known, default=None)

    def summary(self) -> tuple[Appearance, ...]:
        """Return the lines in order of first appearance."""
        groups: dict[tuple[Presence, int | None], list[_TrackLine]] = {}
        for line in self._tracks.values():
            groups.setdefault((line.label.presence, line.label.customer_id), []).append(line)
        return tuple(_appearance(*key, lines) for key, lines in groups.items())


def _appearance(presence: Presence, customer_id: int | None, lines: Sequence[_TrackLine]) -> Appearance:
    known = [line.similarity for line in lines if line.similarity is not None]
    return Appearance(
        presence=presence,
        text=lines[-1].label.text,
        customer_id=customer_id,
        first_s=min(line.first_s for line in lines),
        last_s=max(line.last_s for line in lines),
        faces=sum(line.faces for line in lines),
        most_at_once=_most_at_once(lines),
        similarity=max(known, default=None),
    )


def _most_at_once(lines: Sequence[_TrackLine]) -> int:
    # At one instant arrivals come before departures, since both ends belong to the track.
    steps = sorted([(line.first_s, 0, 1) for line in lines] + [(line.last_s, 1, -1) for line in lines])
    most = now = 0
    for _at_s, _order, step in steps:
        now += step
        most = max(most, now)
    return most
