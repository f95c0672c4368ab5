"""Where a test comes from: prepared crops, folders and tars of people, or a published benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import Image
from netcafe_face.trainer.data.crops import CropSet, load_crops
from netcafe_face.trainer.data.detectors import detector_of_file, detector_of_pack
from netcafe_face.trainer.data.prepare import PrepareReport, align_pictures
from netcafe_face.trainer.data.protocols import read_pairs
from netcafe_face.trainer.data.reading import Picture, count_pictures, pictures
from netcafe_face.trainer.data.verification_sets import VerificationSet, open_verification_set
from netcafe_face.trainer.errors import DataUnusable, OptionsRefused
from netcafe_face.trainer.evaluation.lineage import held_out_of, split_sentence
from netcafe_face.trainer.evaluation.material import Material, material_from_crops
from netcafe_face.trainer.evaluation.verification import Pairs
from netcafe_face.vision.images import encode_png
from netcafe_face.vision.ports import Detector

SHIPPED_PACK = Path(str(resources.files("netcafe_face"))).parent / "models" / "netcafe-mini"
_LISTS = (".bin", ".txt", ".csv", ".tsv")


@dataclass(frozen=True)
class SourceOptions:
    """How to read a test.

    Attributes:
        people: "held-out" for those who are never trained on, "all", or "" for held-out of prepared crops,
            and of anything else, too, where `ours` names a network.
        pairs: a list of pairs in LFW's form, or one such as AgeDB-30's; None to draw pairs.
        protocol: "FP" or "FF", of CFP.
        pack: its detector finds the faces of pictures that are not aligned yet.
        detector: a detector's file in YuNet's format, instead of the pack's.
        seed: chooses the pairs that are drawn.
        ours: the networks to be tested that were trained by the project's split, so that they may have
            learned from everybody who is not held out.
    """

    people: str = ""
    pairs: Path | None = None
    protocol: str = "FP"
    pack: Path = SHIPPED_PACK
    detector: Path | None = None
    seed: int = 0
    ours: tuple[str, ...] = ()


class Progress(Protocol):
    """Is told how many pictures there are, and of each one done."""

    def begin(self, total: int | None, what: str) -> None:
        """Note a new stretch of work of so many pictures, or of unknown length."""
        ...

    def advance(self, count: int = 1) -> None:
        """Note that so many more are done."""
        ...


class NoProgress:
    """Shows nothing."""

    def begin(self, total: int | None, what: str) -> None:
        """Note nothing."""

    def advance(self, count: int = 1) -> None:
        """Note nothing."""


def load_material(path: Path, options: SourceOptions, progress: Progress | None = None) -> Material:
    """Read a test of whatever kind `path` is.

    Args:
        path: a folder of crops made by `prepare`; a folder or tar with one folder a person; CFP's folder; an
            insightface `.bin`; LFW's `pairs.txt` or a list of pairs beside its pictures.
        options: how.
        progress: is told of each picture that is aligned.

    Raises:
        DataUnusable: it is none of these, damaged, or shows no two people.
        OptionsRefused: the options do not fit what it is.
        ModelError: the pack cannot be used.
    """
    told = progress or NoProgress()
    if (path / "crops.json").is_file() or (path / "crops.npy").is_file():
        return _from_crops(path, options)
    listed = path.suffix.lower() in _LISTS and not path.is_dir()
    if options.pairs is not None or listed or (path / "Protocol").is_dir():
        if listed and options.pairs is not None:
            raise OptionsRefused(reason=N_("--pairs needs its pictures, a folder, tar or crops, as DATA"))
        return _from_verification_set(path, options, told)
    return _from_people(path, options, told)


def _from_crops(path: Path, options: SourceOptions) -> Material:
    crops = load_crops(path)
    everyone = options.people == "all"
    if options.pairs is None:
        return material_from_crops(crops, _title(path), everyone, options.seed)
    return _with_listed_pairs(crops, path, options.pairs, everyone)


def _with_listed_pairs(crops: CropSet, path: Path, listed: Path, everyone: bool) -> Material:
    base = material_from_crops(crops, _title(path), everyone)
    chosen = crops.labelled() if everyone else crops.labelled().held_out()
    rows = {str(PurePosixPath(record.source).with_suffix("")): at for at, record in enumerate(chosen.records)}
    wanted = read_pairs(listed)
    ends = [[rows.get(_stem(place), -1) for place in (pair.first, pair.second)] for pair in wanted]
    usable = [at for at, (first, second) in enumerate(ends) if min(first, second) >= 0]
    folds = {wanted[at].fold for at in usable}
    if len(folds) < 2:
        reason = f"it has {len(usable)} of the {len(wanted)} pairs in {listed}, and two folds are needed"
        raise DataUnusable(path=path, reason=reason)
    pairs = Pairs(
        np.array([ends[at][0] for at in usable], dtype=np.int64),
        np.array([ends[at][1] for at in usable], dtype=np.int64),
        np.array([wanted[at].same for at in usable], dtype=bool),
        np.array([wanted[at].fold for at in usable], dtype=np.int64),
    )
    protocol = (
        f"Verification: {len(usable):,} of the {len(wanted):,} pairs in {listed.name}, {pairs.folds} folds; "
        f"the others' pictures are not among these crops."
    )
    return Material(base.title, base.crops_bgr, base.names, pairs, protocol, base.notes, own_pairs=True)


def _from_verification_set(path: Path, options: SourceOptions, told: Progress) -> Material:
    if options.people == "held-out":
        raise OptionsRefused(reason=N_("a benchmark's own pairs are taken as they are, whoever is held out"))
    told.begin(None, "pictures")
    cut = _Cutter(options, told)
    if options.pairs is not None:
        found = open_verification_set(options.pairs, cut, path)
    else:
        found = open_verification_set(path, cut, protocol=options.protocol)
    notes = (*_left_out(found), *cut.notes(), *_split_of_pairs(path, found.names, options))
    pairs = Pairs(found.first, found.second, found.same, found.fold)
    protocol = (
        f"Verification: the set's own {len(pairs):,} pairs, {int(pairs.same.sum()):,} of them genuine, in "
        f"{pairs.folds} folds."
    )
    return Material(found.name, found.crops_bgr, found.names, pairs, protocol, notes, own_pairs=True)


def _split_of_pairs(path: Path, names: Sequence[str], options: SourceOptions) -> tuple[str, ...]:
    """Refuse people who may have been learned from: pairs of a protocol cannot do without some of them."""
    held, people = held_out_of(names)
    if not options.ours or not people:
        return ()
    if held != people and options.people != "all":
        reason = (
            f"{len(people - held):,} of its {len(people):,} people are not held out by the split of "
            f"{', '.join(options.ours)} and may have been learned from; its own pairs are taken whole or not "
            "at all, so to test on them add --everyone"
        )
        raise DataUnusable(path=path, reason=reason)
    return (split_sentence(names, options.ours, everyone=True),) if held != people else ()


def _from_people(path: Path, options: SourceOptions, told: Progress) -> Material:
    report = PrepareReport()
    told.begin(count_pictures(path), "pictures")
    read = pictures(path, report=report.reading)
    first = list(islice(read, 1))  # from then on it is known what the folders are called
    report.reading.refuse_unusable(path, least_identities=0)
    named = _named(chain(first, read))
    crops = align_pictures(named, _detector(options), _title(path), report, told.advance)
    everyone = options.people == "all" or not (options.people or options.ours)
    notes = [*report.lines(), _detector_sentence(options)]
    if options.ours:
        notes.append(split_sentence((record.name for record in crops.records), options.ours, everyone))
    return material_from_crops(crops, _title(path), everyone, options.seed, tuple(notes))


def _named(found: Iterable[Picture]) -> Iterator[Picture]:
    """Pass on pictures whose person is known: others cannot be judged right or wrong."""
    return (picture for picture in found if picture.name)


class _Cutter:
    """Cuts the face out of a decoded picture as `prepare` does it; loads the detector when first needed."""

    def __init__(self, options: SourceOptions, told: Progress) -> None:
        self._options = options
        self._told = told
        self._detector: Detector | None = None

    def __call__(self, image_bgr: Image) -> Image | None:
        if self._detector is None:
            self._detector = _detector(self._options)
        # Through `align_pictures`, so that the same face of several is taken; PNG changes no pixel.
        crops = align_pictures([Picture("?", "", encode_png(image_bgr))], self._detector, "")
        self._told.advance()
        return np.asarray(crops.crops_bgr[0]) if len(crops) else None

    def notes(self) -> tuple[str, ...]:
        """Say which detector found the faces, if one had to."""
        return (_detector_sentence(self._options),) if self._detector else ("All crops came aligned.",)


def _detector(options: SourceOptions) -> Detector:
    return detector_of_file(options.detector) if options.detector else detector_of_pack(options.pack)


def _detector_sentence(options: SourceOptions) -> str:
    which = options.detector.name if options.detector else f"the pack {options.pack.name}"
    return f"Faces were found by the detector of {which} and aligned as the program does it."


def _left_out(found: VerificationSet) -> tuple[str, ...]:
    if not found.left_out:
        return ()
    place, reason = found.left_out[0]
    return (
        f"{len(found.left_out):,} pictures could not be used, so {found.pairs_left_out:,} pairs are missing; "
        f"the first is {place}: {reason}.",
    )


def _title(path: Path) -> str:
    return path.resolve().name or str(path)


def _stem(place: str) -> str:
    return str(PurePosixPath(place).with_suffix(""))
