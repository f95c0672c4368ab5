"""`models reembed`: learn faces anew for the pack in use, from the crops that customers let the café keep."""

from __future__ import annotations

import click

from netcafe_face.cli.common import cafe_of, example, json_option, print_json, progress_bar
from netcafe_face.i18n import _, ngettext


@click.command("reembed", epilog=example("python3 main.py models reembed"))
@json_option
@click.pass_context
def reembed(ctx: click.Context, as_json: bool) -> None:
    """Make templates for the pack in use from kept crops; the other customers must be enrolled again.

    May be stopped and started again: what is done stays done.
    """
    cafe = cafe_of(ctx)
    enrolment = cafe.enrolment()
    waiting = cafe.gallery.crops_for_reembedding(cafe.pack.pack_id)
    count = 0
    with progress_bar(len(waiting), _("face")) as bar:
        for _template in enrolment.reembed():
            count += 1
            bar.update()
    left = cafe.gallery.pack_change(cafe.pack.pack_id).to_reenrol
    if as_json:
        print_json({"learned": count, "to_reenrol": list(left)})
        return
    learned = ngettext("{count} face was learned anew.", "{count} faces were learned anew.", count)
    click.echo(learned.format(count=count))
    if left:
        text = ngettext(
            "{count} customer must be enrolled again at the counter: {codes}",
            "{count} customers must be enrolled again at the counter: {codes}",
            len(left),
        )
        click.echo(text.format(count=len(left), codes=", ".join(left)))
