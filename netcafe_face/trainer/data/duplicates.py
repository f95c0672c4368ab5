"""The same picture twice, exactly or nearly, among hundreds of thousands."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import Image

MOST_BITS = 5
"""Nearly equal pictures differ in so many bits of 64; JPEG at quality 50 changes at most 3 of 99 in 100."""
LEAST_LIKENESS = 0.96
"""Correlation of thumbnails; of the 50 million pairs of 10,042 LFW faces nine have it."""
MOST_PAIRS = 100_000
THUMBNAIL_PX = 24

_BANDS = MOST_BITS + 1
_BLOCK = 2048

Hashes = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fingerprint:
    """What a picture is recognised by.

    Attributes:
        digest: SHA-256 of its bytes; equal for the same file.
        bits: 64 bits that hardly change with size and compression (`dhash`).
        thumbnail: uint8 (24, 24), grey.
    """

    digest: bytes
    bits: int
    thumbnail: npt.NDArray[np.uint8]


@dataclass(frozen=True, order=True)
class LikePair:
    """Two pictures that are nearly one; `likeness` is the correlation of their thumbnails, at most 1."""

    likeness: float
    first: int
    second: int


def fingerprint(image_bgr: Image, data: bytes = b"") -> Fingerprint:
    """Take a picture's fingerprint.

    Args:
        image_bgr: uint8 (h, w, 3).
        data: the file's bytes; without them the digest is that of the pixels.
    """
    grey = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    thumbnail = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return Fingerprint(hashlib.sha256(data or image_bgr.tobytes()).digest(), dhash(grey), thumbnail)


def dhash(grey: npt.NDArray[np.uint8]) -> int:
    """Hash a grey picture, uint8 (h, w), into 64 bits: is it brighter to the right, at 8×8 places.

    The “difference hash” of N. Krawetz, “Kind of Like That”, The Hacker Factor Blog, 2013.
    """
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    return int.from_bytes(np.packbits(small[:, 1:] > small[:, :-1]).tobytes(), "big")


def equal_groups(prints: Sequence[Fingerprint]) -> list[tuple[int, ...]]:
    """Return the places of pictures that are equal to the last bit, each group in order."""
    places = defaultdict(list)
    for place, one in enumerate(prints):
        places[one.digest].append(place)
    return [tuple(group) for group in places.values() if len(group) > 1]


def like_pairs(prints: Sequence[Fingerprint], most: int = MOST_PAIRS) -> list[LikePair]:
    """Find pictures that are nearly equal: another size, compression or a small shift of the same.

    Of equal ones only the first counts. Two hashes that differ in at most five bits agree wholly in one of
    six parts, so only pictures that share a part are compared: seconds for a hundred thousand faces.

    Args:
        prints: of n pictures.
        most: stop at so many candidates, as where thousands of pictures are all alike.

    Returns:
        The likest pair first.
    """
    firsts = list({one.digest: place for place, one in reversed(list(enumerate(prints)))}.values())[::-1]
    bits = np.array([prints[place].bits for place in firsts], dtype=np.uint64)
    found = []
    for one, other in _close_hashes(bits, most):
        pair = sorted((firsts[one], firsts[other]))
        likeness = correlation(prints[pair[0]].thumbnail, prints[pair[1]].thumbnail)
        if likeness >= LEAST_LIKENESS:
            found.append(LikePair(likeness, *pair))
    return sorted(found, key=lambda pair: (-pair.likeness, pair.first, pair.second))


def correlation(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Return the correlation of two thumbnails of one shape, −1 to 1; 0 where one is all of one grey."""
    a = one.astype(np.float64) - one.mean()
    b = other.astype(np.float64) - other.mean()
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum()) / lengths if lengths > 1e-9 else 0.0


def _close_hashes(bits: Hashes, most: int) -> list[tuple[int, int]]:
    close: set[tuple[int, int]] = set()
    for band in range(_BANDS):
        for members in _sharing(bits, band):
            for pairs in _close_in(bits, members):
                close.update(map(tuple, pairs.tolist()))
                if len(close) >= most:
                    return sorted(close)[:most]
    return sorted(close)


def _sharing(bits: Hashes, band: int) -> Iterator[Indices]:
    """Yield groups of places whose hashes agree in every sixth bit from `band` on."""
    mask = np.uint64(sum(1 << bit for bit in range(band, 64, _BANDS)))
    part = bits & mask
    order = np.argsort(part, kind="stable")
    cuts = np.flatnonzero(np.diff(part[order])) + 1
    yield from (group for group in np.split(order, cuts) if len(group) > 1)


def _close_in(bits: Hashes, members: Indices) -> Iterator[Indices]:
    for start in range(0, len(members), _BLOCK):
        rows = members[start : start + _BLOCK]
        for other in range(start, len(members), _BLOCK):
            columns = members[other : other + _BLOCK]
            near = np.bitwise_count(bits[rows, None] ^ bits[None, columns]) <= MOST_BITS
            one, two = np.nonzero(near)
            pairs = np.sort(np.stack([rows[one], columns[two]], axis=1), axis=1)
            yield pairs[pairs[:, 0] < pairs[:, 1]]
