"""`train`: the trainer is a process of its own, and says what it can do without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from netcafe_face.cli import main
from netcafe_face.config.logs import LOG_NAME
from netcafe_face.config.paths import DATA_VARIABLE
from netcafe_face.trainer.cli.root import COMMANDS
from tests.cli.counter import Counter

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_PACKAGES = """
import sys
from netcafe_face.trainer.cli.root import PACKAGES, run
sys.modules.update(dict.fromkeys(PACKAGES))
for line in sys.argv[1:]:
    status = run(line.split())
    print("exit status", status)
"""


@pytest.fixture(autouse=True)
def own_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what goes wrong out of the log of whoever runs the tests."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data" / "logs" / LOG_NAME


def without_packages(*lines: str) -> subprocess.CompletedProcess[str]:
    """Run commands of the trainer where nothing that only training needs can be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_PACKAGES, *(f"--lang en {line}" for line in lines)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )


def test_help_names_every_command_of_the_trainer(counter: Counter) -> None:
    for typed in (["train"], ["train", "--help"], ["train", "-h"]):
        out = counter.ok(*typed)
        assert [name for name in COMMANDS if f"\n  {name} " not in out] == []


def test_neither_the_command_nor_its_help_loads_the_trainer() -> None:
    script = (
        "import sys; from netcafe_face.cli import main\n"
        "main(['train', '--help']); main(['train', 'nonsense'])\n"
        "assert not [name for name in sys.modules if name.startswith('netcafe_face.trainer')]"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)


def test_the_exit_status_and_the_words_of_the_trainer_come_through(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["--lang", "en", "train", "nonsense"]) == 2
    assert "nonsense" in capfd.readouterr().err


def test_it_works_from_any_folder_and_files_there_do_not_get_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "random.py").write_text("raise ImportError('not the one of the standard library')\n")
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--version"]) == 0
    assert "Netcafe Face" in capfd.readouterr().out


def test_every_command_has_help_that_needs_no_torch() -> None:
    done = without_packages(*(f"{name} --help" for name in COMMANDS))
    assert done.stdout.count("exit status 0") == len(COMMANDS), done.stdout + done.stderr
    assert done.stderr == ""


def test_without_torch_a_command_says_how_to_get_it() -> None:
    done = without_packages("backbones")
    assert "exit status 11" in done.stdout
    assert "torch is not installed" in done.stderr
    assert "main.py train" in done.stderr
    assert "requirements-train.txt" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unforeseen_error_is_logged_and_the_log_is_named(own_log: Path) -> None:
    script = (
        "import sys; from netcafe_face.trainer.cli import root\n"
        "root.COMMANDS['fit'] = 'netcafe_face.trainer.cli.root:no_such_command'\n"
        "sys.exit(root.run(sys.argv[1:]))"
    )

    def fail(*options: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", script, "--lang", "en", *options, "fit"],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 70
        return done.stderr

    quiet = fail()
    assert str(own_log) in quiet
    assert "no_such_command" not in quiet
    assert "no_such_command" in own_log.read_text(encoding="utf-8")
    assert "no_such_command" in fail("--debug")
