"""The words of the Settings page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netcafe_face.i18n import _, ngettext

if TYPE_CHECKING:
    from netcafe_face.gallery.templates import PackChange
    from netcafe_face.gui.pack_move import MoveOutcome


def setting_names() -> dict[str, str]:
    """Return the name of every setting."""
    return {
        "language": _("Language"),
        "theme": _("Theme"),
        "pack": _("Model pack"),
        "provider": _("Runs on"),
        "threads": _("Processor threads"),
        "min_face": _("Smallest face"),
        "operator": _("Operator"),
        "folder": _("Data folder"),
    }


def setting_hints() -> dict[str, str]:
    """Return what is worth knowing about every setting, or nothing."""
    return {
        "language": "",
        "theme": "",
        "pack": _("More packs: “models list” and “models install” on the command line."),
        "provider": _("What this computer offers to run the networks on."),
        "threads": _("More recognise faster and leave less for games."),
        "min_face": _("A smaller face is not enrolled: small faces make the program confuse people."),
        "operator": _("Written beside every enrolment, consent and ban."),
        "folder": _("Customers, visits, packs and logs. Keep it private and back it up."),
    }


def provider_text(key: str) -> str:
    """Return where networks run, in words."""
    return {
        "cpu": _("Processor (CPU)"),
        "cuda": "NVIDIA CUDA",
        "coreml": "Apple Core ML",
        "directml": "DirectML",
    }[key]


def change_words(change: PackChange | None) -> str:
    """Say what a change of pack, provider or threads means; `change` is None where the pack is the same."""
    words = [_("The new choice is in force. A camera that is running uses it once it is started again.")]
    if change is not None and change.to_reenrol:
        words.append(reenrol_words(len(change.to_reenrol)))
    return " ".join(words)


def reenrol_words(count: int) -> str:
    """Say how many have to come to the counter again."""
    return ngettext(
        "{count} customer must be enrolled again at the counter: the packs' templates cannot be compared.",
        "{count} customers must be enrolled again at the counter: the packs' templates cannot be compared.",
        count,
    ).format(count=count)


def move_words(outcome: MoveOutcome) -> str:
    """Say what came of teaching the pack in use the face pictures that were kept."""
    words = [
        ngettext(
            "{count} customer was learned from the kept face pictures.",
            "{count} customers were learned from the kept face pictures.",
            outcome.learned,
        ).format(count=outcome.learned)
    ]
    if outcome.left:
        words.append(
            ngettext(
                "{count} customer is not learned yet.", "{count} customers are not learned yet.", outcome.left
            ).format(count=outcome.left)
        )
    if outcome.to_reenrol:
        words.append(reenrol_words(outcome.to_reenrol))
    return " ".join(words)


def waiting_words(count: int) -> str:
    """Say how many the pack in use can learn without the counter."""
    return ngettext(
        "The pack in use does not know {count} customer yet, but can learn from the kept face pictures.",
        "The pack in use does not know {count} customers yet, but can learn from the kept face pictures.",
        count,
    ).format(count=count)
