"""Pictures that lie on both sides of the split with the same bytes.

The split of photos without names goes by the file's name, so a photo that was saved twice may be trained on
under one name and held out under the other.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Hashable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from netcafe_face.trainer.data.entries import open_store
from netcafe_face.trainer.data.reading import picture_of

_Mark = TypeVar("_Mark", bound=Hashable)


def on_both_sides(marks: Iterable[tuple[_Mark, bool]]) -> set[_Mark]:
    """Return the marks that held-out pictures have and others as well.

    Args:
        marks: what pictures are known by, such as a hash of their bytes, and whether each is held out.
    """
    held_out: set[_Mark] = set()
    others: set[_Mark] = set()
    for mark, held in marks:
        (held_out if held else others).add(mark)
    return held_out & others


def twins_across_split(places: Sequence[tuple[Path, bool]]) -> list[Collection[str]]:
    """Find the pictures, held out or not, whose bytes lie on the other side of the split as well.

    Args:
        places: folders and tars that are searched as one, each with whether its folders name identities.

    Returns:
        For each place the sources of such pictures, as `reading.pictures` names them.

    Raises:
        DataUnusable: see `reading.pictures`.
    """
    with contextlib.ExitStack() as opened:
        stores = [opened.enter_context(open_store(path)) for path, _ in places]
        found = [
            (at, entry, picture_of(entry, named))
            for at, (store, (_, named)) in enumerate(zip(stores, places, strict=True))
            for entry in store.listing().entries
        ]
        # Equal files are of equal size, so that few of a large set have to be read.
        sizes = on_both_sides((entry.size, picture.held_out) for _, entry, picture in found)
        digests = []
        for at, entry, picture in found:
            if entry.size in sizes:
                with contextlib.suppress(OSError):
                    digest = hashlib.sha256(stores[at].read(entry)).digest()
                    digests.append((at, picture, digest))
    twins = on_both_sides((digest, picture.held_out) for _, picture, digest in digests)
    sources: list[set[str]] = [set() for _ in places]
    for at, picture, digest in digests:
        if digest in twins:
            sources[at].add(picture.source)
    return [*sources]
