"""Pictures of a set, one after the other, from folders and tars, and what was wrong with the set."""

from __future__ import annotations

import contextlib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.data.entries import Entry, Listing, open_store, printable
from netcafe_face.trainer.data.split import is_held_out
from netcafe_face.trainer.errors import DataUnusable

_SHOWN = 10
"""So many of a kind of problem are named in the text; the JSON names all."""


@dataclass(frozen=True)
class Picture:
    """An encoded picture of a set.

    Attributes:
        name: the identity, its folder's name in Unicode NFC, or "" where there is none.
        source: the file's place within the set, with slashes.
        data: the file's bytes, not yet decoded.
    """

    name: str
    source: str
    data: bytes

    @property
    def held_out(self) -> bool:
        """Return whether the split keeps it from training: by its identity, or else by its file's name."""
        return is_held_out(self.name or PurePosixPath(self.source).name)


@dataclass
class ReadingReport:
    """What was found in a set, and what is wrong with it; filled while it is read.

    Attributes:
        counts: picture files of each identity; those without an identity under "".
        ignored: number of files that are no pictures by their name.
        broken: place and reason of pictures that could not be used.
        empty: folders of identities without a picture file.
        same_names: folders' names that differ only in case, spaces, underscores or Unicode form.
    """

    counts: Counter[str] = field(default_factory=Counter)
    ignored: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    same_names: list[tuple[str, ...]] = field(default_factory=list)
    _broken_of: Counter[str] = field(default_factory=Counter)

    def add_broken(self, picture: Picture, reason: str) -> None:
        """Note that a picture could not be used, as the caller found when it decoded it."""
        self.broken.append((picture.source, reason))
        self._broken_of[picture.name] += 1

    @property
    def identities(self) -> int:
        """Return how many identities have a picture that was not found broken."""
        return sum(bool(name) and count > self._broken_of[name] for name, count in self.counts.items())

    @property
    def all_broken(self) -> list[str]:
        """Return the identities of which no picture could be used."""
        return sorted(name for name, count in self.counts.items() if name and count == self._broken_of[name])

    def refuse_unusable(self, path: Path, least_identities: int = 2) -> None:
        """Stop before training starts where the set cannot be trained on.

        Raises:
            DataUnusable: two folders are one name, so that one person might be in training and in the test,
                or there are too few identities.
        """
        if self.same_names:
            groups = "; ".join(" = ".join(names) for names in self.same_names[:_SHOWN])
            reason = f"several folders seem to be one person: {groups}. Join them, or rename one"
            raise DataUnusable(path=path, reason=reason)
        if self.identities < least_identities:
            reason = f"it has {self.identities} identities with pictures, and {least_identities} are needed"
            raise DataUnusable(path=path, reason=reason)

    def as_json(self) -> dict[str, Any]:
        """Return everything, for a file."""
        return {
            "identities": self.identities,
            "pictures": self.counts.total(),
            "without_identity": self.counts[""],
            "ignored_files": self.ignored,
            "broken": [{"source": source, "reason": reason} for source, reason in self.broken],
            "empty_identities": sorted({*self.empty, *self.all_broken}),
            "same_names": [list(names) for names in self.same_names],
        }

    def lines(self) -> list[str]:
        """Return it as lines of text, problems last."""
        empty = sorted({*self.empty, *self.all_broken})
        same = [" = ".join(names) for names in self.same_names]
        broken = [f"{source}: {reason}" for source, reason in self.broken]
        return [
            f"{self.counts.total()} pictures of {self.identities} identities"
            + (f", {self.counts['']} of them without an identity" if self.counts[""] else ""),
            *([f"{self.ignored} files are no pictures and were passed over"] if self.ignored else []),
            *_listed("identities without a usable picture", empty),
            *_listed("names that seem to be one person", same),
            *_listed("pictures left out", broken),
        ]


def pictures(path: Path, identities: bool = True, report: ReadingReport | None = None) -> Iterator[Picture]:
    """Yield the pictures of a folder, a tar or a gzipped tar, in the same order on every machine.

    Folders and tars are read in the order of names, gzipped tars in the order they are packed in. Nothing is
    unpacked to disk; links, devices, names that lead out of the set and files beyond 64 MB are left out and
    reported, and so is a file that cannot be read.

    Args:
        path: a folder with one sub-folder for each identity (`Name/Name_0001.webp`, or deeper), a folder of
            pictures, or a tar of either; a tar may have one folder around everything.
        identities: whether the first level of sub-folders names identities; otherwise every name is "".
        report: filled with what was found: at the first picture all but the broken ones.

    Raises:
        DataUnusable: it is missing, neither folder nor tar, damaged, or holds no picture.
    """
    found = ReadingReport() if report is None else report
    with open_store(path) as store:
        listing = store.listing()
        _fill(found, listing, identities)
        if not listing.entries:
            raise DataUnusable(path=path, reason=N_("there is no picture in it"))
        for entry in listing.entries:
            picture = picture_of(entry, identities)
            try:
                data = store.read(entry)
            except OSError as error:
                found.add_broken(picture, error.strerror or str(error))
                continue
            yield Picture(picture.name, picture.source, data)


def picture_of(entry: Entry, identities: bool) -> Picture:
    """Return the picture of an entry without its bytes; see `pictures` for `identities`."""
    return Picture(_identity(entry.name, identities), printable(entry.name), b"")


def count_pictures(path: Path) -> int:
    """Count the pictures that `pictures` will try to read.

    Raises:
        DataUnusable: see `pictures`.
    """
    with open_store(path) as store:
        return len(store.listing().entries)


def read_some(path: Path, sources: Collection[str]) -> dict[str, bytes]:
    """Read the pictures of a set that are named, by their place within it; those missing are left out.

    Raises:
        DataUnusable: see `pictures`.
    """
    with open_store(path) as store:
        wanted = [entry for entry in store.listing().entries if printable(entry.name) in sources]
        found = {}
        for entry in wanted:
            with contextlib.suppress(OSError):
                found[printable(entry.name)] = store.read(entry)
        return found


def folded_name(name: str) -> str:
    """Return a name as it is compared: without differences of case, spaces, underscores and Unicode form."""
    return "_".join(unicodedata.normalize("NFKC", name).casefold().replace("_", " ").split())


def _identity(source: str, identities: bool) -> str:
    folder, slash, _file = source.partition("/")
    # The split is a hash of the name, and the same letters must give the same hash on every system.
    return unicodedata.normalize("NFC", printable(folder)) if identities and slash else ""


def _fill(report: ReadingReport, listing: Listing, identities: bool) -> None:
    report.counts.update(_identity(entry.name, identities) for entry in listing.entries)
    report.ignored += listing.ignored
    report.broken += listing.refused
    if not identities:
        return
    used = {entry.name.split("/", 1)[0] for entry in listing.entries if "/" in entry.name}
    tops = used | {name.split("/", 1)[0] for name in listing.folders}
    report.empty += sorted(printable(name) for name in tops - used)
    alike = defaultdict(list)
    for name in sorted(used):
        alike[folded_name(printable(name))].append(printable(name))
    report.same_names += [tuple(names) for names in alike.values() if len(names) > 1]


def _listed(what: str, items: list[str]) -> list[str]:
    if not items:
        return []
    more = f" … and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return [f"{len(items)} {what}: " + "; ".join(items[:_SHOWN]) + more]
