"""Networks of others and their licences: some are known by their bytes, those of the rest must be stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from netcafe_face.trainer.errors import OptionsRefused


@dataclass(frozen=True)
class Known:
    """A network of others: its file's usual name, and its licence."""

    file: str
    licence: str


KNOWN: Mapping[str, Known] = MappingProxyType(
    {
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4": Known(
            "face_detection_yunet_2023mar.onnx", "Apache-2.0 / MIT"
        ),
        "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12": Known(
            "yunet_n_dynamic.onnx", "Apache-2.0"
        ),
        "b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507": Known(
            "foamliu_mobilefacenet_128d.onnx", "Apache-2.0"
        ),
        "936768bbdd7e5b69f0cb3aa5fa395177e6bc41d2b036ed838ae8b7e3acd4e793": Known(
            "face-reidentification-retail-0095.onnx", "Apache-2.0"
        ),
    }
)
"""By SHA-256: from OpenCV Zoo, a YuNet-n with free sizes, foamliu's MobileFaceNet, from Open Model Zoo."""


def licensed(teachers: Sequence[Mapping[str, Any]], stated: Mapping[str, str]) -> list[str]:
    """Name teachers with their licences, each once: “teacher.onnx (Apache-2.0)”.

    Args:
        teachers: with `file` and `sha256`, as a run records them.
        stated: licences by file name, for teachers that are not known.

    Raises:
        OptionsRefused: a teacher's licence is neither known nor stated.
    """
    named = {}
    for teacher in teachers:
        file, sha256 = str(teacher["file"]), str(teacher.get("sha256", ""))
        licence = KNOWN[sha256].licence if sha256 in KNOWN else stated.get(file)
        if not licence:
            raise OptionsRefused(
                reason=f"the licence of the teacher {file} is not known: state it with --licence {file}=…"
            )
        named[file] = f"{file} ({licence})"
    return list(named.values())
