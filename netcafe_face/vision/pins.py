"""SHA-256 that the operator accepted where none is published: the same file next time, or none."""

from __future__ import annotations

import tomllib
from pathlib import Path

import tomli_w

from netcafe_face.config.atomic import write_atomically
from netcafe_face.domain.errors import PinsUnreadable

PINS_NAME = ".pins.toml"


def read_pins(packs: Path) -> dict[str, str]:
    """Return the pinned SHA-256 by "pack/file name".

    Raises:
        PinsUnreadable: the pins file is there but cannot be read; without it, an exchanged file would pass.
    """
    path = packs / PINS_NAME
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise PinsUnreadable(path=path, reason=str(error)) from error
    pins = table.get("pins", {})
    if not isinstance(pins, dict) or not all(isinstance(value, str) for value in pins.values()):
        raise PinsUnreadable(path=path, reason="“pins” must be a table of texts")
    return pins


def pin(packs: Path, accepted: dict[str, str]) -> None:
    """Add SHA-256 by "pack/file name" to the pins.

    Raises:
        PinsUnreadable: the pins file is there but cannot be read.
        OutputError: it cannot be written.
    """
    pins = read_pins(packs) | accepted
    text = f"# SHA-256 that an operator accepted where none is published.\n{tomli_w.dumps({'pins': pins})}"
    write_atomically(packs / PINS_NAME, text.encode())
