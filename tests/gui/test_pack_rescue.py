"""A café whose model pack is gone is asked which one to use, instead of being shown a closed door."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from netcafe_face.domain.errors import PackNotFound
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.pack_rescue import PackRescue, choose_usable_pack


def test_it_says_what_is_wrong_and_offers_what_is_installed(context: GuiContext, qtbot: QtBot) -> None:
    dialog = PackRescue(context.cafe, PackNotFound(name="gone"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.open()
    assert "“gone”" in dialog._words.text()
    assert dialog.pack.chosen_name == "netcafe-mini"
    with qtbot.waitSignal(dialog.accepted):
        qtbot.mouseClick(dialog.main_button, Qt.MouseButton.LeftButton)


def test_escape_closes_it_and_changes_nothing(context: GuiContext, qtbot: QtBot) -> None:
    dialog = PackRescue(context.cafe, PackNotFound(name="gone"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.open()
    with qtbot.waitSignal(dialog.rejected):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not context.cafe.paths.settings_file.exists()


def test_without_a_screen_nobody_is_asked(context: GuiContext) -> None:
    cafe = context.cafe
    cafe.use_settings(replace(cafe.settings, pack="gone"))  # type: ignore[attr-defined]
    assert not choose_usable_pack(cafe, PackNotFound(name="gone"))
