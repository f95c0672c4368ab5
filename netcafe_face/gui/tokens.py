"""Colours, spacing, radii and type sizes as data: the only place where the look is decided."""

from __future__ import annotations

from dataclasses import dataclass

from netcafe_face.domain.people import Presence


@dataclass(frozen=True)
class Palette:
    """Every colour of one theme, as #RRGGBB.

    Names say the role, not the hue. A `*_soft` colour is a quiet background for text in the colour itself.
    """

    dark: bool
    canvas: str
    surface: str
    raised: str
    sunken: str
    rail: str
    border: str
    border_strong: str
    text: str
    text_muted: str
    accent: str
    accent_hover: str
    accent_pressed: str
    accent_soft: str
    on_accent: str
    focus: str
    known: str
    known_soft: str
    undecided: str
    undecided_soft: str
    stranger: str
    stranger_soft: str
    banned: str
    banned_soft: str
    danger: str
    danger_hover: str
    on_danger: str
    picture: str

    def presence(self, presence: Presence) -> str:
        """Return the colour that stands for a presence."""
        return str(getattr(self, presence.value))

    def presence_soft(self, presence: Presence) -> str:
        """Return the quiet background that goes with a presence."""
        return str(getattr(self, f"{presence.value}_soft"))


LIGHT = Palette(
    dark=False,
    canvas="#F4F6F8",
    surface="#FFFFFF",
    raised="#FFFFFF",
    sunken="#ECEFF3",
    rail="#E9EDF1",
    border="#DCE1E8",
    border_strong="#7F8A9B",
    text="#18212F",
    text_muted="#525E70",
    accent="#0B6E74",
    accent_hover="#095D62",
    accent_pressed="#074B4F",
    accent_soft="#DDEFF0",
    on_accent="#FFFFFF",
    focus="#1B7FE0",
    known="#14703F",
    known_soft="#DFF3E7",
    undecided="#8A5300",
    undecided_soft="#FCEFD6",
    stranger="#475569",
    stranger_soft="#E7EBF1",
    banned="#B3202C",
    banned_soft="#FBE3E4",
    danger="#B3202C",
    danger_hover="#961823",
    on_danger="#FFFFFF",
    picture="#11151B",
)

DARK = Palette(
    dark=True,
    canvas="#13171D",
    surface="#1A1F27",
    raised="#222933",
    sunken="#0F1318",
    rail="#0F1318",
    border="#2C3541",
    border_strong="#66748A",
    text="#E7EBF1",
    text_muted="#A3AEBE",
    accent="#4FC1C6",
    accent_hover="#6BD0D4",
    accent_pressed="#3AA9AE",
    accent_soft="#173A3F",
    on_accent="#06262A",
    focus="#6CB2FF",
    known="#5ED394",
    known_soft="#15382A",
    undecided="#F2B84B",
    undecided_soft="#3D2F12",
    stranger="#AEBBCD",
    stranger_soft="#29323E",
    banned="#FF8A8F",
    banned_soft="#47202A",
    danger="#E5646B",
    danger_hover="#F07C82",
    on_danger="#2A0508",
    picture="#0A0D11",
)

SPACE_XS, SPACE_S, SPACE_M, SPACE_L, SPACE_XL = 4, 8, 12, 16, 24
"""Gaps in device-independent pixels."""

RADIUS_S, RADIUS_M, RADIUS_L = 4, 7, 11
"""Corner radii in device-independent pixels."""

SIZE_SMALL, SIZE_BODY, SIZE_SECTION, SIZE_TITLE = 12, 14, 15, 22
"""Type scale in device-independent pixels."""

CONTROL_HEIGHT = 34
"""Least height of a button or field, in device-independent pixels."""
