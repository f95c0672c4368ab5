"""Lists of pairs to compare, as the benchmarks publish them: LFW, CFP, and lists such as AgeDB-30's."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.errors import DataUnusable

FOLDS = 10
CFP_PROTOCOLS = ("FF", "FP")


@dataclass(frozen=True)
class NamedPair:
    """Two pictures to compare.

    Attributes:
        first: place of one picture within its set, with slashes, with or without a suffix.
        second: place of the other.
        same: whether both show one person.
        fold: part of the cross-validation, from 0.
    """

    first: str
    second: str
    same: bool
    fold: int


def lfw_pairs(path: Path) -> list[NamedPair]:
    """Read LFW's `pairs.txt`, or a file in its form.

    A line `Name 1 4` is two pictures of one person, a line `Name 1 Other 2` one picture each of two; number 4
    of Name is `Name/Name_0004`. The head `10 300` announces 10 folds of 300 and 300 pairs; that of
    `pairsDevTest.txt`, `500`, announces 500 and 500. Without folds, as there or without any head, the pairs
    of each kind are dealt into ten folds in their order.

    Raises:
        DataUnusable: it cannot be read, a line is of another form, or there are more or fewer than announced.
    """
    lines = _lines(path)
    head = lines[0][1] if lines else []
    folds, count = 0, 0
    if len(head) in (1, 2) and all(field.isdecimal() for field in head):
        folds, count = (int(head[0]), int(head[1])) if len(head) == 2 else (1, int(head[0]))
        lines = lines[1:]
        if len(lines) != 2 * folds * count:
            reason = f"its head announces {2 * folds * count} pairs, and it has {len(lines)}"
            raise DataUnusable(path=path, reason=reason)
    pairs = [_lfw_pair(path, number, fields) for number, fields in lines]
    if folds < 2:
        return in_folds(path, pairs)
    dealt = [replace(pair, fold=place // (2 * count)) for place, pair in enumerate(pairs)]
    if any(pair.same != (place // count % 2 == 0) for place, pair in enumerate(pairs)):
        raise DataUnusable(path=path, reason=f"its folds do not have {count} pairs of each kind")
    return dealt


def cfp_pairs(root: Path, protocol: str = "FP") -> list[NamedPair]:
    """Read CFP's protocol folders.

    Sengupta et al., “Frontal to Profile Face Verification in the Wild”, 2016.
    `Protocol/Pair_list_F.txt` and `Pair_list_P.txt` number the frontal and the profile pictures
    (`1 ../Data/Images/001/frontal/01.jpg`); `Protocol/Split/FP/01/same.txt` and `diff.txt` have lines `i,j`,
    frontal picture i against profile picture j, and in `FF` against frontal picture j.

    Args:
        root: the folder that holds `Protocol` and `Data`.
        protocol: "FP" or "FF".

    Raises:
        DataUnusable: a file is missing, a line is of another form, or a number stands in no list.
        ValueError: there is no such protocol.
    """
    if protocol not in CFP_PROTOCOLS:
        raise ValueError(f"the protocol is one of {CFP_PROTOCOLS}, got {protocol!r}")
    frontal = _cfp_list(root / "Protocol" / "Pair_list_F.txt")
    other = _cfp_list(root / "Protocol" / "Pair_list_P.txt") if protocol == "FP" else frontal
    split = root / "Protocol" / "Split" / protocol
    pairs = []
    for fold in range(FOLDS):
        for file, same in (("same.txt", True), ("diff.txt", False)):
            path = split / f"{fold + 1:02d}" / file
            for line, fields in _lines(path):
                if len(fields) != 2 or fields[0] not in frontal or fields[1] not in other:
                    raise _bad_line(path, line, "two numbers of pictures in the lists are needed")
                pairs.append(NamedPair(frontal[fields[0]], other[fields[1]], same, fold))
    return pairs


def listed_pairs(path: Path) -> list[NamedPair]:
    """Read a list of pairs in the form in which AgeDB-30, CALFW and CPLFW are passed on (`agedb_30_ann.txt`).

    Each line is `1 folder/a.jpg folder/b.jpg`, 1 for one person and 0 for two, or has the 1 or 0 at its end;
    fields are parted by tabs, commas or spaces. The pairs of each kind are dealt into ten folds in their
    order, which gives the folds of insightface's `agedb_30.bin` for a list in that order.

    Raises:
        DataUnusable: it cannot be read, a line is of another form, or there are too few pairs.
    """
    pairs = []
    for line, fields in _lines(path):
        if len(fields) != 3 or not {fields[0], fields[2]} & {"0", "1"}:
            raise _bad_line(path, line, "“1 one.jpg other.jpg” or “0 one.jpg other.jpg” is needed")
        flag, first, second = fields if fields[0] in ("0", "1") else (fields[2], fields[0], fields[1])
        pairs.append(NamedPair(_inside(path, line, first), _inside(path, line, second), flag == "1", 0))
    return in_folds(path, pairs)


def read_pairs(path: Path) -> list[NamedPair]:
    """Read LFW's `pairs.txt` or a list of pairs, whichever it is.

    Raises:
        DataUnusable: see `lfw_pairs` and `listed_pairs`.
    """
    lines = _lines(path)
    first = lines[0][1] if lines else []
    by_number = len(first) in (1, 2, 4) or (len(first) == 3 and first[1].isdecimal() and first[2].isdecimal())
    return lfw_pairs(path) if by_number else listed_pairs(path)


def in_folds(path: Path, pairs: Sequence[NamedPair]) -> list[NamedPair]:
    """Deal pairs without folds into ten, in their order, each kind by itself.

    Args:
        path: where they come from, for the error.
        pairs: their folds do not count.

    Raises:
        DataUnusable: there are fewer than ten of a kind.
    """
    totals = {kind: sum(pair.same is kind for pair in pairs) for kind in (True, False)}
    if min(totals.values()) < FOLDS:
        reason = f"it has {totals[True]} pairs of one person and {totals[False]} of two; {FOLDS} are needed"
        raise DataUnusable(path=path, reason=reason)
    seen = {True: 0, False: 0}
    dealt = []
    for pair in pairs:
        dealt.append(replace(pair, fold=seen[pair.same] * FOLDS // totals[pair.same]))
        seen[pair.same] += 1
    return dealt


def _lfw_pair(path: Path, line: int, fields: list[str]) -> NamedPair:
    numbers = (fields[1], fields[-1]) if len(fields) in (3, 4) else ("", "")
    if not all(number.isdecimal() for number in numbers):
        raise _bad_line(path, line, "“Name 1 2” or “Name 1 Other 2” is needed")
    same = len(fields) == 3
    if same and int(fields[1]) == int(fields[2]):
        raise _bad_line(path, line, "a picture is compared with itself")
    other = (fields[0], fields[2]) if same else (fields[2], fields[3])
    return NamedPair(_lfw_place(path, line, *fields[:2]), _lfw_place(path, line, *other), same, 0)


def _lfw_place(path: Path, line: int, name: str, number: str) -> str:
    return _inside(path, line, f"{name}/{name}_{int(number):04d}")


def _cfp_list(path: Path) -> dict[str, str]:
    listed = {}
    for line, fields in _lines(path):
        if len(fields) != 2 or not fields[0].isdecimal():
            raise _bad_line(path, line, "a number and a picture are needed")
        listed[str(int(fields[0]))] = _inside(path, line, posixpath.join("Protocol", fields[1]))
    return listed


def _inside(path: Path, line: int, place: str) -> str:
    normal = posixpath.normpath(place.replace("\\", "/"))
    if normal.startswith(("/", "../")) or normal in (".", ".."):
        raise _bad_line(path, line, "the picture lies outside the set")
    return normal


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return the fields of every line that is not empty, with its number."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataUnusable(path=path, reason=N_("it is no text in UTF-8")) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataUnusable(path=path, reason=reason) from error
    return [(number, fields) for number, fields in _fields(text) if fields]


def _fields(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), 1):
        # Names may hold spaces where tabs or commas part the fields.
        separator = next((mark for mark in "\t," if mark in line), None)
        yield number, [field.strip() for field in line.strip().split(separator)]


def _bad_line(path: Path, line: int, reason: str) -> DataUnusable:
    return DataUnusable(path=path, reason=f"line {line}: {reason}")


def identity_of(place: str) -> str:
    """Return whom a place of a picture names: its folder, or AgeDB's file name (`12_MariaCallas_35_f.jpg`).

    CFP's `Data/Images/001/frontal/01.jpg` is person 001. "" where nothing names anybody.
    """
    parts = PurePosixPath(place).parts
    words = PurePosixPath(place).stem.split("_")
    if len(words) >= 4 and words[0].isdecimal() and words[-2].isdecimal() and words[-1] in ("m", "f"):
        return "_".join(words[1:-2])
    folders = [part for part in parts[:-1] if part not in ("Data", "Images", "frontal", "profile")]
    return folders[-1] if folders else ""
