"""`models`: see, check, choose, fetch, import and remove model packs."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import click

from netcafe_face.cli.common import example, json_option, print_json
from netcafe_face.cli.models_text import Progress, card_lines, change_lines, stoppable, terms
from netcafe_face.cli.reembed import reembed
from netcafe_face.config.paths import Paths
from netcafe_face.config.settings import Settings, update_settings
from netcafe_face.domain.errors import ModelError, PackNotFound
from netcafe_face.i18n import _
from netcafe_face.vision.card import PackCard
from netcafe_face.vision.catalogue import CATALOGUE, Catalogue
from netcafe_face.vision.packs import ModelPack, PackEntry, PackLibrary, load_pack
from netcafe_face.vision.watch import Watch


class ModelsContext(Protocol):
    """What these commands need of `ctx.obj`."""

    @property
    def paths(self) -> Paths:
        """Return where the data folder's parts are."""
        ...

    @property
    def settings(self) -> Settings:
        """Return the settings in force."""
        ...

    @property
    def library(self) -> PackLibrary:
        """Return the packs at hand."""
        ...


def _obj(ctx: click.Context) -> ModelsContext:
    obj: ModelsContext = ctx.find_root().obj
    return obj


def _catalogue(ctx: click.Context) -> Catalogue:
    """Return the catalogue; `ctx.obj` may bring another one."""
    catalogue: Catalogue = getattr(ctx.find_root().obj, "catalogue", CATALOGUE)
    return catalogue


accept_licence_option = click.option(
    "--accept-licence", is_flag=True, help="Accept the licence without being asked; read it with “info”."
)
accept_hash_option = click.option(
    "--accept-hash",
    metavar="SHA256",
    default="",
    help="Accept exactly the file with this SHA-256 where none is published.",
)


@click.group(epilog=example("python3 main.py models list"))
def models() -> None:
    """See, check, choose, fetch and remove model packs (detector + embedder + card)."""


@models.command("list", epilog=example("python3 main.py models list --json"))
@json_option
@click.pass_context
def list_packs(ctx: click.Context, as_json: bool) -> None:
    """List the packs at hand and those that can be fetched."""
    in_use, entries = _obj(ctx).settings.pack, _obj(ctx).library.entries()
    at_hand = {entry.name for entry in entries}
    others = [entry for entry in _catalogue(ctx) if entry.name not in at_hand]
    if as_json:
        rows = [_entry_json(entry, in_use) for entry in entries]
        rows += [{"name": entry.name, "state": "available", **_licence_json(entry.card)} for entry in others]
        print_json(rows)
        return
    for entry in entries:
        click.echo(_entry_line(entry, in_use))
    for other in others:
        megabytes = sum(file.size or 0 for file in other.downloads) / 1_000_000
        about = (
            _("can be installed ({size:.0f} MB)").format(size=megabytes)
            if megabytes
            else _("can be installed")
        )
        click.echo(f"  {other.name:16} {other.card.version:18} {about}; {other.card.licence}")


