"""`demo`: the sample café, from enrolment to the exported log."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netcafe_face.cli.common import example, print_json, print_table
from netcafe_face.config.qt_environment import PLATFORM_VARIABLE, forget_opencv_plugins
from netcafe_face.domain.errors import Cancelled, NetcafeError
from netcafe_face.exports.words import presence_text, visit_who
from netcafe_face.i18n import _, set_language

if TYPE_CHECKING:
    from netcafe_face.app import Cafe
    from netcafe_face.domain.people import Visit

EXPORT_NAME = "visits.csv"
UNSEEN_PX = 1366, 768
"""Size of a window that nobody sees: the commonest screen of a café's counter."""


@click.command("demo", epilog=example("python3 main.py demo", "python3 main.py demo --stay"))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Where pictures and the log go."
)
@click.option("--stay", is_flag=True, help="Leave the window open at the end.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@click.pass_context
def demo_command(ctx: click.Context, out: Path | None, stay: bool, as_json: bool) -> None:
    """Show the sample café: enrol four people, recognise them at their seats, export the log.

    Needs no camera, no display and no internet. Your own customers are not touched.
    """
    from netcafe_face.app import build_sample
    from netcafe_face.cli.window import only_window
    from netcafe_face.config.logs import start_logging

    started_s = time.monotonic()
    root = ctx.find_root()
    cafe = build_sample(root.obj.data_dir, root.params.get("lang"))
    start_logging(cafe.paths.logs)
    set_language(cafe.settings.language)
    with only_window(cafe):
        try:
            cafe.begin_afresh()
            cafe.gallery  # noqa: B018 - opened before the window: on a full disk the demo would wait for ever
            folder = _folder(out or cafe.paths.exports)
            _say(as_json, _("Sample café: nobody in it is a customer of yours. It takes a minute."))
            if _show(cafe, folder, started_s, stay) == Cancelled.exit_code:
                raise Cancelled
            _report(cafe, folder, as_json)
        finally:
            cafe.close()


def _say(as_json: bool, text: str) -> None:
    click.echo(text, err=as_json)


def _folder(folder: Path) -> Path:
    from netcafe_face.domain.errors import OutputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(path=folder, reason=error.strerror or str(error)) from error
    return folder


def _show(cafe: Cafe, folder: Path, started_s: float, stay: bool) -> int:
    from netcafe_face.gui.application import run
    from netcafe_face.gui.context import GuiContext
    from netcafe_face.gui.demo import DemoDirector
    from netcafe_face.gui.main_window import MainWindow

    # OpenCV is imported before the application is made, and what it set is forgotten, so that networks can
    # load while the window is made: the first name comes sooner.
    import_module("cv2")
    forget_opencv_plugins()
    threading.Thread(target=_load, args=(cafe,), name="load", daemon=True).start()
    unseen = os.environ.get(PLATFORM_VARIABLE) in ("offscreen", "minimal")
    leave = unseen or not stay

    def direct(window: MainWindow) -> None:
        if unseen:
            window.resize(*UNSEEN_PX)
        DemoDirector(window, folder, lambda: _export(cafe, folder), leave)

    return run(GuiContext(cafe, started_s=started_s), argv=[], shown=direct)


def _load(cafe: Cafe) -> None:
    # What goes wrong here goes wrong again, and is told, when the live page asks for the networks.
    with contextlib.suppress(NetcafeError):
        cafe.recognizer()


def _export(cafe: Cafe, folder: Path) -> None:
    from netcafe_face.domain.people import VisitFilter
    from netcafe_face.exports.service import export_visits
    from netcafe_face.exports.visit_pages import all_visits

    export_visits(all_visits(cafe.gallery, VisitFilter()), folder / EXPORT_NAME)


def _report(cafe: Cafe, folder: Path, as_json: bool) -> None:
    from netcafe_face.domain.people import VisitFilter

    _export(cafe, folder)
    enrolled = cafe.gallery.snapshot.templates
    _say(as_json, _("{count} people were enrolled, each from one picture.").format(count=enrolled))
    found = sorted(cafe.gallery.visits(VisitFilter()), key=lambda visit: visit.started_at)
    pictures = sorted(str(path) for path in folder.glob("*.png"))
    if as_json:
        print_json(
            {
                "visits": [_as_json(visit) for visit in found],
                "export": str(folder / EXPORT_NAME),
                "pictures": pictures,
            }
        )
        return
    print_table([_("Seat"), _("Who"), _("State"), _("Seconds"), _("Similarity")], [_row(v) for v in found])
    click.echo(_("The log was exported to {path}").format(path=folder / EXPORT_NAME))
    click.echo(_("Pictures of the window: {folder}").format(folder=folder))


def _row(visit: Visit) -> list[str]:
    return [
        visit.seat,
        visit_who(visit),
        presence_text(visit.presence),
        f"{visit.duration_s:.0f}",
        f"{visit.similarity:.2f}",
    ]


def _as_json(visit: Visit) -> dict[str, object]:
    return {
        "seat": visit.seat,
        "state": visit.presence.value,
        "label": visit.label,
        "code": visit.customer_code or None,
        "duration_s": round(visit.duration_s, 1),
        "similarity": round(visit.similarity, 4),
    }
