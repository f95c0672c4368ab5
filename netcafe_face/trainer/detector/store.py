"""Scenes with the teacher's answers, made once and kept on disk: every epoch then costs the student only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.data.split import SPLIT_SENTENCE
from netcafe_face.trainer.detector.layout import ANSWER_WIDTH, cell_count
from netcafe_face.trainer.detector.photos import Photos
from netcafe_face.trainer.detector.scenes import RECIPE, SceneMaker
from netcafe_face.trainer.detector.teacher import DenseTeacher
from netcafe_face.trainer.errors import DataUnusable, RunUnusable

_RECORD, _SCENES, _ANSWERS = "scenes.json", "scenes.npy", "answers.npy"
_AT_ONCE = 16
_DIGITS = 16
"""Of a SHA-256; a key is for telling stores apart."""


@dataclass(frozen=True)
class StoreKey:
    """What a store was made from; another key asks for another store.

    Attributes:
        scenes: how many.
        side_px: of each.
        seed: of the scenes.
        photos: a digest of the photos' names, in order.
        teacher: a digest of its file.
        missed_by: a digest of the detector whose mistakes are shown more often, or "".
        recipe: how scenes are made.
    """

    scenes: int
    side_px: int
    seed: int
    photos: str
    teacher: str = ""
    missed_by: str = ""
    recipe: int = RECIPE


@dataclass(frozen=True)
class SceneStore:
    """Scenes and answers, read from disk as they are needed.

    Attributes:
        scenes_bgr: uint8 (n, side, side, 3).
        answers: float16 (n, cells, 15), see `DenseTeacher.answers`.
        record: what scenes.json says: the key, the split, counts of photos.
    """

    scenes_bgr: Image
    answers: npt.NDArray[np.float16]
    record: dict[str, Any]

    def __len__(self) -> int:
        """Return the number of scenes."""
        return len(self.scenes_bgr)


def key_of(
    names: list[str], scenes: int, side_px: int, seed: int, teacher: str = "", missed_by: str = ""
) -> StoreKey:
    """Return the key of a store of the photos of these names.

    Args:
        names: of the photos.
        scenes: how many.
        side_px: of each.
        seed: of the scenes.
        teacher: SHA-256 of the file that answers for them.
        missed_by: SHA-256 of the detector whose mistakes are shown more often, or "".
    """
    photos = hashlib.sha256("\n".join(names).encode("utf-8", "replace")).hexdigest()
    return StoreKey(scenes, side_px, seed, photos[:_DIGITS], teacher[:_DIGITS], missed_by[:_DIGITS])


def existing_store(folder: Path, key: StoreKey) -> SceneStore | None:
    """Open what an earlier call made, or return None where there is nothing finished.

    Raises:
        DataUnusable: there is a store of another key, or it is damaged.
    """
    if not (folder / _RECORD).exists():
        return None
    store = open_store(folder)
    if key_in(store.record) != asdict(key):
        raise DataUnusable(path=folder, reason=N_("it holds scenes made of other photos or choices"))
    return store


def key_in(record: Any) -> dict[str, Any]:
    """Return the key that a store's record holds; older stores did not say all of it."""
    key = record.get("key") if isinstance(record, dict) else None
    return {"recipe": 1, "missed_by": "", **key} if isinstance(key, dict) else {}


def build_store(
    folder: Path, photos: Photos, teacher: DenseTeacher, key: StoreKey, say: Callable[[int], None]
) -> SceneStore:
    """Make scenes and ask the teacher.

    Its record is written last, so that a store that was interrupted is made again.

    Args:
        folder: of the store, made when missing.
        photos: that may be trained on.
        teacher: is asked about every scene.
        key: see `key_of`.
        say: called with the number of finished scenes now and then.

    Raises:
        OptionsRefused: no scene can have that side.
        RunUnusable: the folder cannot be written.
        TeacherUnusable: it does not answer.
    """
    maker = SceneMaker(photos, key.side_px, key.seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        face_cells = _fill(folder, maker, teacher, key, say)
        record = {
            "key": asdict(key),
            "portraits": len(photos.portraits),
            "rooms": sum(map(len, photos.rooms)),
            "spots": len(photos.spots),
            "broken": photos.broken,
            "equal_to_held_out": photos.twins,
            "face_cells_a_scene": round(face_cells / key.scenes, 2),
            "split": SPLIT_SENTENCE,
        }
        (folder / _RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise RunUnusable(path=folder, reason=error.strerror or str(error)) from error
    return open_store(folder)


def open_store(folder: Path) -> SceneStore:
    """Open a finished store.

    Raises:
        DataUnusable: it is missing, unfinished or damaged.
    """
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        scenes = np.load(folder / _SCENES, mmap_mode="r", allow_pickle=False)
        answers = np.load(folder / _ANSWERS, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataUnusable(path=folder, reason=str(error)) from error
    if scenes.ndim != 4 or answers.shape != (len(scenes), cell_count(scenes.shape[1]), ANSWER_WIDTH):
        raise DataUnusable(path=folder, reason=N_("scenes and answers do not belong together"))
    return SceneStore(scenes, answers, record)


def _fill(
    folder: Path, maker: SceneMaker, teacher: DenseTeacher, key: StoreKey, say: Callable[[int], None]
) -> int:
    """Write all scenes and answers and return how many cells of the teacher see a face."""
    shape = (key.scenes, key.side_px, key.side_px, 3)
    scenes = np.lib.format.open_memmap(folder / _SCENES, mode="w+", dtype=np.uint8, shape=shape)
    wide = (key.scenes, cell_count(key.side_px), ANSWER_WIDTH)
    answers = np.lib.format.open_memmap(folder / _ANSWERS, mode="w+", dtype=np.float16, shape=wide)
    face_cells = 0
    for first in range(0, key.scenes, _AT_ONCE):
        made = [maker.scene(number) for number in range(first, min(first + _AT_ONCE, key.scenes))]
        scenes[first : first + len(made)] = np.stack([each.student_bgr for each in made])
        told = _half(teacher.answers(np.stack([each.teacher_bgr for each in made])))
        answers[first : first + len(made)] = told
        face_cells += int((told[:, :, 0] > 0.5).sum())
        say(first + len(made))
    scenes.flush()
    answers.flush()
    return face_cells


def _half(answers: FloatArray) -> npt.NDArray[np.float16]:
    # Where nothing is, the teacher's points may lie anywhere, also beyond what half precision holds.
    return np.clip(answers, -60000.0, 60000.0).astype(np.float16)
