"""The group of all commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import click

from netcafe_face import __version__, i18n
from netcafe_face.cli.common import CliContext, example
from netcafe_face.domain.errors import InputError, NetcafeError, OutputError
from netcafe_face.i18n import _
from netcafe_face.terminal.edge import Edge
from netcafe_face.terminal.lazy import LazyGroup

_log = logging.getLogger(__name__)

COMMANDS = {
    "identify": "netcafe_face.cli.identify:identify_command",
    "verify": "netcafe_face.cli.verify:verify_command",
    "enrol": "netcafe_face.cli.enrol:enrol_command",
    "collect": "netcafe_face.cli.collect:collect_command",
    "customers": "netcafe_face.cli.customers:customers",
    "visits": "netcafe_face.cli.records:visits",
    "export": "netcafe_face.cli.records:export_command",
    "models": "netcafe_face.cli.models:models",
    "doctor": "netcafe_face.cli.checks:doctor_command",
    "demo": "netcafe_face.cli.demo:demo_command",
    "train": "netcafe_face.cli.train:train_command",
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
    return _LoggingEdge(argv).run(lambda: root.main(args=argv, prog_name="main.py", standalone_mode=False))


class _LoggingEdge(Edge):
    """The edge whose tracebacks go to the log of the data folder."""

    def note(self, error: NetcafeError) -> None:
        """Log a refusal; what a person gave stays out of it, since files are named after people, too."""
        if isinstance(error, InputError | OutputError):
            trace = "".join(traceback.format_tb(error.__traceback__))
            _log.info("refused: %s\n%s", type(error).__name__, trace.rstrip())
        else:
            _log.info("refused: %s", type(error).__name__, exc_info=error)

    def unexpected(self, error: Exception) -> None:
        """Log the traceback, and say where it is."""
        self._open_log()
        _log.error("unexpected error in a command", exc_info=error)
        click.echo(
            _("Something unexpected went wrong; the log in the data folder has the details."), err=True
        )

    def _open_log(self) -> None:
        """Have the log open for a traceback that comes before the café was put together."""
        from netcafe_face.config.logs import start_logging
        from netcafe_face.config.paths import data_paths

        if logging.getLogger().handlers:
            return
        place = self.argv[self.argv.index("--data") + 1] if "--data" in self.argv[:-1] else None
        try:
            start_logging(data_paths(Path(place) if place else None).create().logs)
        except NetcafeError as error:
            click.echo(error.explain(_), err=True)
