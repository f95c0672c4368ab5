"""Whose a pack is, and under which terms: told of what is recorded, never assumed."""

from __future__ import annotations

from dataclasses import dataclass

from netcafe_face.domain.errors import N_
from netcafe_face.vision import sentences

SHIPPED = "netcafe-mini"
"""The pack that the project makes; every other one is somebody else's."""


@dataclass(frozen=True)
class Terms:
    """What a card says of a pack's rights; see `PackCard`."""

    source: str
    licence: str
    note: str


def terms(name: str, detector_origin: str) -> Terms:
    """Return the terms of a pack.

    Args:
        name: of the pack.
        detector_origin: a sentence on whose its detector is, see `DetectorFacts`.
    """
    if name == SHIPPED and detector_origin == sentences.DETECTOR_TOO:
        return Terms(
            sentences.SOURCE,
            "GPL-3.0-only",
            "The weights are the project's own. They were learned from photos whose terms are research use "
            "or unstated, and from teachers trained on web photos. Whether a business may rely on that is "
            "the owner's decision; the pack opencv-zoo is the alternative.",
        )
    return Terms(
        f"{sentences.MADE} {detector_origin}",
        N_("not stated"),
        N_(
            "Who made this pack decides under which licence it is given on; the terms of the photos and "
            "networks that it was made from count, too. Whether a business may rely on it is the owner's "
            "decision; the pack opencv-zoo is the alternative."
        ),
    )
