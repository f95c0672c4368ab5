"""Many small pictures on one, in labelled rows."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from netcafe_face.domain.faces import Image
from netcafe_face.vision.drawing import FONT

CELL_PX = 112
_GAP_PX = 4
_LABEL_PX = 190
_TEXT_PX, _LINE_PX = 13, 17
_GROUND, _INK = 255, (40, 40, 40)


def contact_sheet(rows: Sequence[Sequence[Image]], labels: Sequence[str]) -> Image:
    """Lay pictures out in rows, with a label at the left of each.

    Args:
        rows: pictures, uint8 (h, w, 3) BGR of any size; each is shrunk or enlarged into a cell of 112 pixels
            and keeps its shape. Rows may be of different lengths.
        labels: one for each row; long ones are broken into lines, at line breaks first.

    Returns:
        uint8 (height, width, 3), BGR, on white.

    Raises:
        ValueError: there is no row, or another number of labels.
    """
    if not rows or len(rows) != len(labels):
        raise ValueError(f"a label for each of one or more rows is needed, got {len(labels)} for {len(rows)}")
    columns = max(1, *map(len, rows))
    step = CELL_PX + _GAP_PX
    sheet = np.full((len(rows) * step + _GAP_PX, _LABEL_PX + columns * step, 3), _GROUND, dtype=np.uint8)
    for number, (row, label) in enumerate(zip(rows, labels, strict=True)):
        top = _GAP_PX + number * step
        _write(sheet, label, top)
        for column, picture in enumerate(row):
            _place(sheet, picture, top, _LABEL_PX + column * step)
    return sheet


def _place(sheet: Image, picture: Image, top: int, left: int) -> None:
    height, width = picture.shape[:2]
    scale = CELL_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    cell = picture if scale == 1 else cv2.resize(picture, size, interpolation=way)
    down, along = (CELL_PX - cell.shape[0]) // 2, (CELL_PX - cell.shape[1]) // 2
    sheet[top + down : top + down + cell.shape[0], left + along : left + along + cell.shape[1]] = cell


def _write(sheet: Image, label: str, top: int) -> None:
    font = cv2.FontFace(str(FONT))
    lines = [line for part in label.split("\n") for line in _broken(part, font)]
    for number, line in enumerate(lines[: CELL_PX // _LINE_PX]):
        at = (_GAP_PX, top + _LINE_PX * number + _TEXT_PX)
        cv2.putText(sheet, line, at, _INK, font, _TEXT_PX, 400, cv2.PUT_TEXT_ALIGN_LEFT)


def _broken(text: str, font: cv2.FontFace) -> list[str]:
    """Break a text into lines that fit beside the pictures: at spaces and underscores, else anywhere."""
    lines = [""]
    for word in text.replace("_", "_ ").replace("/", "/ ").split():
        joint = "" if lines[-1].endswith(("_", "/")) or not lines[-1] else " "
        if _width(lines[-1] + joint + word, font) <= _LABEL_PX - 2 * _GAP_PX:
            lines[-1] += joint + word
            continue
        lines += [""] if lines[-1] else []
        for letter in word:
            if _width(lines[-1] + letter, font) > _LABEL_PX - 2 * _GAP_PX:
                lines.append("")
            lines[-1] += letter
    return lines


def _width(text: str, font: cv2.FontFace) -> int:
    return int(cv2.getTextSize((10_000, CELL_PX), text, (0, 0), font, _TEXT_PX, 400)[2])
