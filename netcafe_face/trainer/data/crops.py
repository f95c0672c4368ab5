"""Aligned crops of one or many sets, kept as two files: the pixels, and what is known of each crop."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.vision.alignment import CROP_SIZE

_PIXELS, _RECORDS = "crops.npy", "crops.json"
_FORMAT = 1

Crops = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class CropRecord:
    """What is known of a crop.

    Attributes:
        name: the identity, or "" where it is unknown.
        source: the picture's path inside its set, with `#2` for the second face of a picture.
        group: the set's name.
        held_out: it belongs to the part that is never trained on.
        face_px: size of the face in its picture: the shorter side of its box.
        score: the detector's confidence, 0 to 1.
    """

    name: str
    source: str
    group: str
    held_out: bool
    face_px: float
    score: float


@dataclass(frozen=True, eq=False)
class CropSet:
    """Aligned crops and their records.

    Attributes:
        crops_bgr: uint8 (n, 112, 112, 3); may lie on disk.
        records: n of them.

    Raises:
        ValueError: the crops are of another shape or type, or the records of another number.
    """

    crops_bgr: Crops
    records: tuple[CropRecord, ...]

    def __post_init__(self) -> None:
        if self.crops_bgr.shape[1:] != (CROP_SIZE, CROP_SIZE, 3) or self.crops_bgr.dtype != np.uint8:
            raise ValueError(
                f"crops must be uint8 (n, 112, 112, 3), got {self.crops_bgr.dtype} {self.crops_bgr.shape}"
            )
        if len(self.crops_bgr) != len(self.records):
            raise ValueError(f"{len(self.crops_bgr)} crops but {len(self.records)} records")

    def __len__(self) -> int:
        return len(self.records)

    def select(self, chosen: npt.ArrayLike) -> CropSet:
        """Return some of the crops, by a mask (n,) or by indices."""
        picked = np.asarray(chosen)
        indices = np.flatnonzero(picked) if picked.dtype == bool else picked.astype(np.int64).reshape(-1)
        return CropSet(self.crops_bgr[indices], tuple(self.records[int(index)] for index in indices))

    def training(self) -> CropSet:
        """Return the crops that may be trained on."""
        return self.select(np.array([not record.held_out for record in self.records], dtype=bool))

    def held_out(self) -> CropSet:
        """Return the crops that are never trained on."""
        return self.select(np.array([record.held_out for record in self.records], dtype=bool))

    def labelled(self) -> CropSet:
        """Return the crops whose identity is known."""
        return self.select(np.array([bool(record.name) for record in self.records], dtype=bool))

    def labels(self) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
        """Return the class of each crop, −1 where unknown, and the classes' names in order."""
        names = tuple(sorted({record.name for record in self.records if record.name}))
        number = {name: index for index, name in enumerate(names)}
        return np.array([number.get(record.name, -1) for record in self.records], dtype=np.int64), names


def joined(sets: Sequence[CropSet]) -> CropSet:
    """Return several sets as one, in memory.

    Raises:
        ValueError: there is none.
    """
    if not sets:
        raise ValueError("no sets to join")
    if len(sets) == 1:
        return sets[0]
    records = tuple(record for one in sets for record in one.records)
    return CropSet(np.concatenate([one.crops_bgr for one in sets]), records)


def save_crops(folder: Path, crops: CropSet) -> None:
    """Write crops to a folder; the records come last, so that a folder with records is complete.

    Raises:
        DataUnusable: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _RECORDS).unlink(missing_ok=True)
        part = folder / (_PIXELS + ".part")
        with part.open("wb") as stream:  # not over the file that these very crops may be read from
            np.save(stream, crops.crops_bgr)
        part.replace(folder / _PIXELS)
        body = {"format": _FORMAT, "records": [asdict(record) for record in crops.records]}
        part = folder / (_RECORDS + ".part")
        part.write_text(json.dumps(body, ensure_ascii=False, indent=0), encoding="utf-8")
        part.replace(folder / _RECORDS)
    except OSError as error:
        raise DataUnusable(path=folder, reason=error.strerror or str(error)) from error


def picture_hashes(crops_bgr: Crops) -> list[bytes]:
    """Return the SHA-256 of each crop's pixels."""
    return [hashlib.sha256(crop.tobytes()).digest() for crop in crops_bgr]


def load_crops(folder: Path) -> CropSet:
    """Open crops written by `save_crops`; the pixels stay on disk until they are used.

    Raises:
        DataUnusable: they are missing, unfinished or damaged.
    """
    if not (folder / _RECORDS).is_file():
        raise DataUnusable(path=folder, reason="it holds no finished crops; make them with `prepare`")
    try:
        body: Any = json.loads((folder / _RECORDS).read_text(encoding="utf-8"))
        if body["format"] != _FORMAT:
            raise DataUnusable(path=folder, reason=f"its format {body['format']} is not {_FORMAT}")
        records = tuple(CropRecord(**record) for record in body["records"])
        return CropSet(np.load(folder / _PIXELS, mmap_mode="r", allow_pickle=False), records)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DataUnusable(path=folder, reason=f"it is damaged: {error}") from error
