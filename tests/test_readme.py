"""Every command that the README shows does what the README says, in the order in which it shows them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import pytest

from netcafe_face import i18n
from netcafe_face.cli.root import COMMANDS, root, run
from netcafe_face.config.logs import stop_logging
from netcafe_face.config.paths import DATA_VARIABLE, data_paths
from netcafe_face.domain.faces import Detection, Image
from netcafe_face.domain.people import Presence, Visit
from netcafe_face.gallery.service import Gallery
from netcafe_face.trainer.cli import root as trainer
from netcafe_face.vision.images import read_image, write_image
from tests.files_kit import MODELS, SIX_PEOPLE, pack, six_faces, write_video

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
VIETNAMESE = '<a id="tieng-viet"></a>'
ENGLISH_HALF, _, VIETNAMESE_HALF = README.partition(VIETNAMESE)
HALVES = {"English": ENGLISH_HALF, "Vietnamese": VIETNAMESE_HALF}

PROGRAM = ["python3", "main.py"]
NOT_RUN = {"make"}
"""Programs of other people that the README names."""
NOT_RUN_COMMANDS = {(), ("demo",), ("test",), ("train",), ("models", "install")}
"""The window, the sample café, this very test run, what may take hours, and what needs the internet."""
ANH, QUAN = 5, 2
"""Who of the six people of the photo are shown and enrolled, counted from the left."""


class Example(NamedTuple):
    """A command of the README with the exit status that it announces."""

    line: str
    arguments: list[str]
    status: int

    @property
    def command(self) -> tuple[str, ...]:
        words = iter(self.arguments)
        for word in words:
            if word in ("--data", "--lang"):
                next(words)
            elif not word.startswith("-"):
                if isinstance(root.get_command(click.Context(root), word), click.Group):
                    return (word, next(words, ""))
                return (word,)
        return ()


def shell_lines(text: str) -> list[str]:
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.split("#")[0].strip()]


def examples(text: str) -> Iterator[Example]:
    for line in shell_lines(text):
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[:2] == PROGRAM:
            announced = re.search(r"#.*(?:exit status|mã thoát) (\d+)", line)
            yield Example(line, words[2:], int(announced[1]) if announced else 0)


def runnable(text: str) -> list[Example]:
    return [example for example in examples(text) if example.command not in NOT_RUN_COMMANDS]


def all_commands() -> set[tuple[str, ...]]:
    context = click.Context(root)
    found: set[tuple[str, ...]] = set()
    for name in COMMANDS:
        command = root.get_command(context, name)
        if isinstance(command, click.Group):
            found |= {(name, child) for child in command.commands}
        else:
            found.add((name,))
    return found


def cut(photo: Image, detection: Detection, room: float) -> Image:
    """Cut a head out, with so many face sizes of surroundings on each side."""
    x, y, w, h = (float(value) for value in detection.box)
    left, top = max(0, round(x - room * w)), max(0, round(y - room * h))
    return np.ascontiguousarray(photo[top : round(y + h + room * h), left : round(x + w + room * w)])


def people_in_a_row() -> list[Detection]:
    return sorted((face.detection for face in six_faces()), key=lambda detection: float(detection.box[0]))


def make_pictures(folder: Path) -> None:
    """Put down the files that the README's examples name."""
    photo = read_image(SIX_PEOPLE)
    row = people_in_a_row()
    for name, person in (("anh", ANH), ("quan", QUAN)):
        write_image(folder / f"{name}1.jpg", cut(photo, row[person], 0.6))
        write_image(folder / f"{name}2.jpg", cut(photo, row[person], 0.5))
    write_image(folder / "group.jpg", photo)
    (folder / "photos").mkdir()
    shutil.copy(folder / "group.jpg", folder / "photos" / "friday.jpg")
    shutil.copy(folder / "anh1.jpg", folder / "photos" / "saturday.jpg")
    write_video(folder / "evening.mp4", [photo[:480, :640].copy()] * 10)
    (folder / "pairs.csv").write_text("anh1.jpg,anh2.jpg\nanh1.jpg,quan1.jpg\n", encoding="utf-8")
    own_pack = folder / "my-pack"
    shutil.copytree(MODELS / "netcafe-mini", own_pack)
    card = (own_pack / "pack.toml").read_text(encoding="utf-8")
    (own_pack / "pack.toml").write_text(card.replace('"netcafe-mini"', '"my-pack"', 1), encoding="utf-8")


def remember_a_visit() -> None:
    now = datetime.now(UTC)
    visit = Visit("Camera 1", "A01", Presence.STRANGER, "#1", now - timedelta(minutes=5), now, ended_at=now)
    paths = data_paths().create()
    with Gallery.open(paths.database, pack().pack_id) as gallery:
        gallery.save_visit(visit)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Sit in a folder with pictures, as somebody who tries the README out."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    make_pictures(folder)
    remember_a_visit()
    yield folder
    stop_logging()
    i18n.set_language("en")


