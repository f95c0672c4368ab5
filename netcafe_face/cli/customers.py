"""`customers`: find, correct, ban and erase customers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from netcafe_face.cli.common import cafe_of, example, json_option, operator_of, print_json, print_table
from netcafe_face.domain.errors import N_, Declined
from netcafe_face.domain.people import Customer, CustomerStatus, Purpose, TemplateSource
from netcafe_face.i18n import _, ngettext

STATUS_WORDS = {
    CustomerStatus.ACTIVE: N_("active"),
    CustomerStatus.BANNED: N_("banned"),
    CustomerStatus.WITHDRAWN: N_("withdrawn"),
}
SOURCE_WORDS = {
    TemplateSource.FILE: N_("from a picture"),
    TemplateSource.CAMERA: N_("from the camera"),
    TemplateSource.SAMPLE: N_("from the sample"),
    TemplateSource.REEMBEDDED: N_("learned anew"),
}


@click.group(epilog=example("python3 main.py customers list nguyen"))
def customers() -> None:
    """Find, correct, ban and erase customers."""


@customers.command("list", epilog=example("python3 main.py customers list nguyen --status banned"))
@click.argument("text", default="")
@click.option("--status", type=click.Choice([status.value for status in CustomerStatus]), help="Only these.")
@json_option
@click.pass_context
def list_customers(ctx: click.Context, text: str, status: str | None, as_json: bool) -> None:
    """List customers; TEXT finds names without their accents, codes and phone numbers."""
    found = cafe_of(ctx).gallery.customers(text, CustomerStatus(status) if status else None)
    if as_json:
        print_json([_as_json(customer) for customer in found])
        return
    if not found:
        click.echo(_("No customer was found."), err=True)
        return
    heads = [_("Code"), _("Name"), _("Status"), _("Templates"), _("Added on")]
    print_table(heads, [_row(customer) for customer in found])


@customers.command(epilog=example("python3 main.py customers show KH-0001"))
@click.argument("code")
@json_option
@click.pass_context
def show(ctx: click.Context, code: str, as_json: bool) -> None:
    """Show what is held about a customer."""
    from netcafe_face.gui.consent_text import purpose_word

    gallery = cafe_of(ctx).gallery
    customer, consents, templates = gallery.customer(code), gallery.consents(code), gallery.templates(code)
    held: dict[str, Any] = {
        **_as_json(customer),
        "consents": [
            {
                "purposes": sorted(purpose.value for purpose in consent.purposes),
                "how_given": consent.how_given,
                "given_at": consent.given_at.isoformat(),
                "operator": consent.operator,
                "withdrawn_at": consent.withdrawn_at.isoformat() if consent.withdrawn_at else None,
            }
            for consent in consents
        ],
        "template_list": [
            {
                "id": template.id,
                "pack": template.pack_id,
                "quality": round(template.quality, 4),
                "source": template.source.value,
                "created_at": template.created_at.isoformat(),
                "operator": template.operator,
                "crop_kept": template.has_crop,
            }
            for template in templates
        ],
    }
    if as_json:
        print_json(held)
        return
    words = {
        _("Code"): customer.code,
        _("Name"): customer.name,
        _("Status"): _(STATUS_WORDS[customer.status]),
        _("Reason of the ban"): customer.ban_reason,
        _("Birth date"): customer.birth_date.isoformat() if customer.birth_date else "",
        _("Phone"): customer.phone,
        _("Note"): customer.note,
        _("Photo"): _("kept") if customer.has_photo else _("not kept"),
    }
    for word, value in words.items():
        if value:
            click.echo(f"{word}: {value}")
    for consent in consents:
        line = _("Consent: {purposes}; {how}; {when}, {operator}").format(
            purposes=", ".join(purpose_word(each) for each in Purpose if each in consent.purposes),
            how=consent.how_given,
            when=_local(consent.given_at),
            operator=consent.operator,
        )
        click.echo(line + (" " + _("(withdrawn)") if consent.withdrawn_at else ""))
    for template in templates:
        click.echo(
            _("Template {id}: {source}, quality {quality:.0%}, {pack}, {when}").format(
                id=template.id,
                source=_(SOURCE_WORDS[template.source]),
                quality=template.quality,
                pack=template.pack_id,
                when=_local(template.created_at),
            )
        )


@customers.command(epilog=example('python3 main.py customers rename KH-0001 "Nguyễn Thị Ngọc Ánh"'))
@click.argument("code")
@click.argument("name")
@json_option
@click.pass_context
def rename(ctx: click.Context, code: str, name: str, as_json: bool) -> None:
    """Correct a customer's name."""
    _changed(cafe_of(ctx).gallery.update_customer(code, name=name), as_json)


