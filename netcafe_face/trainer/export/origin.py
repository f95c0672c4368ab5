"""Where an exported network comes from; it is written into the file."""

from __future__ import annotations

from dataclasses import dataclass


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
