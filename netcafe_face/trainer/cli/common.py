"""What the trainer's commands share."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import click

from netcafe_face.trainer.data.augment import STRENGTHS
from netcafe_face.trainer.loop.config import OPTIMISERS, SCHEDULES, TrainConfig

_MEANINGS = {
    name.strip(): " ".join(meaning.split())
    for name, colon, meaning in (
        part.partition(":")
        # A meaning's further lines stand deeper.
        for part in re.split(r"\n {8}(?! )", TrainConfig.__doc__ or "")
    )
    if colon
}


crops_option = click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    required=True,
    help="Crops made by `prepare`; may be given several times.",
)
"""What a command learns from."""


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say what it learns from and where a run is kept."""
    folder = click.Path(path_type=Path, file_okay=False)
    options = (
        crops_option,
        click.option("--out", type=folder, required=True, help="The folder of the run."),
        click.option(
            "--answers",
            type=folder,
            default=Path("runs/answers"),
            show_default=True,
            help="Where teachers' answers are kept, for this and other runs.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command one option for each choice of `TrainConfig`, with its meaning and default."""
    for field in reversed(fields(TrainConfig)):
        command = _option(field)(command)
    return command


def _option(field: Field[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    name = field.name.replace("_", "-")
    meaning = _meaning(field.name)
    if field.name == "teachers":
        return click.option("--teacher", "teachers", multiple=True, help=meaning, metavar="INPUT:FILE")
    kind = typing.get_type_hints(TrainConfig)[field.name]
    default = None if field.default is MISSING else field.default
    if kind is bool:
        return click.option(f"--{name}/--no-{name}", default=default, show_default=True, help=meaning)
    if isinstance(kind, types.UnionType):
        (kind,) = (one for one in typing.get_args(kind) if one is not types.NoneType)
    if field.name in _CHOICES:
        kind = click.Choice(_CHOICES[field.name])
    assert not isinstance(kind, types.GenericAlias)
    return click.option(f"--{name}", type=kind, default=default, show_default=default != "", help=meaning)


_CHOICES = {"optimiser": OPTIMISERS, "schedule": SCHEDULES, "augment": tuple(STRENGTHS)}


def _meaning(name: str) -> str:
    text = _MEANINGS[name]
    return text[:1].upper() + text[1:]
