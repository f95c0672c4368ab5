"""Model packs on disk: a folder with a card and two networks, whole and unchanged or not used at all."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from netcafe_face.domain.errors import (
    CardInvalid,
    ModelError,
    PackFileChanged,
    PackFileMissing,
    PackInUse,
    PackNotFound,
    PackShipped,
)
from netcafe_face.vision.card import (
    CARD_NAME,
    PACK_NAME_PATTERN,
    DetectorCard,
    EmbedderCard,
    PackCard,
    read_card,
)
from netcafe_face.vision.staging import Staging


@dataclass(frozen=True)
class ModelPack:
    """A pack whose card was read and whose files were verified when it was loaded."""

    folder: Path
    card: PackCard

    @property
    def pack_id(self) -> str:
        """Return the id that templates made with this pack carry."""
        return self.card.pack_id

    @property
    def detector_path(self) -> Path:
        """Return the detector's file."""
        return self.folder / self.card.detector.file

    @property
    def embedder_path(self) -> Path:
        """Return the embedder's file."""
        return self.folder / self.card.embedder.file

    def read_detector(self) -> bytes:
        """Return the detector's bytes, verified as they are returned.

        Raises:
            PackFileMissing: it cannot be read.
            PackFileChanged: it is not what the card describes.
        """
        return self._read(self.card.detector)

    def read_embedder(self) -> bytes:
        """Return the embedder's bytes, verified as they are returned.

        Raises:
            PackFileMissing: it cannot be read.
            PackFileChanged: it is not what the card describes.
        """
        return self._read(self.card.embedder)

    def verify(self) -> None:
        """Check both files against the card.

        Raises:
            CardInvalid: a file's name is a link that leaves the pack's folder.
            PackFileMissing: a file is missing or cannot be read.
            PackFileChanged: a file is not what the card describes.
        """
        for network in (self.card.detector, self.card.embedder):
            path = self.folder / network.file
            try:
                _check_inside(self.folder, path)
                actual = sha256_of(path)
            except OSError as error:
                raise PackFileMissing(path=path, name=self.card.name) from error
            self._compare(path, network.sha256, actual)

    def _read(self, network: DetectorCard | EmbedderCard) -> bytes:
        path = self.folder / network.file
        try:
            _check_inside(self.folder, path)
            data = path.read_bytes()
        except OSError as error:
            raise PackFileMissing(path=path, name=self.card.name) from error
        self._compare(path, network.sha256, hashlib.sha256(data).hexdigest())
        return data

    def _compare(self, path: Path, expected: str, actual: str) -> None:
        if actual != expected:
            raise PackFileChanged(path=path, name=self.card.name, expected=expected, actual=actual)


def load_pack(folder: Path) -> ModelPack:
    """Load a pack from its folder and verify its files.

    Raises:
        CardInvalid: the card is missing or not usable.
        PackFileMissing: a file is missing or cannot be read.
        PackFileChanged: a file is not what the card describes.
    """
    pack = ModelPack(folder, read_card(folder / CARD_NAME))
    pack.verify()
    return pack


@dataclass(frozen=True)
class PackEntry:
    """A pack as the library lists it: its card is read, its files are not checked yet.

    Attributes:
        shipped: it came with the program.
        hidden: the user has a pack of the same name, which is used instead.
        card: None when it cannot be read; `problem` says why.
    """

    name: str
    folder: Path
    shipped: bool
    hidden: bool
    card: PackCard | None
    problem: ModelError | None


class PackLibrary:
    """The packs that came with the program and those the user installed.

    Where both have a pack of one name, the user's is used: it was put there on purpose. A user's pack that is
    damaged is an error and never silently replaced by the shipped one, whose templates are others. Removing
    the user's brings the shipped one back.

    Args:
        shipped: folder of the packs that came with the program, never written to.
        user: folder of the installed packs; need not exist.
    """

    def __init__(self, shipped: Path, user: Path) -> None:
        self._shipped = shipped
        self._user = user
        self._staging = Staging(user)
        self._staging.recover()

    def entries(self) -> list[PackEntry]:
        """Return all packs, sorted by name, the user's before the shipped one of the same name."""
        users, shipped = _pack_folders(self._user), _pack_folders(self._shipped)
        found = [_entry(folder, shipped=False, hidden=False) for folder in users.values()]
        found += [_entry(folder, shipped=True, hidden=name in users) for name, folder in shipped.items()]
        return sorted(found, key=lambda entry: (entry.name, entry.shipped))

    def folder(self, name: str) -> Path:
        """Return the folder of the pack that this name stands for.

        Raises:
            PackNotFound: there is none.
        """
        if re.fullmatch(PACK_NAME_PATTERN, name):
            for folder in (self._user / name, self._shipped / name):
                if _is_folder(folder):
                    return folder
        raise PackNotFound(name=name)

    def card(self, name: str) -> PackCard:
        """Return a pack's card without checking its files.

        Raises:
            PackNotFound: there is no such pack.
            CardInvalid: its card is not usable, or is another pack's.
        """
        return _own_card(self.folder(name))

    def find(self, name: str) -> ModelPack:
        """Return a pack, its files verified.

        Raises:
            PackNotFound: there is no such pack.
            CardInvalid: its card is not usable, or is another pack's.
            PackFileMissing: a file is missing or cannot be read.
            PackFileChanged: a file is not what the card describes.
        """
        folder = self.folder(name)
        _own_card(folder)
        return load_pack(folder)

    def remove(self, name: str, in_use: str = "") -> None:
        """Delete a pack that the user installed; `in_use` names the one that may not be.

        Raises:
            PackNotFound: there is no such pack.
            PackShipped: it came with the program.
            PackInUse: it is the one in use.
            PacksBusy: another process is changing the packs.
            OutputError: its folder cannot be deleted.
        """
        folder = self.folder(name)
        if folder.parent != self._user:
            raise PackShipped(name=name)
        if name == in_use:
            raise PackInUse(name=name)
        with self._staging.locked():
            self._staging.remove(name)


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_inside(folder: Path, path: Path) -> None:
    """Refuse a link that leaves the pack's folder, and what is no file."""
    if path.exists() and not path.is_file():
        raise CardInvalid(path=folder / CARD_NAME, reason=f"“{path.name}” is not a file")
    if path.resolve().parent != folder.resolve():
        raise CardInvalid(
            path=folder / CARD_NAME, reason=f"“{path.name}” is a link that leaves the pack's folder"
        )


def _pack_folders(folder: Path) -> dict[str, Path]:
    try:
        return {path.name: path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise PackFileMissing(path=folder, name=folder.name) from error


def _own_card(folder: Path) -> PackCard:
    card = read_card(folder / CARD_NAME)
    if card.name != folder.name:
        raise CardInvalid(
            path=folder / CARD_NAME,
            reason=f"“name” is {card.name!r}, but its folder is called {folder.name!r}",
        )
    return card


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _entry(folder: Path, *, shipped: bool, hidden: bool) -> PackEntry:
    try:
        return PackEntry(folder.name, folder, shipped, hidden, _own_card(folder), None)
    except CardInvalid as problem:
        return PackEntry(folder.name, folder, shipped, hidden, None, problem)
