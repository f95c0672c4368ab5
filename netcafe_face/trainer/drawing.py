"""How all of the trainer's figures look: one palette, one type, one way to write a file."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from netcafe_face.domain.errors import N_, OutputError
from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.vision.drawing import FONT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN = 9.0
"""Of a figure, in inches; a README shows it about 830 pixels wide, so 11 points are read with ease."""

DPI = 160
_SAYS_LETTERS = 122
_PNG_COLOURS = 160
SUFFIXES = (".png", ".svg", ".pdf")

INK, MUTED, FAINT, PAPER = "#18212F", "#525E70", "#DCE1E8", "#FFFFFF"

PEOPLE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#4D4D4D", "#B5A400")
"""Okabe and Ito's colours (“Color Universal Design”, 2008), which the colour-blind can tell apart; their
yellow is darker here, because it cannot be seen on white. Neighbours differ in lightness as well."""

GENUINE, IMPOSTOR = "#0072B2", "#D55E00"
CLEAN, NOISY = "#0072B2", "#D55E00"

_STYLES = ("-", "--", "-.", ":")

LOSS_LINES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "softmax": {"color": "#8A94A3", "linestyle": (0, (1, 1))},
        "norm-softmax": {"color": "#4D4D4D", "linestyle": (0, (5, 2))},
        "l-softmax": {"color": "#B5A400", "linestyle": (0, (3, 1, 1, 1))},
        "a-softmax": {"color": "#56B4E9", "linestyle": (0, (4, 1, 1, 1, 1, 1))},
        "sphereface": {"color": "#CC79A7", "linestyle": (0, (7, 2))},
        "cosface": {"color": "#009E73", "linestyle": (0, (6, 1.5, 1.5, 1.5))},
        "arcface": {"color": "#D55E00", "linestyle": "-"},
        "combined": {"color": "#0072B2", "linestyle": (0, (2, 1))},
        "subcenter-arcface": {"color": "#7A3E00", "linestyle": "-."},
        "triplet": {"color": "#E69F00", "linestyle": (0, (3, 1.5))},
        "contrastive": {"color": "#111111", "linestyle": ":"},
    }
)
"""Each loss has the same colour and dashes in every figure; ArcFace alone has an unbroken line."""

_RC: Any = {
    "font.family": ["Be Vietnam Pro", "DejaVu Sans"],
    "font.size": 10.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlepad": 7,
    "axes.labelsize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 2.0,
    "figure.facecolor": PAPER,
    "figure.titlesize": 13,
    "figure.titleweight": "bold",
    "svg.fonttype": "none",
    "svg.hashsalt": "netcafe",
    "pdf.fonttype": 42,
}


@contextmanager
def look() -> Iterator[None]:
    """Have everything drawn within look the same, whatever this computer's matplotlib is set to."""
    import matplotlib as mpl
    from matplotlib import font_manager

    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for file in sorted(FONT.parent.glob("*.ttf")):
        if str(file) not in known:
            font_manager.fontManager.addfont(file)
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def line_style(at: int) -> Mapping[str, Any]:
    """Return colour and dashes of the line number `at` of a figure, from 0 on."""
    return {"color": PEOPLE[at % len(PEOPLE)], "linestyle": _STYLES[at % len(_STYLES)]}


def plot(width_in: float = 6.4, height_in: float = 4.4) -> Figure:
    """Make an empty figure of a report, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def sheet(height_in: float, title: str, says: str) -> Figure:
    """Make an empty figure with a title and, under it, a sentence that says what is seen.

    Args:
        height_in: in inches, with the title.
        title: a few words.
        says: is broken into lines that fit; a line break in it begins a new one.
    """
    from matplotlib.figure import Figure

    wrapped = [line for part in says.splitlines() for line in textwrap.wrap(part, _SAYS_LETTERS)]

    figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
    head_in = 0.56 + 0.225 * len(wrapped)
    top = 1 - head_in / height_in
    engine: Any = figure.get_layout_engine()
    engine.set(rect=(0, 0, 1, top), w_pad=0.06, h_pad=0.06)
    figure.text(0.012, 1 - 0.1 / height_in, title, va="top", fontsize=14, fontweight="bold")
    text: Any = {"va": "top", "fontsize": 10, "color": MUTED, "linespacing": 1.35}
    figure.text(0.012, 1 - 0.41 / height_in, "\n".join(wrapped), **text)
    return figure


def identities_legend(figure: Figure, count: int) -> None:
    """Name the colours of the first `count` identities along the bottom."""
    from matplotlib.lines import Line2D

    title = Line2D([], [], linestyle="", label="identity")

    dots = [
        Line2D([], [], marker="o", linestyle="", markersize=6, color=colour, label=str(number))
        for number, colour in enumerate(PEOPLE[:count], start=1)
    ]
    figure.legend(
        handles=[title, *dots],
        loc="outside lower center",
        ncols=count + 1,
        handletextpad=0.1,
        columnspacing=1.2,
    )


def bare(axes: Axes) -> None:
    """Leave out frame, grid and ticks."""
    axes.set_axis_off()


def check_suffix(path: Path) -> None:
    """Check that a figure can be written under this name.

    Raises:
        OptionsRefused: its ending says no format that is written here.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise OptionsRefused(reason=f"{path.name} should end in {', '.join(SUFFIXES)}")


def encoded(figure: Figure, kind: str = "png") -> bytes:
    """Return a figure as PNG (with a palette, so that it is small), SVG or PDF.

    The same figure always gives the same bytes.
    """
    memory = io.BytesIO()
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    with look():
        figure.savefig(memory, format=kind, dpi=DPI, metadata=undated)
    return _with_palette(memory.getvalue()) if kind == "png" else memory.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Write a figure; the ending chooses PNG, SVG or PDF.

    Raises:
        OptionsRefused: see `check_suffix`.
        OutputError: see `save_bytes`.
    """
    check_suffix(path)
    save_bytes(path, encoded(figure, path.suffix.lower()[1:]))


def save_bytes(path: Path, data: bytes) -> None:
    """Write a figure's bytes so that there is the old file or the new one.

    Raises:
        OutputError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise OutputError(path=path, reason=error.strerror or N_("it cannot be written")) from error


def _with_palette(png: bytes) -> bytes:
    """Keep the most frequent colours, which are the palette's own and the edges of letters, as they are."""
    import numpy as np
    from PIL import Image
    from scipy.spatial import cKDTree

    with Image.open(io.BytesIO(png)) as image:
        pixels = np.asarray(image.convert("RGB")).astype(np.uint32)
    codes = pixels @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    found, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    colours = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.uint8)
    kept = colours[np.sort(np.argsort(-counts, kind="stable")[:_PNG_COLOURS])]
    nearest = np.asarray(cKDTree(kept).query(colours)[1])[places.reshape(codes.shape)]
    small = Image.fromarray(nearest.astype(np.uint8), "P")
    small.putpalette(kept.tobytes())
    memory = io.BytesIO()
    small.save(memory, "PNG", optimize=True)
    return memory.getvalue()
