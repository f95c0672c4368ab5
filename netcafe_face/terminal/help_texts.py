"""The help of commands, for the translators: no `_()` holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path

import click


def help_texts(root: click.Group) -> Iterator[str]:
    """Yield the help of a group, its commands and all options, in English, each once."""
    seen: set[str] = set()
    for command in _commands(root, click.Context(root)):
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        owners: list[click.Command | click.Option] = [command, *options]
        for owner in owners:
            text: str | None = getattr(owner, "_english_help", owner.help)
            if text and cleandoc(text) not in seen:
                seen.add(cleandoc(text))
                yield cleandoc(text)


def write_for_extractor(texts: Iterable[str], path: Path) -> None:
    """Write texts as a Python file that the extractor of messages understands."""
    lines = [f"N_({text!r})" for text in texts]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["N_ = str", *lines, ""]), encoding="utf-8")


def _commands(group: click.Group, context: click.Context) -> Iterator[click.Command]:
    yield group
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, context)
        elif command is not None:
            yield command
