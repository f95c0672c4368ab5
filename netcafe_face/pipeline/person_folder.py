"""The folder of one person's recorded crops: its name, its consents, and its files."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from netcafe_face.config.atomic import write_atomically
from netcafe_face.domain.errors import N_, ConsentMissing, OutputError, ValueRefused
from netcafe_face.domain.faces import Image
from netcafe_face.vision.images import write_image

CONSENT_FILE = "consent.json"

_FORMAT = 1
_LONGEST_NAME = 100
_FORBIDDEN = frozenset('/\\:*?"<>|')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_CROP = re.compile(r"(?P<recording>\d{8}T\d{6})-(?P<number>\d{5,})_(?P<mark>[a-z]{3})\.png")


@dataclass(frozen=True)
class RecordingConsent:
    """What a person agreed to before being recorded.

    Attributes:
        how_given: how the consent was given, in words.
        operator: who recorded it.
        source: the camera or video, without a password.
    """

    how_given: str
    operator: str
    source: str


class PersonFolder:
    """One person's folder within a folder of people; nothing is written before the first crop is.

    Args:
        people: the folder of all people.
        name: the person's; becomes the folder's name.
        consent: to be kept beside the crops.

    Raises:
        ValueRefused: a folder cannot be called so, or somebody has nearly the same name.
        ConsentMissing: the consent says nothing.
        OutputError: the folder cannot be read, or its record of consents is damaged.
    """

    def __init__(self, people: Path, name: str, consent: RecordingConsent) -> None:
        self.name = _checked(name)
        if not consent.how_given.strip():
            raise ConsentMissing(code=self.name)
        _refuse_namesake(people, self.name)
        self.path = people / self.name
        self._consent = consent
        self._recording = ""
        self._number = max((number for _path, number, _mark in self._files()), default=0)
        self._consents = self._read_consents()

    def crops(self) -> Iterator[tuple[Path, str]]:
        """Yield the crops that are there, with the mark of each."""
        for path, _number, mark in self._files():
            yield path, mark

    def begin_recording(self) -> None:
        """Let the next crop begin another recording: one place, one light, one go."""
        self._recording = ""

    def store(self, crop_bgr: Image, mark: str) -> Path:
        """Write a crop, uint8 (112, 112, 3) BGR, whole or not at all.

        Args:
            crop_bgr: the crop.
            mark: three letters that say which kind of picture it is.

        Raises:
            OutputError: it cannot be written.
        """
        if not self._recording:
            self._start()
        path = self.path / f"{self._recording}-{self._number + 1:05d}_{mark}.png"
        write_image(path, crop_bgr)
        self._number += 1
        return path

    def _start(self) -> None:
        began = datetime.now(UTC).replace(microsecond=0)
        used = {path.name[:15] for path, _number, _mark in self._files()}
        moment = began
        while f"{moment:%Y%m%dT%H%M%S}" in used:
            moment += timedelta(seconds=1)
        self._recording = f"{moment:%Y%m%dT%H%M%S}"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(path=self.path, reason=error.strerror or str(error)) from error
        self._consents.append(
            {
                "recording": self._recording,
                "how_given": self._consent.how_given.strip(),
                "given_at": began.isoformat(),
                "operator": self._consent.operator,
                "source": self._consent.source,
            }
        )
        body = {"format": _FORMAT, "name": self.name, "consents": self._consents}
        text = json.dumps(body, ensure_ascii=False, indent=2)
        # Before any crop: there is never a face here to which nobody agreed.
        write_atomically(self.path / CONSENT_FILE, text.encode("utf-8"))

    def _files(self) -> Iterator[tuple[Path, int, str]]:
        try:
            names = sorted(item.name for item in self.path.iterdir()) if self.path.is_dir() else []
        except OSError as error:
            raise OutputError(path=self.path, reason=error.strerror or str(error)) from error
        for name in names:
            found = _CROP.fullmatch(name)
            if found:
                yield self.path / name, int(found["number"]), found["mark"]

    def _read_consents(self) -> list[dict[str, Any]]:
        path = self.path / CONSENT_FILE
        if not path.is_file():
            return []
        try:
            consents = json.loads(path.read_text(encoding="utf-8"))["consents"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OutputError(path=path, reason=N_("what is there cannot be read")) from error
        if not isinstance(consents, list):
            raise OutputError(path=path, reason=N_("what is there cannot be read"))
        return consents


def _checked(name: str) -> str:
    clean = unicodedata.normalize("NFC", " ".join(name.split()))
    controls = any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in clean)
    if not clean:
        reason = N_("it is empty")
    elif len(clean.encode("utf-8")) > _LONGEST_NAME:
        reason = N_("it is too long for the name of a folder")
    elif (
        controls
        or _FORBIDDEN & set(clean)
        or clean[0] == "."
        or clean[-1] == "."
        or _RESERVED.fullmatch(clean)
    ):
        reason = N_("no folder can be called so")
    else:
        return clean
    raise ValueRefused(field=N_("Name"), value=name, reason=reason)


def _refuse_namesake(people: Path, name: str) -> None:
    """Refuse a name that differs only in case or spaces from a folder's: it would be one person twice."""
    try:
        others = [item.name for item in people.iterdir()] if people.is_dir() else []
    except OSError as error:
        raise OutputError(path=people, reason=error.strerror or str(error)) from error
    for other in others:
        if _folded(other) == _folded(name) and unicodedata.normalize("NFC", other) != name:
            raise ValueRefused(field=N_("Name"), value=name, reason=N_("a folder has nearly the same name"))


def _folded(name: str) -> str:
    return "_".join(unicodedata.normalize("NFKC", name).casefold().replace("_", " ").split())
