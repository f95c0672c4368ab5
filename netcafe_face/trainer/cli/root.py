"""The group of the trainer's commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import logging
import traceback

import click

from netcafe_face import __version__, i18n
from netcafe_face.config.logs import start_logging
from netcafe_face.config.paths import data_paths
from netcafe_face.domain.errors import FolderUnusable, NetcafeError
from netcafe_face.i18n import _
from netcafe_face.terminal.edge import Edge
from netcafe_face.terminal.lazy import LazyGroup
from netcafe_face.terminal.texts import example
from netcafe_face.trainer.errors import PackageMissing

PROGRAM = "main.py train"

_log = logging.getLogger(__name__)

COMMANDS = {
    "prepare": "netcafe_face.trainer.cli.prepare:prepare_command",
    "inspect": "netcafe_face.trainer.cli.data:inspect_command",
    "augmentations": "netcafe_face.trainer.cli.data:augmentations_command",
    "backbones": "netcafe_face.trainer.cli.backbones:backbones_command",
    "stages": "netcafe_face.trainer.cli.stages:stages_command",
    "fit": "netcafe_face.trainer.cli.fit:fit_command",
    "evaluate": "netcafe_face.trainer.cli.evaluate:evaluate_command",
    "overfit": "netcafe_face.trainer.cli.overfit:overfit_command",
    "compare": "netcafe_face.trainer.cli.compare:compare_command",
    "figures": "netcafe_face.trainer.cli.figures:figures_command",
    "detector": "netcafe_face.trainer.cli.detector:detector",
    "export": "netcafe_face.trainer.cli.export:export_command",
    "quantise": "netcafe_face.trainer.cli.export:quantise_command",
    "pack": "netcafe_face.trainer.cli.export:pack_command",
}

PACKAGES = frozenset({"torch", "onnxscript", "tensorboard", "matplotlib", "pytorch_metric_learning"})
"""What only requirements-train.txt brings, as it is imported."""


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example("python3 main.py train fit --help", "python -m netcafe_face.trainer fit --help"),
)
@click.option("--lang", type=click.Choice(sorted(i18n.LANGUAGES)), help="The language of all texts.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error, too.")
@click.version_option(__version__, prog_name="Netcafe Face")
def root(lang: str | None, debug: bool) -> None:
    """Train, compare, evaluate and export networks, offline: from pictures to a model pack."""


def run(argv: list[str]) -> int:
    """Run a command and return its exit status.

    Every error becomes a message; the traceback of one nobody foresaw goes to the program's log.
    """
    return _TrainerEdge(argv).run(lambda: _invoke(argv))


def _invoke(argv: list[str]) -> object:
    try:
        return root.main(args=argv, prog_name=PROGRAM, standalone_mode=False)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in PACKAGES:
            raise
        raise PackageMissing(package=package) from error


class _TrainerEdge(Edge):
    """The edge that shows an engineer the traceback with --debug, which stands before the command."""

    @property
    def _debug(self) -> bool:
        return "--debug" in self.argv

    def note(self, error: NetcafeError) -> None:
        """Show a refusal's traceback where it was asked for."""
        if self._debug:
            click.echo("".join(traceback.format_exception(error)), err=True)

    def unexpected(self, error: Exception) -> None:
        """Put the traceback into the log and say where, or show it where there can be no log."""
        trace = "".join(traceback.format_exception(error))
        try:
            place = _open_log()
        except FolderUnusable as refused:
            click.echo(trace + refused.explain(_), err=True)
            return
        _log.error("unexpected error in a command of the trainer", exc_info=error)
        if self._debug:
            click.echo(trace, err=True)
        text = _("Something unexpected went wrong in the trainer; {path} has the details.")
        click.echo(text.format(path=place), err=True)


def _open_log() -> str:
    folder = data_paths().logs
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnusable(path=folder, reason=error.strerror or error) from error
    return str(start_logging(folder))
