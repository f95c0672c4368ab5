"""What an inspection found, as JSON, as text, and as a contact sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import Image, QualityFlaw
from netcafe_face.trainer.data.inspecting import (
    PUBLISHED,
    Inspection,
    Look,
    distribution,
    share_of_published,
)
from netcafe_face.trainer.data.label_errors import LabelErrors

_SHOWN = 10
_ROWS_OF_A_KIND = 8
_IN_A_ROW = 10
_QUANTILES = {"least": 0.0, "5%": 0.05, "median": 0.5, "95%": 0.95, "most": 1.0}
_FLAWS = (QualityFlaw.BLURRED, QualityFlaw.TOO_DARK, QualityFlaw.TOO_BRIGHT)

Row = tuple[str, list[int]]
"""A label and the places of pictures, as they stand in the sheet."""


def as_json(found: Inspection, errors: LabelErrors | None = None) -> dict[str, Any]:
    """Return everything that was found, for a file."""
    counts, looks = found.counts, found.looks
    body: dict[str, Any] = {
        "path": str(found.path),
        "aligned": found.aligned,
        "identities": len(counts),
        "images": len(looks),
        "images_without_identity": sum(not look.name for look in looks),
        "held_out": _held_out(found),
        "published": _published(found),
        "images_per_identity": {
            **_spread(np.array(list(counts.values()), dtype=np.float64)),
            "identities_with": distribution(counts.values()),
            "largest": dict(counts.most_common(_SHOWN)),
        },
        "face_px" if found.aligned else "shorter_side_px": _spread(found.values(_side)),
        "brightness": _spread(found.values(lambda look: look.brightness)),
        "sharpness": _spread(found.values(lambda look: look.sharpness)),
        "flaws": {flaw.value: sum(flaw in look.flaws for look in looks) for flaw in _FLAWS},
        "equal": [
            {"across_identities": found.across(group), "images": [_named(looks[at]) for at in group]}
            for group in found.equal
        ],
        "on_both_sides_of_the_split": _twins(found),
        "nearly_equal": [
            {
                "likeness": round(pair.likeness, 4),
                "across_identities": found.across((pair.first, pair.second)),
                "images": [_named(looks[pair.first]), _named(looks[pair.second])],
            }
            for pair in found.alike
        ],
    }
    if not found.aligned:
        body["reading"] = found.reading.as_json()
    if errors is not None:
        body["label_errors"] = _errors(found, errors)
    return body


def as_lines(found: Inspection, errors: LabelErrors | None = None) -> list[str]:
    """Return what was found as lines of text; long lists are cut, and the JSON has all of them."""
    body = as_json(found, errors)
    held = body["held_out"]
    lines = [
        str(found.path),
        *_table(body),
        f"held out by the split: {held['identities']} identities, {held['images']} images",
        *_line("images of an identity", body["images_per_identity"]),
        *_pairs_of("identities with so many images", body["images_per_identity"]["identities_with"]),
        *_pairs_of("most images", body["images_per_identity"]["largest"]),
        *_line("face, pixels", body.get("face_px", {})),
        *_line("shorter side, pixels", body.get("shorter_side_px", {})),
        *_line("brightness, 0 to 255", body["brightness"]),
        *_line("sharpness, 0 to 1", body["sharpness"]),
        "found wrong: " + ", ".join(f"{name} {count}" for name, count in body["flaws"].items()),
    ]
    if not found.aligned:
        lines += found.reading.lines()[1:]
    lines += _twin_lines(body["on_both_sides_of_the_split"])
    lines += _duplicates("equal images", body["equal"]) + _duplicates("nearly equal", body["nearly_equal"])
    if errors is not None:
        lines += _error_lines(body["label_errors"])
    return lines


def sheet_rows(found: Inspection, errors: LabelErrors | None = None) -> list[Row]:
    """Choose what a contact sheet shows: a sample, the worst pictures, duplicates and probable errors."""
    looks = found.looks
    if not looks:
        return []
    spread = np.linspace(0, len(looks) - 1, min(_IN_A_ROW, len(looks))).round().astype(int).tolist()
    rows: list[Row] = [("some of them", list(dict.fromkeys(spread)))]
    for label, what in _WORST.items():
        order = np.argsort(found.values(what), kind="stable")[:_IN_A_ROW]
        rows.append((label, [int(at) for at in order]))
    across = [
        (f"equal\n{looks[group[0]].name}\n{looks[group[1]].name}", list(group[:_IN_A_ROW]))
        for group in found.equal
        if found.across(group)
    ]
    across += [
        (
            f"likeness {pair.likeness:.3f}\n{looks[pair.first].name}\n{looks[pair.second].name}",
            [pair.first, pair.second],
        )
        for pair in found.alike
        if found.across((pair.first, pair.second))
    ]
    return rows + across[:_ROWS_OF_A_KIND] + _error_rows(found, errors)


_WORST: Mapping[str, Callable[[Look], float]] = {
    "darkest": lambda look: look.brightness,
    "brightest": lambda look: -look.brightness,
    "most blurred": lambda look: look.sharpness,
    "smallest": lambda look: _side(look),
}


def _error_rows(found: Inspection, errors: LabelErrors | None) -> list[Row]:
    if errors is None:
        return []
    of: dict[str, list[int]] = {}
    for at, look in enumerate(found.looks):
        of.setdefault(look.name, []).append(at)
    rows: list[Row] = []
    for one in errors.misplaced[:_ROWS_OF_A_KIND]:
        others = [at for at in of[one.name] if at != one.place][:4]
        label = f"first: called {one.name} ({one.own or 0.0:.2f}), looks like {one.like} ({one.other:.2f})"
        rows.append((label, [one.place, *others, *of[one.like][:4]]))
    for first, second, cosine in errors.doubled[:_ROWS_OF_A_KIND]:
        rows.append((f"one person? {cosine:.2f}\n{first}\n{second}", [*of[first][:5], *of[second][:5]]))
    return rows


def _errors(found: Inspection, errors: LabelErrors) -> dict[str, Any]:
    return {
        "limit": round(errors.limit, 4),
        "misplaced": [
            {
                **_named(found.looks[one.place]),
                "own": None if one.own is None else round(one.own, 4),
                "looks_like": one.like,
                "other": round(one.other, 4),
            }
            for one in errors.misplaced
        ],
        "one_person_under_two_names": [
            {"names": [first, second], "cosine": round(cosine, 4)} for first, second, cosine in errors.doubled
        ],
    }


def _error_lines(body: Mapping[str, Any]) -> list[str]:
    misplaced, doubled = body["misplaced"], body["one_person_under_two_names"]
    lines = [f"{len(misplaced)} images look more like another identity than like their own:"]
    lines += [
        f"  {one['source']}: own {one['own']:.2f}, {one['looks_like']} {one['other']:.2f}"
        for one in misplaced[:_SHOWN]
    ]
    lines.append(f"{len(doubled)} pairs of identities look like one person:")
    return lines + [f"  {' and '.join(two['names'])}: {two['cosine']:.2f}" for two in doubled[:_SHOWN]]


def _held_out(found: Inspection) -> dict[str, int]:
    held = [look for look in found.looks if look.held_out]
    return {"identities": len({look.name for look in held if look.name}), "images": len(held)}


def _twins(found: Inspection) -> dict[str, Any]:
    places = [at for group in found.twins for at in group]
    return {
        "images": len(places),
        "held_out": sum(found.looks[at].held_out for at in places),
        "equal": [[_named(found.looks[at]) for at in group] for group in found.twins],
    }


def _twin_lines(body: Mapping[str, Any]) -> list[str]:
    lines = [f"equal on both sides of the split: {body['images']} images, {body['held_out']} held out"]
    return lines + ["  " + " = ".join(one["source"] for one in group) for group in body["equal"][:_SHOWN]]


def _published(found: Inspection) -> dict[str, Any]:
    shares = share_of_published(len(found.counts), len(found.looks))
    return {
        name: {
            "identities": PUBLISHED[name][0],
            "images": PUBLISHED[name][1],
            "share_of_identities": None if people is None else round(people, 4),
            "share_of_images": None if images is None else round(images, 4),
        }
        for name, (people, images) in shares.items()
    }


def _table(body: Mapping[str, Any]) -> list[str]:
    def cell(count: int, share: float | None) -> str:
        return f"{count:,} ({share:.1%} here)" if share is not None else f"{count:,}"

    rows = [("", "identities", "images"), ("here", f"{body['identities']:,}", f"{body['images']:,}")]
    for name, one in body["published"].items():
        identities = cell(one["identities"], one["share_of_identities"])
        rows.append((f"{name}, published", identities, cell(one["images"], one["share_of_images"])))
    return [f"  {name:<20}{identities:<24}{images}" for name, identities, images in rows]


def _spread(values: npt.NDArray[np.float64]) -> dict[str, float]:
    if not len(values):
        return {}
    return {name: round(float(np.quantile(values, at)), 3) for name, at in _QUANTILES.items()}


def _line(what: str, spread: Mapping[str, Any]) -> list[str]:
    figures = [f"{name} {spread[name]:g}" for name in _QUANTILES if name in spread]
    return [f"{what}: {', '.join(figures)}"] if figures else []


def _pairs_of(what: str, counts: Mapping[str, int]) -> list[str]:
    return [f"{what}: " + ", ".join(f"{name}: {count}" for name, count in counts.items())] if counts else []


def _duplicates(what: str, groups: Sequence[Mapping[str, Any]]) -> list[str]:
    across = [group for group in groups if group["across_identities"]]
    lines = [f"{what}: {len(groups)}, of them under different names: {len(across)}"]
    for group in across[:_SHOWN]:
        likeness = f" ({group['likeness']:.3f})" if "likeness" in group else ""
        lines.append("  " + " = ".join(image["source"] for image in group["images"]) + likeness)
    return lines


def _named(look: Look) -> dict[str, str]:
    return {"name": look.name, "source": look.source}


def _side(look: Look) -> float:
    return min(look.size_px)


def pixels_of(found: Inspection, rows: Sequence[Row], read: Callable[[int], Image]) -> list[list[Image]]:
    """Read the pictures of a sheet's rows, each once; `read` gives the one at a place, BGR."""
    wanted = {at: read(at) for at in dict.fromkeys(at for _label, places in rows for at in places)}
    return [[wanted[at] for at in places] for _label, places in rows]
