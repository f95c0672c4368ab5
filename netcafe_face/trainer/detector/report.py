"""The examination of a detector: every figure that its card and the model card quote, from one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

import numpy as np

from netcafe_face.domain.faces import FloatArray
from netcafe_face.trainer.data.split import SPLIT_SENTENCE
from netcafe_face.trainer.detector import choosing
from netcafe_face.trainer.detector.exam import Sheet
from netcafe_face.trainer.detector.examining import Findings, agreement, look_again, sure, truth
from netcafe_face.trainer.detector.finder import Finder, SureFinder, milliseconds
from netcafe_face.vision.packs import sha256_of

ALL = "all together"
TIMED = ((320, 320), (640, 480))
_ROUNDS = 30
_MOST_SINGLE = 120
_LARGE_PX = 80.0
_SHOWN_PX = (24.0, 32.0, 48.0, 64.0, 80.0)


@dataclass(frozen=True)
class ExamPlan:
    """What is examined, and how.

    Attributes:
        reference: the detector that is believed.
        reference_score: its threshold.
        face_px: size from which faces count.
        score: threshold of the examined one; None to choose it, see `choose_threshold`, or the reference's
            where there is nothing to choose it by.
        second_look_px: side of its second look's square, 0 for none; None to choose it.
    """

    reference: Finder
    reference_score: float = 0.7
    face_px: float = 24.0
    score: float | None = None
    second_look_px: int | None = None


@dataclass(frozen=True)
class _Seen:
    """What both detectors found on a sheet: the examined one at any score, the reference at its threshold."""

    sheet: Sheet
    found: list[FloatArray]
    believed: list[FloatArray]


def examine(
    finder: Finder, sheets: list[Sheet], plan: ExamPlan, say: Callable[[str], None]
) -> dict[str, Any]:
    """Examine a detector.

    Args:
        finder: the detector.
        sheets: what it is shown.
        plan: what it is compared with.
        say: told what is being done.

    Returns:
        all figures, nan where there was nothing to measure; `as_lines` makes a text of them.
    """
    say("looking for faces")
    seen = [_look(finder, sheet, plan) for sheet in sheets]
    score = _threshold(seen, plan) if plan.score is None else plan.score
    own = SureFinder(finder, score)
    say("looking again")
    singles = _singles(seen)
    looks = choosing.look_errors(singles, own, _SHOWN_PX)
    side = plan.second_look_px
    if side is None:
        side = min(looks, key=lambda px: (np.isnan(looks[px]), looks[px]))
    with_faces = [each for each in seen if not each.sheet.faceless]
    believing = SureFinder(plan.reference, plan.reference_score)
    findings = [
        (
            _findings(each.sheet, each.believed, believing, side),
            _findings(each.sheet, [sure(rows, score) for rows in each.found], own, side),
        )
        for each in with_faces
    ]
    say("showing faces at every size")
    sizes = [choosing.by_size(singles, own, px) for px in choosing.SIZES_PX]
    say("timing")
    return {
        "score_threshold": score,
        "reference_score": plan.reference_score,
        "second_look_px": side,
        "face_px": choosing.choose_sizes(sizes),
        "counted_from_px": plan.face_px,
        "agreement": _agreements([each.sheet.name for each in with_faces], findings, plan.face_px),
        "faceless": _alarms([each for each in seen if each.sheet.faceless], score),
        "marked": _truths([each.sheet for each in with_faces], findings, plan.face_px),
        "by_size": [asdict(each) for each in sizes],
        "second_look_errors": {str(px): error for px, error in looks.items()},
        "tremble": {
            "own": choosing.tremble(singles, own),
            "own_looked": choosing.tremble(singles, own, side),
            "reference": choosing.tremble(singles, believing),
        },
        "milliseconds": _times(finder, plan.reference),
        "bytes": finder.path.stat().st_size,
        "sha256": sha256_of(finder.path),
        "split": SPLIT_SENTENCE,
        "equal_to_training": {sheet.name: sheet.twins for sheet in sheets if sheet.twins},
        "broken": list(chain.from_iterable(sheet.broken for sheet in sheets)),
    }


def as_lines(figures: dict[str, Any]) -> list[str]:
    """Return the figures as a text."""
    lines = [
        f"score_threshold {figures['score_threshold']}  face_px {figures['face_px']}  "
        f"second_look_px {figures['second_look_px']}  (reference at {figures['reference_score']})",
        f"{'sheet':24} pictures  faces  recall  error: median    p90  both again: median  p90  extra/picture",
    ]
    lines += [
        f"{each['sheet'][:24]:24} {each['pictures']:8} {each['faces']:6} {each['recall']:7.3f} "
        f"{each['error_median']:14.3f} {each['error_p90']:6.3f} {each['second_median']:19.3f} "
        f"{each['second_p90']:6.3f} {each['extra']:14.2f}"
        for each in figures["agreement"]
    ]
    lines += [
        f"{name}: {count} held-out pictures are not examined, for pictures to train on equal them"
        for name, count in figures["equal_to_training"].items()
    ]
    if figures["faceless"]["pictures"]:
        counts = "{false_alarms} false alarms on {pictures} pictures, the reference {reference_false_alarms}"
        lines.append("no faces: " + counts.format(**figures["faceless"]))
    for name, each in figures["marked"].items():
        lines.append(
            f"{name}, {each['own']['faces']} marked faces: recall {each['own']['recall']:.3f}, "
            f"the reference {each['reference']['recall']:.3f}; false alarms a picture "
            f"{each['own']['false_alarms']:.2f}, {each['reference']['false_alarms']:.2f}"
        )
    lines += [
        f"{each['face_px']:5.0f} px: recall {each['recall']:.3f}, error {each['error_median']:.3f}"
        for each in figures["by_size"]
    ]
    looks = ", ".join(f"{px} px {error:.3f}" for px, error in figures["second_look_errors"].items())
    lines.append(f"second look: {looks}")
    moved = figures["tremble"]
    lines.append(
        f"shrunk to {choosing.SHRUNK:g} its points move by {moved['own']:.3f} "
        f"({moved['own_looked']:.3f} after the second look), the reference's by {moved['reference']:.3f}"
    )
    lines += [
        f"{size}: {own:.2f} ms, the reference {other:.2f} ms"
        for size, (own, other) in figures["milliseconds"].items()
    ]
    return lines


def without_nan(value: Any) -> Any:
    """Return figures with None for nan, which JSON does not know."""
    if isinstance(value, dict):
        return {name: without_nan(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _look(finder: Finder, sheet: Sheet, plan: ExamPlan) -> _Seen:
    return _Seen(
        sheet,
        [finder.find(image) for image in sheet.images_bgr],
        [sure(plan.reference.find(image), plan.reference_score) for image in sheet.images_bgr],
    )


def _findings(sheet: Sheet, rows: list[FloatArray], finder: SureFinder, side_px: int) -> Findings:
    if not side_px:
        return Findings(rows, rows)
    pictures = zip(sheet.images_bgr, rows, strict=True)
    return Findings(rows, [look_again(image, each, finder, side_px) for image, each in pictures])


def _agreements(
    names: list[str], findings: list[tuple[Findings, Findings]], face_px: float
) -> list[dict[str, Any]]:
    """Compare sheet by sheet, and all pictures together at the end."""
    figures = [agreement(name, *each, face_px) for name, each in zip(names, findings, strict=True)]
    together = agreement(
        ALL, _joined(each for each, _ in findings), _joined(each for _, each in findings), face_px
    )
    return [each.as_json() for each in [*figures, together]]


def _joined(findings: Iterable[Findings]) -> Findings:
    parts = list(findings)
    return Findings(
        [rows for each in parts for rows in each.rows], [rows for each in parts for rows in each.looked]
    )


def _alarms(faceless: list[_Seen], score: float) -> dict[str, int]:
    return {
        "pictures": sum(len(each.found) for each in faceless),
        "false_alarms": sum(len(sure(rows, score)) for each in faceless for rows in each.found),
        "reference_false_alarms": sum(len(rows) for each in faceless for rows in each.believed),
    }


def _truths(sheets: list[Sheet], findings: list[tuple[Findings, Findings]], face_px: float) -> dict[str, Any]:
    return {
        sheet.name: {
            "own": truth(sheet.boxes, own.rows, face_px).as_json(),
            "reference": truth(sheet.boxes, reference.rows, face_px).as_json(),
        }
        for sheet, (reference, own) in zip(sheets, findings, strict=True)
        if sheet.boxes is not None
    }


def _times(finder: Finder, reference: Finder) -> dict[str, list[float]]:
    return {
        f"{size[0]}x{size[1]}": [round(ms, 2) for ms in milliseconds([finder, reference], size, _ROUNDS)]
        for size in TIMED
    }


def _threshold(seen: list[_Seen], plan: ExamPlan) -> float:
    faceless = [each for each in seen if each.sheet.faceless]
    alarms = sum(len(rows) for each in faceless for rows in each.believed)
    found = [rows for each in faceless for rows in each.found]
    for each in seen:
        if each.sheet.boxes is not None:
            allowed = truth(each.sheet.boxes, each.believed, plan.face_px).false_alarms
            marked = (each.sheet.boxes, each.found)
            return choosing.choose_threshold(found, alarms, marked, allowed, plan.face_px)
    if not faceless:
        return plan.reference_score
    return choosing.choose_threshold(found, alarms, None, 0.0, plan.face_px)


def _singles(seen: list[_Seen]) -> list[choosing.OneFace]:
    faces = []
    for each in seen:
        if not each.sheet.faceless:
            faces += choosing.single_faces(each.sheet.images_bgr, each.believed, _LARGE_PX)
    wanted = np.unique(np.linspace(0, len(faces) - 1, min(_MOST_SINGLE, len(faces))).astype(int))
    return [faces[number] for number in wanted]
