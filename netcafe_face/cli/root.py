"""The group of all commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import errno
import logging
import sys
import traceback
from pathlib import Path

import click

from netcafe_face import __version__, i18n
from netcafe_face.cli.common import CliContext, as_json_text, example, on_one_line
from netcafe_face.cli.lazy import LazyGroup, ReaderGone
from netcafe_face.domain.errors import Cancelled, InputError, NetcafeError, OutputError
from netcafe_face.i18n import _

_log = logging.getLogger(__name__)

_NO_ROOM = {errno.ENOSPC, errno.EIO, errno.EDQUOT}
UNEXPECTED = 70
"""Exit status of an error nobody foresaw (EX_SOFTWARE of BSD's sysexits)."""

COMMANDS = {
    "identify": "netcafe_face.cli.identify:identify_command",
    "verify": "netcafe_face.cli.verify:verify_command",
    "enrol": "netcafe_face.cli.enrol:enrol_command",
    "customers": "netcafe_face.cli.customers:customers",
    "visits": "netcafe_face.cli.records:visits",
    "export": "netcafe_face.cli.records:export_command",
    "models": "netcafe_face.cli.models:models",
    "doctor": "netcafe_face.cli.checks:doctor_command",
    "demo": "netcafe_face.cli.demo:demo_command",
    "test": "netcafe_face.cli.checks:test_command",
}


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example("python3 main.py demo", "python3 main.py identify photo.jpg"),
)
@click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="The data folder, instead of the user's own.",
)
@click.option("--lang", type=click.Choice(sorted(i18n.LANGUAGES)), help="The language of all texts.")
@click.version_option(__version__, prog_name="Netcafe Face")
@click.pass_context
def root(ctx: click.Context, data_dir: Path | None, lang: str | None) -> None:
    """Recognise an internet café's enrolled customers; without a command, open the window."""
    ctx.obj = CliContext(data_dir)
    ctx.call_on_close(ctx.obj.close)
    ctx.meta["lang"] = lang
    if ctx.invoked_subcommand is None:
        from netcafe_face.cli.window import open_window

        ctx.exit(open_window(ctx.obj, lang))


def run(argv: list[str]) -> int:
    """Run a command and return its exit status.

    Every error becomes a message in the language in use, and every traceback goes to the log.
    """
    # On a full disk the log cannot be written either, and that must not show a traceback beside the message.
    logging.raiseExceptions = False
    for stream in (sys.stdout, sys.stderr):
        # A Windows console with an old code page must not stop a Vietnamese name.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        i18n.set_language(_asked_language(argv))
        result = root.main(args=argv, prog_name="main.py", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _tell(Cancelled(), argv)
    except NetcafeError as error:
        _note(error)
        return _tell(error, argv)
    except (BrokenPipeError, ReaderGone):
        return _quietly_closed()
    except Exception as error:  # noqa: BLE001 - the outermost edge: no traceback reaches staff
        if isinstance(error, OSError) and error.errno in _NO_ROOM and error.filename is None:
            _let_go_of_stdout()
            return _tell(OutputError(path="stdout", reason=error.strerror), argv)
        _open_log(argv)
        _log.exception("unexpected error in a command")
        click.echo(
            _("Something unexpected went wrong; the log in the data folder has the details."), err=True
        )
        return UNEXPECTED
    return result if isinstance(result, int) else 0


def _note(error: NetcafeError) -> None:
    """Log a refusal; what a person gave stays out of it, since files are named after people, too."""
    if isinstance(error, InputError | OutputError):
        trace = "".join(traceback.format_tb(error.__traceback__))
        _log.info("refused: %s\n%s", type(error).__name__, trace.rstrip())
    else:
        _log.info("refused: %s", type(error).__name__, exc_info=error)


def _asked_language(argv: list[str]) -> str:
    for position, argument in enumerate(argv):
        if argument == "--lang" and position + 1 < len(argv) and argv[position + 1] in i18n.LANGUAGES:
            return argv[position + 1]
        if argument.startswith("--lang=") and argument[7:] in i18n.LANGUAGES:
            return argument[7:]
    return ""


def _open_log(argv: list[str]) -> None:
    """Have the log open for a traceback that comes before the café was put together."""
    from netcafe_face.config.logs import start_logging
    from netcafe_face.config.paths import data_paths

    if logging.getLogger().handlers:
        return
    place = argv[argv.index("--data") + 1] if "--data" in argv[:-1] else None
    try:
        start_logging(data_paths(Path(place) if place else None).create().logs)
    except NetcafeError as error:
        click.echo(error.explain(_), err=True)


def _tell(error: NetcafeError, argv: list[str]) -> int:
    message = error.explain(_)
    if "--json" in argv:
        body = {"error": type(error).__name__, "message": message, "exit_code": error.exit_code}
        click.echo(as_json_text(body), err=True)
    else:
        click.echo(on_one_line(message), err=True)
    return error.exit_code


def _quietly_closed() -> int:
    """End as a program in a pipe does whose reader has gone: `… | head`."""
    _let_go_of_stdout()
    return 141


def _let_go_of_stdout() -> None:
    """Send what is still to be printed nowhere, so that the interpreter's last flush does not fail again."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
