"""A café counter: a data folder, pictures of people, and commands run as `main.py` runs them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netcafe_face.cli import main
from netcafe_face.vision.images import read_image, write_image
from tests.files_kit import SIX_PEOPLE, six_faces


@dataclass
class Counter:
    """Run commands and look at what they print."""

    data: Path
    pictures: Path
    capsys: pytest.CaptureFixture[str]
    err: str = ""

    def run(self, *arguments: object) -> tuple[int, str]:
        status = main(["--data", str(self.data), "--lang", "en", *map(str, arguments)])
        printed = self.capsys.readouterr()
        self.err = printed.err
        return status, printed.out

    def ok(self, *arguments: object) -> str:
        status, out = self.run(*arguments)
        assert status == 0, (out, self.err)
        return out

    def json(self, *arguments: object) -> Any:
        return json.loads(self.ok(*arguments, "--json"))

    def enrol(self, number: int, code: str, name: str, *more: object) -> str:
        return self.ok("enrol", code, name, self.portrait(number), "--consent", "signed form 12", *more)

    def portrait(self, number: int, suffix: str = ".png") -> Path:
        """Return a picture of one of six people; 0 to 5, from the left."""
        path = self.pictures / f"người {number}{suffix}"
        if not path.exists():
            group = read_image(SIX_PEOPLE)
            faces = sorted(six_faces(), key=lambda face: float(face.detection.box[0]))
            x, y, w, h = (float(value) for value in faces[number].detection.box)
            left, top = max(0, int(x - 0.5 * w)), max(0, int(y - 0.45 * h))
            cut = group[top : int(y + 1.4 * h), left : int(x + 1.5 * w)]
            write_image(path, np.ascontiguousarray(cut))
        return path
