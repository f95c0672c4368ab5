"""Who is at the computer."""

from __future__ import annotations

import getpass

from netcafe_face.gui.context import Cafe
from netcafe_face.i18n import _


def operator_name(cafe: Cafe) -> str:
    """Return the operator of the settings, else the system's user, to be written beside what is done."""
    if cafe.settings.operator:
        return cafe.settings.operator
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return _("staff")
