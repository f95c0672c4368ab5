"""What the `models` commands print: cards, licences, progress."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import click

from netcafe_face.domain.errors import Cancelled
from netcafe_face.i18n import _, grouped, ngettext
from netcafe_face.vision.card import PackCard
from netcafe_face.vision.sentences import in_language, one_by_one

_CODES_SHOWN = 20


def terms(card: PackCard) -> list[str]:
    """Return a pack's licence as lines, with what it means for a café."""
    uses = {
        "allowed": _("its licence allows use in a business"),
        "forbidden": _("NOT allowed in a business"),
        "owner-decides": _("whether a business may rely on it is the owner's decision"),
    }
    return [
        _("Licence of the model pack “{name}”: {licence}").format(name=card.name, licence=card.licence),
        f"  {uses[card.commercial_use]}",
        f"  {in_language(card.licence_note, _)}",
        "  " + _("Source: {source}").format(source=in_language(card.source, _)),
    ]


def card_lines(card: PackCard, folder: Path | None) -> list[str]:
    """Return a card as lines; `folder` is where the pack lies, if it is at hand."""
    place = str(folder) if folder else _("not installed")
    lines = [
        f"{card.name} {card.version}",
        "  " + _("Id: {id}").format(id=card.pack_id if folder else "–"),
        "  " + _("Folder: {folder}").format(folder=place),
        *(f"  {line}" for line in terms(card)),
        "  " + _("Trained on:"),
        *(f"    – {line}" for line in one_by_one(card.trained_on, _)),
        "  " + _("Not to be judged by: {what}").format(what=in_language(card.split, _)),
        "  " + _("Weaknesses:"),
        *(f"    – {in_language(weakness, _)}" for weakness in card.weaknesses),
        "  "
        + _("Detector: {kind}, faces of {low:g} to {high:g} pixels").format(
            kind=card.detector.kind, low=card.detector.face_px[0], high=card.detector.face_px[1]
        ),
        "  "
        + _("Embedder: {kind}, {length} values").format(kind=card.embedder.kind, length=card.embedder.length),
        "  "
        + _("Thresholds ({measured_on}):").format(measured_on=in_language(card.thresholds.measured_on, _)),
    ]
    for point in card.thresholds.points:
        mark = _("estimated") if point.extrapolated else _("measured")
        far = _("1 stranger in {count}").format(count=grouped(round(1 / point.far)))
        reach = "" if point.low is None or point.high is None else f", {point.low:.3f}–{point.high:.3f}"
        lines.append(f"    {far}: cosine {point.threshold:.3f}{reach} ({mark})")
    return lines


def change_lines(reembeddable: Sequence[str], to_reenrol: Sequence[str]) -> list[str]:
    """Return who cannot be recognised with a newly chosen pack, and what each needs."""
    lines = []
    if reembeddable:
        text = ngettext(
            "{count} customer has pictures from which the new pack can learn the face: {codes}",
            "{count} customers have pictures from which the new pack can learn the face: {codes}",
            len(reembeddable),
        )
        lines.append(text.format(count=len(reembeddable), codes=_some(reembeddable)))
        lines.append(_("To let it learn them, run “models reembed”."))
    if to_reenrol:
        text = ngettext(
            "{count} customer must be enrolled again at the counter: {codes}",
            "{count} customers must be enrolled again at the counter: {codes}",
            len(to_reenrol),
        )
        lines.append(text.format(count=len(to_reenrol), codes=_some(to_reenrol)))
    if not lines:
        lines.append(_("Nobody has to be enrolled again."))
    return lines


def _some(codes: Sequence[str]) -> str:
    more = len(codes) - _CODES_SHOWN
    shown = ", ".join(codes[:_CODES_SHOWN])
    return shown if more <= 0 else _("{codes} and {more} more").format(codes=shown, more=more)


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn Ctrl-C into the error that says what was kept.

    Raises:
        Cancelled: it was pressed.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise Cancelled from error


class Progress:
    """One line on stderr that follows a download; in a log file, a line every tenth."""

    def __init__(self) -> None:
        self._on_screen = sys.stderr.isatty()
        self._last = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last and self._on_screen:
            click.echo(err=True)

    def show(self, name: str, done: int, total: int | None) -> None:
        """Show how far a file is; `done` and `total` are bytes."""
        step = 100 if self._on_screen else 10
        part = done * step // total if total else done // 10_000_000
        mark = f"{name} {part}"
        if mark == self._last:
            return
        self._last = mark
        amount = f"{done / 1e6:.1f}" + (f" / {total / 1e6:.1f} MB" if total else " MB")
        percent = f"{done * 100 // total:3d} %  " if total else ""
        click.echo(
            f"\r{percent}{name}  {amount}" if self._on_screen else f"{percent}{name}  {amount}",
            nl=not self._on_screen,
            err=True,
        )
