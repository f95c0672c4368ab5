"""Whether the test's people or pictures were seen in training."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.data.crops import Crops, load_crops
from netcafe_face.trainer.data.reading import folded_name
from netcafe_face.trainer.errors import DataUnusable, LeakageFound, OptionsRefused

_SHOWN = 10
_LONGEST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Seen:
    """What a network was trained on.

    Attributes:
        names: its people, as `folded_name` gives them.
        pictures: SHA-256 of its crops' pixels; empty where only names are known.
        source: where that was read.
    """

    names: frozenset[str]
    pictures: frozenset[bytes]
    source: str


@dataclass(frozen=True)
class Shared:
    """What training and test have in common, all of it allowed by name.

    Attributes:
        names: people of the test who were trained on, in the test's spelling.
        pictures: number of the test's crops that were trained on, pixel by pixel, whoever they show.
        seen: the training data.
    """

    names: tuple[str, ...]
    pictures: int
    seen: Seen

    def sentence(self) -> str:
        """Say what was compared and found."""
        what = "names and pictures" if self.seen.pictures else "names"
        if not self.names and not self.pictures:
            return f"Nobody of the test is in the training data {self.seen.source} ({what} compared)."
        return (
            f"ALLOWED BY NAME: {len(self.names)} people of the test and {self.pictures} of its pictures are "
            f"in the training data {self.seen.source} ({_some(self.names)}), so the figures are too good."
        )


def seen_in(path: Path) -> Seen:
    """Read what was trained on: a folder of crops (its part for training), or a text file, a name a line.

    Lines that are empty or begin with # are passed over.

    Raises:
        DataUnusable: it cannot be read, or names nobody.
    """
    if path.is_dir():
        crops = load_crops(path).training()
        names = [record.name for record in crops.records if record.name]
        return Seen(frozenset(map(folded_name, names)), frozenset(picture_hashes(crops.crops_bgr)), str(path))
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
    return Seen(frozenset(map(folded_name, names)), frozenset(), str(path))


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
    digests = picture_hashes(crops_bgr) if seen.pictures else []
    same = [name for name, digest in zip(names, digests, strict=False) if digest in seen.pictures]
    shown = {*people, *(name or "a person without a name" for name in same)}
    refused = sorted(name for name in shown if folded_name(name) not in allowed_names)
    if refused:
        raise LeakageFound(count=len(refused), names=_some(refused))
    return Shared(tuple(people), len(same), seen)


def picture_hashes(crops_bgr: Crops) -> list[bytes]:
    """Return the SHA-256 of each crop's pixels."""
    return [hashlib.sha256(crop.tobytes()).digest() for crop in crops_bgr]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
