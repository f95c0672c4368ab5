"""How the trainer's figures look: one palette, one font size, one way to save.

Okabe and Ito's colours (“Color Universal Design”, 2008) can be told apart by the colour-blind; line styles
differ as well.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netcafe_face.domain.errors import OutputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":")

_RC: Any = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "svg.fonttype": "none",
    "svg.hashsalt": "netcafe",
    "legend.frameon": False,
}


@contextmanager
def drawn(width: float = 6.4, height: float = 4.4) -> Iterator[Figure]:
    """Give a figure in the trainer's style, in inches, to be drawn on and saved in the block."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_RC):
        yield Figure(figsize=(width, height), layout="constrained")


def png(figure: Figure, dpi: int = 110) -> bytes:
    """Return a figure as the bytes of a PNG, the same for the same figure."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()


def save_png(path: Path, data: bytes) -> None:
    """Write a picture so that there is the old one or the new one.

    Raises:
        OutputError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise OutputError(path=path, reason=error.strerror or str(error)) from error
