"""The answer to “same person?”: the word, the figures, the scale and the two crops."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QPixmap
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from netcafe_face.domain.faces import Image, QualityFlaw
from netcafe_face.domain.matching import Decision
from netcafe_face.domain.people import Presence
from netcafe_face.gui import tokens
from netcafe_face.gui.icons import icon
from netcafe_face.gui.images import to_qimage
from netcafe_face.gui.similarity_scale import SimilarityScale
from netcafe_face.gui.state_chip import PRESENCE_ICONS
from netcafe_face.gui.theme import theme
from netcafe_face.gui.widgets import label
from netcafe_face.i18n import _, grouped
from netcafe_face.pipeline.single import FLAW_WORDS
from netcafe_face.pipeline.verify import ComparedFace, Verification

CROP_PX = 112
_PRESENCES = {
    Decision.KNOWN: Presence.KNOWN,
    Decision.UNDECIDED: Presence.UNDECIDED,
    Decision.UNKNOWN: Presence.STRANGER,
}


def answer_text(decision: Decision) -> str:
    """Return the answer in words."""
    return {
        Decision.KNOWN: _("Same person"),
        Decision.UNDECIDED: _("Undecided"),
        Decision.UNKNOWN: _("Different people"),
    }[decision]


class VerifyAnswer(QFrame):
    """Shows one `Verification`."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._shown: Verification | None = None
        self._sign, self.answer = QLabel(), label("title")
        self.figures, self.why = label("strong", wrap=True), label("muted", wrap=True)
        self.scale = SimilarityScale()
        self._crops = (QLabel(), QLabel())
        self._crop_words = (label("small"), label("small"))
        self._lay_out()
        theme().changed.connect(self.retranslate)
        self.hide()

    def show_answer(self, verification: Verification | None) -> None:
        """Show an answer, or nothing."""
        self._shown = verification
        self.setVisible(verification is not None)
        if verification is not None:
            for crop, face in zip(self._crops, (verification.first, verification.second), strict=True):
                crop.setPixmap(_crop_pixmap(face.crop_bgr, self.devicePixelRatioF()))
            self.scale.show_value(verification.similarity, verification.rule)
            self.retranslate()

    def retranslate(self) -> None:
        """Set every text anew."""
        shown = self._shown
        if shown is None:
            return
        presence = _PRESENCES[shown.decision]
        self._sign.setPixmap(icon(PRESENCE_ICONS[presence], presence.value).pixmap(QSize(36, 36)))
        self.answer.setText(answer_text(shown.decision))
        self.answer.setStyleSheet(f"color: {theme().palette.presence(presence)}")
        self.figures.setText(
            _(
                "Similarity {similarity:.3f}  ·  angle θ {angle:.1f}°  ·  same person from {threshold:.2f}"
            ).format(similarity=shown.similarity, angle=shown.angle_degrees, threshold=shown.rule.threshold)
        )
        self.why.setText(" ".join(_reasons(shown)))
        self.scale.show_value(shown.similarity, shown.rule)
        for words, name in zip(self._crop_words, (_("Face in A"), _("Face in B")), strict=True):
            words.setText(name)
        for crop, name in zip(self._crops, (_("Face in A"), _("Face in B")), strict=True):
            crop.setAccessibleName(name)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_L, tokens.SPACE_M, tokens.SPACE_L, tokens.SPACE_M)
        row.setSpacing(tokens.SPACE_L)
        head = QHBoxLayout()
        head.setSpacing(tokens.SPACE_S)
        head.addWidget(self._sign)
        head.addWidget(self.answer)
        head.addStretch(1)
        middle = QVBoxLayout()
        middle.setSpacing(tokens.SPACE_XS)
        middle.addLayout(head)
        for widget in (self.figures, self.scale, self.why):
            middle.addWidget(widget)
        columns = [self._crop_column(index) for index in range(2)]
        row.addLayout(columns[0])
        row.addLayout(middle, 1)
        row.addLayout(columns[1])

    def _crop_column(self, index: int) -> QVBoxLayout:
        column = QVBoxLayout()
        column.addStretch(1)
        for widget in (self._crops[index], self._crop_words[index]):
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(widget)
        column.addStretch(1)
        return column


def _reasons(shown: Verification) -> list[str]:
    reasons = [
        {
            Decision.KNOWN: _(
                "From {threshold:.2f} on, one pair of strangers in {strangers} is called the same person."
            ),
            Decision.UNDECIDED: _(
                "Too alike to say “different”, not alike enough to say “same”. Try clearer pictures."
            ),
            Decision.UNKNOWN: _("The faces are less alike than two pictures of one person usually are."),
        }[shown.decision].format(threshold=shown.rule.threshold, strangers=grouped(round(1 / shown.rule.far)))
    ]
    if shown.held_back:
        reasons = [_("The faces look alike, but a picture is too poor to rest “same person” on it.")]
    for name, face in ((_("A"), shown.first), (_("B"), shown.second)):
        reasons += _face_remarks(name, face)
    return reasons


def _face_remarks(name: str, face: ComparedFace) -> list[str]:
    flaws = [_(FLAW_WORDS[flaw]) for flaw in QualityFlaw if flaw in face.quality.flaws]
    remarks = [_("In {picture}, {flaws}.").format(picture=name, flaws=", ".join(flaws))] if flaws else []
    if face.faces_found > 1:
        text = _("{picture} shows {count} faces; the largest was compared.")
        remarks.append(text.format(picture=name, count=face.faces_found))
    return remarks


def _crop_pixmap(crop_bgr: Image, scale: float) -> QPixmap:
    side = round(CROP_PX * scale)
    pixmap = QPixmap.fromImage(to_qimage(crop_bgr)).scaled(
        side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    pixmap.setDevicePixelRatio(scale)
    return pixmap
