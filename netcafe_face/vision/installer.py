"""Install a pack from the catalogue, or import one from files: visible only when whole and verified."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from netcafe_face.domain.errors import (
    N_,
    ArchiveRefused,
    FilesIncomplete,
    FilesNotRecognised,
    HashUnknown,
    LicenceNotAccepted,
    WrongFile,
)
from netcafe_face.vision.archive import open_archive
from netcafe_face.vision.card import CARD_LIMIT_BYTES, CARD_NAME, PackCard, format_card, parse_card
from netcafe_face.vision.catalogue import CATALOGUE, Catalogue, CatalogueEntry, KnownFile
from netcafe_face.vision.download import Patience, check_room, fetch
from netcafe_face.vision.packs import ModelPack, load_pack, sha256_of
from netcafe_face.vision.pins import pin, read_pins
from netcafe_face.vision.staging import Staging
from netcafe_face.vision.watch import Watch

NETWORK_LIMIT_BYTES = 2_000_000_000


def _no_licence(_card: PackCard) -> bool:
    """Accept no licence."""
    return False


def _no_hash(_pack: str, _name: str, _sha256: str) -> bool:
    """Accept no file of unknown origin."""
    return False


@dataclass(frozen=True)
class Dialogue:
    """What the operator is asked and shown while a pack is installed.

    Attributes:
        accept_licence: shown a card, returns whether its licence is accepted.
        accept_hash: given a pack, a file's name and its SHA-256, of which none is published; returns whether
            exactly this file is accepted from now on.
    """

    accept_licence: Callable[[PackCard], bool] = _no_licence
    accept_hash: Callable[[str, str, str], bool] = _no_hash
    watch: Watch = field(default_factory=Watch)


class Installer:
    """Puts packs into the user's packs folder.

    Args:
        packs: that folder; made when needed.
        catalogue: what can be fetched.
        patience: with servers.
    """

    def __init__(
        self, packs: Path, catalogue: Catalogue = CATALOGUE, patience: Patience | None = None
    ) -> None:
        self._packs = packs
        self._catalogue = catalogue
        self._patience = patience or Patience()
        self._staging = Staging(packs)

    def install(self, name: str, dialogue: Dialogue) -> ModelPack:
        """Fetch a pack of the catalogue and install it.

        Raises:
            ModelError: PackUnknown, LicenceNotAccepted, DownloadFailed, WrongFile, HashUnknown,
                NoRoomForPack, ArchiveRefused, PacksBusy; nothing was changed then.
            OutputError: the folder cannot be written.
            Cancelled: the operator stopped it; what has arrived is kept for the next time.
        """
        entry = self._catalogue.find(name)
        _ask_licence(entry.card, dialogue)
        with self._staging.locked():
            if given := self._installed(entry):
                return self._assemble(entry, given, dialogue)
            check_room(self._packs, sum(file.limit_bytes for file in entry.files))
            folder = self._staging.downloads / entry.name
            folder.mkdir(exist_ok=True)
            known = self._pinned(entry)
            for file in entry.downloads:
                given[file.name] = self._fetch(known[file.name], folder / file.name, entry, dialogue)
            try:
                pack = self._assemble(entry, given, dialogue)
            except (ArchiveRefused, WrongFile):
                shutil.rmtree(folder, ignore_errors=True)
                raise
            shutil.rmtree(folder, ignore_errors=True)
            return pack

    def import_paths(self, paths: Sequence[Path], dialogue: Dialogue) -> ModelPack:
        """Install a pack from files at hand: a pack's folder, a zip of one, or the catalogue's files.

        Raises:
            ModelError: FilesNotRecognised, FilesIncomplete, CardInvalid, PackFileMissing, PackFileChanged,
                LicenceNotAccepted, WrongFile, HashUnknown, ArchiveRefused, NoRoomForPack, PacksBusy; nothing
                was changed then.
            OutputError: the folder cannot be written.
        """
        for path in paths:
            if not path.exists():
                raise FilesNotRecognised(path=path, reason=N_("there is nothing"))
        with self._staging.locked():
            if len(paths) == 1 and (folder := _pack_folder(paths[0])):
                return self._import_folder(folder, dialogue)
            if len(paths) == 1 and _is_zipped_pack(paths[0]):
                return self._import_zip(paths[0], dialogue)
            entry, given = self._recognise(paths)
            _ask_licence(entry.card, dialogue)
            return self._assemble(entry, given, dialogue)

    def _fetch(self, file: KnownFile, target: Path, entry: CatalogueEntry, dialogue: Dialogue) -> Path:
        if not (target.is_file() and (file.sha256 is None or sha256_of(target) == file.sha256)):
            fetch(file, target, dialogue.watch, self._patience, entry.by_hand())
        return target

    def _pinned(self, entry: CatalogueEntry) -> dict[str, KnownFile]:
        """Return an entry's files by name, with the accepted SHA-256 where none is published."""
        pins = read_pins(self._packs)
        return {
            file.name: replace(file, sha256=file.sha256 or pins.get(f"{entry.name}/{file.name}"))
            for file in entry.files
        }

    def _assemble(self, entry: CatalogueEntry, given: Mapping[str, Path], dialogue: Dialogue) -> ModelPack:
        """Build a catalogue's pack from its archive or its two networks, check every file, and publish it."""
        known = self._pinned(entry)
        source = {name: _checked(entry, known[name], path) for name, path in given.items()}
        self._gather(entry, given)
        build = self._staging.build
        networks = {
            network.name: _checked(entry, known[network.name], build / network.name)
            for network in (entry.detector, entry.embedder)
        }
        accepted = _ask_hashes(entry, known, source, networks, dialogue)
        card = entry.card_for(networks)
        (build / CARD_NAME).write_text(format_card(card), encoding="utf-8")
        if accepted:
            pin(self._packs, accepted)
        return self._publish(card.name)

    def _gather(self, entry: CatalogueEntry, given: Mapping[str, Path]) -> None:
        """Put both networks into the build folder."""
        build, networks = self._staging.build, (entry.detector, entry.embedder)
        missing = [network.name for network in networks if network.name not in given]
        if not missing:
            for network in networks:
                check_room(build, given[network.name].stat().st_size)
                shutil.copyfile(given[network.name], build / network.name)
        elif entry.archive and entry.archive.name in given:
            check_room(build, sum(network.limit_bytes for network in networks))
            with open_archive(given[entry.archive.name]) as archive:
                archive.extract({network.name: network.limit_bytes for network in networks}, build)
        else:
            raise FilesIncomplete(name=entry.name, missing=", ".join(missing), files=entry.by_hand())

    def _installed(self, entry: CatalogueEntry) -> dict[str, Path]:
        """Return the networks of the pack as it is installed, if both are known to be the right ones."""
        known, folder = self._pinned(entry), self._packs / entry.name
        found = {network.name: folder / network.name for network in (entry.detector, entry.embedder)}
        for name, path in found.items():
            if known[name].sha256 is None or not path.is_file() or sha256_of(path) != known[name].sha256:
                return {}
        return found

    def _import_folder(self, folder: Path, dialogue: Dialogue) -> ModelPack:
        pack = load_pack(folder)
        _ask_licence(pack.card, dialogue)
        for path in (pack.detector_path, pack.embedder_path, folder / CARD_NAME):
            check_room(self._packs, path.stat().st_size)
            shutil.copyfile(path, self._staging.build / path.name)
        return self._publish(pack.card.name)

    def _import_zip(self, path: Path, dialogue: Dialogue) -> ModelPack:
        with open_archive(path) as archive:
            text = archive.read(CARD_NAME, CARD_LIMIT_BYTES)
            card = parse_card(text, path / CARD_NAME)
            _ask_licence(card, dialogue)
            names = (card.detector.file, card.embedder.file)
            check_room(self._packs, sum(archive.size_of(name) for name in names))
            archive.extract(dict.fromkeys(names, NETWORK_LIMIT_BYTES), self._staging.build)
        (self._staging.build / CARD_NAME).write_bytes(text)
        return self._publish(card.name)

    def _recognise(self, paths: Sequence[Path]) -> tuple[CatalogueEntry, dict[str, Path]]:
        """Find the entry that files belong to, by their SHA-256 and else by their names."""
        files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
        best: tuple[CatalogueEntry, dict[str, Path]] | None = None
        for entry in self._catalogue:
            given = self._matching(entry, [file for file in files if file.is_file()])
            if given and (best is None or len(given) > len(best[1])):
                best = entry, given
        if best is None:
            raise FilesNotRecognised(
                path=", ".join(str(path) for path in paths),
                reason=N_("no pack in the catalogue has such a file"),
            )
        return best

    def _matching(self, entry: CatalogueEntry, files: Sequence[Path]) -> dict[str, Path]:
        known = self._pinned(entry)
        by_hash = {file.sha256: name for name, file in known.items() if file.sha256}
        sizes = {file.size for file in known.values()}
        given: dict[str, Path] = {}
        for file in files:
            # Hashing only what has a wanted size keeps a folder of large files quick.
            name = by_hash.get(sha256_of(file)) if file.stat().st_size in sizes else None
            name = name or (file.name if file.name in known else None)
            if name is not None:
                given.setdefault(name, file)
        return given

    def _publish(self, name: str) -> ModelPack:
        load_pack(self._staging.build)
        folder = self._staging.publish(name)
        return load_pack(folder)


