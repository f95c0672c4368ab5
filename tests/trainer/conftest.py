"""The trainer's tests need torch, which `main.py test` never installs: without it they are named, not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.skipping import why_trainer_tests_are_skipped


class NamedTest(pytest.Item):
    """A test that is shown as skipped, found without importing its file."""

    def runtest(self) -> None:
        raise AssertionError("this test is only named")

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


class NamedFile(pytest.File):
    """A file whose tests are named: importing it would fail for want of torch, or take seconds."""

    def collect(self) -> Iterator[NamedTest]:
        reason = why_trainer_tests_are_skipped(self.config)
        for name in tests_of(self.path):
            item = NamedTest.from_parent(self, name=name)
            item.add_marker(pytest.mark.skip(reason=reason))
            yield item


def tests_of(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> NamedFile | None:
    if why_trainer_tests_are_skipped(parent.config):
        return NamedFile.from_parent(parent, path=module_path)
    return None
