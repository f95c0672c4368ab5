"""Whether the test's people or pictures were seen in training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.data.crops import Crops, CropSet, load_crops
from netcafe_face.trainer.data.duplicates import (
    LEAST_LIKENESS,
    MOST_BITS,
    Fingerprint,
    correlation,
    fingerprint,
)
from netcafe_face.trainer.data.reading import folded_name
from netcafe_face.trainer.errors import DataUnusable, LeakageFound, OptionsRefused

_SHOWN = 10
_LONGEST_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class Seen:
    """What a network was trained on.

    Attributes:
        names: its people, as `folded_name` gives them.
        prints: fingerprints of its crops; empty where only names are known.
        source: where that was read.
        nameless: crops of it whose person is not known.
    """

    names: frozenset[str]
    prints: tuple[Fingerprint, ...]
    source: str
    nameless: int = 0


@dataclass(frozen=True, eq=False)
class Shared:
    """What training and test have in common, all of it allowed by name.

    Attributes:
        names: people of the test who were trained on, in the test's spelling.
        pictures: number of the test's crops that were trained on, equal or nearly so, whoever they show.
        crops: number of the test's crops.
        nameless: those of them whose person is not known.
        seen: the training data.
    """

    names: tuple[str, ...]
    pictures: int
    crops: int
    nameless: int
    seen: Seen

    def sentence(self) -> str:
        """Say what was compared and found, and what could not be compared."""
        where = f"the training data {self.seen.source}"
        if self.names or self.pictures:
            said = (
                f"ALLOWED BY NAME: {len(self.names)} people of the test and {self.pictures} of its pictures "
                f"are in {where} ({_some(self.names)}), so the figures are too good."
            )
        elif compared := " and ".join(self._compared()):
            said = f"Nothing of the test was found in {where}: {compared} were compared."
        else:
            said = f"Nothing of the test could be compared with {where}."
        return " ".join([said, *self._not_compared()])

    def _compared(self) -> list[str]:
        names = ["names"] if self.nameless < self.crops and self.seen.names else []
        return names + (["pictures, near-duplicates included,"] if self.seen.prints else [])

    def _not_compared(self) -> list[str]:
        said = []
        if self.nameless:
            said.append(
                f"{self.nameless:,} of the test's {self.crops:,} crops have no name, so it is not known "
                "whether their people were trained on."
            )
        if self.seen.nameless:
            said.append(f"Of the training data {self.seen.nameless:,} crops have no name.")
        return said


def seen_of(crops: CropSet, source: str) -> Seen:
    """Return what may be trained on of a set of crops.

    Args:
        crops: the set; who is held out is left out.
        source: where it was read, in words.
    """
    training = crops.training()
    names = [record.name for record in training.records if record.name]
    prints = tuple(fingerprint(np.asarray(crop)) for crop in training.crops_bgr)
    return Seen(frozenset(map(folded_name, names)), prints, source, len(training) - len(names))


def seen_in(path: Path) -> Seen:
    """Read what was trained on: a folder of crops (its part for training), or a text file, a name a line.

    Lines that are empty or begin with # are passed over.

    Raises:
        DataUnusable: it cannot be read, or names nobody.
    """
    if path.is_dir():
        return seen_of(load_crops(path), str(path))
    try:
        if path.stat().st_size > _LONGEST_BYTES:
            raise DataUnusable(path=path, reason=N_("it is too long for a list of names"))
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataUnusable(path=path, reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise DataUnusable(path=path, reason=N_("it is not text in UTF-8")) from error
    lines = [line.strip() for line in text.splitlines()]
    names = [line for line in lines if line and not line.startswith("#")]
    if not names:
        raise DataUnusable(path=path, reason=N_("it names nobody"))
    return Seen(frozenset(map(folded_name, names)), (), str(path))


def check_leakage(names: Sequence[str], crops_bgr: Crops, seen: Seen, allowed: Iterable[str] = ()) -> Shared:
    """Compare a test with what was trained on; stop unless everybody who is shared was allowed by name.

    Args:
        names: the person of each crop of the test, "" where unknown.
        crops_bgr: uint8 (n, 112, 112, 3).
        seen: the training data.
        allowed: names, in any spelling that `folded_name` takes for the same.

    Raises:
        LeakageFound: a person or a picture is shared and not allowed.
        OptionsRefused: a name that was allowed is not in the test, so it is misspelt.
    """
    allowed_names = {folded_name(name): name for name in allowed}
    folded = [folded_name(name) for name in names]
    for missing in sorted(allowed_names.keys() - set(folded)):
        raise OptionsRefused(reason=f"“{allowed_names[missing]}” was allowed but is not in the test")
    people = sorted({name for name, plain in zip(names, folded, strict=True) if plain in seen.names})
    same = [name for name, known in zip(names, pictures_in(crops_bgr, seen.prints), strict=True) if known]
    shown = {*people, *(name or "a person without a name" for name in same)}
    refused = sorted(name for name in shown if folded_name(name) not in allowed_names)
    if refused:
        raise LeakageFound(count=len(refused), names=_some(refused))
    return Shared(tuple(people), len(same), len(names), sum(not name for name in names), seen)


def pictures_in(crops_bgr: Crops, prints: Sequence[Fingerprint]) -> list[bool]:
    """Tell of each crop whether it is among pictures, equal or nearly so, by the rule of `like_pairs`.

    Args:
        crops_bgr: uint8 (n, 112, 112, 3).
        prints: of the pictures.
    """
    if not prints:
        return [False] * len(crops_bgr)
    digests = {one.digest for one in prints}
    bits = np.array([one.bits for one in prints], dtype=np.uint64)
    found = []
    for one in (fingerprint(np.asarray(crop)) for crop in crops_bgr):
        near = np.flatnonzero(np.bitwise_count(bits ^ np.uint64(one.bits)) <= MOST_BITS).tolist()
        likest = max((correlation(one.thumbnail, prints[at].thumbnail) for at in near), default=0.0)
        found.append(one.digest in digests or likest >= LEAST_LIKENESS)
    return found


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
