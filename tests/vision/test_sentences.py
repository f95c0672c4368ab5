"""A card composed of known sentences is read in the language in use, whatever its figures are."""

from __future__ import annotations

import re
from collections.abc import Callable
from string import Formatter

import pytest

from netcafe_face.vision import sentences
from netcafe_face.vision.sentences import SENTENCES, composed, in_language, one_by_one

VALUES = [
    "97.4%",
    "1,739,018",
    "foamliu_mobilefacenet_128d.onnx (Apache-2.0)",
    "lfw-people (8,172), wider (159)",
]


def names(template: str) -> list[str]:
    return list(dict.fromkeys(name for _, name, _, _ in Formatter().parse(template) if name))


def filled(template: str) -> str:
    return template.format(**{name: VALUES[at % len(VALUES)] for at, name in enumerate(names(template))})


def shouting(swaps: bool) -> Callable[[str], str]:
    """A language in which everything is in capitals but the places for values."""

    def translate(text: str) -> str:
        if text == sentences.NUMBER:
            return "1.234,5" if swaps else text
        if text not in SENTENCES:
            return text
        return re.sub(r"\{\w+\}|[^{}]+", lambda part: part[0] if "{" in part[0] else part[0].upper(), text)

    return translate


@pytest.mark.parametrize("template", SENTENCES)
def test_every_sentence_is_recognised_with_any_values(template: str) -> None:
    text = filled(template)
    assert composed(text)
    told = in_language(text, shouting(swaps=False))
    assert told != text
    assert told == shouting(False)(template).format(
        **{name: VALUES[at % len(VALUES)] for at, name in enumerate(names(template))}
    )


def test_a_text_of_several_sentences_is_taken_apart() -> None:
    text = " ".join(filled(template) for template in SENTENCES[:7])
    parts = [in_language(filled(template), shouting(False)) for template in SENTENCES[:7]]
    assert one_by_one(text, shouting(False)) == parts
    assert in_language(text, shouting(False)) == " ".join(parts)


def test_a_text_that_the_catalogue_has_as_a_whole_is_taken_from_there() -> None:
    text = filled(sentences.MISSED)
    assert in_language(text, lambda known: "as a whole" if known == text else known) == "as a whole"


@pytest.mark.parametrize("text", ["Something else.", "", f"{filled(sentences.MISSED)} And more."])
def test_a_text_of_other_sentences_stays_as_it_is(text: str) -> None:
    assert in_language(text, shouting(False)) == text
    assert one_by_one(text, shouting(False)) == ([text] if text else [])
    assert composed(text) == (not text)


def test_points_and_commas_of_numbers_follow_the_language() -> None:
    text = sentences.LEARNED.format(
        backbone="plain-medium",
        parameters="2,812,345",
        crops="10,223",
        sets="lfw-people (8,172), wider (159)",
    )
    assert "LFW" not in text
    told = in_language(text, shouting(swaps=True))
    assert "2.812.345" in told
    assert "lfw-people (8.172), wider (159)" in told
    told = in_language(filled(sentences.ACCURACY), shouting(swaps=True))
    assert "97,4%" in told
    assert "Apache-2.0" in told


@pytest.mark.parametrize(
    "value", ["Apache-2.0", "v1.2.3", "netcafe 1.0.0", "mobilefacenet_128d.onnx", "1e-3"]
)
def test_what_is_no_number_keeps_its_points(value: str) -> None:
    text = sentences.TAUGHT.format(teachers=value)
    assert value in in_language(text, shouting(swaps=True))
