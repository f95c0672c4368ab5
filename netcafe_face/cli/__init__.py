"""The command line: thin commands over the use cases."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Run a command and return its exit status; no arguments open the window."""
    from netcafe_face.cli.root import run

    return run(list(argv))
