"""`collect`: record one person's face as crops to train on."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netcafe_face.cli.common import (
    cafe_of,
    example,
    json_option,
    on_one_line,
    operator_of,
    print_json,
    progress_bar,
)
from netcafe_face.domain.faces import QualityFlaw
from netcafe_face.i18n import _, ngettext

if TYPE_CHECKING:
    from netcafe_face.app import Cafe
    from netcafe_face.domain.errors import NetcafeError
    from netcafe_face.pipeline.collect import Collector, Coverage, Offered
    from netcafe_face.pipeline.frame_feed import FrameFeed
    from netcafe_face.pipeline.person_folder import PersonFolder

NOTHING_RECORDED = 4
_PAUSE_S = 0.1
_EVERY_S = 0.25


@click.command(
    "collect",
    epilog=example(
        'python3 main.py collect "Nguyễn Thị Ngọc Ánh" 0 --out people --consent "signed form 31"',
        'python3 main.py collect "Trần Hoàng Minh Quân" evening.mp4 --out people --consent "signed form 32"',
    ),
)
@click.argument("name")
@click.argument("source")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder of all people; the person's own folder is made in it, or added to.",
)
@click.option("--consent", default="", help="How the person agreed; nothing is recorded without.")
@click.option(
    "--count",
    type=click.IntRange(1, 1_000_000),
    default=1500,
    show_default=True,
    help="Stop when the person has so many pictures, earlier ones included.",
)
@click.option(
    "--least-change",
    type=click.FloatRange(0, 128),
    default=6.0,
    show_default=True,
    help="How much a picture must differ from all others, in grey levels.",
)
@click.option("--operator", default="", help="Who records; otherwise as set, or the computer's user.")
@json_option
@click.pass_context
def collect_command(
    ctx: click.Context, /, name: str, source: str, out: Path, consent: str, as_json: bool, **given: Any
) -> None:
    """Record one person's face from a camera or video as pictures to train on.

    SOURCE is a webcam's number, an address such as rtsp://…, a video, or a folder of pictures. Frames with
    one good face that differs from all pictures before are kept; how many there are of each pose and light
    is shown meanwhile. Enter pauses and goes on, q and Enter or Ctrl-C ends; what was recorded is kept, and
    another run adds to it.

    Exit status: 0 something was recorded or there is enough, 4 nothing was good enough, 130 stopped.
    """
    from netcafe_face.camera.sources import SourceKind, parse_source
    from netcafe_face.pipeline.collect import Collector, CollectRules
    from netcafe_face.pipeline.frame_feed import FrameFeed
    from netcafe_face.pipeline.person_folder import PersonFolder, RecordingConsent

    cafe: Cafe = cafe_of(ctx)
    spec = parse_source(source, realtime=False)
    agreed = RecordingConsent(consent, operator_of(cafe, given["operator"]), spec.name)
    folder = PersonFolder(out, name, agreed)
    rules = CollectRules(given["count"], given["least_change"], float(cafe.settings.min_face_px))
    collector = Collector(cafe.recognizer().detector, folder, rules)
    feed = FrameFeed(lambda: cafe.open_source(spec), spec.kind in (SourceKind.WEBCAM, SourceKind.RTSP))
    with feed, _Screen(given["count"], collector) as screen:
        stopped = _record(feed, collector, screen)
    if as_json:
        print_json(_as_json(collector, folder))
    else:
        _tell(collector, folder)
    if stopped:
        raise click.Abort
    ctx.exit(0 if collector.recorded or collector.enough else NOTHING_RECORDED)


def _record(feed: FrameFeed, collector: Collector, screen: _Screen) -> bool:
    """Offer frames until there are enough, the source ends, or somebody says so; return whether by Ctrl-C."""
    from netcafe_face.cli.keys import typed_lines

    typed, state = typed_lines(), ""
    try:
        while not collector.enough and not feed.ended:
            for line in typed():
                if line.lower().startswith("q"):
                    return False
                (collector.resume if collector.paused else collector.pause)()
            frame = None if collector.paused and not feed.is_camera else feed.next()
            if frame is not None:
                state = _why_not(collector.offer(frame.image_bgr))
            elif collector.paused:
                state = _("paused")
                time.sleep(_PAUSE_S)
            screen.show(state, feed.problem)
    except KeyboardInterrupt:
        return True
    return False


class _Screen:
    """The state of a recording on a terminal: a bar, and under it the table of poses and light."""

    def __init__(self, count: int, collector: Collector) -> None:
        self._collector = collector
        self._bar = progress_bar(count, _("picture"))
        self._lines: list[Any] = []
        self._problem: NetcafeError | None = None
        self._shown_s = float("-inf")

    def __enter__(self) -> _Screen:
        if not self._bar.disable:
            from tqdm import tqdm

            hint = _("Enter pauses and goes on, q and Enter ends. Turn the head slowly; change the light.")
            self._bar.write(hint, file=sys.stderr)
            self._lines = [
                tqdm(bar_format="{desc}", position=at, leave=False, file=sys.stderr)
                for at, _line in enumerate(coverage_lines(self._collector.coverage), 1)
            ]
        return self

    def __exit__(self, *raised: object) -> None:
        for bar in (*reversed(self._lines), self._bar):
            bar.close()

    def show(self, state: str, problem: NetcafeError | None) -> None:
        """Show how far it is, and what became of the last frame; a few times a second at most."""
        told, self._problem = self._problem, problem
        if problem is not None and type(problem) is not type(told):
            self._bar.write(problem.explain(_), file=sys.stderr)
        now_s = time.monotonic()
        if self._bar.disable or now_s - self._shown_s < _EVERY_S:
            return
        self._shown_s = now_s
        coverage = self._collector.coverage
        self._bar.set_postfix_str(_("no picture") if problem else state, refresh=False)
        self._bar.n = coverage.total
        self._bar.refresh()
        for bar, line in zip(self._lines, coverage_lines(coverage), strict=True):
            bar.set_description_str(line)


def coverage_lines(coverage: Coverage) -> list[str]:
    """Return how many pictures there are of each pose and light, as a table."""
    yaws = (_("left"), _("front"), _("right"))
    pitches = (_("up"), _("level"), _("down"))
    lights = (_("dark"), _("normal light"), _("bright"))
    side = max(map(len, pitches)) + 2
    cell = max(map(len, (*yaws, "00000"))) + 1
    block = max(3 * cell, *(len(light) + 1 for light in lights)) + 2
    lines = [
        " " * side + "".join(light.center(block) for light in lights),
        " " * side + "".join("".join(yaw.rjust(cell) for yaw in yaws).ljust(block) for _light in lights),
    ]
    for row, pitch in enumerate(pitches):
        counts = [
            "".join(str(coverage.counts[yaw, row, light]).rjust(cell) for yaw in range(3))
            for light in range(3)
        ]
        lines.append(pitch.ljust(side) + "".join(part.ljust(block) for part in counts))
    return [line.rstrip() for line in lines]


def _outcome_texts() -> dict[str, str]:
    from netcafe_face.pipeline.collect import Outcome

    return {
        Outcome.NO_FACE.value: _("no face"),
        Outcome.SEVERAL_FACES.value: _("several faces"),
        Outcome.POOR.value: _("not good enough"),
        Outcome.NEARLY_THE_SAME.value: _("nearly the same as another"),
        Outcome.PAUSED.value: _("paused"),
    }


def _why_not(offered: Offered) -> str:
    """Return why a frame was not recorded, so that it can be changed; "" where it was."""
    from netcafe_face.pipeline.single import FLAW_WORDS

    for flaw in QualityFlaw:
        if flaw in offered.flaws:
            return _(FLAW_WORDS[flaw])
    return _outcome_texts().get(offered.outcome.value, "")


def _tell(collector: Collector, folder: PersonFolder) -> None:
    from netcafe_face.pipeline.single import FLAW_WORDS

    text = ngettext(
        "{count} picture was recorded; {name} has {total} in {folder}.",
        "{count} pictures were recorded; {name} has {total} in {folder}.",
        collector.recorded,
    )
    count, total = collector.recorded, collector.coverage.total
    click.echo(text.format(count=count, name=folder.name, total=total, folder=on_one_line(folder.path)))
    texts = _outcome_texts()
    left_out = [f"{texts[o.value]} {n}" for o, n in collector.outcomes.most_common() if o.value in texts]
    if left_out:
        click.echo(_("Frames left out: {reasons}.").format(reasons=", ".join(left_out)))
    flaws = [f"{_(FLAW_WORDS[flaw])} {n}" for flaw, n in collector.flaws.most_common()]
    if flaws:
        click.echo(_("Not good enough because: {reasons}.").format(reasons=", ".join(flaws)))
    for line in coverage_lines(collector.coverage):
        click.echo(line)


def _as_json(collector: Collector, folder: PersonFolder) -> dict[str, Any]:
    from netcafe_face.pipeline.collect import LIGHTS, PITCHES, YAWS, Outcome

    counts = collector.coverage.counts
    return {
        "name": folder.name,
        "folder": str(folder.path),
        "recorded": collector.recorded,
        "total": collector.coverage.total,
        "frames": {outcome.value: collector.outcomes[outcome] for outcome in Outcome},
        "flaws": {flaw.value: collector.flaws[flaw] for flaw in QualityFlaw if collector.flaws[flaw]},
        "coverage": {
            light: {
                pitch: {yaw: int(counts[x, y, z]) for x, yaw in enumerate(YAWS)}
                for y, pitch in enumerate(PITCHES)
            }
            for z, light in enumerate(LIGHTS)
        },
    }
