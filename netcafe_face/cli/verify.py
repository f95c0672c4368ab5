"""`verify`: are these two pictures of the same person?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netcafe_face.cli.common import cafe_of, example, json_option, print_json, progress_bar
from netcafe_face.domain.errors import N_, OutputError, ValueRefused
from netcafe_face.domain.matching import Decision
from netcafe_face.i18n import _

if TYPE_CHECKING:
    from netcafe_face.pipeline.verify import PairVerified, Verification, Verifier

ANSWERS = {
    Decision.KNOWN: ("same", N_("The same person.")),
    Decision.UNKNOWN: ("different", N_("Different people.")),
    Decision.UNDECIDED: ("undecided", N_("Undecided: too alike for two people, too unlike for one.")),
}
EXIT_CODES = {Decision.KNOWN: 0, Decision.UNKNOWN: 1, Decision.UNDECIDED: 3}


@click.command(
    "verify",
    epilog=example(
        "python3 main.py verify one.jpg other.jpg",
        "python3 main.py verify one.jpg other.jpg --out crops/",
        "python3 main.py verify --pairs pairs.csv --json",
    ),
)
@click.argument("pictures", nargs=-1, type=click.Path(path_type=Path))
@click.option("--pairs", type=click.Path(path_type=Path, exists=True), help="A list: two file names a line.")
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
        "strangers": f"{1 / answer.rule.far:,.0f}",
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
    from netcafe_face.pipeline.pairs import read_pairs

    refused = compared = 0
    with pairs.open(encoding="utf-8", errors="replace") as lines, progress_bar(None, _("pair")) as bar:
        for done in verifier.verify_pairs(read_pairs(lines, pairs.parent)):
            bar.clear()
            if as_json:
                click.echo("[\n" if not compared else ",\n", nl=False)
                click.echo(json.dumps(_pair_json(done), ensure_ascii=False), nl=False)
            else:
                click.echo("\t".join(str(cell) for cell in _pair_json(done).values()))
            compared += 1
            refused += done.error is not None
            bar.update()
    if as_json:
        click.echo("\n]" if compared else "[]")
    return 4 if refused else 0


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