@customers.command(epilog=example('python3 main.py customers ban KH-0001 --reason "broke a headset twice"'))
@click.argument("code")
@click.option("--reason", required=True, help="Why; staff will read it.")
@click.option("--operator", default="", help="Who bans; otherwise as set, or the computer's user.")
@json_option
@click.pass_context
def ban(ctx: click.Context, code: str, reason: str, operator: str, as_json: bool) -> None:
    """Ban a customer; the window then marks them."""
    cafe = cafe_of(ctx)
    _changed(cafe.gallery.ban(code, reason, operator_of(cafe, operator)), as_json)


@customers.command(epilog=example("python3 main.py customers unban KH-0001"))
@click.argument("code")
@click.option("--operator", default="", help="Who lifts the ban; otherwise as set, or the computer's user.")
@json_option
@click.pass_context
def unban(ctx: click.Context, code: str, operator: str, as_json: bool) -> None:
    """Lift a customer's ban."""
    cafe = cafe_of(ctx)
    _changed(cafe.gallery.unban(code, operator_of(cafe, operator)), as_json)


@customers.command(epilog=example("python3 main.py customers withdraw KH-0001 --yes"))
@click.argument("code")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def withdraw(ctx: click.Context, code: str, yes: bool, as_json: bool) -> None:
    """Take a consent back: the face is erased at once, the customer's card stays."""
    gallery = cafe_of(ctx).gallery
    customer = gallery.customer(code)
    question = _("Erase the face of {name} ({code})? This cannot be undone.")
    if not yes:
        _ask(question.format(name=customer.name, code=customer.code))
    _changed(gallery.withdraw_consent(code), as_json)


@customers.command(epilog=example("python3 main.py customers delete KH-0001 --yes"))
@click.argument("code")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def delete(ctx: click.Context, code: str, yes: bool, as_json: bool) -> None:
    """Erase a customer: card, face, photo and consents; their visits stay without a name."""
    gallery = cafe_of(ctx).gallery
    customer = gallery.customer(code)
    question = _("Erase everything about {name} ({code})? This cannot be undone.")
    if not yes:
        _ask(question.format(name=customer.name, code=customer.code))
    gallery.delete(code)
    if as_json:
        print_json({"deleted": customer.code})
    else:
        click.echo(_("{code} is erased.").format(code=customer.code))


def _ask(question: str) -> None:
    """Ask once.

    Raises:
        Declined: the answer is no, or there is none.
    """
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        agreed = False
        click.echo(err=True)
    if not agreed:
        raise Declined


def _changed(customer: Customer, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(customer))
    else:
        status = _(STATUS_WORDS[customer.status])
        count = ngettext("{count} template", "{count} templates", customer.templates)
        click.echo(f"{customer.code}  {customer.name}  {status}  " + count.format(count=customer.templates))


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _row(customer: Customer) -> list[str]:
    added = f"{customer.created_at.astimezone():%Y-%m-%d}" if customer.created_at else ""
    return [
        customer.code,
        customer.name,
        _(STATUS_WORDS[customer.status]),
        str(customer.templates),
        added,
    ]


def _as_json(customer: Customer) -> dict[str, Any]:
    return {
        "code": customer.code,
        "name": customer.name,
        "status": customer.status.value,
        "ban_reason": customer.ban_reason,
        "birth_date": customer.birth_date.isoformat() if customer.birth_date else None,
        "phone": customer.phone,
        "note": customer.note,
        "templates": customer.templates,
        "photo": customer.has_photo,
        "created_at": customer.created_at.isoformat() if customer.created_at else None,
    }
