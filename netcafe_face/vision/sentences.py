"""The sentences that the trainer composes cards of, so that a card is read in every language of the program.

A card is written in English and its figures change with every training. What stays is the sentences: each is
a template, translated once. A text that consists of them is taken apart, translated and put together again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from string import Formatter

from netcafe_face.domain.errors import N_

SOURCE = N_("Shipped with the program. Both networks were trained by this project from random weights.")
MADE = N_("Made with the program's trainer, and not by its makers. The embedder started from random weights.")
DETECTOR_TOO = N_("So did the detector.")
DETECTOR_FOREIGN = N_("The detector is another project's network, under {licence}.")
DETECTOR_PACKED = N_("The detector is another pack's, whose card says where it comes from.")
DETECTOR_UNKNOWN = N_("Where the detector comes from is not recorded.")

LEARNED = N_(
    "The embedder ({backbone}, {parameters} parameters) learned from {crops} faces cut out of photos: {sets}."
)
TAUGHT = N_("It was taught by {teachers}.")
MIXTURES = N_("The teachers also answered for {mixtures} mixtures of two of these faces.")
NAMES = N_("A loss on names ({losses}) told it {people} people apart.")
STAGE = N_("Stage {number}: {steps} steps of {batch} faces, {epochs} epochs, {hours} hours, seed {seed}.")
DETECTOR_LEARNED = N_(
    "The detector was taught by {teachers} on {scenes} scenes made of photos: {steps} steps of {batch} "
    "scenes, seed {seed}."
)
DETECTOR_STAGE = N_(
    "Detector, stage {number}, from stage {begin}: {teachers} taught it on {scenes} scenes, {steps} steps of "
    "{batch} scenes, seed {seed}."
)
DETECTOR_JOINED = N_(
    "Detector, stage {number}, from the mean of stages {begin}: {teachers} taught it on {scenes} scenes, "
    "{steps} steps of {batch} scenes, seed {seed}."
)
DETECTOR_LEAST = N_(
    "It learned to leave out faces of less than {px} pixels, and in part those of less than {whole}."
)
DETECTOR_OF = N_("The detector is that of the pack {pack} {version}.")

ACCURACY = N_(
    "Tells {accuracy} of pairs right on {people} people it never saw ({set}, {pairs} pairs, ten folds);"
    " where 1 pair of strangers in 1,000 is accepted, {tar} of true pairs are (95% interval {low} to "
    "{high})."
)
NO_ACCURACY = N_("Its accuracy was not measured: there were too few people to test on.")
NAMED = N_(
    "At the threshold for naming a customer (1 pair of strangers in 10,000), {tar} of true pairs are "
    "accepted; otherwise the answer is “undecided” or “unknown”, which is right for it."
)
MASK = N_(
    "With a mask painted on one of the two faces {tar} of true pairs are accepted, {plain} without "
    "(threshold of 1 pair of strangers in {strangers})."
)
SMALL = N_(
    "With one of the two faces shrunk to {side}×{side} pixels {tar} of true pairs are accepted, {plain} "
    "otherwise (threshold of 1 pair of strangers in {strangers})."
)
DARK = N_(
    "With one of the two faces dark and noisy {tar} of true pairs are accepted, {plain} otherwise "
    "(threshold of 1 pair of strangers in {strangers})."
)
MISSED = N_("Its detector found no face in {missed} of {pictures} held-out photos of {set}.")
TWINS = N_("Not counted: {pictures} held-out photos of {set} that may be trained on under another name.")
DETECTOR_RECALL = N_(
    "Of the faces of at least {px} pixels that YuNet finds, its detector finds {recall} ({sets})."
)
DETECTOR_PLACES = N_(
    "It places eyes, nose and mouth beside where YuNet does: by {first} of the distance between the eyes at "
    "first sight, by {second} where both look again as the program does (medians)."
)
DETECTOR_PLACES_ONCE = N_(
    "It places eyes, nose and mouth beside where YuNet does: by {first} of the distance between the eyes "
    "(the median)."
)
DETECTOR_MARKED = N_(
    "Of {faces} faces of at least {px} pixels that people marked in {set} it finds {recall}, YuNet {yunet}."
)
DETECTOR_UNEXAMINED = N_("How well its detector finds faces was not examined.")
DETECTOR_ALARMS = N_("On {pictures} pictures without a face it marks {alarms} boxes, YuNet {yunet}.")
GROUP = N_(
    "Of true pairs of the group “{group}” ({people} people), {tar} are accepted, and {far} of pairs of "
    "strangers within it."
)
NOT_MEASURED = N_("Not measured: children, profiles, real masks, twins and people who look alike.")
NO_GROUPS = N_("Not measured by sex, age or origin: the photos come without such labels.")
LFW_PEOPLE = N_("LFW shows mostly adult public figures, few of them from Vietnam.")

MEASURED_ON = N_(
    "{set}: {faces} faces of {people} people, {pairs} pairs of strangers; it gives the points {points}."
)
DISTINCT_ON = N_(
    "{set}: {faces} faces, each of another person, {pairs} pairs of strangers; it gives the points {points}."
)
ONLY_HELD_OUT = N_("Only faces that no network was trained on, found by the pack's own detector.")
STRICTEST = N_("The strictest set counts at each rate.")
EXTRAPOLATED = N_(
    "Where fewer than {accepts} false accepts carry a rate it is extrapolated: an exponential tail "
    "(log-linear in the rate) from the {anchor}th highest cosine of strangers, with the slope of the "
    "{used} highest; the upper end of its 95% interval stands here."
)

SENTENCES = (
    *(
        SOURCE,
        MADE,
        DETECTOR_TOO,
        DETECTOR_FOREIGN,
        DETECTOR_PACKED,
        DETECTOR_UNKNOWN,
        LEARNED,
        TAUGHT,
        MIXTURES,
        NAMES,
        STAGE,
        DETECTOR_LEARNED,
        DETECTOR_STAGE,
        DETECTOR_JOINED,
        DETECTOR_LEAST,
        DETECTOR_OF,
    ),
    *(ACCURACY, NO_ACCURACY, NAMED, MASK, SMALL, DARK, MISSED, TWINS, GROUP),
    *(DETECTOR_RECALL, DETECTOR_PLACES, DETECTOR_PLACES_ONCE),
    *(DETECTOR_MARKED, DETECTOR_ALARMS, DETECTOR_UNEXAMINED),
    *(NOT_MEASURED, NO_GROUPS, LFW_PEOPLE),
    *(MEASURED_ON, DISTINCT_ON, ONLY_HELD_OUT, STRICTEST, EXTRAPOLATED),
)

NUMBER = N_("1,234.5")
"""How numbers are written: translated as “1.234,5” where points and commas change places."""

_VALUE = r"(?:(?!\. ).)+?"
"""No value goes on beyond the end of a sentence, else one would hold the next of its kind."""

_FIGURE = re.compile(r"(?<![\w.,-])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?![\w-]|[.,]\d)")
_SWAPPED = str.maketrans(".,", ",.")


def composed(text: str) -> bool:
    """Return whether a text consists of these sentences, so that it needs no translation of its own."""
    return _taken_apart(text) is not None


def in_language(text: str, translate: Callable[[str], str]) -> str:
    """Translate a card's text: as a whole where the catalogue has it, else sentence by sentence."""
    return " ".join(one_by_one(text, translate))


