"""`visits` and `export`: the session log, read and written to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netcafe_face.cli.common import (
    cafe_of,
    example,
    json_option,
    parse_when,
    print_json,
    print_table,
    progress_bar,
)
from netcafe_face.domain.people import Presence, Visit, VisitFilter
from netcafe_face.exports.words import presence_text, visit_who
from netcafe_face.i18n import _, ngettext

LISTED = 50
STATES = [presence.value for presence in Presence]
WHAT = ["visits", "customers"]


def _filter_options(command: Any) -> Any:
    for option in (
        click.option("--from", "since", metavar="TIME", help="Begun at this date or time, or later."),
        click.option("--to", "until", metavar="TIME", help="Begun at this date or time, or before."),
        click.option("--text", default="", help="A part of the name or code."),
        click.option("--seat", default="", help="Only this seat."),
        click.option(
            "--state",
            "states",
            multiple=True,
            type=click.Choice([p.value for p in Presence]),
            help="Only these.",
        ),
    ):
        command = option(command)
    return command


def _filter(values: dict[str, Any], limit: int | None) -> VisitFilter:
    return VisitFilter(
        since=parse_when(values["since"]),
        until=parse_when(values["until"], end_of_day=True),
        text=values["text"],
        presences=frozenset(Presence(state) for state in values["states"]),
        seat=values["seat"],
        limit=limit,
    )


@click.group(epilog=example("python3 main.py visits list --from 2026-11-01"))
def visits() -> None:
    """Read the session log: who sat where, from when to when."""


@visits.command("list", epilog=example("python3 main.py visits list --from 2026-11-01 --state stranger"))
@_filter_options
@click.option("--limit", type=click.IntRange(1), default=LISTED, show_default=True, help="At most so many.")
@json_option
@click.pass_context
def list_visits(ctx: click.Context, /, limit: int, as_json: bool, **values: Any) -> None:
    """List visits, newest first."""
    found = cafe_of(ctx).gallery.visits(_filter(values, limit + 1))
    shown = found[:limit]
    if as_json:
        print_json([_as_json(visit) for visit in shown])
        return
    if not shown:
        click.echo(_("No visit was found."), err=True)
        return
    heads = [_("Begun"), _("Ended"), _("Seat"), _("Who"), _("State"), _("Similarity")]
    print_table(heads, [_row(visit) for visit in shown])
    if len(found) > limit:
        click.echo(_("There are more: raise --limit, or use “export”."), err=True)


@click.command(
    "export",
    epilog=example(
        "python3 main.py export visits.csv --from 2026-11-01 --to 2026-11-30",
        "python3 main.py export customers.json --what customers",
    ),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--what",
    type=click.Choice(["visits", "customers"]),
    default="visits",
    show_default=True,
    help="What to write.",
)
@click.option("--format", "form", default="", help="csv or json; otherwise by the file's ending.")
@_filter_options
@json_option
@click.pass_context
def export_command(
    ctx: click.Context, /, file: Path, what: str, form: str, as_json: bool, **values: Any
) -> None:
    """Write the session log, or the list of customers without their faces, to a file."""
    from netcafe_face.exports.service import ExportOptions, export_customers, export_visits
    from netcafe_face.exports.visit_pages import all_visits

    if what == "customers" and any(values[name] for name in ("since", "until", "seat", "states")):
        raise click.UsageError(_("--from, --to, --seat and --state choose visits, not customers."))
    gallery = cafe_of(ctx).gallery
    with progress_bar(None, _("row")) as bar:
        options = ExportOptions(format=form, progress=lambda rows: bar.update(rows - bar.n))
        if what == "customers":
            count = export_customers(gallery.customers(values["text"]), file, options)
        else:
            count = export_visits(all_visits(gallery, _filter(values, None)), file, options)
    if as_json:
        print_json({"file": str(file), "rows": count})
    else:
        text = ngettext("{count} row written to {file}.", "{count} rows written to {file}.", count)
        click.echo(text.format(count=count, file=file))


def _row(visit: Visit) -> list[str]:
    ended = f"{visit.ended_at.astimezone():%H:%M:%S}" if visit.ended_at else _("lasts")
    return [
        f"{visit.started_at.astimezone():%Y-%m-%d %H:%M:%S}",
        ended,
        visit.seat,
        visit_who(visit),
        presence_text(visit.presence),
        f"{visit.similarity:.2f}" if visit.similarity else "",
    ]


def _as_json(visit: Visit) -> dict[str, Any]:
    return {
        "id": visit.id,
        "source": visit.source,
        "seat": visit.seat,
        "state": visit.presence.value,
        "label": visit.label,
        "customer_code": visit.customer_code or None,
        "started_at": visit.started_at.isoformat(),
        "last_seen_at": visit.last_seen_at.isoformat(),
        "ended_at": visit.ended_at.isoformat() if visit.ended_at else None,
        "duration_s": round(visit.duration_s, 1),
        "similarity": round(visit.similarity, 4),
        "threshold": round(visit.threshold, 4),
        "pack": visit.pack_id,
        "sample": visit.sample,
        "note": visit.note,
    }
