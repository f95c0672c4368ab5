"""Opening the window, and bringing the one that is open to the front."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from netcafe_face.config.instance import InstanceLock, server_name
from netcafe_face.config.qt_environment import forget_opencv_plugins
from netcafe_face.domain.errors import AlreadyRunning, ModelError, NetcafeError
from netcafe_face.i18n import _, set_language

if TYPE_CHECKING:
    from netcafe_face.app import Cafe
    from netcafe_face.cli.common import CliContext


def open_window(context: CliContext, lang: str | None) -> int:
    """Open the window on the data folder and return its exit status once it is closed.

    Raises:
        AlreadyRunning: it is open already; it was brought to the front.
        NetcafeError: the settings, the model pack or the gallery cannot be used; a dialog said so, too.
    """
    started_s = time.monotonic()
    cafe = context.cafe
    set_language(lang or cafe.settings.language)
    if lang:
        cafe.use_settings(replace(cafe.settings, language=lang))
    with only_window(cafe):
        from netcafe_face.gui.application import run, show_error
        from netcafe_face.gui.context import GuiContext

        forget_opencv_plugins()
        try:
            _open_gallery(cafe)
        except NetcafeError as error:
            show_error(error.explain(_))
            raise
        return run(GuiContext(cafe, started_s=started_s), argv=[])


def _open_gallery(cafe: Cafe) -> None:
    """Open the gallery before the window, so that it never shows an empty list, with another pack if need be.

    Raises:
        NetcafeError: it cannot be opened, and nobody chose a pack that helps.
    """
    from netcafe_face.gui.pack_rescue import choose_usable_pack

    try:
        cafe.gallery  # noqa: B018 - opening it is all that is wanted
    except ModelError as error:
        if not choose_usable_pack(cafe, error):
            raise


def only_window(cafe: Cafe) -> InstanceLock:
    """Take the data folder's window lock; when another window has it, bring that one to the front.

    Raises:
        AlreadyRunning: another process has it.
    """
    lock = InstanceLock(cafe.paths)
    try:
        lock.acquire()
    except AlreadyRunning:
        from netcafe_face.gui.instance import ask_to_front

        ask_to_front(server_name(cafe.paths))
        raise
    return lock
