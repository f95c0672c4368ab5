"""Checks of a data folder: writable, room, settings, packs, database, the threshold in force."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from netcafe_face.app import SHIPPED_PACKS
from netcafe_face.config.paths import Paths, data_paths
from netcafe_face.config.settings import Settings, load_settings
from netcafe_face.doctor.finding import Finding, State, failed, guarded
from netcafe_face.domain.errors import FolderUnusable, NetcafeError, SettingsInvalid
from netcafe_face.domain.matching import DecisionRule, identification_rule
from netcafe_face.gallery.service import Gallery
from netcafe_face.i18n import _
from netcafe_face.vision.card import PackCard
from netcafe_face.vision.packs import PackEntry, PackLibrary

LITTLE_ROOM_BYTES = 1 << 30
NO_ROOM_BYTES = 100 << 20
_NO_PACK = "none"


def check_place(data_dir: Path | None, shipped_packs: Path = SHIPPED_PACKS) -> Iterator[Finding]:
    """Yield the findings about a data folder, None for the user's own, and about the packs."""
    paths = data_paths(data_dir)
    folder = check_folder(paths)
    yield folder
    usable = folder.state is not State.FAIL
    if not usable and not paths.root.is_dir():
        return
    yield check_room(paths.root, shutil.disk_usage(paths.root).free)
    if usable:
        yield from guarded(_("Log"), lambda: [_check_log(paths)])
    try:
        settings = load_settings(paths.settings_file)
        yield Finding(_("Settings"), State.OK, str(paths.settings_file))
    except SettingsInvalid as error:
        settings = Settings()
        yield failed(_("Settings"), error)
    library = PackLibrary(shipped_packs, paths.packs)
    yield from guarded(_("Model packs"), lambda: check_packs(library, settings.pack))
    if usable:
        yield from guarded(_("Customer database"), lambda: check_database(paths, library, settings.pack))


def check_folder(paths: Paths) -> Finding:
    """Make the data folder where it is missing, and write to each of its folders."""
    name = _("Data folder")
    try:
        paths.create()
        for folder in (paths.root, paths.database, paths.packs, paths.logs, paths.exports):
            _write_to(folder)
    except NetcafeError as error:
        return failed(name, error)
    return Finding(name, State.OK, _("{path}, writable").format(path=paths.root))


def check_room(folder: Path, free_bytes: int) -> Finding:
    """Judge the free space of the disk that holds a folder."""
    name = _("Disk space")
    detail = _("{free} GB free").format(free=f"{free_bytes / 1e9:.1f}")
    advice = _("Free some space on the disk of {path}.").format(path=folder)
    if free_bytes < NO_ROOM_BYTES:
        return Finding(name, State.FAIL, detail, advice)
    if free_bytes < LITTLE_ROOM_BYTES:
        return Finding(name, State.WARN, detail, advice)
    return Finding(name, State.OK, detail)


def check_packs(library: PackLibrary, in_use: str) -> Iterator[Finding]:
    """Verify every pack that can be used against its card; only the one in use may fail the examination."""
    entries = [entry for entry in library.entries() if not entry.hidden]
    for entry in entries:
        yield _check_pack(library, entry, entry.name == in_use)
    if in_use not in [entry.name for entry in entries]:
        name = _("Model pack “{name}”").format(name=in_use)
        yield Finding(
            name, State.FAIL, _("it is in use but not installed"), _("Choose another with “models use”.")
        )


def check_database(paths: Paths, library: PackLibrary, in_use: str) -> Iterator[Finding]:
    """Let SQLite check the database, and say by which rule customers are named."""
    try:
        card = library.card(in_use)
    except NetcafeError:
        card = None  # the packs' own check tells why; the customers are to be examined all the same
    if not any(paths.database.glob("*.db")):
        yield Finding(_("Customer database"), State.OK, _("not there yet: the first enrolment makes it"))
        if card is not None:
            yield check_threshold(card, identification_rule(card.thresholds, 0))
        return
    with Gallery.open(paths.database, card.pack_id if card is not None else _NO_PACK) as gallery:
        yield _check_integrity(gallery)
        if card is None:
            return
        others = gallery.other_pack_templates()
        if others:
            yield _other_packs(sum(others.values()), card)
        yield check_threshold(card, identification_rule(card.thresholds, gallery.snapshot.templates))


def check_threshold(card: PackCard, rule: DecisionRule) -> Finding:
    """Tell the identification threshold in force."""
    detail = _(
        "named from similarity {threshold} with a margin of {margin}, undecided from {doubt} "
        "({templates} templates, false-accept rate {far} a comparison)"
    ).format(
        threshold=f"{rule.threshold:.3f}",
        margin=f"{rule.margin:.2f}",
        doubt=f"{rule.doubt_from:.3f}",
        templates=rule.templates,
        far=f"{rule.far:.1e}",
    )
    if rule.extrapolated:
        detail += "; " + _("extrapolated beyond the pairs that “{name}” was measured on").format(
            name=card.name
        )
    return Finding(_("Identification threshold"), State.OK, detail)


def _write_to(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"doctor")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise FolderUnusable(path=folder, reason=error.strerror or error) from error


def _check_log(paths: Paths) -> Finding:
    size = sum(file.stat().st_size for file in paths.logs.iterdir())
    detail = _("{path}, {size} MB").format(path=paths.logs, size=f"{size / 1e6:.1f}")
    return Finding(_("Log"), State.OK, detail)


def _check_pack(library: PackLibrary, entry: PackEntry, in_use: bool) -> Finding:
    name = _("Model pack “{name}”").format(name=entry.name)
    try:
        card = library.find(entry.name).card
    except NetcafeError as error:
        found = failed(name, error)
        return found if in_use else Finding(name, State.WARN, found.detail, found.remedy)
    detail = _("version {version}, files as the card says").format(version=card.version)
    return Finding(name, State.OK, detail + (", " + _("in use") if in_use else ""))


def _check_integrity(gallery: Gallery) -> Finding:
    name = _("Customer database")
    faults = gallery.integrity()
    if faults:
        more = f" (+{len(faults) - 1})" if len(faults) > 1 else ""
        advice = _(
            "Do not delete it. Copy the newest file from the “backups” folder beside it in its place, if "
            "there is one; otherwise put your own copy of the data folder back."
        )
        return Finding(name, State.FAIL, faults[0] + more, advice)
    stats = gallery.stats()
    detail = _("sound: {customers} customers, {templates} templates, {visits} visits, {size} MB")
    size = f"{stats.size_bytes / 1e6:.1f}"
    counts = {"customers": stats.customers, "templates": stats.templates, "visits": stats.visits}
    return Finding(name, State.OK, detail.format(size=size, **counts))


def _other_packs(count: int, card: PackCard) -> Finding:
    detail = _("{count} belong to other model packs and are not compared with “{name}”")
    return Finding(
        _("Templates"),
        State.WARN,
        detail.format(count=count, name=card.name),
        _("Enrol these customers again, or go back to the other pack with “models use”."),
    )
