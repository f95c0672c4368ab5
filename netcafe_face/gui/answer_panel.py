"""The chosen file, large, and every person in it."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from netcafe_face.domain.faces import Image
from netcafe_face.domain.people import Presence
from netcafe_face.domain.results import FrameResult
from netcafe_face.gui import tokens
from netcafe_face.gui.empty_state import EmptyState
from netcafe_face.gui.models.answers import FileAnswer
from netcafe_face.gui.picture_view import PictureView
from netcafe_face.gui.state_chip import StateChip
from netcafe_face.gui.widgets import label
from netcafe_face.i18n import _, ngettext

MOST_LINES = 60
WIDEST_NAME_PX = 240


class AnswerPanel(QWidget):
    """Shows one `FileAnswer`: the picture with its boxes, and a line for each person."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: FileAnswer | None = None
        self._shown: tuple[object, ...] = ()
        self.view, self.words = PictureView(), label("muted", wrap=True)
        self.problem = EmptyState("warning")
        self._lines = QVBoxLayout()
        self._lines.setSpacing(tokens.SPACE_XS)
        inside = QWidget()
        inside.setObjectName("scrolled")
        inside.setLayout(self._lines)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._people = scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        scroll.setFixedHeight(112)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(tokens.SPACE_S)
        stage = QWidget()
        self._stage = QStackedLayout(stage)
        self._stage.addWidget(self.view)
        self._stage.addWidget(self.problem)
        layout.addWidget(stage, 1)
        layout.addWidget(self.words)
        layout.addWidget(scroll)

    @property
    def lines(self) -> list[str]:
        """Return what the lines say."""
        found = []
        for at in range(self._lines.count()):
            item = self._lines.itemAt(at)
            widget = item.widget() if item is not None else None
            if widget is not None:
                found.append(widget.accessibleName())
        return found

    def show_answer(self, answer: FileAnswer | None) -> None:
        """Show what is known of a file; its picture comes with `show_picture`."""
        if answer is not self._answer:
            self.view.show_all()
            self.view.set_result(None)
        self._answer = answer
        error = answer.error if answer is not None else None
        if answer is not None and error is not None:
            self.problem.set_texts(answer.path.name, answer.words())
        self._stage.setCurrentWidget(self.view if error is None else self.problem)
        self._people.setVisible(error is None)
        self.words.setText("" if answer is None else _above(answer))
        self.words.setVisible(bool(self.words.text()))
        facts = _facts(answer) if answer is not None else []
        shown = tuple(facts)
        if shown != self._shown:
            self._shown = shown
            self._fill(facts)

    def show_picture(self, image_bgr: Image) -> None:
        """Show the file's picture, or the frame of the video, with the boxes of its faces."""
        answer = self._answer
        if answer is None or answer.rule is None:
            return
        result = FrameResult(
            source=answer.path.name,
            frame_bgr=image_bgr,
            faces=answer.faces,
            rule=answer.rule,
            captured_at_s=0.0,
            position_s=None,
            recognise_ms=0.0,
        )
        self.view.set_result(result)

    def _fill(self, facts: list[tuple[Presence, str, str]]) -> None:
        while (item := self._lines.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for fact in facts[:MOST_LINES]:
            self._lines.addWidget(_line(*fact))
        if len(facts) > MOST_LINES:
            rest = label("muted")
            count = len(facts) - MOST_LINES
            rest.setText(ngettext("and {count} more", "and {count} more", count).format(count=count))
            self._lines.addWidget(rest)
        self._lines.addStretch(1)


def _line(presence: Presence, name: str, details: str) -> QWidget:
    line = QWidget()
    line.setAccessibleName(f"{name} {details}".strip())
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(tokens.SPACE_S)
    row.addWidget(StateChip(presence))
    who, more = label("strong"), label("muted")
    who.ensurePolished()
    who.setText(who.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, WIDEST_NAME_PX))
    who.setToolTip(name if who.text() != name else "")
    more.setText(details)
    who.setVisible(bool(name))
    row.addWidget(who)
    row.addWidget(more, 1)
    return line


def _above(answer: FileAnswer) -> str:
    if answer.error is not None:
        return ""
    parts = [answer.remark] if answer.remark else []
    if answer.annotated is not None:
        parts.append(_("Annotated copy: {path}").format(path=answer.annotated))
    return "  ·  ".join(parts)


def _facts(answer: FileAnswer) -> list[tuple[Presence, str, str]]:
    if answer.people:
        return [
            (
                person.presence,
                person.text,
                _("{first} – {last}, best similarity {similarity}").format(
                    first=_clock(person.first_s),
                    last=_clock(person.last_s),
                    similarity="–" if person.similarity is None else f"{person.similarity:.2f}",
                ),
            )
            for person in answer.people
        ]
    return [
        (
            seen.label.presence,
            seen.label.text,
            ""
            if seen.label.similarity is None
            else _("similarity {value}").format(value=f"{seen.label.similarity:.2f}"),
        )
        for seen in answer.faces
    ]


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
