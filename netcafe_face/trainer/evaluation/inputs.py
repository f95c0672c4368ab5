"""What networks of different origin expect of a crop, by name or written out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from netcafe_face.trainer.distil.teacher import TEACHER_INPUTS, TeacherInput
from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.vision.card import EmbedderCard

INPUTS: Mapping[str, TeacherInput] = MappingProxyType(
    {
        **TEACHER_INPUTS,
        "rgb128": TeacherInput("RGB", (127.5,) * 3, (128.0,) * 3),
        "rgb255": TeacherInput("RGB", (0.0,) * 3, (1.0,) * 3),
        "bgr255": TeacherInput("BGR", (0.0,) * 3, (1.0,) * 3),
    }
)
"""Those of teachers, and: rgb128, (x − 127.5) / 128, as older networks of MXNet's time; rgb255 and bgr255,
pixels as they are, for networks that scale themselves, such as SFace."""


_FIRST_NODES = 8
_SCALING = (("Sub", "_minus"), ("Mul", "_mul"))


def input_named(text: str) -> TeacherInput:
    """Return an input by its name, or one written as COLOUR:MEAN:STD.

    Args:
        text: a key of `INPUTS`, or such as `BGR:127.5:128` or `RGB:123.7,116.3,103.5:58.4,57.1,57.4`; mean
            and std are of pixels from 0 to 255, one for all channels or one each in the order of COLOUR.

    Raises:
        OptionsRefused: it is neither.
    """
    if text in INPUTS:
        return INPUTS[text]
    colour, *numbers = text.split(":")
    if colour not in ("RGB", "BGR") or len(numbers) != 2:
        known = ", ".join(INPUTS)
        raise OptionsRefused(reason=f"the input “{text}” is none of {known}, nor COLOUR:MEAN:STD")
    mean, std = _three(text, numbers[0]), _three(text, numbers[1])
    if min(std) <= 0:
        raise OptionsRefused(reason=f"in the input “{text}” the std is not above zero")
    return TeacherInput(colour, mean, std)


def input_of_card(card: EmbedderCard) -> TeacherInput:
    """Return what a model pack's card states."""
    return TeacherInput(card.colour, (card.mean,) * 3, (card.std,) * 3)


def scales_itself(path: Path) -> bool:
    """Tell whether an ONNX file takes pixels from 0 to 255, by the rule of insightface's `ArcFaceONNX`.

    Networks that MXNet wrote subtract a mean and multiply in their first nodes, which are named after that.

    Args:
        path: a file that ONNX Runtime has loaded, so that it can be read.
    """
    import onnx

    nodes = onnx.load(path, load_external_data=False).graph.node[:_FIRST_NODES]
    return all(any(node.name.startswith(names) for node in nodes) for names in _SCALING)


def describe(expects: TeacherInput) -> str:
    """Return an input in words, for a report."""
    means = "/".join(f"{value:g}" for value in dict.fromkeys(expects.mean))
    stds = "/".join(f"{value:g}" for value in dict.fromkeys(expects.std))
    template = "" if expects.landmarks is None else ", template of its own"
    return f"{expects.colour}, (x − {means}) / {stds}, {expects.side_px} px{template}"


def _three(text: str, part: str) -> tuple[float, float, float]:
    try:
        values = [float(word) for word in part.split(",")]
    except ValueError as error:
        raise OptionsRefused(reason=f"in the input “{text}”, “{part}” is no number") from error
    if len(values) not in (1, 3) or not all(map(math.isfinite, values)):
        raise OptionsRefused(reason=f"the input “{text}” needs one number or three for mean and std")
    red, green, blue = values * (3 // len(values))
    return red, green, blue
