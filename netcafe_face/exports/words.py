"""How a visit reads to a person, in the language in use."""

from __future__ import annotations

from netcafe_face.domain.errors import N_
from netcafe_face.domain.people import Presence, Visit
from netcafe_face.i18n import _

PRESENCE_WORDS = {
    Presence.KNOWN: N_("Known"),
    Presence.BANNED: N_("Banned"),
    Presence.UNDECIDED: N_("Undecided"),
    Presence.STRANGER: N_("Stranger"),
}
_NUMBERED = "#"
_INTERRUPTED = "#interrupted"
"""The note of a visit that a crash or a power cut ended; written by the pipeline."""


def presence_text(presence: Presence) -> str:
    """Return the word for a presence."""
    return _(PRESENCE_WORDS[presence])


def visit_who(visit: Visit) -> str:
    """Return whom a visit names: the customer, “Stranger 3”, or the state."""
    if visit.label.startswith(_NUMBERED) and visit.presence is Presence.STRANGER:
        return _("Stranger {number}").format(number=visit.label.removeprefix(_NUMBERED))
    return visit.label or presence_text(visit.presence)


def visit_note(visit: Visit) -> str:
    """Return a visit's note, what the program itself wrote there put into words."""
    return visit.note.replace(_INTERRUPTED, _("ended when the program was interrupted"))
