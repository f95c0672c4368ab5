"""`identify`: who is in these pictures and videos?"""

from __future__ import annotations

import abc
import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netcafe_face.cli.common import (
    JsonArray,
    cafe_of,
    caption,
    example,
    json_option,
    on_one_line,
    print_table,
    progress_bar,
)
from netcafe_face.domain.errors import ImageUnreadable, NoPictures
from netcafe_face.domain.results import Label, SeenFace
from netcafe_face.i18n import _, ngettext

if TYPE_CHECKING:
    from netcafe_face.gallery.service import Gallery
    from netcafe_face.pipeline.appearances import Appearance
    from netcafe_face.pipeline.identify import FileRefused, PictureIdentified, VideoIdentified

SOME_REFUSED = ImageUnreadable.exit_code


def _a_number(ctx: click.Context, option: click.Parameter, value: float | None) -> float | None:
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan", ctx, option)
    return value


@click.command(
    "identify",
    epilog=example(
        "python3 main.py identify photo.jpg --out named.jpg",
        "python3 main.py identify photos/ --out named/ --json",
        "python3 main.py identify clip.mp4 --out named.mp4 --fps 5",
    ),
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option("--out", type=click.Path(path_type=Path), help="Write annotated copies: a file, or a folder.")
@click.option(
    "--fps",
    type=click.FloatRange(0.01, 1000),
    callback=_a_number,
    help="Look at so many frames in a second of video.",
)
@json_option
@click.pass_context
def identify_command(
    ctx: click.Context, paths: tuple[Path, ...], out: Path | None, fps: float | None, as_json: bool
) -> None:
    """Name the people in pictures, folders and videos.

    Exit status: 0 when every file could be read, 4 when some could not, 130 when it was stopped.
    """
    from netcafe_face.pipeline.identify import IdentifyOptions, identify

    cafe = cafe_of(ctx)
    stop = _Stop()
    options = IdentifyOptions(out=out, fps=fps, cancelled=stop.asked, caption=caption)
    events = identify(cafe.recognizer(), cafe.gallery, paths, options)
    printer: _Printer = _JsonPrinter(cafe.gallery) if as_json else _TextPrinter(cafe.gallery)
    with stop.on_ctrl_c(), contextlib.closing(events), printer:
        for event in events:
            printer.show(event)
    if not printer.any_file:
        click.echo(NoPictures(path=", ".join(on_one_line(path) for path in paths)).explain(_), err=True)
    ctx.exit(SOME_REFUSED if printer.refused else 0)


class _Stop:
    """Ctrl-C asks once, so that the file at hand is finished."""

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        return self._asked

    @contextlib.contextmanager
    def on_ctrl_c(self) -> Iterator[None]:
        import signal
        import threading

        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(*_args: object) -> None:
            if self._asked:
                raise KeyboardInterrupt
            self._asked = True

        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


class _Printer(contextlib.AbstractContextManager["_Printer"]):
    """Prints events as they come; `refused` counts the files that could not be used."""

    refused = 0
    any_file = False

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._bar = progress_bar(None, _("frame"))

    def __exit__(self, *raised: object) -> None:
        self._bar.close()

    def show(self, event: object) -> None:
        from netcafe_face.pipeline.identify import FileRefused, FrameIdentified

        self.any_file = True
        if isinstance(event, FileRefused):
            self.refused += 1
        if isinstance(event, FrameIdentified):
            self._bar.set_postfix_str(event.path.name, refresh=False)
            self._bar.update()
            return
        self._bar.clear()
        self._print(event)

    @abc.abstractmethod
    def _print(self, event: object) -> None: ...


class _TextPrinter(_Printer):
    def __init__(self, gallery: Gallery) -> None:
        super().__init__(gallery)
        if not gallery.snapshot.templates:
            click.echo(
                _("Nobody is enrolled yet, so every face is a stranger. See “enrol --help”."), err=True
            )

    def _print(self, event: object) -> None:
        from netcafe_face.pipeline.identify import FileRefused, PictureIdentified, VideoIdentified

        if isinstance(event, FileRefused):
            click.echo(_refusal(event), err=True)
        elif isinstance(event, PictureIdentified):
            self._picture(event)
        elif isinstance(event, VideoIdentified):
            self._video(event)

    def _picture(self, event: PictureIdentified) -> None:
        count = len(event.faces)
        faces = ngettext("{count} face", "{count} faces", count).format(count=count)
        click.echo(_told(event, faces))
        if event.faces:
            heads = ["  " + _("at"), _("size"), _("who"), _("limit")]
            print_table(heads, [_face_row(seen, event.rule.threshold) for seen in event.faces])

    def _video(self, event: VideoIdentified) -> None:
        frames = ngettext("{count} frame", "{count} frames", event.frames).format(count=event.frames)
        click.echo(_told(event, f"{frames}, {event.duration_s:.1f} s"))
        if event.cut_short:
            click.echo("  " + _("The file ends before its announced end: it is damaged."), err=True)
        if event.people:
            heads = ["  " + _("from"), _("to"), _("who")]
            rows = [(f"  {p.first_s:.1f} s", f"{p.last_s:.1f} s", caption(_label(p))) for p in event.people]
            print_table(heads, rows)


class _JsonPrinter(_Printer):
    def __init__(self, gallery: Gallery) -> None:
        super().__init__(gallery)
        self._array = JsonArray()

    def _print(self, event: object) -> None:
        self._array.add(self._as_json(event))

    def __exit__(self, *raised: object) -> None:
        self._array.__exit__(*raised)
        super().__exit__(*raised)

    def _as_json(self, event: object) -> dict[str, Any]:
        from netcafe_face.pipeline.identify import PictureIdentified, VideoIdentified

        if isinstance(event, PictureIdentified):
            return {
                "file": str(event.path),
                "width": event.size[0],
                "height": event.size[1],
                "threshold": round(event.rule.threshold, 4),
                "faces": [self._face_json(seen) for seen in event.faces],
                "annotated": str(event.annotated) if event.annotated else None,
            }
        if isinstance(event, VideoIdentified):
            return {
                "file": str(event.path),
                "frames": event.frames,
                "duration_s": round(event.duration_s, 3),
                "complete": event.complete,
                "cut_short": event.cut_short,
                "people": [
                    {"from_s": round(p.first_s, 3), "to_s": round(p.last_s, 3), **self._label_json(_label(p))}
                    for p in event.people
                ],
                "annotated": str(event.annotated) if event.annotated else None,
            }
        return _refused_json(event)

    def _face_json(self, seen: SeenFace) -> dict[str, Any]:
        quality = seen.face.quality
        return {
            "box": [round(float(value), 1) for value in seen.face.detection.box],
            "landmarks": [[round(float(v), 1) for v in point] for point in seen.face.detection.landmarks],
            "score": round(seen.face.detection.score, 4),
            "quality": round(quality.score, 4),
            "flaws": sorted(flaw.value for flaw in quality.flaws),
            **self._label_json(seen.label),
        }

    def _label_json(self, label: Label) -> dict[str, Any]:
        person = self._gallery.snapshot.people.get(label.customer_id or 0)
        similarity = None if label.similarity is None else round(label.similarity, 4)
        return {
            "state": label.presence.value,
            "name": label.text or None,
            "code": person.code if person else None,
            "similarity": similarity,
        }


def _face_row(seen: SeenFace, threshold: float) -> tuple[str, str, str, str]:
    x, y, w, h = (round(float(value)) for value in seen.face.detection.box)
    # Three decimals, so that what fell just short of the limit does not look as if it had reached it.
    return f"  {x},{y}", f"{w}×{h}", caption(seen.label, 3), f"{threshold:.3f}"


def _told(event: PictureIdentified | VideoIdentified, facts: str) -> str:
    written = f" → {on_one_line(event.annotated)}" if event.annotated else ""
    return f"{on_one_line(event.path)}: {facts}{written}"


def _refusal(event: FileRefused) -> str:
    message = event.error.explain(_)
    return on_one_line(message if str(event.path) in message else f"{event.path}: {message}")


def _refused_json(event: Any) -> dict[str, Any]:
    refused: FileRefused = event
    return {
        "file": str(refused.path),
        "error": type(refused.error).__name__,
        "message": refused.error.explain(_),
    }


def _label(person: Appearance) -> Label:
    return Label(person.presence, person.text, person.similarity, customer_id=person.customer_id)
