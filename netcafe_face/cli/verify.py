"""`verify`: are these two pictures of the same person?"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netcafe_face.cli.common import (
    JsonArray,
    cafe_of,
    example,
    json_option,
    on_one_line,
    print_json,
    progress_bar,
)
from netcafe_face.domain.errors import N_, InputError, OutputError, ValueRefused
from netcafe_face.domain.matching import Decision
from netcafe_face.i18n import _, grouped

if TYPE_CHECKING:
    from netcafe_face.pipeline.verify import PairVerified, Verification, Verifier

ANSWERS = {
    Decision.KNOWN: ("same", N_("The same person.")),
    Decision.UNKNOWN: ("different", N_("Different people.")),
    Decision.UNDECIDED: ("undecided", N_("Undecided: too alike for two people, too unlike for one.")),
}
SOME_REFUSED = InputError.exit_code
EXIT_CODES = {Decision.KNOWN: 0, Decision.UNKNOWN: 1, Decision.UNDECIDED: 3}


@click.command(
    "verify",
    epilog=example(
        "python3 main.py verify one.jpg other.jpg",
        "python3 main.py verify one.jpg other.jpg --out crops/",
        "python3 main.py verify --pairs pairs.csv --json",
    ),
)
@click.argument("pictures", nargs=-1, type=click.Path(path_type=Path, readable=False))
@click.option(
    "--pairs",
    type=click.Path(path_type=Path, exists=True, readable=False),
    help="A list: two file names a line.",
)
@click.option("--largest", is_flag=True, help="Of several faces in a picture take the largest.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write the two aligned crops into it."
)
@json_option
@click.pass_context
def verify_command(
    ctx: click.Context,
    pictures: tuple[Path, ...],
    pairs: Path | None,
    largest: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Tell whether two pictures show the same person.

    Exit status: 0 the same person, 1 different people, 3 undecided, 4 a picture cannot be used. With --pairs:
    0 when every pair could be compared, else 4.
    """
    from netcafe_face.pipeline.verify import FaceChoice, Verifier

    if (len(pictures) != 2) == (pairs is None):
        raise ValueRefused(
            field=N_("Pictures"), value=len(pictures), reason=N_("give two pictures, or --pairs")
        )
    verifier = Verifier(cafe_of(ctx).recognizer(), FaceChoice.LARGEST if largest else FaceChoice.ONLY)
    if pairs is not None:
        ctx.exit(_verify_list(verifier, pairs, as_json))
    answer = verifier.verify(*pictures)
    if out is not None:
        _write_crops(answer, out)
    if as_json:
        print_json(_as_json(answer))
    else:
        _print(answer)
    ctx.exit(EXIT_CODES[answer.decision])


def _print(answer: Verification) -> None:
    click.echo(_(ANSWERS[answer.decision][1]))
    if answer.held_back:
        click.echo(_("They look alike, but a face is too small or blurred to rest an answer on."))
    values = {
        "similarity": f"{answer.similarity:.3f}",
        "angle": f"{answer.angle_degrees:.1f}",
        "same": f"{answer.rule.threshold:.3f}",
        "doubt": f"{answer.rule.doubt_from:.3f}",
        "strangers": grouped(round(1 / answer.rule.far)),
    }
    click.echo(_("Similarity (cosine) {similarity}, angle θ {angle}°.").format(**values))
    click.echo(
        _("Same from {same} (1 pair of strangers in {strangers}), undecided from {doubt}.").format(**values)
    )


def _as_json(answer: Verification) -> dict[str, Any]:
    return {
        "answer": ANSWERS[answer.decision][0],
        "similarity": round(answer.similarity, 5),
        "angle_degrees": round(answer.angle_degrees, 3),
        "threshold_same": round(answer.rule.threshold, 5),
        "threshold_undecided": round(answer.rule.doubt_from, 5),
        "far_same": answer.rule.far,
        "held_back": answer.held_back,
        "faces_found": [answer.first.faces_found, answer.second.faces_found],
    }


def _write_crops(answer: Verification, out: Path) -> None:
    from netcafe_face.vision.images import write_image

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(path=out, reason=error.strerror or str(error)) from error
    write_image(out / "crop-1.png", answer.first.crop_bgr)
    write_image(out / "crop-2.png", answer.second.crop_bgr)


def _verify_list(verifier: Verifier, pairs: Path, as_json: bool) -> int:
    from netcafe_face.pipeline.pairs import pairs_in

    refused = 0
    with progress_bar(None, _("pair")) as bar, JsonArray() if as_json else _Lines() as out:
        for done in verifier.verify_pairs(pairs_in(pairs)):
            bar.clear()
            out.add(_pair_json(done))
            refused += done.error is not None
            bar.update()
    return SOME_REFUSED if refused else 0


class _Lines(contextlib.AbstractContextManager["_Lines"]):
    """One line a pair, its cells between tabs."""

    def add(self, cells: dict[str, Any]) -> None:
        click.echo("\t".join("" if cell is None else on_one_line(cell) for cell in cells.values()))

    def __exit__(self, *raised: object) -> None:
        """Leave the lines as they are."""


def _pair_json(done: PairVerified) -> dict[str, Any]:
    found = done.verification
    return {
        "line": done.pair.line,
        "first": str(done.pair.first),
        "second": str(done.pair.second),
        "answer": ANSWERS[found.decision][0] if found else "error",
        "similarity": round(found.similarity, 5) if found else None,
        "message": done.error.explain(_) if done.error else "",
    }
