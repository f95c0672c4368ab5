"""What a card says of the detector: how it is used, how it was trained, and what its examination found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.data.detectors import FACE_PX, NMS_THRESHOLD, SCORE_THRESHOLD
from netcafe_face.trainer.detector.config import WHOLLY_A_FACE
from netcafe_face.trainer.detector.history import DetectorStage, detector_stages, refuse_another_detector
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.export.teachers import KNOWN, licensed
from netcafe_face.trainer.export.words import count, percent
from netcafe_face.vision import sentences
from netcafe_face.vision.card import DetectorCard
from netcafe_face.vision.packs import load_pack, sha256_of

DETECTOR_FILE = "detector.onnx"
_MEASURED = ("agreement", "tremble")


@dataclass(frozen=True)
class DetectorFacts:
    """What is known of a pack's detector.

    Attributes:
        path: its file.
        card: how it is used.
        learned: sentences on how it was trained.
        weak: sentences on what it does less well.
        figures: what its examination measured; empty where there was none.
        origin: a sentence on whose it is.
        stages: the runs that led to it, the first one first; none where no run was given.
    """

    path: Path
    card: DetectorCard
    learned: tuple[str, ...]
    weak: tuple[str, ...]
    figures: Mapping[str, Any]
    origin: str
    stages: tuple[DetectorStage, ...] = ()


def detector_of_pack(folder: Path) -> DetectorFacts:
    """Take the detector of another pack, with what its card says of its use.

    Raises:
        ModelError: the pack cannot be used.
    """
    pack = load_pack(folder)
    learned = sentences.DETECTOR_OF.format(pack=pack.card.name, version=pack.card.version)
    card = replace(pack.card.detector, file=DETECTOR_FILE)
    weak = (sentences.DETECTOR_UNEXAMINED,)
    return DetectorFacts(pack.detector_path, card, (learned,), weak, {}, sentences.DETECTOR_PACKED)


def detector_of_file(
    path: Path, figures: Path | None, run: Path | None, licences: Mapping[str, str]
) -> DetectorFacts:
    """Describe a detector that `train detector` exported.

    Args:
        path: the ONNX file.
        figures: JSON of its examination, which also chose its threshold and sizes; None for the usual ones.
        run: the folder of its training, or None.
        licences: of teachers that are not known by their bytes.

    Raises:
        DataUnusable: the figures cannot be read, or are another detector's.
        RunUnusable: the run's record cannot be read.
        OptionsRefused: the licence of a teacher is not known, or the run exports another detector.
    """
    measured = _read(figures) if figures else {}
    if figures and measured.get("sha256") != sha256_of(path):
        raise DataUnusable(path=figures, reason=f"they were not measured with {path.name} as it is now")
    if run:
        refuse_another_detector(path, run)
    stages = detector_stages(run) if run else ()
    for stage in stages:
        stage.curve()  # better refused now than after all has been measured
    card = DetectorCard(
        kind="yunet",
        file=DETECTOR_FILE,
        sha256=sha256_of(path),
        colour="BGR",
        mean=0.0,
        std=1.0,
        det_size=None,
        score_threshold=float(measured.get("score_threshold", SCORE_THRESHOLD)),
        nms_threshold=NMS_THRESHOLD,
        face_px=_pair(measured.get("face_px") or FACE_PX),
        second_look_px=int(measured.get("second_look_px") or 0),
    )
    learned = tuple(_learned(stages, licences))
    try:
        weak = tuple(_weak(measured)) or (sentences.DETECTOR_UNEXAMINED,)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataUnusable(path=figures, reason=f"it lacks {error}") from error
    return DetectorFacts(path, card, learned, weak, measured, _origin(card.sha256, run), stages)


def _origin(sha256: str, run: Path | None) -> str:
    if sha256 in KNOWN:
        return sentences.DETECTOR_FOREIGN.format(licence=KNOWN[sha256].licence)
    return sentences.DETECTOR_TOO if run else sentences.DETECTOR_UNKNOWN


def _learned(stages: Sequence[DetectorStage], licences: Mapping[str, str]) -> Iterator[str]:
    for number, stage in enumerate(stages, start=1):
        sentence = (sentences.DETECTOR_LEARNED, sentences.DETECTOR_STAGE, sentences.DETECTOR_JOINED)[
            min(2, len(stage.began_with))
        ]
        yield sentence.format(
            number=number,
            begin=", ".join(map(str, stage.began_with)),
            teachers=licensed([stage.teacher or _answered(stage)], licences)[0],
            scenes=count(stage.config.scenes),
            steps=count(stage.steps),
            batch=stage.config.batch,
            seed=stage.config.seed,
        )
    if stages and stages[-1].config.least_face_px:
        least = stages[-1].config.least_face_px
        yield sentences.DETECTOR_LEAST.format(px=f"{least:g}", whole=f"{WHOLLY_A_FACE * least:g}")


def _answered(stage: DetectorStage) -> Mapping[str, Any]:
    """Return the teacher of a run's scenes; older runs have no record of it but the start of its SHA-256."""
    begins = str(stage.store["key"]["teacher"])
    found = [(sha256, known) for sha256, known in KNOWN.items() if begins and sha256.startswith(begins)]
    return {"file": found[0][1].file, "sha256": found[0][0]} if found else {"file": N_("unknown")}


def _weak(figures: Mapping[str, Any]) -> list[str]:
    said = []
    agreement = [one for one in figures.get("agreement", []) if one["faces"]]
    if agreement:
        px = f"{figures['counted_from_px']:g}"
        *sheets, together = agreement
        sets = ", ".join(f"{one['sheet']} {percent(one['recall'])}" for one in sheets)
        said.append(sentences.DETECTOR_RECALL.format(px=px, recall=percent(together["recall"]), sets=sets))
        places = sentences.DETECTOR_PLACES if figures["second_look_px"] else sentences.DETECTOR_PLACES_ONCE
        first, second = percent(together["error_median"]), percent(together["second_median"])
        said.append(places.format(first=first, second=second))
    for name, one in dict(figures.get("marked", {})).items():
        said.append(
            sentences.DETECTOR_MARKED.format(
                faces=count(one["own"]["faces"]),
                px=f"{figures['counted_from_px']:g}",
                set=name,
                recall=percent(one["own"]["recall"]),
                yunet=percent(one["reference"]["recall"]),
            )
        )
    if faceless := figures.get("faceless"):
        said.append(
            sentences.DETECTOR_ALARMS.format(
                pictures=count(faceless["pictures"]),
                alarms=count(faceless["false_alarms"]),
                yunet=count(faceless["reference_false_alarms"]),
            )
        )
    return said


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataUnusable(path=path, reason=str(error)) from error
    if not isinstance(found, dict):
        raise DataUnusable(path=path, reason="it holds no figures of a detector")
    return {name: _with_nan(value) if name in _MEASURED else value for name, value in found.items()}


def _with_nan(value: Any) -> Any:
    """Return figures with nan where the file says null: nothing was found to measure."""
    if isinstance(value, dict):
        return {name: _with_nan(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_nan(each) for each in value]
    return float("nan") if value is None else value


def _pair(value: Any) -> tuple[float, float]:
    low, high = value
    return float(low), float(high)
