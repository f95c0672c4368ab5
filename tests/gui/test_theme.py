"""Both themes are readable, and a person's choice or the system's is followed."""

from __future__ import annotations

from typing import Any

import pytest
from PyQt6.QtCore import QSize
from PyQt6.QtGui import QColor, QFontDatabase, QFontInfo
from PyQt6.QtWidgets import QLabel

from netcafe_face.domain.people import Presence
from netcafe_face.gui.icons import icon
from netcafe_face.gui.state_chip import PRESENCE_ICONS
from netcafe_face.gui.theme import ASSETS, FAMILY, ThemeChoice, font, theme
from netcafe_face.gui.tokens import DARK, LIGHT, Palette


def luminance(value: str) -> float:
    colour = QColor(value)
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_has_enough_contrast(palette: Palette) -> None:
    for ground in (palette.canvas, palette.surface, palette.sunken, palette.rail):
        assert contrast(palette.text, ground) >= 7
        assert contrast(palette.text_muted, ground) >= 4.5
    assert contrast(palette.on_accent, palette.accent) >= 4.5
    assert contrast(palette.on_danger, palette.danger) >= 4.5
    for presence in Presence:
        assert contrast(palette.presence(presence), palette.presence_soft(presence)) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_the_focus_ring_and_the_borders_of_fields_can_be_seen(palette: Palette) -> None:
    for ground in (palette.canvas, palette.surface):
        assert contrast(palette.focus, ground) >= 3
        assert contrast(palette.border_strong, ground) >= 3


def test_each_presence_has_a_shape_of_its_own() -> None:
    shapes = {(ASSETS / "icons" / f"{name}.svg").read_text() for name in PRESENCE_ICONS.values()}
    assert len(shapes) == len(Presence)


def test_choosing_a_theme_changes_what_is_drawn(qapp: Any) -> None:
    seen = []
    theme().changed.connect(lambda: seen.append(theme().palette.dark))
    theme().choose(ThemeChoice.DARK)
    dark = icon("live").pixmap(QSize(24, 24)).toImage()
    theme().choose("light")
    assert seen == [True, False]
    assert icon("live").pixmap(QSize(24, 24)).toImage() != dark
    assert qapp.palette().window().color() == QColor(LIGHT.canvas)


def test_following_the_system_takes_one_of_the_two_palettes(qapp: Any) -> None:
    theme().choose(ThemeChoice.SYSTEM)
    assert theme().palette in (LIGHT, DARK)
    theme().choose(ThemeChoice.LIGHT)


def test_the_font_that_sets_vietnamese_right_is_in_use(qapp: Any) -> None:
    theme()
    assert FAMILY in QFontDatabase.families()
    assert QFontInfo(font()).family() == FAMILY
    label = QLabel("Nguyễn Hoàng Phương Thảo Vy, ồ ễ ữ Đ")
    metrics = label.fontMetrics()
    assert all(metrics.inFont(letter) for letter in label.text())
