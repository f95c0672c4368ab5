"""`doctor` and `test`: is everything in order?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from netcafe_face.cli.common import example, json_option

if TYPE_CHECKING:
    from netcafe_face.doctor import Finding


@click.command("doctor", epilog=example("python3 main.py doctor"))
@json_option
@click.pass_context
def doctor_command(ctx: click.Context, as_json: bool) -> None:
    """Check everything the program stands on, one line each: ok, or what to do.

    Exit status: 0 when nothing failed, else 1.
    """
    from netcafe_face.doctor import exit_status, findings, report

    found = []

    def watched() -> Iterator[Finding]:
        for finding in findings(ctx.find_root().obj.data_dir):
            found.append(finding)
            yield finding

    for line in report(watched(), as_json):
        click.echo(line)
    ctx.exit(exit_status(found))


@click.command(
    "test",
    context_settings={"ignore_unknown_options": True},
    epilog=example("python3 main.py test", "python3 main.py test tests/domain -q"),
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def test_command(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Set up and run the tests; further arguments go to pytest."""
    from netcafe_face.startup.launch import run_tests

    ctx.exit(run_tests(arguments))
