"""The outermost edge of a command line: every error becomes a message and an exit status."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable

import click

from netcafe_face import i18n
from netcafe_face.domain.errors import Cancelled, NetcafeError, OutputError
from netcafe_face.i18n import _
from netcafe_face.terminal.lazy import ReaderGone
from netcafe_face.terminal.texts import as_json_text, asked_language, on_one_line

UNEXPECTED = 70
"""Exit status of an error nobody foresaw (EX_SOFTWARE of BSD's sysexits)."""

READER_GONE = 141
"""Exit status of a program in a pipe whose reader has gone."""

_NO_ROOM = {errno.ENOSPC, errno.EIO, errno.EDQUOT}


class Edge:
    """How one command line ends, whatever happens in it.

    Args:
        argv: what was typed after the program's name.
    """

    def __init__(self, argv: list[str]) -> None:
        self.argv = argv

    def run(self, command: Callable[[], object]) -> int:
        """Run a click command that was told not to end the process, and return its exit status."""
        # On a full disk the log cannot be written either; no traceback of that may stand beside the message.
        logging.raiseExceptions = False
        for stream in (sys.stdout, sys.stderr):
            # A Windows console with an old code page must not stop a Vietnamese name.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        try:
            i18n.set_language(asked_language(self.argv))
            result = command()
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            return self.tell(Cancelled())
        except NetcafeError as error:
            self.note(error)
            return self.tell(error)
        except (BrokenPipeError, ReaderGone):
            _let_go_of_stdout()
            return READER_GONE
        except Exception as error:  # noqa: BLE001 - the outermost edge: no traceback reaches staff
            if isinstance(error, OSError) and error.errno in _NO_ROOM and error.filename is None:
                _let_go_of_stdout()
                return self.tell(OutputError(path="stdout", reason=error.strerror))
            self.unexpected(error)
            return UNEXPECTED
        return result if isinstance(result, int) else 0

    def tell(self, error: NetcafeError) -> int:
        """Show a refusal, as JSON where the command was to print JSON, and return its exit status."""
        message = error.explain(_)
        if "--json" in self.argv:
            body = {"error": type(error).__name__, "message": message, "exit_code": error.exit_code}
            click.echo(as_json_text(body), err=True)
        else:
            click.echo(on_one_line(message), err=True)
        return error.exit_code

    def note(self, error: NetcafeError) -> None:
        """Remember a refusal for whoever looks into it later."""

    def unexpected(self, error: Exception) -> None:
        """Put the traceback of an error nobody foresaw into a log, and say so."""
        raise NotImplementedError


def _let_go_of_stdout() -> None:
    """Send what is still to be printed nowhere, so that the interpreter's last flush does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
