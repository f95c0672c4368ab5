"""What all commands share: their context, options, tables and JSON."""

from __future__ import annotations

import contextlib
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netcafe_face.domain.errors import N_, ValueRefused
from netcafe_face.domain.people import Presence
from netcafe_face.domain.results import Label
from netcafe_face.exports.words import presence_text
from netcafe_face.terminal.texts import as_json_text as as_json_text
from netcafe_face.terminal.texts import example as example
from netcafe_face.terminal.texts import on_one_line as on_one_line

if TYPE_CHECKING:
    from netcafe_face.app import Cafe
    from netcafe_face.config.paths import Paths
    from netcafe_face.config.settings import Settings
    from netcafe_face.vision.packs import PackLibrary

Command = TypeVar("Command", bound=Callable[..., Any])


class CliContext:
    """What a command gets as `ctx.obj`: the café of the data folder, put together when first needed."""

    def __init__(self, data_dir: Path | None) -> None:
        self.data_dir = data_dir
        self._cafe: Cafe | None = None

    @property
    def cafe(self) -> Cafe:
        """Return the café's services."""
        if self._cafe is None:
            from netcafe_face.app import build
            from netcafe_face.config.logs import start_logging

            self._cafe = build(self.data_dir)
            start_logging(self._cafe.paths.logs)
        return self._cafe

    @property
    def paths(self) -> Paths:
        """Return the data folder."""
        return self.cafe.paths

    @property
    def settings(self) -> Settings:
        """Return the settings in force."""
        return self.cafe.settings

    @property
    def library(self) -> PackLibrary:
        """Return the packs at hand."""
        return self.cafe.library

    def close(self) -> None:
        """Close what was opened."""
        if self._cafe is not None:
            self._cafe.close()


def cafe_of(ctx: click.Context) -> Cafe:
    """Return the café of a command."""
    obj: CliContext = ctx.find_root().obj
    return obj.cafe


def operator_of(cafe: Cafe, given: str = "") -> str:
    """Return who does it: as given, else from the settings, else the computer's user."""
    import getpass

    if given or cafe.settings.operator:
        return given or cafe.settings.operator
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command line"


def json_option(command: Command) -> Command:
    """Add --json to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")(command)


def print_json(value: object) -> None:
    """Print a value as JSON."""
    click.echo(as_json_text(value, indent=2))


class JsonArray(contextlib.AbstractContextManager["JsonArray"]):
    """A JSON array printed while the work goes on, and whole however the work ends."""

    def __init__(self) -> None:
        self._any = False

    def add(self, value: object) -> None:
        """Print the next element."""
        click.echo((",\n" if self._any else "[\n") + as_json_text(value), nl=False)
        self._any = True

    def __exit__(self, *raised: object) -> None:
        """Close the array."""
        click.echo("\n]" if self._any else "[]")


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under heads, in columns as wide as their widest text; the last column is not padded."""
    table = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(heads, *table, strict=True)]
    for row in [list(heads), *table]:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def caption(label: Label, places: int = 2) -> str:
    """Compose what stands beside a face, in the language in use, the similarity with so many decimals."""
    words = label.text or presence_text(label.presence)
    if label.presence is Presence.BANNED and label.text:
        words = f"{label.text} – {presence_text(Presence.BANNED)}"
    return words if label.similarity is None else f"{words} {label.similarity:.{places}f}"


def parse_when(text: str | None, end_of_day: bool = False) -> datetime | None:
    """Read a date or a date with time, in the computer's own time zone, as UTC.

    Raises:
        ValueRefused: it is neither.
    """
    if not text:
        return None
    try:
        if len(text) == 10:
            moment = datetime.combine(date.fromisoformat(text), time.max if end_of_day else time.min)
        else:
            moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueRefused(
            field=N_("Time"), value=text, reason=N_("write it as 2026-11-22 or 2026-11-22T18:30")
        ) from error
    return moment.astimezone(UTC)


def parse_date(text: str | None) -> date | None:
    """Read a date such as 2001-05-30.

    Raises:
        ValueRefused: it is not one, or lies in the future.
    """
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValueRefused(field=N_("Birth date"), value=text, reason=N_("write it as 2001-05-30")) from error
    if day > datetime.now(UTC).date():
        raise ValueRefused(field=N_("Birth date"), value=text, reason=N_("it lies in the future"))
    return day


def progress_bar(total: int | None, unit: str) -> Any:
    """Return a progress bar on stderr, silent where that is not a terminal."""
    from tqdm import tqdm

    return tqdm(total=total, unit=unit, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False)
