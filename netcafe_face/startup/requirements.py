"""Reading pinned requirement files and comparing them with what is installed.

The installed versions are read off the names of the `.dist-info` folders: that takes a millisecond where
`importlib.metadata` takes fifty, so it can be done at every start and nothing has to be remembered.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.!+]+)"
    r"(\s*;\s*sys_platform\s*==\s*[\"'](?P<system>\w+)[\"'])?"
)
_RECORD = re.compile(r"(?P<name>[^-]+(?:-[^-0-9][^-]*)*)-(?P<version>\d[^-]*)(-py[0-9.]+)?\.(dist|egg)-info")


@dataclass(frozen=True)
class Requirement:
    """One pinned package; `name` as written in the file."""

    name: str
    version: str

    @property
    def key(self) -> str:
        """Return the name in the one spelling that package indexes compare by."""
        return canonical(self.name)


def canonical(name: str) -> str:
    """Return a package's name in the one spelling that package indexes compare by."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(path: Path, system: str = sys.platform) -> tuple[Requirement, ...]:
    """Read the pins of a requirement file and of the files it includes, those for this system only.

    Raises:
        ValueError: a line is neither a comment, an include nor `name==version` with at most a sys_platform.
        OSError: a file cannot be read.
    """
    found: list[Requirement] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.split("#")[0].strip()
        if text.startswith("-r "):
            found.extend(read_requirements(path.parent / text[3:].strip(), system))
        elif text:
            match = _LINE.fullmatch(text)
            if match is None:
                raise ValueError(f"{path.name}: “{text}” is not a pinned requirement")
            if match["system"] in (None, system):
                found.append(Requirement(match["name"], match["version"]))
    return tuple(found)


def installed_versions(folders: Iterable[str | Path]) -> dict[str, str]:
    """Return the version of every package installed in the folders, by canonical name; the first one wins."""
    versions: dict[str, str] = {}
    for folder in folders:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - a list of names is all that is needed
        except OSError:
            continue
        for name in names:
            match = _RECORD.fullmatch(name)
            if match is not None:
                versions.setdefault(canonical(match["name"]), match["version"])
    return versions


def missing_requirements(
    wanted: Sequence[Requirement], installed: Mapping[str, str]
) -> tuple[Requirement, ...]:
    """Return the requirements that are not installed in exactly the pinned version.

    A pin without a local label such as “+cpu” is met by every build of its version.
    """
    return tuple(entry for entry in wanted if not _satisfies(installed.get(entry.key, ""), entry.version))


def _satisfies(installed: str, pinned: str) -> bool:
    return pinned in (installed, installed.partition("+")[0])
