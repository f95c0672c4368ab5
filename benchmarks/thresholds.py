"""Measure a pack's cosine thresholds at false-accept rates, on people given by folder or tar.

A set is a folder or tar with one folder a person (`Name/Name_0001.jpg`), or, with `--distinct`, a folder of
pictures in which every face is another person. With `--seen` a set says that the network was trained on these
pictures (without their names): strangers look less alike there than strangers it never saw, so `--seen-gap`
is added, and what rests on such a set is marked as extrapolated. At every rate the highest threshold of all
sets counts; rates that fewer than ten false accepts carry are extrapolated and marked.
"""

from __future__ import annotations

import argparse
import math
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import InputError
from netcafe_face.domain.faces import Image
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.pipeline.single import single_face
from netcafe_face.vision.detection import build_detector
from netcafe_face.vision.embedding import build_embedder
from netcafe_face.vision.images import IMAGE_SUFFIXES, decode
from netcafe_face.vision.packs import load_pack
from netcafe_face.vision.runtime import Runtime

RATES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
FEWEST_ACCEPTS = 10
_BINS = 20_000


@dataclass(frozen=True)
class Scores:
    """Histograms of cosines, −1 to 1, of one set's pairs; `gap` is added to the thresholds of a seen one."""

    name: str
    gap: float
    faces: int
    people: int
    genuine: npt.NDArray[np.int64]
    impostor: npt.NDArray[np.int64]

    def threshold(self, far: float) -> float | None:
        """Return the cosine at a rate, or None where fewer than ten false accepts would carry it."""
        total = int(self.impostor.sum())
        if total * far < FEWEST_ACCEPTS:
            return None
        accepted = np.cumsum(self.impostor[::-1])[::-1]
        index = int(np.argmax(accepted <= total * far))
        return index * 2 / _BINS - 1 + self.gap

    def accepted(self, threshold: float) -> float:
        """Return the part of genuine pairs at or above a cosine."""
        total = int(self.genuine.sum())
        index = math.ceil((threshold + 1) * _BINS / 2)
        return float(self.genuine[index:].sum() / total) if total else math.nan


def main(argv: list[str]) -> int:
    """Run the measurement and print the card's threshold section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks thresholds", description=__doc__)
    parser.add_argument("--pack", type=Path, default=Path("models/netcafe-mini"))
    for name, meaning in (
        ("--people", "folder or tar, one folder a person"),
        ("--seen", "like --people, and the network was trained on it"),
        ("--distinct", "folder, every face another person"),
    ):
        parser.add_argument(name, type=Path, action="append", default=[], help=meaning)
    parser.add_argument("--seen-gap", type=float, default=0.0, help="cosine added to thresholds of --seen")
    options = parser.parse_args(argv)
    pack = load_pack(options.pack)
    runtime = Runtime()
    recognizer = Recognizer(
        build_detector(pack, runtime), build_embedder(pack, runtime), pack.card.thresholds, pack.pack_id
    )
    sets = [_measure(recognizer, path, options.seen_gap) for path in options.seen]
    sets += [_measure(recognizer, path) for path in options.people]
    sets += [_measure(recognizer, path, distinct=True) for path in options.distinct]
    _report(sets)
    return 0


def _measure(recognizer: Recognizer, path: Path, gap: float = 0.0, distinct: bool = False) -> Scores:
    vectors: list[npt.NDArray[np.float32]] = []
    owners: list[int] = []
    numbers: dict[str, int] = {}
    for person, image in _pictures(path):
        faces = recognizer.analyse(image)
        try:
            chosen = (
                [f for f in faces if not f.quality.flaws] if distinct else [single_face(faces, person, True)]
            )
        except InputError:
            continue
        for face in chosen:
            if face.embedding is not None:
                vectors.append(face.embedding)
                owner = len(owners) if distinct else numbers.setdefault(person, len(numbers))
                owners.append(owner)
    genuine, impostor = _histograms(np.stack(vectors), np.array(owners))
    return Scores(path.name, gap, len(vectors), len(set(owners)), genuine, impostor)


def _histograms(
    vectors: npt.NDArray[np.float32], owners: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    genuine, impostor = np.zeros(_BINS, np.int64), np.zeros(_BINS, np.int64)
    for start in range(0, len(vectors), 512):
        block = slice(start, start + 512)
        cosines = vectors[block] @ vectors.T
        later = np.arange(len(vectors))[None, :] > np.arange(start, start + len(cosines))[:, None]
        same = owners[block, None] == owners[None, :]
        bins = np.clip(((cosines + 1) * _BINS / 2).astype(np.int64), 0, _BINS - 1)
        genuine += np.bincount(bins[later & same], minlength=_BINS)
        impostor += np.bincount(bins[later & ~same], minlength=_BINS)
    return genuine, impostor


def _pictures(path: Path) -> Iterator[tuple[str, Image]]:
    for name, data in _files(path):
        parts = Path(name).parts
        if len(parts) >= 1 and Path(name).suffix.lower() in IMAGE_SUFFIXES:
            try:
                yield (parts[-2] if len(parts) > 1 else parts[-1]), decode(data, name)
            except InputError:
                continue


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            yield str(file.relative_to(path)), file.read_bytes()
        return
    with tarfile.open(path) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream is not None:
                yield member.name, stream.read()


def _report(sets: list[Scores]) -> None:
    for scores in sets:
        print(
            f"# {scores.name}: {scores.faces} faces of {scores.people} people, "
            f"{int(scores.impostor.sum())} impostor and {int(scores.genuine.sum())} genuine pairs"
        )
        for far in RATES:
            value = scores.threshold(far)
            if value is not None:
                tar = scores.accepted(value - scores.gap)
                shown = "" if math.isnan(tar) else f", genuine pairs accepted {tar:.1%}"
                print(f"#   FAR {far:.0e}: cosine {value:.3f}{shown}")
    measured: list[tuple[float, float]] = []
    for far in RATES:
        values = [(v, s) for s in sets if (v := s.threshold(far)) is not None]
        if values:
            value, best = max(values, key=lambda pair: pair[0])
            pairs, extrapolated = int(best.impostor.sum()), best.gap > 0
        else:
            (far_a, a), (far_b, b) = measured[-2:]
            value = b + (b - a) * math.log(far_b / far) / math.log(far_a / far_b)
            pairs, extrapolated = 0, True
        value = max(value, measured[-1][1] if measured else -1.0)
        measured.append((far, value))
        print(f"[[thresholds.points]]\nfar = {far:.0e}\ncosine = {value:.3f}")
        print(f"impostor_pairs = {pairs}\nextrapolated = {str(extrapolated).lower()}\n")