def one_by_one(text: str, translate: Callable[[str], str]) -> list[str]:
    """Translate a card's text like `in_language`, into its sentences; what is not composed stays whole."""
    whole = translate(text)
    parts = None if whole != text else _taken_apart(text)
    if parts is None:
        return [whole]
    swaps = translate(NUMBER) == NUMBER.translate(_SWAPPED)
    return [translate(template).format(**_written(values, swaps)) for template, values in parts]


def _written(values: Mapping[str, str], swaps: bool) -> dict[str, str]:
    if not swaps:
        return dict(values)
    return {
        name: _FIGURE.sub(lambda found: found[0].translate(_SWAPPED), value) for name, value in values.items()
    }


def _taken_apart(text: str) -> list[tuple[str, dict[str, str]]] | None:
    """Return the sentences of a text with their values, or None where a part is none of them."""
    if not text:
        return []
    for template in SENTENCES:
        found = _pattern(template).fullmatch(text)
        if found is None:
            continue
        values = found.groupdict()
        rest = _taken_apart(values.pop("_rest") or "")
        if rest is not None:
            return [(template, values), *rest]
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return what matches the template, whatever its values, and perhaps more sentences after it."""
    parts, seen = [], set()
    for literal, name, _, _ in Formatter().parse(template):
        parts.append(re.escape(literal))
        if name:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{_VALUE})")
            seen.add(name)
    return re.compile("".join(parts) + r"(?: (?P<_rest>.+))?", re.DOTALL)
