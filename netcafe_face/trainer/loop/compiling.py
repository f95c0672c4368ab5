"""torch.compile where this computer can do it; where it cannot, saying so and going on without."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

_NO_COMPILER = "there is no C++ compiler (install g++, or name one in CXX)"


def compiler_available(device: str = "cpu") -> bool:
    """Tell whether torch.compile can work on a kind of device, without trying it."""
    return not why_not(device)


def why_not(device: str = "cpu") -> str:
    """Return what torch.compile lacks on a kind of device ("cpu" or "cuda"), or "".

    Its generated code is compiled by what CXX names, else by g++ (macOS: clang++, Windows: cl), against
    Python's own headers; on a GPU by Triton, which needs a C compiler as well.
    """
    if _program("CXX", _usual_compiler()) is None:
        return _NO_COMPILER
    if not _has_python_headers():
        return "the headers of Python are missing (on Debian: apt-get install python3-dev)"
    if device == "cuda" and find_spec("triton") is None:
        return "the package triton is not installed"
    if device == "cuda" and _program("CC", "gcc", "clang") is None:
        return "there is no C compiler (install gcc, or name one in CC)"
    return ""


def maybe_compile(module: nn.Module, wanted: bool, say: Callable[[str], object]) -> nn.Module:
    """Return a network that is compiled at its first use where that is wanted and possible, else `module`.

    Both have the same weights; keep the given one for saving, since it knows them by their own names.

    Args:
        module: the network, already on its device.
        wanted: whether to compile at all.
        say: told in one sentence why a wanted compilation is left out.
    """
    if not wanted:
        return module
    device = next((parameter.device.type for parameter in module.parameters()), "cpu")
    if lacking := why_not(device):
        say(f"Training goes on without torch.compile, which is several times slower on a CPU: {lacking}.")
        return module
    compiled = torch.compile(module)
    assert isinstance(compiled, nn.Module)
    return compiled


def _usual_compiler() -> str:
    return {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")


def _program(variable: str, *usual: str) -> str | None:
    """Return the program that a variable names, else the first of the usual ones that is there."""
    named = os.environ.get(variable)
    found = (shutil.which(name) for name in ([named] if named else usual))
    return next(filter(None, found), None)


def _has_python_headers() -> bool:
    folder = Path(sysconfig.get_path("include"))
    if not folder.exists() and sys.platform == "darwin":
        folder = Path(sysconfig.get_path("stdlib")).parent.parent / "Headers"
    return (folder / "Python.h").exists()
