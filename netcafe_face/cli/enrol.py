"""`enrol`: store a customer's face, with their consent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netcafe_face.cli.common import cafe_of, example, json_option, operator_of, parse_date, print_json
from netcafe_face.domain.people import Customer, Purpose
from netcafe_face.i18n import _, ngettext

if TYPE_CHECKING:
    from netcafe_face.pipeline.enrolment import JudgedPicture


@click.command(
    "enrol",
    epilog=example(
        'python3 main.py enrol KH-0001 "Nguyễn Thị Ngọc Ánh" anh1.jpg anh2.jpg --consent "signed form 12"'
    ),
)
@click.argument("code")
@click.argument("name")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option("--consent", default="", help="How the customer agreed; nothing is stored without.")
@click.option("--keep-photo", is_flag=True, help="The customer also agreed that a photo is kept.")
@click.option("--keep-crops", is_flag=True, help="… that crops are kept, to learn the face anew later.")
@click.option("--birth-date", default="", metavar="YYYY-MM-DD", help="Date of birth.")
@click.option("--phone", default="", help="Phone number.")
@click.option("--note", default="", help="A note for the staff.")
@click.option("--operator", default="", help="Who enrols; otherwise as set, or the computer's user.")
@click.option("--allow-lookalike", is_flag=True, help="Enrol although it looks like another customer.")
@json_option
@click.pass_context
def enrol_command(
    ctx: click.Context, /, code: str, name: str, images: tuple[Path, ...], as_json: bool, **given: Any
) -> None:
    """Enrol a customer from pictures that show one face each, or add pictures to one.

    Exit status: 0 enrolled, 4 no picture was good enough, 6 refused (no consent, code taken …).
    """
    from netcafe_face.domain.errors import ConsentMissing
    from netcafe_face.pipeline.enrolment import EnrolmentRequest

    cafe = cafe_of(ctx)
    if not given["consent"].strip():
        raise ConsentMissing(code=code)
    customer = Customer(
        code=code,
        name=name,
        birth_date=parse_date(given["birth_date"]),
        phone=given["phone"],
        note=given["note"],
    )
    purposes = {Purpose.RECOGNITION}
    purposes |= {Purpose.KEEP_PHOTO} if given["keep_photo"] else set()
    purposes |= {Purpose.KEEP_CROPS} if given["keep_crops"] else set()
    enrolment = cafe.enrolment()
    pictures = [enrolment.judge_path(image) for image in images]
    request = EnrolmentRequest(
        customer=customer,
        purposes=frozenset(purposes),
        how_given=given["consent"],
        operator=operator_of(cafe, given["operator"]),
        allow_lookalike=given["allow_lookalike"],
    )
    stored = enrolment.enrol(request, pictures)
    if as_json:
        print_json({"code": stored.code, "name": stored.name, "pictures": [_as_json(p) for p in pictures]})
        return
    for picture in pictures:
        click.echo(_line(picture))
    text = ngettext(
        "{name} ({code}) is enrolled with {count} picture.",
        "{name} ({code}) is enrolled with {count} pictures.",
        stored.templates,
    )
    click.echo(text.format(name=stored.name, code=stored.code, count=stored.templates))


def _line(picture: JudgedPicture) -> str:
    refusal = picture.refusal()
    if refusal is not None:
        return "– " + refusal.explain(_)
    quality = round(100 * picture.face.quality.score) if picture.face else 0
    return "✓ " + _("{name}: good (quality {quality} of 100)").format(name=picture.name, quality=quality)


def _as_json(picture: JudgedPicture) -> dict[str, Any]:
    refusal = picture.refusal()
    return {
        "file": picture.name,
        "stored": picture.good,
        "quality": round(picture.face.quality.score, 4) if picture.face else None,
        "refused": refusal.explain(_) if refusal else None,
    }
