"""A teacher's answers, asked once and kept: a run that is stopped goes on where it was."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.data.mixing import MIXING
from netcafe_face.trainer.distil.teacher import Teacher
from netcafe_face.trainer.errors import RunUnusable

_PART = 1000
_TOLD = 10_000


class Faces(Protocol):
    """Crops by number, uint8 (112, 112, 3) BGR: a `CropSet`'s pixels or `MixedFaces`."""

    def __getitem__(self, number: int) -> Image:
        """Return one crop."""
        ...


@dataclass(frozen=True)
class Question:
    """What a teacher is asked.

    Attributes:
        faces: where the crops come from.
        count: how many of them, from the first one on.
        mark: tells these crops from others; part of the file's name.
    """

    faces: Faces
    count: int
    mark: str


def mark_of(crops: CropSet) -> str:
    """Return a short mark that changes when the crops change."""
    digest = hashlib.sha256()
    for record in crops.records:
        digest.update(f"{record.group}/{record.source}\n".encode())
    for index in range(0, len(crops), max(1, len(crops) // 64)):
        digest.update(np.ascontiguousarray(crops.crops_bgr[index]).tobytes())
    return digest.hexdigest()[:12]


def real_mark(mark: str) -> str:
    """Return the mark of a question about the crops themselves."""
    return f"real-{mark}"


def mixed_mark(mark: str, seed: int) -> str:
    """Return the mark of a question about mixtures of crops."""
    return f"mixed-{MIXING}-{seed}-{mark}"


def counted(say: Callable[[str], None], what: str, count: int) -> Callable[[int], None]:
    """Return what `ask` and `ask_maps` tell of each file, so that `say` hears of every ten thousand crops."""
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        if done % _TOLD < more or done >= count:
            say(f"{what} {done} of {count} crops")

    return tell


def ask(
    teacher: Teacher,
    question: Question,
    folder: Path,
    threads: int,
    on_done: Callable[[int], None] = lambda count: None,
) -> FloatArray:
    """Return the teacher's answers, float32 (count, dim) unit rows, from the folder as far as it has them.

    Args:
        teacher: is asked.
        question: the crops.
        folder: where the answers are kept, a thousand in a file, in half precision.
        threads: copies of the teacher that work at once.
        on_done: told after each file how many answers it holds.

    Raises:
        TeacherUnusable: the network failed.
        RunUnusable: the folder cannot be written.
    """
    place = folder / f"{teacher.sha256[:12]}-{teacher.input_name}-{question.mark}"
    own = local()

    def part(start: int) -> FloatArray:
        file = place / f"{start:08d}.npy"
        stop = min(start + _PART, question.count)
        try:
            kept = _kept(file, stop - start, teacher.dim)
            if kept is not None:
                on_done(stop - start)
                return kept
            if not hasattr(own, "teacher"):
                own.teacher = Teacher(teacher.path, teacher.input_name)
            answers = np.stack([own.teacher.embed_one(question.faces[n]) for n in range(start, stop)])
            write_array(file, answers.astype(np.float16))
        except OSError as error:
            raise RunUnusable(path=file, reason=error.strerror or str(error)) from error
        on_done(stop - start)
        return answers

    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunUnusable(path=place, reason=error.strerror or str(error)) from error
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(part, range(0, question.count, _PART)))
    # Through half precision always, so that a first and a later run learn from the same numbers.
    return np.concatenate(parts).astype(np.float16).astype(np.float32)


def _kept(file: Path, count: int, dim: int) -> FloatArray | None:
    """Return the first answers of a file, or None where they are missing, too few or damaged."""
    if not file.exists():
        return None
    try:
        with file.open("rb") as stream:
            kept = np.lib.format.read_array(stream, allow_pickle=False)
    except (ValueError, EOFError):  # they are asked for again
        return None
    right = kept.dtype == np.float16 and kept.ndim == 2 and len(kept) >= count and kept.shape[1] == dim
    return np.asarray(kept[:count], dtype=np.float32) if right else None


def write_array(file: Path, values: npt.NDArray[Any]) -> None:
    """Write an array so that there is the whole file or none."""
    unfinished = file.with_suffix(f".{os.getpid()}.part")  # another run may ask the same
    with unfinished.open("wb") as stream:
        np.save(stream, values)
    unfinished.replace(file)
