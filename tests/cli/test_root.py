"""The command line as a whole: help, languages, errors, exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from netcafe_face import __version__, i18n
from netcafe_face.cli import main
from netcafe_face.cli.root import COMMANDS
from netcafe_face.cli.root import root as group
from netcafe_face.terminal.edge import UNEXPECTED
from tests.cli.counter import Counter

MAIN = Path(__file__).resolve().parents[2] / "main.py"


def every_command() -> list[tuple[str, click.Command]]:
    context = click.Context(group)
    found: list[tuple[str, click.Command]] = []
    for name in COMMANDS:
        command = group.get_command(context, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {child.name}", child) for child in command.commands.values()]
    return found


@pytest.mark.parametrize("name", [name for name, _ in every_command()])
def test_every_command_has_help_with_an_example(name: str, counter: Counter) -> None:
    out = counter.ok(*name.split(), "--help")
    assert "Example:" in out
    assert f"main.py {name.split()[0]}" in out


def test_every_command_that_tells_something_can_print_json() -> None:
    silent = {"test", "train", "customers", "visits", "models"}
    for name, command in every_command():
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--json" in options or name in silent, name


def test_the_version_is_shown(counter: Counter) -> None:
    assert __version__ in counter.ok("--version")


def test_an_unknown_command_is_a_usage_error(counter: Counter) -> None:
    status, _ = counter.run("recognize")
    assert status == 2
    assert "recognize" in counter.err


def test_help_and_answers_come_in_vietnamese(counter: Counter) -> None:
    assert main(["--data", str(counter.data), "--lang", "vi", "customers", "list"]) == 0
    vietnamese = counter.capsys.readouterr().err
    counter.run("customers", "list")
    assert vietnamese != counter.err
    assert i18n.language() == "en"


def test_an_error_in_json_mode_is_json_too(counter: Counter) -> None:
    status, out = counter.run("customers", "show", "NOBODY", "--json")
    assert (status, out) == (6, "")
    error = json.loads(counter.err)
    assert error["error"] == "CustomerNotFound"
    assert error["exit_code"] == 6
    assert "NOBODY" in error["message"]


def test_an_unforeseen_error_shows_no_traceback_but_logs_it(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_values: object) -> None:
        raise RuntimeError("boom inside")

    monkeypatch.setattr("netcafe_face.gallery.service.Gallery.open", fail)
    status, out = counter.run("customers", "list")
    assert status == UNEXPECTED
    assert "Traceback" not in out + counter.err
    assert "boom inside" not in out + counter.err
    log = "".join(path.read_text("utf-8") for path in (counter.data / "logs").glob("*.log"))
    assert "boom inside" in log
    assert "Traceback" in log


def test_a_broken_settings_file_is_named_and_left_alone(counter: Counter) -> None:
    counter.data.mkdir()
    (counter.data / "settings.toml").write_text("language = [", "utf-8")
    status, _ = counter.run("customers", "list")
    assert status == 9
    assert "settings.toml" in counter.err
    assert (counter.data / "settings.toml").read_text("utf-8") == "language = ["


def test_a_database_that_is_none_is_refused_and_left_alone(counter: Counter) -> None:
    counter.enrol(0, "KH-1", "Ánh")
    database = next((counter.data / "database").glob("*.db"))
    for extra in (counter.data / "database").glob("*.db-*"):
        extra.unlink()
    database.write_bytes(b"not a database at all" * 500)
    status, _ = counter.run("customers", "list")
    assert status == 6
    assert str(database) in counter.err
    assert database.read_bytes() == b"not a database at all" * 500


def test_a_reader_that_goes_away_is_no_error(counter: Counter) -> None:
    command = f'"{sys.executable}" "{MAIN}" --data "{counter.data}" models info netcafe-mini | true'
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment, check=False)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_reader_that_goes_away_gives_the_status_of_a_broken_pipe(counter: Counter) -> None:
    command = [sys.executable, str(MAIN), "--data", str(counter.data), "models", "info", "netcafe-mini"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_result_that_cannot_be_written_for_want_of_room_is_said(counter: Counter) -> None:
    command = f'"{sys.executable}" "{MAIN}" --data "{counter.data}" --lang en models list > /dev/full'
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, env=buffered)
    assert done.returncode == 8
    assert "No space left" in done.stderr


def test_a_log_that_cannot_be_written_shows_no_traceback(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    counter.ok("customers", "list")
    monkeypatch.setattr("logging.handlers.RotatingFileHandler.shouldRollover", full)
    status, _ = counter.run("customers", "show", "NOBODY")
    assert status == 6
    assert "Traceback" not in counter.err
    assert "NOBODY" in counter.err


def test_names_of_files_stay_out_of_the_log(counter: Counter) -> None:
    counter.run("verify", counter.portrait(0), counter.pictures / "Nguyễn Thị Ánh.jpg")
    counter.run("enrol", "KH-1", "Ánh", counter.pictures / "Nguyễn Thị Ánh.jpg", "--consent", "form")
    log = "".join(path.read_text("utf-8") for path in (counter.data / "logs").glob("*.log"))
    assert "refused: ImageUnreadable" in log
    assert "verify.py" in log
    assert "Nguyễn" not in log
