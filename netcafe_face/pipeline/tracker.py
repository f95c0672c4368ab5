"""One track a person: which detection of this frame is which one of the frames before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from netcafe_face.domain.faces import Detection, FloatArray


@dataclass(frozen=True, eq=False)
class Track:
    """One face over frames.

    Attributes:
        id: from 1, never used twice within a source.
        box: float32 (4,), x, y, width, height in pixels, where it was last.
        missed: in how many frames it was looked for in vain since then.
        gap_s: how long it had been out of sight when it was found again in its last frame, else 0.
    """

    id: int
    box: FloatArray
    first_seen_s: float
    last_seen_s: float
    missed: int = 0
    gap_s: float = 0.0


class Tracker(Protocol):
    """What tells persons apart over the frames of one source."""

    def update(self, detections: Sequence[Detection], at_s: float) -> tuple[Track, ...]:
        """Take in a frame's detections and return the track of each, in their order."""
        ...

    @property
    def alive(self) -> tuple[Track, ...]:
        """Return the tracks that may still be found again."""
        ...


@dataclass(frozen=True)
class TrackerRules:
    """When a detection continues a track.

    Attributes:
        least_iou: overlap (intersection over union) from which it does.
        reach: distance of the centres, in face sizes, up to which it does without overlap.
        size_ratio: how much larger or smaller a face may become from one frame to the next.
        max_age_s: how long a track is kept while it is out of sight.
    """

    least_iou: float = 0.2
    reach: float = 1.0
    size_ratio: float = 1.8
    max_age_s: float = 2.0


class IouTracker:
    """Continue tracks by overlap and nearness alone, best pairs first."""

    def __init__(self, rules: TrackerRules | None = None) -> None:
        self._rules = rules or TrackerRules()
        self._tracks: tuple[Track, ...] = ()
        self._next_id = 1

    @property
    def alive(self) -> tuple[Track, ...]:
        """Return the tracks that may still be found again."""
        return self._tracks

    def update(self, detections: Sequence[Detection], at_s: float) -> tuple[Track, ...]:
        """Take in a frame's detections and return the track of each, in their order."""
        before = tuple(track for track in self._tracks if self._is_kept(track, at_s))
        boxes = _rows([detection.box for detection in detections])
        pairs = pair_up(_rows([track.box for track in before]), boxes, self._rules)
        found = []
        for number, box in enumerate(boxes):
            track = before[pairs[number]] if number in pairs else None
            found.append(self._continued(track, box, at_s) if track else self._begun(box, at_s))
        taken = set(pairs.values())
        lost = tuple(
            Track(track.id, track.box, track.first_seen_s, track.last_seen_s, track.missed + 1)
            for number, track in enumerate(before)
            if number not in taken
        )
        self._tracks = (*found, *lost)
        return tuple(found)

    def _is_kept(self, track: Track, at_s: float) -> bool:
        # Where frames come slower than the age allows, the frame before still counts.
        grace = 1 if track.missed else 2
        return at_s - track.last_seen_s <= self._rules.max_age_s * grace

    def _begun(self, box: FloatArray, at_s: float) -> Track:
        track = Track(self._next_id, box, at_s, at_s)
        self._next_id += 1
        return track

    def _continued(self, track: Track, box: FloatArray, at_s: float) -> Track:
        gap_s = at_s - track.last_seen_s if track.missed else 0.0
        return Track(track.id, box, track.first_seen_s, at_s, 0, gap_s)


def pair_up(before: FloatArray, now: FloatArray, rules: TrackerRules) -> dict[int, int]:
    """Pair boxes of one frame with those of an earlier one, best pairs first, each at most once.

    Args:
        before: float32 (m, 4), x, y, width, height.
        now: float32 (n, 4).
        rules: which pairs are possible at all.

    Returns:
        Row of `now` → row of `before`, for those that have a partner.
    """
    if not len(before) or not len(now):
        return {}
    iou, distance, ratio = _overlap(before, now), *_nearness(before, now)
    possible = ((iou >= rules.least_iou) | (distance <= rules.reach)) & (ratio <= rules.size_ratio)
    cost = np.where(possible, distance - iou, np.inf)
    pairs: dict[int, int] = {}
    for flat in np.argsort(cost, axis=None, kind="stable"):
        old, new = divmod(int(flat), len(now))
        if not np.isfinite(cost[old, new]):
            break
        if new not in pairs and old not in pairs.values():
            pairs[new] = old
    return pairs


def _rows(boxes: Sequence[FloatArray]) -> FloatArray:
    return np.array(boxes, dtype=np.float32).reshape(-1, 4)


def _overlap(before: FloatArray, now: FloatArray) -> FloatArray:
    left_top = np.maximum(before[:, None, :2], now[None, :, :2])
    right_bottom = np.minimum((before[:, :2] + before[:, 2:])[:, None], (now[:, :2] + now[:, 2:])[None])
    shared = np.prod(np.clip(right_bottom - left_top, 0.0, None), axis=2)
    areas = np.prod(before[:, 2:], axis=1)[:, None] + np.prod(now[:, 2:], axis=1)[None]
    return np.asarray(shared / np.maximum(areas - shared, 1e-6), dtype=np.float32)


def _nearness(before: FloatArray, now: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the centres' distances in mean face sizes, and how much the sizes differ (1: not at all)."""
    sizes_before = np.sqrt(np.maximum(np.prod(before[:, 2:], axis=1), 1.0))[:, None]
    sizes_now = np.sqrt(np.maximum(np.prod(now[:, 2:], axis=1), 1.0))[None]
    centres_before, centres_now = before[:, :2] + before[:, 2:] / 2, now[:, :2] + now[:, 2:] / 2
    apart = np.linalg.norm(centres_before[:, None] - centres_now[None], axis=2)
    distance = apart / ((sizes_before + sizes_now) / 2)
    ratio = np.maximum(sizes_before / sizes_now, sizes_now / sizes_before)
    return np.asarray(distance, np.float32), np.asarray(ratio, np.float32)
