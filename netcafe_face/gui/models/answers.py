"""The files on the Identify page and what is known of each, as a list model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt
from PyQt6.QtGui import QImage

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.domain.matching import DecisionRule
from netcafe_face.domain.people import Presence
from netcafe_face.domain.results import SeenFace
from netcafe_face.exports.words import presence_text
from netcafe_face.gui.images import to_qimage
from netcafe_face.i18n import _, ngettext
from netcafe_face.pipeline.appearances import Appearance
from netcafe_face.pipeline.identify import (
    FileRefused,
    FrameIdentified,
    IdentifyEvent,
    PictureIdentified,
    VideoIdentified,
)

NOWHERE = QModelIndex()
ANSWER_ROLE = Qt.ItemDataRole.UserRole
THUMBNAIL_ROLE = Qt.ItemDataRole.UserRole + 1
KEPT_THUMBNAILS = 1500
"""Thumbnails of older files are let go, so that a folder of any size fits."""


class Progress(Enum):
    """How far a file is."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"


@dataclass
class FileAnswer:
    """What is known of one file.

    Attributes:
        faces: of the picture, or of the video's frame that shows most people.
        frame: the number of that frame, None for a picture.
        people: who appeared in a video.
        part: part of a video that was looked at, 0 to 1.
    """

    path: Path
    progress: Progress = Progress.RUNNING
    faces: tuple[SeenFace, ...] = ()
    rule: DecisionRule | None = None
    frame: int | None = None
    people: tuple[Appearance, ...] = ()
    part: float = 0.0
    annotated: Path | None = None
    error: NetcafeError | None = None
    remark: str = ""
    most: tuple[int, int] = field(default=(-1, -1))

    @property
    def presences(self) -> list[Presence]:
        """Return what kinds of people were seen, the most important first."""
        seen = {person.presence for person in self.people} | {face.label.presence for face in self.faces}
        order = (Presence.BANNED, Presence.KNOWN, Presence.UNDECIDED, Presence.STRANGER)
        return [presence for presence in order if presence in seen]

    def words(self) -> str:
        """Say the answer in one line."""
        if self.error is not None:
            return self.error.explain(_).replace(str(self.path), self.path.name)
        if self.progress is Progress.RUNNING:
            return _("Looking… {percent} %").format(percent=round(100 * self.part))
        names = [person.text for person in self.people if person.text]
        names = names or [seen.label.text for seen in self.faces if seen.label.text]
        if self.frame is None:
            others = sum(not seen.label.text for seen in self.faces)
        else:
            # Strangers and undecided were most at different moments: the larger number was surely there.
            others = max((person.most_at_once for person in self.people if not person.text), default=0)
        if not names and not others:
            return _("Nobody found")
        rest = ngettext("{count} not named", "{count} not named", others).format(count=others)
        return ", ".join([*dict.fromkeys(names), *([rest] if others else [])])


def face_words(seen: SeenFace) -> str:
    """Say who a face is and how surely."""
    name = seen.label.text or presence_text(seen.label.presence)
    if seen.label.similarity is None:
        return name
    return _("{name}, similarity {similarity:.2f}").format(name=name, similarity=seen.label.similarity)


class AnswerModel(QAbstractListModel):
    """Takes the events of an identification and keeps one row a file."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._answers: list[FileAnswer] = []
        self._rows: dict[Path, int] = {}
        self._thumbnails: OrderedDict[Path, QImage] = OrderedDict()

    @property
    def answers(self) -> list[FileAnswer]:
        """Return the rows."""
        return self._answers

    def clear(self) -> None:
        """Forget every file."""
        self.beginResetModel()
        self._answers.clear()
        self._rows.clear()
        self._thumbnails.clear()
        self.endResetModel()

    def take(self, event: IdentifyEvent) -> int:
        """Note what an event says, and return its row."""
        row = self._row(event.path)
        answer = self._answers[row]
        if isinstance(event, PictureIdentified):
            answer.faces, answer.rule, answer.annotated = event.faces, event.rule, event.annotated
            answer.progress = Progress.DONE
        elif isinstance(event, FrameIdentified):
            self._take_frame(answer, event)
        elif isinstance(event, VideoIdentified):
            answer.people, answer.annotated, answer.progress = event.people, event.annotated, Progress.DONE
            answer.remark = _remark(event)
        elif isinstance(event, FileRefused):
            answer.error, answer.progress = event.error, Progress.REFUSED
        if isinstance(event, PictureIdentified | FrameIdentified) and event.thumbnail_bgr is not None:
            self._keep(event.path, to_qimage(event.thumbnail_bgr))
        self.dataChanged.emit(self.index(row), self.index(row))
        return row

    def stop(self) -> None:
        """Note that files under way will not be finished."""
        for row, answer in enumerate(self._answers):
            if answer.progress is Progress.RUNNING:
                answer.progress = Progress.DONE
                answer.remark = _("Stopped before its end.")
                self.dataChanged.emit(self.index(row), self.index(row))

    def retranslate(self) -> None:
        """Let the view read every text anew."""
        if self._answers:
            self.dataChanged.emit(self.index(0), self.index(len(self._answers) - 1))

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802 - Qt's name
        """Return the number of files."""
        return 0 if parent.isValid() else len(self._answers)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a row shows."""
        if not index.isValid() or index.row() >= len(self._answers):
            return None
        answer = self._answers[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return answer.path.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{answer.path}\n{answer.words()}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{answer.path.name}: {answer.words()}"
        if role == THUMBNAIL_ROLE:
            return self._thumbnails.get(answer.path)
        return answer if role == ANSWER_ROLE else None

    def summary(self) -> str:
        """Say what all files gave together."""
        done = [answer for answer in self._answers if answer.progress is Progress.DONE]
        refused = sum(answer.progress is Progress.REFUSED for answer in self._answers)
        named = sum(bool({Presence.KNOWN, Presence.BANNED} & set(answer.presences)) for answer in done)
        parts = [
            ngettext("{count} file", "{count} files", len(done)).format(count=len(done)),
            ngettext("a customer in {count}", "customers in {count}", named).format(count=named),
        ]
        if refused:
            parts.append(ngettext("{count} not usable", "{count} not usable", refused).format(count=refused))
        return "  ·  ".join(parts)

    def _row(self, path: Path) -> int:
        if path not in self._rows:
            row = len(self._answers)
            self.beginInsertRows(NOWHERE, row, row)
            self._answers.append(FileAnswer(path))
            self._rows[path] = row
            self.endInsertRows()
        return self._rows[path]

    def _take_frame(self, answer: FileAnswer, event: FrameIdentified) -> None:
        weight = (_named(event.faces), len(event.faces))
        if weight > answer.most:
            answer.most, answer.faces, answer.frame = weight, event.faces, event.number
        answer.rule = event.rule
        answer.part = (event.number + 1) / event.frames_expected if event.frames_expected else 0.0

    def _keep(self, path: Path, image: QImage) -> None:
        self._thumbnails[path] = image
        if len(self._thumbnails) > KEPT_THUMBNAILS:
            self._thumbnails.popitem(last=False)


def _named(faces: Iterable[SeenFace]) -> int:
    return sum(bool(seen.label.text) for seen in faces)


def _remark(event: VideoIdentified) -> str:
    if not event.complete:
        return _("Stopped before its end.")
    if event.cut_short:
        return _("The video ends before the end that it announces; it may be damaged.")
    return ""
