"""A model pack's card in plain words."""

from __future__ import annotations

from netcafe_face.domain.matching import VERIFICATION_FAR, ThresholdCurve
from netcafe_face.i18n import _, grouped
from netcafe_face.vision.card import PackCard


def licence_words(card: PackCard) -> str:
    """Say the licence, and plainly whether a café may use the pack."""
    uses = {
        "allowed": _("Its licence lets a café use it."),
        "forbidden": _("For non-commercial research only: a café is a business and may not use it."),
        "owner-decides": _(
            "Learned from photos whose terms are research use or unstated: whether the café may rely on that "
            "is the owner's decision."
        ),
    }
    return _("Licence: {licence}. {use}").format(licence=card.licence, use=uses[card.commercial_use])


def accuracy_words(curve: ThresholdCurve) -> str:
    """Say at which similarity how many strangers are mistaken, and how well that is known."""
    same = curve.at(VERIFICATION_FAR)
    words = _(
        "From a similarity of {same:.2f}, one pair of strangers in {pairs} is taken for the same person; "
        "no customer is named with less."
    ).format(same=same.value, pairs=grouped(round(1 / same.far)))
    if same.extrapolated:
        words += " " + _("Stricter thresholds than were measured are estimated from the measured ones.")
    return words