@pytest.mark.parametrize("half", HALVES)
def test_every_example_of_the_readme_runs_as_it_says(
    half: str, desk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for example in runnable(HALVES[half]):
        status = run(example.arguments)
        printed = capfd.readouterr()
        assert status == example.status, f"{example.line}\n{printed.out}\n{printed.err}"
        assert printed.out.strip(), f"{example.line} printed nothing"


def training(half: str) -> list[Example]:
    return [example for example in examples(HALVES[half]) if example.command == ("train",)]


def read_as_the_trainer_would(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Check names, options and values of a line without running it, and return its command."""
    command: click.Command = trainer.root
    context, words = click.Context(command), arguments
    while isinstance(command, click.Group):
        child = command.get_command(context, words[0])
        assert child is not None, f"there is no command {words[0]}"
        context, command, words = click.Context(child, parent=context), child, words[1:]
    for parameter in command.params:
        if isinstance(parameter.type, click.Path):
            monkeypatch.setattr(parameter.type, "exists", False)  # the files are the reader's
    command.make_context(command.name, list(words)).close()
    return arguments[0]


@pytest.mark.parametrize("half", HALVES)
def test_every_example_of_training_is_one_that_the_trainer_understands(
    half: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = {read_as_the_trainer_would(example.arguments[1:], monkeypatch) for example in training(half)}
    assert shown == set(trainer.COMMANDS)


@pytest.mark.parametrize("half", HALVES)
def test_every_command_has_an_example_in_the_readme(half: str) -> None:
    shown = {example.command for example in examples(HALVES[half])}
    assert all_commands() - shown == set()
    assert () in shown, "the window"


def test_the_readme_shows_no_command_that_nobody_checks() -> None:
    others = {
        shlex.split(line.removeprefix("$ "), comments=True)[0]
        for line in shell_lines(README)
        if shlex.split(line.removeprefix("$ "), comments=True)[:2] != PROGRAM
    }
    assert others <= NOT_RUN


def test_both_halves_of_the_readme_show_the_same_commands() -> None:
    english, vietnamese = (
        {tuple(example.arguments) for example in examples(half)} for half in (ENGLISH_HALF, VIETNAMESE_HALF)
    )
    assert english == vietnamese


def test_the_command_for_the_tests_stands_where_the_checks_look_for_it() -> None:
    block = README.split("<!-- test-command -->\n", 1)[1]
    assert block.startswith("```sh\npython3 main.py test\n```\n")


def test_what_the_readme_quotes_is_what_the_card_says() -> None:
    card = pack().card
    quoted = re.findall(r"^> (?:- )?(.+)$", ENGLISH_HALF, re.MULTILINE)
    assert quoted
    assert set(quoted) <= {*card.weaknesses, card.licence_note}


def test_the_vietnamese_half_calls_the_pages_as_the_window_does() -> None:
    pages = ("Live", "Customers", "Log", "Identify", "Verify", "Settings", "About")
    i18n.set_language("vi")
    names = [i18n._(page) for page in pages]
    i18n.set_language("en")
    if names == list(pages):
        pytest.skip("there is no Vietnamese catalogue")
    table = VIETNAMESE_HALF.split("| nội dung |", 1)[1].split("\n\n", 1)[0]
    assert re.findall(r"^\| ([^|-]+?) \|", table, re.MULTILINE) == names


@pytest.mark.skipif(shutil.which("awk") is None or shutil.which("bash") is None, reason="needs bash and awk")
def test_the_checks_find_the_command_for_the_tests() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    found = re.search(r'^test_command="\$\((awk .*?README\.md)', script, re.MULTILINE | re.DOTALL)
    assert found
    answer = subprocess.run(
        ["bash", "-c", found[1]], cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=True
    )
    assert answer.stdout.strip() == "python3 main.py test"


def documents() -> list[Path]:
    return sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])


def anchors(text: str) -> set[str]:
    named = set(re.findall(r'<a id="([^"]+)"></a>', text))
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return named | {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_link_between_the_documents_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (document.parent / place) if place else document
        assert file.exists(), f"{document.name} links to {target}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:netcafe_face|tests|benchmarks|docs|models|assets)/[\w./\-]*)`", text)
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


COMPARED = ("Softmax", "Triplet", "SphereFace", "CosFace", "ArcFace")


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("report", ["comparison", "closed-set"])
def test_figures_of_the_compared_losses_are_those_of_the_report(half: str, report: str) -> None:
    name = f"docs/{report}/report.md"
    told = (REPOSITORY / name).read_text(encoding="utf-8")
    lines = HALVES[half][HALVES[half].rindex(name) :].splitlines()
    for loss in COMPARED:
        row = next(line for line in lines if line.startswith(f"| {loss} |"))
        figures = [cell.replace(",", ".") for cell in row.split(" | ")[1:3]]
        source = next(line for line in told.splitlines() if line.startswith(f"| {loss} |"))
        assert all(f"| {figure} |" in source for figure in figures), (row, source)
