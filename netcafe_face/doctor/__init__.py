"""The doctor: one line about each thing the program stands on, ok or what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from netcafe_face.doctor.finding import Finding, State, exit_status, report
from netcafe_face.doctor.place import check_place
from netcafe_face.doctor.system import check_system

__all__ = ["Finding", "State", "exit_status", "findings", "report"]


def findings(data_dir: Path | None = None) -> Iterator[Finding]:
    """Examine this computer and a data folder, and yield each finding as soon as it is known.

    Nothing is changed, except that a missing data folder is made. Loading Qt and asking the cameras takes a
    few seconds.

    Args:
        data_dir: the data folder, or None for the user's own.
    """
    yield from check_system()
    yield from check_place(data_dir)
