"""A model pack's card in plain words."""

from __future__ import annotations

from netcafe_face.domain.matching import LOOSEST_IDENTIFICATION_FAR, VERIFICATION_FAR, ThresholdCurve
from netcafe_face.i18n import _
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
    same, named = curve.at(VERIFICATION_FAR), curve.at(LOOSEST_IDENTIFICATION_FAR)
    words = _(
        "From a similarity of {same:.2f}, one pair of strangers in {pairs} is taken for the same person; "
        "to be named, a face needs at least {named:.2f}."
    ).format(same=same.value, pairs=f"{round(1 / same.far):,}", named=named.value)
    if same.extrapolated or named.extrapolated:
        words += " " + _("Stricter thresholds than were measured are estimated from the measured ones.")
    return words
