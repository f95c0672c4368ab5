"""Verification sets: aligned faces and the pairs of them that a benchmark compares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_, InputError
from netcafe_face.domain.faces import Image
from netcafe_face.trainer.data.entries import Entry, open_store
from netcafe_face.trainer.data.pickles import load_plain
from netcafe_face.trainer.data.protocols import (
    NamedPair,
    cfp_pairs,
    identity_of,
    in_folds,
    lfw_pairs,
    listed_pairs,
    read_pairs,
)
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.vision.alignment import CROP_SIZE
from netcafe_face.vision.images import decode

Align = Callable[[Image], Image | None]
"""Cuts the aligned face, uint8 (112, 112, 3) BGR, out of a picture, uint8 (h, w, 3) BGR; None: no face."""

_SHOWN = 5
_NO_FACE, _NOT_ALIGNED = "no face was found", "it is not 112×112"


@dataclass(frozen=True, eq=False)
class VerificationSet:
    """Pairs of faces with the answer.

    Attributes:
        name: of the set, such as "lfw".
        crops_bgr: uint8 (n, 112, 112, 3), aligned.
        names: n identities, "" where the set does not say.
        first: int64 (p,), row of one face of each pair.
        second: int64 (p,), row of the other.
        same: bool (p,), whether they are one person.
        fold: int64 (p,), part of the cross-validation, from 0.
        left_out: place and reason of pictures that could not be used; their pairs are missing here.
        pairs_left_out: how many pairs those were.

    Raises:
        ValueError: shapes do not fit, or a pair names a row that is not there.
    """

    name: str
    crops_bgr: npt.NDArray[np.uint8]
    names: tuple[str, ...]
    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    same: npt.NDArray[np.bool_]
    fold: npt.NDArray[np.int64]
    left_out: tuple[tuple[str, str], ...] = ()
    pairs_left_out: int = 0

    def __post_init__(self) -> None:
        count = len(self.names)
        if self.crops_bgr.shape != (count, CROP_SIZE, CROP_SIZE, 3) or self.crops_bgr.dtype != np.uint8:
            raise ValueError(f"crops must be uint8 ({count}, 112, 112, 3), got {self.crops_bgr.shape}")
        lengths = {np.shape(values) for values in (self.first, self.second, self.same, self.fold)}
        if len(lengths) != 1 or lengths == {(0,)}:
            raise ValueError("first, second, same and fold must be equally long, and not empty")
        if min(self.first.min(), self.second.min()) < 0 or max(self.first.max(), self.second.max()) >= count:
            raise ValueError("a pair names a face that is not there")


def open_verification_set(
    path: Path, align: Align | None = None, pictures: Path | None = None, protocol: str = "FP"
) -> VerificationSet:
    """Open whatever kind of set `path` is.

    Args:
        path: an insightface `.bin`, CFP's folder, LFW's `pairs.txt`, or a list such as `agedb_30_ann.txt`.
        align: for pictures that are not 112×112, which are aligned already.
        pictures: the folder or tar with the pictures of a list; the list's own folder where none is given.
        protocol: "FP" or "FF" of CFP.

    Raises:
        DataUnusable: it is none of these, damaged, or lacks pictures.
    """
    if path.is_dir():
        return load_cfp(path, protocol, align)
    if path.suffix.lower() == ".bin":
        return load_bin(path, align)
    if path.suffix.lower() not in (".txt", ".csv", ".tsv"):
        reason = N_("it is neither a .bin, a list of pairs (.txt) nor CFP's folder")
        raise DataUnusable(path=path, reason=reason)
    place = pictures if pictures is not None else path.parent
    return _of_pairs(path.stem, place, read_pairs(path), align)


def load_bin(path: Path, align: Align | None = None) -> VerificationSet:
    """Read an insightface `.bin`: a pickle of the encoded pictures, two for each pair, and of the answers.

    The pairs of each kind are dealt into ten folds in their order, as insightface's own evaluation does it.

    Raises:
        DataUnusable: see `load_plain`; or it is no such set.
    """
    bins, answers = _bin_parts(path)
    places = [f"{path.name}#{number}" for number in range(len(bins))]
    pairs = in_folds(
        path,
        [
            NamedPair(places[2 * number], places[2 * number + 1], same, 0)
            for number, same in enumerate(answers)
        ],
    )
    left_out: list[tuple[str, str]] = []
    crops = _crops(zip(places, bins, strict=True), align, left_out)
    return _built(path, path.stem, pairs, crops, left_out)


def load_lfw(pictures: Path, pairs_txt: Path, align: Align) -> VerificationSet:
    """Read LFW: its pictures, a folder or tar of `Name/Name_0001.jpg` of any kind, and its `pairs.txt`.

    Raises:
        DataUnusable: see `lfw_pairs`; or a picture is missing.
    """
    return _of_pairs("lfw", pictures, lfw_pairs(pairs_txt), align)


def load_cfp(root: Path, protocol: str = "FP", align: Align | None = None) -> VerificationSet:
    """Read CFP's frontal against profile ("FP") or frontal against frontal ("FF") pairs.

    Raises:
        DataUnusable: see `cfp_pairs`; or a picture is missing.
    """
    return _of_pairs(f"cfp_{protocol.lower()}", root, cfp_pairs(root, protocol), align)


def load_listed(pictures: Path, pair_list: Path, align: Align | None = None) -> VerificationSet:
    """Read pictures in a folder or tar and a list of pairs of them, such as AgeDB-30's.

    Raises:
        DataUnusable: see `listed_pairs`; or a picture is missing.
    """
    return _of_pairs(pair_list.stem, pictures, listed_pairs(pair_list), align)


def _bin_parts(path: Path) -> tuple[list[bytes], list[bool]]:
    content = load_plain(path)
    if not isinstance(content, list | tuple) or len(content) != 2:
        raise DataUnusable(path=path, reason=N_("it is no verification set: two lists are needed"))
    bins, answers = [_encoded(path, item) for item in _items(content[0])], _items(content[1])
    if any(not isinstance(answer, bool | np.bool_) for answer in answers) or not answers:
        raise DataUnusable(path=path, reason=N_("its answers are not a list of true and false"))
    if len(bins) != 2 * len(answers):
        reason = f"it has {len(bins)} pictures for {len(answers)} answers; two for each are needed"
        raise DataUnusable(path=path, reason=reason)
    return bins, [bool(answer) for answer in answers]


def _items(values: object) -> list[Any]:
    if isinstance(values, np.ndarray):
        return list(values) if values.ndim else []
    return list(values) if isinstance(values, list | tuple) else []


def _encoded(path: Path, item: object) -> bytes:
    if isinstance(item, np.ndarray) and item.dtype == np.uint8 and item.size == max(item.shape, default=0):
        return item.tobytes()
    if not isinstance(item, bytes):
        # Pixels instead of a file leave open which colour comes first.
        raise DataUnusable(path=path, reason=N_("its pictures are not encoded as JPEG or PNG"))
    return item


def _of_pairs(name: str, source: Path, pairs: Sequence[NamedPair], align: Align | None) -> VerificationSet:
    wanted = dict.fromkeys(place for pair in pairs for place in (pair.first, pair.second))
    left_out: list[tuple[str, str]] = []
    with open_store(source) as store:
        known = _by_place(store.listing().entries)
        missing = [place for place in wanted if place not in known]
        if missing:
            reason = f"{len(missing)} of {len(wanted)} pictures are missing: {', '.join(missing[:_SHOWN])}"
            raise DataUnusable(path=source, reason=reason + (" …" if len(missing) > _SHOWN else ""))

        def read(place: str) -> bytes:
            try:
                return store.read(known[place])
            except OSError:
                return b""  # reported like any other picture that cannot be decoded

        # In the order they lie in, because going back in a gzipped tar takes long.
        ordered = [place for place in known if place in wanted]
        crops = _crops(((place, read(place)) for place in ordered), align, left_out)
    return _built(source, name, pairs, crops, left_out)


def _by_place(entries: Iterable[Entry]) -> dict[str, Entry]:
    known: dict[str, Entry] = {}
    for entry in entries:
        known.setdefault(str(PurePosixPath(entry.name).with_suffix("")), entry)
        known[entry.name] = entry
    return known


def _crops(
    pictures: Iterable[tuple[str, bytes]], align: Align | None, left_out: list[tuple[str, str]]
) -> dict[str, Image]:
    crops = {}
    for place, data in pictures:
        try:
            image_bgr = decode(data, place)
        except InputError as error:
            left_out.append((place, str(error.details.get("reason", error))))
            continue
        crop = image_bgr if image_bgr.shape[:2] == (CROP_SIZE, CROP_SIZE) else None
        if crop is None and align is not None:
            crop = align(image_bgr)
        if crop is None:
            left_out.append((place, _NO_FACE if align is not None else _NOT_ALIGNED))
            continue
        crops[place] = crop
    return crops


def _built(
    path: Path,
    name: str,
    pairs: Sequence[NamedPair],
    crops: dict[str, Image],
    left_out: Sequence[tuple[str, str]],
) -> VerificationSet:
    row = {place: number for number, place in enumerate(crops)}
    usable = [pair for pair in pairs if pair.first in row and pair.second in row]
    if not usable:
        first = f": {left_out[0][0]}: {left_out[0][1]}" if left_out else ""
        raise DataUnusable(path=path, reason=f"none of its {len(pairs)} pairs can be used{first}")
    return VerificationSet(
        name=name,
        crops_bgr=np.stack(list(crops.values())),
        names=_names(list(crops), usable),
        first=np.array([row[pair.first] for pair in usable], dtype=np.int64),
        second=np.array([row[pair.second] for pair in usable], dtype=np.int64),
        same=np.array([pair.same for pair in usable], dtype=bool),
        fold=np.array([pair.fold for pair in usable], dtype=np.int64),
        left_out=tuple(left_out),
        pairs_left_out=len(pairs) - len(usable),
    )


def _names(places: Sequence[str], pairs: Sequence[NamedPair]) -> tuple[str, ...]:
    """Return whom each place names; nobody where the answers say that folders are no people."""
    whom = {place: identity_of(place) for place in places}
    if any((whom[pair.first] == whom[pair.second]) != pair.same for pair in pairs):
        return ("",) * len(places)
    return tuple(whom.values())
