from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netcafe_face.gallery.service import Gallery
from netcafe_face.gallery.store import Store
from tests.gallery.kit import PACK


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path, PACK) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()
