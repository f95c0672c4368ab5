"""The command line: thin commands over the use cases."""

from __future__ import annotations

from collections.abc import Sequence

STOPPED = 130
"""Exit status after Ctrl-C."""


def main(argv: Sequence[str]) -> int:
    """Run a command and return its exit status; no arguments open the window."""
    try:
        from netcafe_face.cli.root import run
    except KeyboardInterrupt:
        return STOPPED
    return run(list(argv))
