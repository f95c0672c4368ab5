from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from netcafe_face.domain.errors import PackagesNotInstalled
from netcafe_face.startup.installer import install


def wheel(folder: Path, name: str, version: str) -> Path:
    """Make the smallest wheel there can be."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"version = '{version}'\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(
            f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"
        )
    return path


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip installs into instead of this environment."""
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "target"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null" if sys.platform != "win32" else "nul")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return tmp_path / "target"


def test_from_a_folder_of_wheels_it_needs_no_network_and_each_package_is_told_on_one_line(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel(tmp_path / "wheels", "netcafe_tiny", "1.0")
    wheel(tmp_path / "wheels", "netcafe_small", "2.1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    (tmp_path / "r.txt").write_text("netcafe-tiny==1.0\nnetcafe-small==2.1\n")
    install(Path(sys.executable), tmp_path / "r.txt", 2)
    assert (target / "netcafe_tiny.py").exists()
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if "[" in line][:2] == [
        "  [ 1/2] netcafe_tiny 1.0",
        "  [ 2/2] netcafe_small 2.1",
    ]


def test_the_environment_is_said_to_change_only_when_everything_was_fetched(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: list[bool] = []
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    (tmp_path / "r.txt").write_text("netcafe-tiny==1.0\n")
    with pytest.raises(PackagesNotInstalled):
        install(Path(sys.executable), tmp_path / "r.txt", 1, lambda: changes.append(target.exists()))
    assert changes == []
    wheel(tmp_path / "wheels", "netcafe_tiny", "1.0")
    install(Path(sys.executable), tmp_path / "r.txt", 1, lambda: changes.append(True))
    assert changes == [True]


def test_without_a_network_the_way_to_do_without_is_told(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    (tmp_path / "r.txt").write_text("netcafe-tiny==1.0\n")
    with pytest.raises(PackagesNotInstalled) as failed:
        install(Path(sys.executable), tmp_path / "r.txt", 1)
    assert "the package index cannot be reached" in str(failed.value)
    assert "pip download --only-binary :all: -r r.txt" in str(failed.value)
    assert f"bring the folder “wheels” into {tmp_path}" in str(failed.value)
    assert "No matching distribution found for netcafe-tiny==1.0" in capsys.readouterr().err, (
        "pip's own words"
    )
    assert not target.exists()


def test_a_package_that_has_no_wheel_for_this_machine_is_told_apart_from_no_network(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index" / "netcafe-tiny"
    index.mkdir(parents=True)
    (index / "netcafe_tiny-1.0-cp39-cp39-win32.whl").touch()
    (index / "index.html").write_text('<a href="netcafe_tiny-1.0-cp39-cp39-win32.whl">netcafe_tiny</a>')
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "index").as_uri())
    (tmp_path / "r.txt").write_text("netcafe-tiny==1.0\n")
    with pytest.raises(PackagesNotInstalled, match="no ready-made package for this system"):
        install(Path(sys.executable), tmp_path / "r.txt", 1)
