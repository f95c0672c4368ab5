"""`train`: the offline trainer, in a process of its own, so that nothing of it is loaded here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from netcafe_face.config.paths import DATA_VARIABLE
from netcafe_face.startup.launch import ROOT


@click.command(
    "train",
    add_help_option=False,  # the trainer knows its commands, here nobody does
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def train_command(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Train, compare, evaluate and export networks, offline, with the packages of requirements-train.txt."""
    given = ctx.find_root().params
    language = ("--lang", given["lang"]) if given.get("lang") else ()
    environ = _environ(given.get("data_dir"))
    if not arguments or arguments[0] in ("-h", "--help"):
        click.echo(_help(language, environ))
        return
    from netcafe_face.terminal.child import run_child

    ctx.exit(run_child(_command([*language, *arguments]), environ))


def _help(language: Sequence[str], environ: dict[str, str]) -> str:
    told = subprocess.run(
        _command([*language, "--help"]),
        env=environ | {"PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if told.returncode:
        raise click.ClickException(told.stderr.strip())
    return told.stdout.rstrip()


def _command(arguments: Sequence[str]) -> list[str]:
    # -P: a file in the folder somebody works in, such as “random.py”, must not pass for a package.
    return [sys.executable, "-P", "-m", "netcafe_face.trainer", *arguments]


def _environ(data_dir: Path | None) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    data = {DATA_VARIABLE: str(data_dir)} if data_dir else {}  # where its log goes
    return {**os.environ, "PYTHONPATH": path, **data}
