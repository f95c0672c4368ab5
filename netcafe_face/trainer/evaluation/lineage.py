"""Whom a network of this project may have learned from: everybody whom its split does not hold out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netcafe_face.trainer.data.split import is_held_out

RECORD = "record"
"""The entry of an exported ONNX file's metadata that tells of its training, the split included."""

_RULE = "sha256('netcafe-dev-' + name)"


def states_split(text: str) -> bool:
    """Tell whether a card's split, or the record of a training, is the project's own split."""
    return _RULE in text


def held_out_of(names: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the people whom the split holds out, and all of them; "" is nobody."""
    people = {name for name in names if name}
    return {name for name in people if is_held_out(name)}, people


def split_sentence(names: Iterable[str], networks: Sequence[str], everyone: bool) -> str:
    """Say how many people networks cannot have learned from, and what became of the others.

    Args:
        names: the people of the test before any were left out.
        networks: those that were trained by the split.
        everyone: the others are tested on as well.
    """
    held, people = held_out_of(names)
    others = (
        "count all the same, so the figures may be too good" if everyone else "were left out (--everyone)"
    )
    return (
        f"{len(held):,} of {len(people):,} people are held out by the split of {', '.join(networks)}; the "
        f"others may have been learned from and {others}."
    )
