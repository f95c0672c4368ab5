"""A click group that imports a command only when it is run, and shows help in the language in use."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from inspect import cleandoc
from typing import Any

import click

from netcafe_face.i18n import _


class ReaderGone(Exception):
    """The reader of a pipe has gone."""


class LazyGroup(click.Group):
    """A group whose commands are named as "module:attribute".

    Args:
        commands_at: where each command is.
    """

    def __init__(self, *args: Any, commands_at: Mapping[str, str], **values: Any) -> None:
        super().__init__(*args, **values)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order they were given in."""
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return a command, or None where there is none of this name."""
        place = self._commands_at.get(name)
        if place is None:
            return None
        module, attribute = place.split(":")
        command: click.Command = getattr(import_module(module), attribute)
        translate(command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command; click would turn a broken pipe into exit status 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error

    def main(self, *args: Any, **values: Any) -> Any:
        """Run a command, its help translated first."""
        translate(self)
        return super().main(*args, **values)


def translate(command: click.Command) -> None:
    """Put a command's help, its options' and its subcommands' into the language in use."""
    if english := _original(command, "help"):
        command.help = _(cleandoc(english))
    if english := _original(command, "epilog"):
        command.epilog = english.replace("Example:", _("Example:"))
    for parameter in command.params:
        if isinstance(parameter, click.Option) and (english := _original(parameter, "help")):
            parameter.help = _(cleandoc(english))
    if isinstance(command, click.Group) and not isinstance(command, LazyGroup):
        for child in command.commands.values():
            translate(child)


def _original(owner: Any, name: str) -> str | None:
    kept = f"_english_{name}"
    if not hasattr(owner, kept):
        setattr(owner, kept, getattr(owner, name))
    english: str | None = getattr(owner, kept)
    return english
