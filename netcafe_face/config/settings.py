"""The settings of one data folder: a small TOML file, read once and written whole."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from netcafe_face.config.atomic import write_atomically
from netcafe_face.config.credentials import without_credentials
from netcafe_face.domain.errors import SettingsInvalid

CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "language": ("", "en", "vi"),
        "theme": ("system", "light", "dark"),
        "provider": ("cpu", "cuda", "coreml", "directml"),
    }
)
RANGES: Mapping[str, tuple[int, int]] = MappingProxyType({"threads": (0, 256), "min_face_px": (16, 1000)})


@dataclass(frozen=True)
class Settings:
    """What the operator chose.

    Attributes:
        language: "en", "vi", or "" for the system's.
        theme: "system", "light" or "dark".
        pack: name of the model pack in use.
        source_kind: kind of the source shown last, "" before the first choice.
        source_address: its device, file or address, never with a user name or a password.
        source_name: the name a person gave it.
        provider: where networks run: "cpu", "cuda", "coreml" or "directml".
        threads: processor threads for recognition, 0 to choose by the machine.
        min_face_px: shorter side, in pixels, under which a face is not enrolled.
        operator: who is written beside enrolments and bans.
        window_geometry: the window's place, as text.
        extra: keys of the file that this version does not know; they are kept.
    """

    language: str = ""
    theme: str = "system"
    pack: str = "netcafe-mini"
    source_kind: str = ""
    source_address: str = ""
    source_name: str = ""
    provider: str = "cpu"
    threads: int = 0
    min_face_px: int = 40
    operator: str = ""
    window_geometry: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


_KNOWN = {entry.name: type(entry.default) for entry in fields(Settings) if entry.name != "extra"}


def load_settings(path: Path) -> Settings:
    """Read the settings, or the defaults where there is no file yet.

    Raises:
        SettingsInvalid: the file cannot be read, is not TOML, or a value has the wrong type or range. The
            file is left as it is.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingsInvalid(path=path, reason=error.strerror or error) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(path=path, reason=error) from error
    known = {key: value for key, value in values.items() if key in _KNOWN}
    for key, value in known.items():
        _check(path, key, value)
    return Settings(**known, extra={key: value for key, value in values.items() if key not in _KNOWN})


def save_settings(path: Path, settings: Settings) -> None:
    """Write the settings atomically.

    A user name or password inside `source_address` is never written: it is removed first.

    Raises:
        SettingsInvalid: a value has the wrong type or range, or the file there is broken, in which case it
            is not overwritten.
        OutputError: the file cannot be written; the old one is unchanged.
    """
    load_settings(path)
    import tomli_w

    values = dict(settings.extra)
    for key in _KNOWN:
        values[key] = getattr(settings, key)
        _check(path, key, values[key])
    values["source_address"] = without_credentials(settings.source_address)
    write_atomically(path, tomli_w.dumps(values).encode())


def update_settings(path: Path, **changes: Any) -> Settings:
    """Change some settings and leave the others as they are on disk, and return the result.

    The window and a command may do this at the same time: neither loses the other's change.

    Raises:
        SettingsInvalid, OutputError: as `save_settings`.
    """
    from filelock import FileLock

    with FileLock(path.with_name(f".{path.name}.lock"), timeout=10):
        changed = replace(load_settings(path), **changes)
        save_settings(path, changed)
        return changed


def _check(path: Path, key: str, value: object) -> None:
    wanted = _KNOWN[key]
    if type(value) is not wanted:
        kinds = {str: "a text", int: "a whole number"}
        raise SettingsInvalid(path=path, reason=f"“{key}” must be {kinds[wanted]}, not {value!r}")
    if key in CHOICES and value not in CHOICES[key]:
        raise SettingsInvalid(path=path, reason=f"“{key}” cannot be {value!r}, only one of {CHOICES[key]}")
    if isinstance(value, int) and key in RANGES:
        low, high = RANGES[key]
        if not low <= value <= high:
            raise SettingsInvalid(path=path, reason=f"“{key}” must lie between {low} and {high}, not {value}")
