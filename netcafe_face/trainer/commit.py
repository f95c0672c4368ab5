"""Which state of the program trains and exports."""

from __future__ import annotations

import subprocess
from pathlib import Path


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
