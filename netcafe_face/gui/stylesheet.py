"""One stylesheet for the whole program, generated from the tokens."""

from __future__ import annotations

from string import Template

from netcafe_face.gui import tokens
from netcafe_face.gui.tokens import Palette

_SHEET = Template("""
* { font-family: "$family"; font-size: ${size_body}px; }
QWidget { color: $text; }
QMainWindow, QDialog, QWidget#canvas, QStackedWidget#pages { background: $canvas; }
QToolTip { background: $text; color: $surface; border: 0; padding: 5px 8px; }

QLabel { background: transparent; }
QLabel:disabled { color: $disabled; }
QLabel[role="title"] { font-size: ${size_title}px; font-weight: 600; }
QLabel[role="section"] { font-size: ${size_section}px; font-weight: 600; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="muted"] { color: $text_muted; }
QLabel[role="small"] { color: $text_muted; font-size: ${size_small}px; }
QLabel[role="figure"] { font-size: ${size_title}px; font-weight: 600; }
QLabel[role="error"] { color: $danger_text; }

QFrame[role="card"] { background: $surface; border: 1px solid $border; border-radius: ${radius_l}px; }
QFrame[role="sunken"] { background: $sunken; border: 1px solid $border; border-radius: ${radius_m}px; }
QFrame[role="line"] { background: $border; border: 0; max-height: 1px; min-height: 1px; }
QFrame[tone="info"] { background: $accent_soft; border: 1px solid $accent; border-radius: ${radius_m}px; }
QFrame[tone="good"] { background: $known_soft; border: 1px solid $known; border-radius: ${radius_m}px; }
QFrame[tone="warning"] { background: $undecided_soft; border: 1px solid $undecided;
    border-radius: ${radius_m}px; }
QFrame[tone="bad"] { background: $banned_soft; border: 1px solid $banned; border-radius: ${radius_m}px; }
QLabel#sampleBanner { background: $undecided_soft; color: $undecided; border-bottom: 1px solid $undecided;
    padding: 5px 16px; font-weight: 600; }

QPushButton, QToolButton[kind] { background: $surface; border: 1px solid $border_strong; margin: 1px;
    border-radius: ${radius_m}px; padding: 5px 14px; min-height: 22px; }
QPushButton:hover, QToolButton[kind]:hover { background: $sunken; }
QPushButton:pressed, QToolButton[kind]:pressed { background: $border; }
QPushButton:focus, QToolButton[kind]:focus { border: 2px solid $focus; margin: 0; }
QPushButton:disabled, QToolButton[kind]:disabled { color: $disabled; border-color: $border;
    background: $canvas; }
QPushButton[kind="primary"] { background: $accent; color: $on_accent; border-color: $accent;
    font-weight: 600; }
QPushButton[kind="primary"]:hover { background: $accent_hover; }
QPushButton[kind="primary"]:pressed { background: $accent_pressed; }
QPushButton[kind="danger"] { background: $danger; color: $on_danger; border-color: $danger;
    font-weight: 600; }
QPushButton[kind="danger"]:hover { background: $danger_hover; }
QPushButton[kind="primary"]:focus, QPushButton[kind="danger"]:focus { border: 2px solid $focus_on_fill; }
QPushButton[kind="primary"]:disabled, QPushButton[kind="danger"]:disabled {
    background: $sunken; color: $disabled; border-color: $border; }
QPushButton[kind="quiet"], QToolButton[kind="quiet"] { background: transparent; border-color: transparent; }
QPushButton[kind="quiet"]:hover, QToolButton[kind="quiet"]:hover { background: $sunken; }
QPushButton[kind="quiet"]:focus, QToolButton[kind="quiet"]:focus { border: 2px solid $focus; }
QToolButton[kind] { padding: 5px 6px; }

QLineEdit, QPlainTextEdit, QTextEdit, QComboBox, QDateEdit, QDateTimeEdit, QTimeEdit, QSpinBox,
    QDoubleSpinBox {
    background: $field; border: 1px solid $border_strong; margin: 1px; border-radius: ${radius_m}px;
    padding: 4px 9px; min-height: 22px; selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QComboBox:focus, QDateEdit:focus,
    QDateTimeEdit:focus,
QTimeEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus { border: 2px solid $focus; margin: 0; }
QLineEdit:disabled, QPlainTextEdit:disabled, QComboBox:disabled, QDateEdit:disabled, QSpinBox:disabled,
QDoubleSpinBox:disabled { color: $disabled; background: $canvas; border-color: $border; }
QPlainTextEdit[role="code"] { font-family: "DejaVu Sans Mono", "Consolas", "Menlo", monospace;
    font-size: ${size_small}px; }
QLineEdit[invalid="true"] { border: 2px solid $banned; margin: 0; }
QComboBox { padding-right: 26px; }
QComboBox::drop-down, QDateEdit::drop-down, QDateTimeEdit::drop-down { border: 0; width: 26px; }
QComboBox::down-arrow, QDateEdit::down-arrow, QDateTimeEdit::down-arrow { image: url("$arrow");
    width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $border_strong; outline: 0;
    padding: 3px;
    selection-background-color: $accent_soft; selection-color: $text; }

QCheckBox, QRadioButton { spacing: 9px; padding: 3px; border: 2px solid transparent;
    border-radius: ${radius_s}px; background: transparent; }
QCheckBox:focus, QRadioButton:focus { border-color: $focus; }
QCheckBox:disabled, QRadioButton:disabled { color: $disabled; }
QCheckBox::indicator { width: 16px; height: 16px; border: 2px solid $border_strong;
    border-radius: ${radius_s}px;
    background: $field; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$tick"); }
QCheckBox::indicator:disabled { border-color: $border; }

QTableView, QTreeView, QListView { background: $surface; border: 1px solid $border;
    border-radius: ${radius_m}px;
    gridline-color: transparent; selection-background-color: $accent_soft; selection-color: $text;
    alternate-background-color: $canvas; outline: 0; }
QTableView:focus, QTreeView:focus, QListView:focus { border: 1px solid $focus; }
QTableView::item { padding: 3px 8px; border: 0; border-bottom: 1px solid $border; }
QTableView::item:selected { background: $accent_soft; color: $text; }
QTableView::item:focus { border: 2px solid $focus; }
QHeaderView { background: $surface; }
QHeaderView::section { background: $surface; color: $text_muted; border: 0;
    border-bottom: 1px solid $border_strong;
    padding: 7px 8px; font-weight: 600; font-size: ${size_small}px; text-align: left; }
QHeaderView::section:hover { color: $text; background: $sunken; }
QTableCornerButton::section { background: $surface; border: 0; }

QScrollArea { background: transparent; border: 0; }
QScrollArea > QWidget > QWidget#scrolled { background: transparent; }
QScrollBar:vertical { background: transparent; width: 11px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 11px; margin: 0; }
QScrollBar::handle { background: $scroll; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 30px; }
QScrollBar::handle:horizontal { min-width: 30px; }
QScrollBar::handle:hover { background: $border_strong; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QProgressBar { background: $sunken; border: 1px solid $border; border-radius: ${radius_s}px;
    text-align: center;
    min-height: 16px; font-size: ${size_small}px; }
QProgressBar::chunk { background: $accent_soft; border: 1px solid $accent; border-radius: ${radius_s}px; }
QSlider::groove:horizontal { height: 4px; background: $border; border-radius: 2px; }
QSlider::handle:horizontal { background: $accent; width: 16px; margin: -6px 0; border-radius: 8px; }
QMenu { background: $raised; border: 1px solid $border_strong; padding: 4px; }
QMenu::item { padding: 6px 22px 6px 14px; border-radius: ${radius_s}px; }
QMenu::item:selected { background: $accent_soft; }
QMenu::item:disabled { color: $disabled; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QSplitter::handle { background: transparent; }
QTabWidget::pane { border: 1px solid $border; border-radius: ${radius_m}px; background: $surface; }
QTabBar::tab { padding: 7px 14px; background: transparent; border: 0;
    border-bottom: 2px solid transparent; }
QTabBar::tab:selected { border-bottom-color: $accent; font-weight: 600; }
QCalendarWidget QWidget { background: $raised; alternate-background-color: $sunken; }
QCalendarWidget QAbstractItemView { selection-background-color: $accent; selection-color: $on_accent; }

QWidget#rail { background: $rail; border-right: 1px solid $border; }
QLabel#brand { font-size: ${size_section}px; font-weight: 700; }
QToolButton[role="nav"] { background: transparent; border: 2px solid transparent;
    border-radius: ${radius_m}px;
    padding: 8px 10px; text-align: left; color: $text_muted; font-weight: 600; }
QToolButton[role="nav"]:hover { background: $nav_hover; color: $text; }
QToolButton[role="nav"]:checked { background: $accent_soft; color: $accent_text; }
QToolButton[role="nav"]:focus { border-color: $focus; }
QWidget[role="dropzone"] { background: $surface; border: 2px dashed $border_strong;
    border-radius: ${radius_l}px; }
QWidget[role="dropzone"]:focus { border-color: $focus; }
QWidget[role="dropzone"][hot="true"] { background: $accent_soft; border-color: $accent; }
""")


def build(palette: Palette, family: str, images: dict[str, str]) -> str:
    """Fill the stylesheet with the colours of `palette`, a font family and paths of small images."""
    values: dict[str, object] = {
        name: value for name, value in vars(palette).items() if isinstance(value, str)
    }
    values |= {
        name.lower(): value
        for name, value in vars(tokens).items()
        if name.startswith(("SIZE_", "RADIUS_", "SPACE_"))
    }
    return _SHEET.substitute(
        values,
        family=family,
        field=palette.sunken if palette.dark else palette.surface,
        disabled=palette.border_strong,
        danger_text=palette.banned,
        accent_text=palette.accent if palette.dark else palette.accent_pressed,
        nav_hover=palette.surface if palette.dark else palette.border,
        scroll=palette.border if palette.dark else "#C3CAD4",
        focus_on_fill=palette.text,
        **images,
    )
