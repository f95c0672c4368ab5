"""Who appeared in a video, when and how surely: one line a person, however long the video."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netcafe_face.domain.people import Presence
from netcafe_face.domain.results import Label, SeenFace


@dataclass(frozen=True)
class Appearance:
    """One customer, or all faces of one other presence, over a video.

    Attributes:
        text: the customer's name, empty for strangers and undecided faces.
        faces: how many frames a customer was seen in, or how many faces of the others there were.
        most_at_once: the most faces of this line in one frame.
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


class Appearances:
    """Gathers appearances frame by frame; its size grows with the customers seen only."""

    def __init__(self) -> None:
        self._lines: dict[tuple[Presence, int | None], Appearance] = {}

    def add(self, faces: Iterable[SeenFace], position_s: float) -> None:
        """Count the faces of one frame."""
        here: dict[tuple[Presence, int | None], list[Label]] = {}
        for seen in faces:
            named = seen.label.presence in (Presence.KNOWN, Presence.BANNED)
            here.setdefault((seen.label.presence, seen.label.customer_id if named else None), []).append(
                seen.label
            )
        for key, labels in here.items():
            self._lines[key] = self._grown(key, labels, position_s)

    def summary(self) -> tuple[Appearance, ...]:
        """Return the lines in order of first appearance."""
        return tuple(self._lines.values())

    def _grown(self, key: tuple[Presence, int | None], labels: list[Label], position_s: float) -> Appearance:
        presence, customer_id = key
        before = self._lines.get(key)
        known = [item.similarity for item in labels if item.similarity is not None]
        if before is not None and before.similarity is not None:
            known.append(before.similarity)
        return Appearance(
            presence=presence,
            text=labels[0].text,
            customer_id=customer_id,
            first_s=before.first_s if before else position_s,
            last_s=position_s,
            faces=(before.faces if before else 0) + len(labels),
            most_at_once=max(before.most_at_once if before else 0, len(labels)),
            similarity=max(known, default=None),
        )
