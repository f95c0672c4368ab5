"""The one command of the README, tried in real processes on copies of the program with tiny packages."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from netcafe_face.domain.errors import SetUpError
from netcafe_face.startup import apt
from netcafe_face.startup.environment import interpreter

ROOT = Path(__file__).resolve().parents[1]
COMMAND_LINE = """
import json, os, sys

def main(argv):
    import netcafe_tiny
    told = {"argv": list(argv), "python": sys.executable, "tiny": netcafe_tiny.version}
    told |= {name: os.environ.get(name) for name in ("QT_QPA_PLATFORM", "NETCAFE_FACE_RESTARTS")}
    print(json.dumps(told | {"modules": sorted(sys.modules)}))
    return 7
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, object]:
        told = json.loads(self.out)
        assert isinstance(told, dict)
        return told


@dataclass(frozen=True)
class Copy:
    """The program in a folder of its own, with a stand-in for everything behind the command line."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def command(self, *argv: str) -> list[str]:
        # -S hides the packages of this environment: only the standard library is left.
        return [sys.executable, "-S", str(self.root / "main.py"), *argv]

    def environ(self, **more: str) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "TEMP") if key in os.environ}
        pip = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
        own = {"HOME": str(self.root / "home"), "XDG_DATA_HOME": str(self.root / "data"), "LANG": "C.UTF-8"}
        return kept | pip | own | {"LOCALAPPDATA": str(self.root / "data")} | more

    def start(self, *argv: str, **more: str) -> Ended:
        ended = subprocess.run(
            self.command(*argv),
            env=self.environ(**more),
            cwd=self.root.parent,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def want(self, version: str) -> None:
        """Pin a version of the tiny package, and make its wheel."""
        self.make_wheel("netcafe_tiny", version)
        (self.root / "requirements.txt").write_text(f"netcafe-tiny=={version}\n")

    def make_wheel(self, name: str, version: str) -> None:
        wheels = self.root / "wheels"
        wheels.mkdir(exist_ok=True)
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(wheels / f"{name}-{version}-py3-none-any.whl", "w") as archive:
            archive.writestr(f"{name}.py", f"version = '{version}'\n")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")

    def installed(self) -> str:
        """Install the tiny package aside, and return the folder."""
        site = self.root / "site"
        with zipfile.ZipFile(next((self.root / "wheels").iterdir())) as archive:
            archive.extractall(site)
        return str(site)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    root = tmp_path / "net café"
    package = root / "netcafe_face"
    package.mkdir(parents=True)
    shutil.copy(ROOT / "main.py", root)
    for name in ("__init__.py", "i18n.py"):
        shutil.copy(ROOT / "netcafe_face" / name, package)
    for name in ("startup", "config", "domain"):
        shutil.copytree(ROOT / "netcafe_face" / name, package / name)
    (package / "cli.py").write_text(COMMAND_LINE)
    made = Copy(root)
    made.want("1.0")
    return made


def test_any_python_can_read_main_and_an_old_one_is_told_what_to_do() -> None:
    source = (ROOT / "main.py").read_text(encoding="ascii")
    tree = ast.parse(source, feature_version=(3, 4))
    check = next(node for node in tree.body if isinstance(node, ast.If))
    first_of_ours = next(node for node in tree.body if isinstance(node, ast.ImportFrom))
    assert check.lineno < first_of_ours.lineno
    old = ast.unparse(check).replace("sys.version_info", "(3, 8)")
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer, and this is Python 3\.8"):
        exec(compile(old, "main.py", "exec"), {"sys": sys})


def test_on_a_bare_machine_the_packages_are_installed_once_and_the_command_goes_on(copy: Copy) -> None:
    first = copy.start("identify", "a b.jpg", "--json")
    assert first.code == 7, first.err
    assert first.told["argv"] == ["identify", "a b.jpg", "--json"]
    assert first.told["python"] == str(interpreter(copy.venv))
    assert first.told["NETCAFE_FACE_RESTARTS"] is None, "a child of the program must start afresh"
    assert "Making a Python environment" in first.err
    assert "[ 1/1] netcafe_tiny 1.0" in first.err

    second = copy.start("identify")
    assert second.code == 7
    assert second.err == "", "nothing to say when nothing is to be done"
    heavy = {"importlib.metadata", "pip", "subprocess", "asyncio", "urllib.request"}
    assert not heavy & set(second.told["modules"]), "what a start does not need, it does not load"  # type: ignore[call-overload]

    copy.want("1.1")
    third = copy.start("identify")
    assert third.told["tiny"] == "1.1", third.err
    assert "Making a Python environment" not in third.err, "new requirements go into the same environment"


def test_an_interrupted_set_up_is_repaired(copy: Copy) -> None:
    site = copy.venv / "lib" / "python3.11" / "site-packages" / "netcafe_tiny-1.0.dist-info"
    site.mkdir(parents=True)
    (copy.venv / "netcafe-unfinished").touch()
    ended = copy.start("identify")
    assert ended.told["tiny"] == "1.0", ended.err
    assert "interrupted" in ended.err
    assert not (copy.venv / "netcafe-unfinished").exists()


def test_an_environment_whose_python_was_removed_is_repaired(copy: Copy) -> None:
    (copy.venv / "bin").mkdir(parents=True)
    (copy.venv / "bin" / "python").symlink_to(copy.root / "python-of-last-year")
    (copy.venv / "pyvenv.cfg").write_text("home = /nowhere\nversion = 3.11.0\n")
    ended = copy.start("identify")
    assert ended.told["python"] == str(interpreter(copy.venv)), ended.err


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a process cannot be sent Ctrl-C alone")
def test_stopped_while_packages_are_fetched_the_environment_stays_as_it_was(copy: Copy) -> None:
    assert copy.start("identify").code == 7
    copy.want("1.1")
    (copy.root / "wheels").rename(copy.root / "elsewhere")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = {"PIP_INDEX_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/simple", "PIP_NO_INDEX": "0"}
        start = subprocess.Popen(
            copy.command("identify"), env=copy.environ(**index), stderr=subprocess.PIPE, encoding="utf-8"
        )
        with silent.accept()[0]:
            start.send_signal(signal.SIGINT)
            _out, err = start.communicate(timeout=60)
    assert start.returncode == 130, err
    assert not (copy.venv / "netcafe-unfinished").exists(), "nothing was changed yet"
    (copy.root / "elsewhere").rename(copy.root / "wheels")
    ended = copy.start("identify")
    assert ended.told["tiny"] == "1.1", ended.err
    assert "interrupted" not in ended.err


def test_for_training_more_is_installed_and_its_size_is_said_first(copy: Copy) -> None:
    (copy.root / "requirements-train.txt").write_text("-r requirements.txt\ntorch==2.1.0\n")
    copy.make_wheel("torch", "2.1.0+cpu")
    assert copy.start("train", "fit", "--help").code == 7, "help needs no torch"
    assert not (copy.venv / "lib").is_dir() or not list(copy.venv.rglob("torch.py"))
    first = copy.start("train", "fit", "--out", "run")
    assert first.code == 7, first.err
    assert first.told["argv"] == ["train", "fit", "--out", "run"]
    assert list(copy.venv.rglob("torch.py")), "any build of the pinned version will do"
    assert "Installing 1 packages" in first.err
    if sys.platform.startswith("linux"):
        assert "GB" in first.err
    assert copy.start("train", "fit", "--out", "run").err == ""


def test_of_two_starts_at_once_one_installs_and_both_go_on(copy: Copy) -> None:
    starts = [
        subprocess.Popen(
            copy.command("identify"),
            env=copy.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(2)
    ]
    ended = [(*start.communicate(timeout=120), start.returncode) for start in starts]
    assert [code for _out, _err, code in ended] == [7, 7], ended
    texts = [err for _out, err, _code in ended]
    assert sorted("Making a Python environment" in text for text in texts) == [False, True]


def test_an_environment_that_has_the_packages_is_used_as_it_is(copy: Copy) -> None:
    ended = copy.start("identify", PYTHONPATH=copy.installed())
    assert ended.told["python"] == sys.executable, ended.err
    assert not copy.venv.exists()


def test_without_a_network_the_way_out_is_told_and_the_next_start_tries_again(copy: Copy) -> None:
    (copy.root / "wheels").rename(copy.root / "elsewhere")
    ended = copy.start("identify")
    assert ended.code == SetUpError.exit_code
    assert "pip download --only-binary :all: -r requirements.txt -d wheels" in ended.err
    assert "Traceback" not in ended.err
    (copy.root / "elsewhere").rename(copy.root / "wheels")
    assert copy.start("identify").told["tiny"] == "1.0"


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the other folder is not told by XDG_DATA_HOME")
def test_where_the_program_cannot_be_written_to_the_environment_lies_in_the_users_data(copy: Copy) -> None:
    copy.venv.write_text("in the way, for root too")
    ended = copy.start("identify")
    assert str(ended.told["python"]).startswith(str(copy.root / "data" / "netcafe-face" / "venv-")), ended.err
    assert copy.start("identify").err == ""


def test_where_nothing_can_be_written_both_folders_are_named(copy: Copy) -> None:
    copy.venv.write_text("in the way")
    (copy.root / "data").write_text("in the way too")
    ended = copy.start("identify")
    assert ended.code == SetUpError.exit_code
    assert str(copy.venv) in ended.err
    assert str(copy.root / "data") in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.skipif(not apt.is_debian(), reason="only Debian and its kin split Python so")
def test_debians_python_without_ensurepip_is_told_which_package_to_install(copy: Copy) -> None:
    hidden = copy.root / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import importlib.machinery as m\n"
        "find = m.PathFinder.find_spec\n"
        "m.PathFinder.find_spec = lambda n, p=None, t=None: None if n == 'ensurepip' else find(n, p, t)\n"
    )
    calls = hidden / "calls"
    (hidden / "apt-get").write_text(f'#!/bin/sh\necho "$@" >> "{calls}"\nexit 100\n')
    (hidden / "apt-get").chmod(0o755)
    calls.touch()
    path = f"{hidden}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        [sys.executable, str(copy.root / "main.py")],
        env=copy.environ(PYTHONPATH=str(hidden), PATH=path),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == SetUpError.exit_code, ended.stderr
    assert "sudo apt-get install python3" in ended.stderr
    assert "-venv" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ("install" in calls.read_text()) == apt.may_install(), "only root may install, and does"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there always is a display")
def test_without_a_display_the_window_is_drawn_off_screen_and_this_is_said(copy: Copy) -> None:
    site = copy.installed()
    demo, identify = copy.start("demo", PYTHONPATH=site), copy.start("identify", PYTHONPATH=site)
    assert demo.told["QT_QPA_PLATFORM"] == identify.told["QT_QPA_PLATFORM"] == "offscreen"
    assert "QT_QPA_PLATFORM=offscreen" in demo.err
    assert identify.err == "", "a command without a window does not talk about windows"


def test_test_runs_pytest_beside_main_with_the_arguments_given(copy: Copy) -> None:
    (copy.root / "requirements-dev.txt").write_text(f"pytest=={pytest.__version__}\n")
    (copy.root / "test_two.py").write_text(
        "def test_good():\n    pass\n\ndef test_bad():\n    raise AssertionError('bad luck')\n"
    )

    def run(*arguments: str) -> tuple[int, str]:
        ended = subprocess.run(
            [sys.executable, str(copy.root / "main.py"), "test", *arguments],
            env=copy.environ(),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return ended.returncode, ended.stdout + ended.stderr

    code, said = run("-k", "good", "-q")
    assert code == 0, said
    assert "1 passed" in said
    code, said = run("-q")
    assert code == 1
    assert "bad luck" in said
    assert not copy.venv.exists()
