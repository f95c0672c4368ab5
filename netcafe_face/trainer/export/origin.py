"""Where an exported network comes from; it is written into the file."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """Where a network comes from.

    Attributes:
        name: of the network or pack.
        commit: of the program that exported it.
        command: that exported it.
        record: the stages of its training as JSON; see `runs.as_record`.
    """

    name: str
    commit: str
    command: str
    record: str = "[]"


def program_commit() -> str:
    """Return the program's commit, with “+” where files are changed, or "" outside a checkout."""
    command = ["git", "describe", "--always", "--dirty=+"]
    try:
        told = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, encoding="utf-8", check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return told.stdout.strip()
