"""Texts for the translators that no `_()` holds: `python -m netcafe_face.cli.help_texts FILE`.

They are the help of all commands, and the cards of the shipped pack and of the catalogue's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from netcafe_face.app import SHIPPED_PACKS
from netcafe_face.cli.root import root
from netcafe_face.terminal.help_texts import help_texts, write_for_extractor
from netcafe_face.vision.card import CARD_NAME, PackCard, read_card
from netcafe_face.vision.catalogue import CATALOGUE
from netcafe_face.vision.sentences import composed


def further_texts() -> Iterator[str]:
    """Yield the commands' help and the cards' texts, in English, each once."""
    cards = [read_card(SHIPPED_PACKS / "netcafe-mini" / CARD_NAME), *(entry.card for entry in CATALOGUE)]
    yield from dict.fromkeys([*help_texts(root), *(text for card in cards for text in _card_texts(card))])


def _card_texts(card: PackCard) -> Iterator[str]:
    texts = (card.licence_note, card.source, card.trained_on, card.split, card.thresholds.measured_on)
    yield from (text for text in (*texts, *card.weaknesses) if not composed(text))


def main(argv: list[str]) -> int:
    """Write the texts as a Python file that the extractor of messages understands, or compile a catalogue."""
    if argv[0] == "--compile":
        _compile(Path(argv[1]))
    else:
        write_for_extractor(further_texts(), Path(argv[0]))
    return 0


def _compile(catalogue: Path) -> None:
    """Write the .mo beside a .po; pybabel's own compiler takes “92.9% of” for a place to put a value."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with catalogue.open("rb") as source, catalogue.with_suffix(".mo").open("wb") as target:
        write_mo(target, read_po(source))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
