"""The look in force: light or dark, fonts, palette and stylesheet, applied to the application."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication

from netcafe_face.domain.people import Presence
from netcafe_face.gui import tokens
from netcafe_face.gui.stylesheet import build
from netcafe_face.gui.tokens import DARK, LIGHT, Palette

ASSETS = Path(__file__).resolve().parents[2] / "assets"
FAMILY = "Be Vietnam Pro"


class ThemeChoice(Enum):
    """What the settings can ask for."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Theme(QObject):
    """The application's appearance; `changed` is emitted after it was applied anew."""

    changed = pyqtSignal()

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._choice = ThemeChoice.SYSTEM
        self.palette: Palette = LIGHT
        for path in sorted((ASSETS / "fonts").glob("*.ttf")):
            QFontDatabase.addApplicationFont(str(path))
        application.setStyle("Fusion")
        hints = QGuiApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._follow_system)

    @property
    def choice(self) -> ThemeChoice:
        """Return what was asked for."""
        return self._choice

    def choose(self, choice: ThemeChoice | str) -> None:
        """Use a theme from now on: a `ThemeChoice` or its value."""
        self._choice = ThemeChoice(choice)
        self._apply()

    def colour(self, role: str) -> QColor:
        """Return a colour of the palette in force by its role, such as "accent"."""
        return QColor(getattr(self.palette, role))

    def presence(self, presence: Presence) -> QColor:
        """Return the colour of a presence in the palette in force."""
        return QColor(self.palette.presence(presence))

    def _follow_system(self) -> None:
        if self._choice is ThemeChoice.SYSTEM:
            self._apply()

    def _wants_dark(self) -> bool:
        if self._choice is not ThemeChoice.SYSTEM:
            return self._choice is ThemeChoice.DARK
        hints = QGuiApplication.styleHints()
        return hints is not None and hints.colorScheme() == Qt.ColorScheme.Dark

    def _apply(self) -> None:
        self.palette = DARK if self._wants_dark() else LIGHT
        self._application.setPalette(_qt_palette(self.palette))
        self._application.setFont(font())
        shade = "dark" if self.palette.dark else "light"
        images = {
            "arrow": (ASSETS / "icons" / f"arrow-{shade}.svg").as_posix(),
            "tick": (ASSETS / "icons" / f"tick-{shade}.svg").as_posix(),
        }
        self._application.setStyleSheet(build(self.palette, FAMILY, images))
        self.changed.emit()


def theme() -> Theme:
    """Return the application's theme, made on first use.

    Raises:
        RuntimeError: there is no QApplication yet.
    """
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("the theme needs a QApplication")
    found = application.findChild(Theme, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return found if isinstance(found, Theme) else Theme(application)


def font(size_px: int = tokens.SIZE_BODY, weight: int = 400) -> QFont:
    """Return the interface's font at a size in device-independent pixels."""
    chosen = QFont(FAMILY)
    chosen.setPixelSize(size_px)
    chosen.setWeight(QFont.Weight(weight))
    return chosen


def _qt_palette(colours: Palette) -> QPalette:
    result = QPalette()
    role = QPalette.ColorRole
    pairs = {
        role.Window: colours.canvas,
        role.WindowText: colours.text,
        role.Base: colours.surface,
        role.AlternateBase: colours.canvas,
        role.Text: colours.text,
        role.PlaceholderText: colours.text_muted,
        role.Button: colours.surface,
        role.ButtonText: colours.text,
        role.BrightText: colours.danger,
        role.Highlight: colours.accent,
        role.HighlightedText: colours.on_accent,
        role.ToolTipBase: colours.text,
        role.ToolTipText: colours.surface,
        role.Link: colours.accent,
        role.LinkVisited: colours.accent,
        role.Mid: colours.border,
        role.Light: colours.raised,
        role.Dark: colours.border_strong,
    }
    for name, value in pairs.items():
        result.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, name, QColor(colours.border_strong))
    return result
