from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.backbones.start import load_start
from netcafe_face.trainer.errors import RunUnusable
from netcafe_face.trainer.loop import checkpoint


class Harm:
    """What runs a command as soon as it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


def test_a_checkpoint_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    state = {"weights": {"a": torch.arange(5.0)}, "step": 3, "best": 0.5, "none": None, "done": False}
    checkpoint.save(tmp_path / "run" / "last.pt", state)
    read = checkpoint.load(tmp_path / "run" / "last.pt")
    assert torch.equal(read["weights"]["a"], state["weights"]["a"])  # type: ignore[index]
    assert {**read, "weights": 0} == {**state, "weights": 0}
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["last.pt"]


def test_a_crash_while_writing_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "last.pt"
    checkpoint.save(file, {"step": 1})
    file.with_suffix(".part").write_bytes(b"half")  # what a crash leaves behind
    assert checkpoint.load(file) == {"step": 1}
    checkpoint.save(file, {"step": 2})
    assert checkpoint.load(file) == {"step": 2}
    assert not file.with_suffix(".part").exists()


def test_what_cannot_be_saved_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "last.pt"
    checkpoint.save(file, {"step": 1})
    file.with_suffix(".part").mkdir()
    with pytest.raises((RunUnusable, OSError)):
        checkpoint.save(file, {"step": 2})
    assert checkpoint.load(file) == {"step": 1}


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_checkpoint_is_refused_clearly(tmp_path: Path, kept: float) -> None:
    file = tmp_path / "last.pt"
    checkpoint.save(file, {"a": torch.zeros(1000)})
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(RunUnusable, match="damaged") as refused:
        checkpoint.load(file)
    assert "\x1b" not in str(refused.value)


def test_a_flipped_bit_is_refused_or_harmless(tmp_path: Path) -> None:
    file = tmp_path / "last.pt"
    checkpoint.save(file, {"a": torch.zeros(100), "step": 5})
    whole = bytearray(file.read_bytes())
    for place in range(0, len(whole), 37):
        damaged = bytearray(whole)
        damaged[place] ^= 0x41
        file.write_bytes(damaged)
        try:
            assert isinstance(checkpoint.load(file), dict)
        except RunUnusable:
            continue


@pytest.mark.parametrize("kind", ["torch", "pickle", "inside"])
def test_a_checkpoint_that_holds_code_is_refused_and_does_not_run(tmp_path: Path, kind: str) -> None:
    file, harmed = tmp_path / "last.pt", tmp_path / "harmed"
    harm = Harm(f"touch {harmed}")
    if kind == "torch":
        torch.save({"backbone": harm}, file)
    elif kind == "pickle":
        file.write_bytes(pickle.dumps(harm))
    else:
        checkpoint.save(file, {"a": torch.zeros(3)})
        with zipfile.ZipFile(file) as old:
            parts = {name: old.read(name) for name in old.namelist()}
        with zipfile.ZipFile(file, "w") as new:
            for name, data in parts.items():
                new.writestr(name, pickle.dumps(harm, 2) if name.endswith("data.pkl") else data)
    with pytest.raises(RunUnusable, match="other things than weights"):
        checkpoint.load(file)
    assert not harmed.exists()


def test_a_checkpoint_that_is_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunUnusable, match=r"last\.pt"):
        checkpoint.load(tmp_path / "last.pt")
    with pytest.raises(RunUnusable):
        checkpoint.load(tmp_path)


def test_a_tensor_alone_is_no_checkpoint(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "last.pt")
    with pytest.raises(RunUnusable, match="no checkpoint"):
        checkpoint.load(tmp_path / "last.pt")


def test_the_averaged_weights_are_exported_where_there_are_any() -> None:
    plain, averaged = {"a": torch.zeros(1)}, {"a": torch.ones(1)}
    assert checkpoint.weights({"backbone": plain, "ema": averaged}) is averaged
    assert checkpoint.weights({"backbone": plain, "ema": None}) is plain
    assert checkpoint.weights({"ema": torch.zeros(3), "backbone": 5}) == {}


def test_a_record_comes_back_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    checkpoint.write_record(tmp_path / "run", {"name": "Nguyễn", "steps": 3})
    assert checkpoint.read_record(tmp_path / "run") == {"name": "Nguyễn", "steps": 3}
    for text in ("", "[]", "{"):
        (tmp_path / "run" / "run.json").write_text(text)
        with pytest.raises(RunUnusable, match="run"):
            checkpoint.read_record(tmp_path / "run")
    with pytest.raises(RunUnusable):
        checkpoint.read_record(tmp_path / "missing")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunUnusable, match="file"):
        checkpoint.write_record(tmp_path / "file" / "run", {})
    with pytest.raises(RunUnusable, match="file"):
        checkpoint.save(tmp_path / "file" / "run" / "last.pt", {})


def test_a_network_can_begin_with_the_weights_of_a_run(tmp_path: Path) -> None:
    torch.manual_seed(0)
    one, other = build_backbone("plain-tiny", 8), build_backbone("plain-tiny", 8)
    checkpoint.save(tmp_path / "best.pt", {"backbone": one.state_dict(), "ema": None})
    for path in (tmp_path, tmp_path / "best.pt"):
        torch.nn.init.zeros_(other.embedding[0].weight)  # type: ignore[index,union-attr]
        load_start(other, path)
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_weights_of_another_backbone_are_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "best.pt", {"backbone": build_backbone("plain-tiny", 8).state_dict()})
    with pytest.raises(RunUnusable, match="another backbone"):
        load_start(build_backbone("plain-tiny", 16), tmp_path)
    checkpoint.save(tmp_path / "best.pt", {"step": 3})
    with pytest.raises(RunUnusable, match="another backbone"):
        load_start(build_backbone("plain-tiny", 8), tmp_path)