def _ask_licence(card: PackCard, dialogue: Dialogue) -> None:
    if not dialogue.accept_licence(card):
        raise LicenceNotAccepted(name=card.name, licence=card.licence)


def _checked(entry: CatalogueEntry, file: KnownFile, path: Path) -> str:
    """Return a file's SHA-256, which is the known one where one is known."""
    if path.stat().st_size > file.limit_bytes:
        raise WrongFile(
            name=file.name,
            expected=file.sha256 or "unknown",
            actual=f"not computed: it has {path.stat().st_size} bytes",
            files=entry.by_hand(),
        )
    actual = sha256_of(path)
    if file.sha256 not in (None, actual):
        raise WrongFile(name=file.name, expected=file.sha256, actual=actual, files=entry.by_hand())
    return actual


def _ask_hashes(
    entry: CatalogueEntry,
    known: Mapping[str, KnownFile],
    source: Mapping[str, str],
    networks: Mapping[str, str],
    dialogue: Dialogue,
) -> dict[str, str]:
    """Show what nobody vouches for, and return what was accepted, to be pinned.

    An archive with a known SHA-256 vouches for what is in it.

    Args:
        entry: the pack.
        known: its files, by name.
        source: SHA-256 of the files given, by name.
        networks: SHA-256 of the two networks, by name.
        dialogue: with the operator.

    Raises:
        HashUnknown: it was not accepted.
    """
    unknown = {name: sha256 for name, sha256 in networks.items() if known[name].sha256 is None}
    if not unknown:
        return {}
    archives = {name: sha256 for name, sha256 in source.items() if name not in networks}
    asked = archives or unknown
    for name, sha256 in asked.items():
        if known[name].sha256 is None and not dialogue.accept_hash(entry.name, name, sha256):
            raise HashUnknown(name=name, pack=entry.name, actual=sha256)
    return {f"{entry.name}/{name}": sha256 for name, sha256 in (asked | unknown).items()}


def _pack_folder(path: Path) -> Path | None:
    """Return the pack's folder when a path is one, or is the card in one."""
    folder = path.parent if path.name == CARD_NAME else path
    return folder if (folder / CARD_NAME).is_file() else None


def _is_zipped_pack(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with open_archive(path) as archive:
            return archive.has(CARD_NAME)
    except ArchiveRefused:
        return False
