"""What stands in a comparison's folder: texts written whole or not at all, and what the folder is for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netcafe_face.domain.errors import N_, OutputError
from netcafe_face.trainer.errors import RunUnusable

_PLAN = "plan.json"


def write_text(path: Path, text: str) -> None:
    """Write a text file.

    Raises:
        OutputError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise OutputError(path=path, reason=error.strerror or str(error)) from error


def claim(folder: Path, plan: Mapping[str, Any]) -> None:
    """Write into a folder what its results are of, or compare it with what is written there.

    Otherwise results of other choices or other data, kept by an earlier call, would pass for new ones.

    Args:
        folder: of the comparison, made when missing.
        plan: plain values; the same ones belong together.

    Raises:
        OutputError: it cannot be written.
        RunUnusable: the folder holds something else.
    """
    file, text = folder / _PLAN, json.dumps(plan, indent=2, sort_keys=True) + "\n"
    if not (folder / "runs").exists() and not (folder / "search").exists():
        write_text(file, text)
        return
    try:
        same = file.read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        same = False
    if not same:
        reason = N_("it holds results of other choices or other data; give another --out")
        raise RunUnusable(path=folder, reason=reason)
