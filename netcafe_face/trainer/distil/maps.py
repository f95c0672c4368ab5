"""A teacher's maps: what its inside looks like for each face, asked once and kept in eight bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import FloatArray
from netcafe_face.trainer.distil.answers import Question, write_array
from netcafe_face.trainer.distil.teacher import Teacher
from netcafe_face.trainer.errors import RunUnusable

_PART = 500
_STEP = 1 / 32
_MEASURED = 300

Parts = list[npt.NDArray[np.int8]]


@dataclass(frozen=True)
class MapStore:
    """Maps of many crops, each channel shifted and scaled to mean 0 and standard deviation 1.

    Attributes:
        parts: for each map its files of five hundred crops, int8 (500, c, h, w), in 32nds.
        count: of crops.
    """

    parts: tuple[Parts, ...]
    count: int

    def rows(self, number: int, crops: npt.NDArray[np.int64]) -> FloatArray:
        """Return map `number` of some crops, float32 (n, c, h, w)."""
        found = [self.parts[number][crop // _PART][crop % _PART] for crop in crops.tolist()]
        return np.stack(found).astype(np.float32) * np.float32(_STEP)


def ask_maps(
    teacher: Teacher,
    question: Question,
    folder: Path,
    threads: int,
    on_done: Callable[[int], None] = lambda count: None,
) -> MapStore:
    """Return the maps of a teacher, from the folder as far as it has them.

    Args:
        teacher: is asked; its `maps` are kept.
        question: the crops.
        folder: where they are kept.
        threads: copies of the teacher that work at once.
        on_done: told after each file how many crops it holds.

    Raises:
        TeacherUnusable: the network failed.
        RunUnusable: the folder cannot be read or written.
    """
    place = folder / f"{teacher.sha256[:12]}-{teacher.input_name}-maps-{question.mark}"
    own = local()

    def part(start: int) -> None:
        files = [place / f"{number}-{start:08d}.npy" for number in range(len(teacher.maps))]
        stop = min(start + _PART, question.count)
        if not all(file.exists() for file in files):
            if not hasattr(own, "teacher"):
                own.teacher = Teacher(teacher.path, teacher.input_name, teacher.maps)
            answers = [own.teacher.maps_of(question.faces[crop]) for crop in range(start, stop)]
            for number, file in enumerate(files):
                write_array(file, _coded(np.stack([answer[number] for answer in answers]), scales[number]))
        on_done(stop - start)

    try:
        place.mkdir(parents=True, exist_ok=True)
        scales = _scales(teacher, question, place / "scales.npy")
        starts = range(0, question.count, _PART)
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(part, starts))
        kept = tuple(
            [np.load(place / f"{number}-{start:08d}.npy", mmap_mode="r") for start in starts]
            for number in range(len(teacher.maps))
        )
    except (OSError, ValueError) as error:
        raise RunUnusable(path=place, reason=str(error)) from error
    return MapStore(kept, question.count)


def _scales(teacher: Teacher, question: Question, file: Path) -> Sequence[FloatArray]:
    """Return mean and standard deviation of each map's channels, float32 (2, c), from some of the crops."""
    if not file.exists():
        some = range(0, question.count, max(1, question.count // _MEASURED))
        found = [teacher.maps_of(question.faces[crop]) for crop in some]
        maps = [np.stack([each[number] for each in found]) for number in range(len(teacher.maps))]
        flat = [np.stack([each.mean((0, 2, 3)), each.std((0, 2, 3))]).ravel() for each in maps]
        write_array(file, np.concatenate(flat).astype(np.float32))
    values: FloatArray = np.load(file, allow_pickle=False)
    sizes = [2 * len(each) for each in teacher.maps_of(question.faces[0])]
    return [each.reshape(2, -1) for each in np.split(values, np.cumsum(sizes)[:-1])]


def _coded(maps: FloatArray, scale: FloatArray) -> npt.NDArray[np.int8]:
    mean, deviation = scale[:, :, None, None]
    steps = np.round((maps - mean) / np.maximum(deviation, np.float32(1e-6)) / np.float32(_STEP))
    return np.asarray(np.clip(steps, -127, 127), dtype=np.int8)