@models.command(epilog=example("python3 main.py models info buffalo_l"))
@click.argument("name")
@json_option
@click.pass_context
def info(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show a pack's card: licence, training, weaknesses, thresholds, and where its files come from."""
    other = _catalogue(ctx).get(name)
    try:
        card, folder = _obj(ctx).library.card(name), _obj(ctx).library.folder(name)
    except PackNotFound:
        if other is None:
            raise
        card, folder = other.card, None
    files = [
        {"name": file.name, "url": file.url, "sha256": file.sha256, "bytes": file.size}
        for file in (other.downloads if other else ())
    ]
    if as_json:
        about = {**asdict(card), "pack_id": card.pack_id if folder else None}
        about |= {"folder": str(folder) if folder else None, "downloads": files}
        print_json(about)
        return
    for line in card_lines(card, folder):
        click.echo(line)
    if files:
        click.echo("  " + _("Files to fetch:"))
    for file in files:
        click.echo(f"    {file['name']} ← {file['url']}")
        click.echo(f"      SHA-256 {file['sha256'] or _('not published')}")


@models.command(epilog=example("python3 main.py models verify netcafe-mini"))
@click.argument("name", required=False)
@json_option
@click.pass_context
def verify(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Check the files of one pack, or of all, against their cards."""
    library = _obj(ctx).library
    folders = (
        {name: library.folder(name)}
        if name
        else {str(entry.folder): entry.folder for entry in library.entries()}
    )
    problems = {folder: _problem(library, folder, by_name=bool(name)) for folder in folders.values()}
    if as_json:
        rows = [
            {
                "name": folder.name,
                "folder": str(folder),
                "ok": problem is None,
                "problem": problem and str(problem),
            }
            for folder, problem in problems.items()
        ]
        print_json(rows)
    else:
        for folder, problem in problems.items():
            click.echo(f"{folder.name}: {problem.explain(_) if problem else _('ok')}")
    if any(problems.values()):
        ctx.exit(ModelError.exit_code)


@models.command(epilog=example("python3 main.py models use opencv-zoo"))
@click.argument("name")
@json_option
@click.pass_context
def use(ctx: click.Context, name: str, as_json: bool) -> None:
    """Recognise with another pack from now on, and say who must be enrolled again.

    Faces enrolled with one pack mean nothing to another; nothing is deleted, so choosing the former pack
    again brings them back.
    """
    pack = _obj(ctx).library.find(name)
    change = _pack_change(_obj(ctx).paths, pack)
    update_settings(_obj(ctx).paths.settings_file, pack=name)
    if as_json:
        print_json({"pack": name, "pack_id": pack.pack_id, **change})
        return
    click.echo(
        _("“{name}” is used from now on; a window that is open must be started again.").format(name=name)
    )
    if pack.card.commercial_use != "allowed":
        click.echo(_(pack.card.licence_note), err=True)
    for line in change_lines(change["reembeddable"], change["to_reenrol"]):
        click.echo(line)


@models.command(epilog=example("python3 main.py models install opencv-zoo"))
@click.argument("name")
@accept_licence_option
@accept_hash_option
@json_option
@click.pass_context
def install(ctx: click.Context, name: str, accept_licence: bool, accept_hash: str, as_json: bool) -> None:
    """Fetch a pack from the internet, check it and make it available.

    The licence is shown and must be accepted first. A download that breaks off is continued the next time.
    """
    from netcafe_face.vision.installer import Dialogue, Installer

    with stoppable(), Progress() as progress:
        dialogue = Dialogue(
            _LicenceQuestion(accept_licence), _HashQuestion(accept_hash), Watch(progress.show)
        )
        pack = Installer(_obj(ctx).paths.packs, _catalogue(ctx)).install(name, dialogue)
    _installed(pack, as_json)


@models.command(
    "import",
    epilog=example(
        "python3 main.py models import buffalo_l.zip",
        "python3 main.py models import face_detection_yunet_2023mar.onnx face_recognition_sface_2021dec.onnx",
    ),
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@accept_licence_option
@accept_hash_option
@json_option
@click.pass_context
def import_pack(
    ctx: click.Context, paths: Sequence[Path], accept_licence: bool, accept_hash: str, as_json: bool
) -> None:
    """Install a pack without the internet: a pack's folder, a zip of one, or files fetched elsewhere.

    “info NAME” tells which files a pack of the catalogue needs and where to fetch them.
    """
    from netcafe_face.vision.installer import Dialogue, Installer

    with stoppable():
        dialogue = Dialogue(_LicenceQuestion(accept_licence), _HashQuestion(accept_hash))
        pack = Installer(_obj(ctx).paths.packs, _catalogue(ctx)).import_paths(paths, dialogue)
    _installed(pack, as_json)


models.add_command(reembed)


@models.command(epilog=example("python3 main.py models remove buffalo_l"))
@click.argument("name")
@json_option
@click.pass_context
def remove(ctx: click.Context, name: str, as_json: bool) -> None:
    """Delete a pack that was installed; not the one in use, nor one that came with the program."""
    _obj(ctx).library.remove(name, in_use=_obj(ctx).settings.pack)
    if as_json:
        print_json({"removed": name})
    else:
        click.echo(_("The model pack “{name}” was removed.").format(name=name))


class _LicenceQuestion:
    def __init__(self, accepted: bool) -> None:
        self._accepted = accepted

    def __call__(self, card: PackCard) -> bool:
        for line in terms(card):
            click.echo(line, err=True)
        return self._accepted or _says_yes(_("Type “yes” to accept this licence"))


class _HashQuestion:
    def __init__(self, accepted: str) -> None:
        self._accepted = accepted.strip().lower()

    def __call__(self, pack: str, name: str, sha256: str) -> bool:
        question = _("Nobody has published a SHA-256 for {name} of “{pack}”. The file that arrived has:")
        click.echo(question.format(name=name, pack=pack), err=True)
        click.echo(f"  {sha256}", err=True)
        if self._accepted:
            return self._accepted == sha256
        return _says_yes(_("Type “yes” to accept exactly this file, now and in future"))


def _says_yes(question: str) -> bool:
    """Ask; no answer, as in a script, is no."""
    try:
        answer: str = click.prompt(question, default="", show_default=False, err=True)
    except click.Abort:
        click.echo(err=True)
        return False
    typed = unicodedata.normalize("NFC", answer.strip().casefold())
    return typed in ("yes", "co", _("yes").casefold())


def _installed(pack: ModelPack, as_json: bool) -> None:
    name = pack.card.name
    if as_json:
        about = {"installed": name, "pack_id": pack.pack_id, "folder": str(pack.folder)}
        print_json(about)
    else:
        click.echo(_("The model pack “{name}” is installed and whole.").format(name=name))
        click.echo(_("To recognise with it: models use {name}").format(name=name))


def _pack_change(paths: Paths, pack: ModelPack) -> dict[str, list[str]]:
    """Return the codes of the customers that a pack cannot recognise yet."""
    from netcafe_face.gallery.database import FILE_NAME
    from netcafe_face.gallery.service import Gallery

    if not (paths.database / FILE_NAME).exists():
        return {"reembeddable": [], "to_reenrol": []}
    with Gallery.open(paths.database, pack.pack_id) as gallery:
        change = gallery.pack_change(pack.pack_id)
    return {"reembeddable": list(change.reembeddable), "to_reenrol": list(change.to_reenrol)}


def _problem(library: PackLibrary, folder: Path, *, by_name: bool) -> ModelError | None:
    try:
        if by_name:
            library.find(folder.name)
        else:
            load_pack(folder)
    except ModelError as problem:
        return problem
    return None


def _licence_json(card: PackCard) -> dict[str, Any]:
    return {"version": card.version, "licence": card.licence, "commercial_use": card.commercial_use}


def _entry_json(entry: PackEntry, in_use: str) -> dict[str, Any]:
    state = "shipped" if entry.shipped else "installed"
    about = {"name": entry.name, "state": state, "in_use": entry.name == in_use and not entry.hidden}
    about |= {"hidden": entry.hidden, "folder": str(entry.folder)}
    if entry.card is None:
        return {**about, "problem": str(entry.problem)}
    return {**about, "pack_id": entry.card.pack_id, **_licence_json(entry.card)}


def _entry_line(entry: PackEntry, in_use: str) -> str:
    mark = "*" if entry.name == in_use and not entry.hidden else " "
    if entry.card is None:
        return f"{mark} {entry.name:16} {entry.problem.explain(_) if entry.problem else ''}"
    state = _("came with the program") if entry.shipped else _("installed")
    if entry.hidden:
        state = _("came with the program; the installed one is used instead")
    return f"{mark} {entry.name:16} {entry.card.version:18} {state}; {entry.card.licence}"
