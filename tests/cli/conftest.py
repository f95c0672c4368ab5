from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.counter import Counter


@pytest.fixture
def counter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Counter:
    pictures = tmp_path / "ảnh khách"
    pictures.mkdir()
    return Counter(tmp_path / "data", pictures, capsys)
