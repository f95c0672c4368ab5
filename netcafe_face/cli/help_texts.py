"""The help texts of all commands, for the translators: `python -m netcafe_face.cli.help_texts FILE`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from netcafe_face.cli.root import root


def help_texts() -> Iterator[str]:
    """Yield the help of every command and option, in English, each once."""
    seen: set[str] = set()
    for command in _commands(root, click.Context(root)):
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        owners: list[click.Command | click.Option] = [command, *options]
        for owner in owners:
            text: str | None = getattr(owner, "_english_help", owner.help)
            if text and cleandoc(text) not in seen:
                seen.add(cleandoc(text))
                yield cleandoc(text)


def _commands(group: click.Group, context: click.Context) -> Iterator[click.Command]:
    yield group
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, context)
        elif command is not None:
            yield command


def main(argv: list[str]) -> int:
    """Write the texts as a Python file that the extractor of messages understands."""
    lines = [f"N_({text!r})" for text in help_texts()]
    Path(argv[0]).parent.mkdir(parents=True, exist_ok=True)
    Path(argv[0]).write_text("\n".join(["N_ = str", *lines, ""]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
