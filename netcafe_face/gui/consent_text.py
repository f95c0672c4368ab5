"""The consent that a customer is shown before a face is enrolled."""

from __future__ import annotations

from netcafe_face.domain.people import Purpose
from netcafe_face.i18n import _, language

_VERSION = "1"


def consent_version() -> str:
    """Return which text was shown: its version and language, as it is recorded with the consent."""
    return f"{_VERSION}-{language()}"


def consent_text() -> str:
    """Return the text that the customer reads or hears."""
    return _(
        "This café can recognise you by your face. For that it computes numbers from pictures of your"
        " face: biometric data, which the law protects specially. The café is responsible for them "
        "and keeps them on this computer only, with your name and your visits; nothing is passed on. "
        "It is your free choice: you are served without it too. You may ask to see, correct or delete"
        " your data, and withdraw at any time at the counter; your face is then deleted at once. Each"
        " purpose below is agreed to separately."
    )


def purpose_text(purpose: Purpose) -> str:
    """Return what one box stands for."""
    return {
        Purpose.RECOGNITION: _("Recognise me by my face through the café's cameras"),
        Purpose.KEEP_PHOTO: _("Keep one photo of me, shown to the staff beside my name"),
        Purpose.KEEP_CROPS: _("Keep the face pictures, so that I need not be enrolled again after an update"),
    }[purpose]


def purpose_word(purpose: Purpose) -> str:
    """Return a purpose in a word or two."""
    return {
        Purpose.RECOGNITION: _("recognition"),
        Purpose.KEEP_PHOTO: _("keep a photo"),
        Purpose.KEEP_CROPS: _("keep the face pictures"),
    }[purpose]


def ways_given() -> tuple[str, ...]:
    """Return the usual ways in which a consent is given."""
    return (
        _("Signed on paper"),
        _("Spoken at the counter"),
        _("Ticked by the customer on this screen"),
    )
