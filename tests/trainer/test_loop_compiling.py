from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from netcafe_face.trainer.loop.compiling import compiler_available, maybe_compile, why_not

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script stands in for the compiler")


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder where programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(tmp_path))
    (tmp_path / "Python.h").touch()
    return folder


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU())


def test_without_a_compiler_training_says_so_and_goes_on_without(only: Path) -> None:
    said: list[str] = []
    plain = network()
    module = maybe_compile(plain, wanted=True, say=said.append)
    assert not compiler_available()
    assert module is plain
    assert len(said) == 1
    assert "without torch.compile" in said[0]
    assert "no C++ compiler" in said[0]
    assert module(torch.zeros(2, 4)).shape == (2, 3), "it runs, uncompiled"


def test_a_compiler_is_found_where_torch_would_look_for_it(
    only: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clang = program(only, "clang++")
    assert not compiler_available(), "torch does not look for clang++ on Linux by itself"
    monkeypatch.setenv("CXX", str(clang))
    assert compiler_available()
    monkeypatch.setenv("CXX", "no-such-compiler")
    program(only, "g++")
    assert not compiler_available(), "what CXX names is used, and nothing else"
    monkeypatch.delenv("CXX")
    assert compiler_available()


def test_without_pythons_headers_the_package_to_install_is_named(only: Path, tmp_path: Path) -> None:
    program(only, "g++")
    (tmp_path / "Python.h").unlink()
    assert "python3-dev" in why_not()


def test_a_gpu_needs_triton_and_a_c_compiler_besides(only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(only, "g++")
    found = {"triton": None}
    monkeypatch.setattr("netcafe_face.trainer.loop.compiling.find_spec", found.get)
    assert "triton" in why_not("cuda")
    found["triton"] = object()  # type: ignore[assignment]
    assert "no C compiler" in why_not("cuda")
    program(only, "gcc")
    assert compiler_available("cuda")


def test_a_network_that_nobody_wants_compiled_is_left_alone_in_silence(only: Path) -> None:
    said: list[str] = []
    maybe_compile(network(), wanted=False, say=said.append)
    assert said == []


@pytest.mark.filterwarnings(
    "ignore:.torch.jit.script_method. is deprecated:DeprecationWarning"
)  # torch's own
def test_the_compiled_network_has_the_weights_of_the_given_one(only: Path) -> None:
    program(only, "g++")
    said: list[str] = []
    plain = network()
    compiled = maybe_compile(plain, wanted=True, say=said.append)
    assert compiled is not plain
    assert [id(weight) for weight in compiled.parameters()] == [id(weight) for weight in plain.parameters()]
    assert list(plain.state_dict()) == ["0.weight", "0.bias"]
    assert said == []
