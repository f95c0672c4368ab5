"""Pictures on their way to an enrolment: the slow calls behind the dialog, and the words for verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from netcafe_face.domain.faces import Image, QualityFlaw
from netcafe_face.domain.people import TemplateSource
from netcafe_face.domain.results import Face
from netcafe_face.i18n import _

if TYPE_CHECKING:
    from netcafe_face.gui.context import Cafe
    from netcafe_face.gui.work import Job
    from netcafe_face.pipeline.enrolment import JudgedPicture

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_NUMBERED = re.compile(r"KH-(\d+)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class LiveFace:
    """A face of the live picture: the frame (BGR uint8) and the face in it."""

    frame_bgr: Image
    face: Face


def flaw_text(flaw: QualityFlaw) -> str:
    """Return what is wrong with a face and what to do about it."""
    return {
        QualityFlaw.TOO_SMALL: _("The face is too small: come closer."),
        QualityFlaw.BLURRED: _("The face is blurred: hold still."),
        QualityFlaw.TOO_DARK: _("The face is too dark: more light from the front."),
        QualityFlaw.TOO_BRIGHT: _("The face is too bright: less light."),
        QualityFlaw.TURNED_AWAY: _("The face is turned away: look at the camera."),
        QualityFlaw.CUT_OFF: _("The face is cut off: move into the picture."),
    }[flaw]


def verdict_text(picture: JudgedPicture) -> str:
    """Return one sentence about a picture: good, or why it is refused."""
    if picture.problem is not None:
        words = picture.problem.explain(_)
        # The row has the name already; the folder says nothing to the customer who reads along.
        path = str(picture.problem.details.get("path", ""))
        return words.replace(path, Path(path).name) if path else words
    if picture.flaws or picture.face is None:
        return " ".join(flaw_text(flaw) for flaw in QualityFlaw if flaw in picture.flaws)
    return _("Good (quality {score} of 100)").format(score=round(100 * picture.face.quality.score))


def judge_files(cafe: Cafe, paths: Sequence[Path], job: Job) -> list[JudgedPicture]:
    """Read pictures and judge the face in each; an unusable picture comes back with its problem. Slow."""
    enrolment = cafe.enrolment()
    pictures = []
    for number, path in enumerate(paths):
        job.check()
        job.report(number, len(paths), path.name)
        pictures.append(enrolment.judge_path(path))
    return pictures


def judge_live(cafe: Cafe, live: LiveFace) -> list[JudgedPicture]:
    """Judge a face of the live picture against everybody enrolled by now. Slow."""
    return [cafe.enrolment().judge_near(live.frame_bgr, live.face.detection, TemplateSource.CAMERA)]


def next_code(codes: Iterable[str]) -> str:
    """Return the code after the highest numbered one: KH-0001, KH-0002 …"""  # noqa: D415 - the series goes on
    numbers = [int(found[1]) for code in codes if (found := _NUMBERED.fullmatch(code.strip()))]
    return f"KH-{max(numbers, default=0) + 1:04d}"
