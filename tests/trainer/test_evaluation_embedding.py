"""Any ONNX embedder is run as it was made to be run, and one that is none says why it is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from netcafe_face.trainer.data.crops import Crops
from netcafe_face.trainer.errors import NetworkUnusable, OptionsRefused
from netcafe_face.trainer.evaluation.embedding import OnnxEmbedder, embed_module, load_embedder
from netcafe_face.trainer.evaluation.inputs import INPUTS, describe, input_named
from netcafe_face.vision.embedding import build_embedder
from netcafe_face.vision.packs import load_pack
from netcafe_face.vision.runtime import Runtime
from tests.files_kit import MODELS
from tests.trainer.evaluation_kit import crops_of, network, pooling

NAMES = ["a", "b", "c"] * 15


def expected(crops_bgr: Crops) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """What `pooling` gives for the usual input, in plain arithmetic."""
    rgb = (crops_bgr[..., ::-1].astype(np.float64) - 127.5) / 127.5
    cells = (
        rgb.reshape(len(rgb), 4, 28, 4, 28, 3).mean(axis=(2, 4)).transpose(0, 3, 1, 2).reshape(len(rgb), 48)
    )
    centred = cells - cells.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.linalg.norm(centred, axis=1, keepdims=True))


@pytest.mark.parametrize(("batch", "runs"), [("batch", 32), (1, 1), (4, 4), (64, 64)])
def test_batches_of_any_kind_give_the_same_embeddings(tmp_path: Path, batch: int | str, runs: int) -> None:
    path = network(tmp_path / "net.onnx", shape=(batch, 3, 112, 112), outputs=[("embedding", (batch, 48))])
    embedder = load_embedder(path, threads=1)
    seen: list[int] = []
    crops = crops_of(NAMES)
    found = embedder.embed(crops, seen.append)
    assert (embedder.dim, embedder.batch) == (48, runs)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected(crops), abs=1e-5)
    assert sum(seen) == len(crops)
    assert max(seen) <= runs
    assert embedder.seconds > 0


def test_no_crops_give_no_embeddings(tmp_path: Path) -> None:
    embedder = load_embedder(network(tmp_path / "net.onnx"), threads=1)
    assert embedder.embed(crops_of(["a"])[:0]).shape == (0, 48)


def test_a_batch_that_is_dynamic_in_name_only_is_run_one_by_one(tmp_path: Path) -> None:
    nodes = [*pooling()[:-1], helper.make_node("Sub", ["flat", "mean"], ["out"])]
    nodes.append(helper.make_node("Reshape", ["out", "one"], ["embedding"]))
    path = network(tmp_path / "net.onnx", nodes, constants={"one": np.array([1, 48], np.int64)})
    embedder = load_embedder(path, threads=1)
    assert embedder.batch == 1
    assert embedder.embed(crops_of(NAMES)) == pytest.approx(expected(crops_of(NAMES)), abs=1e-5)


def test_a_network_whose_answer_depends_on_the_neighbours_is_run_one_by_one(tmp_path: Path) -> None:
    nodes = [*pooling()[:-1], helper.make_node("Sub", ["flat", "mean"], ["out"])]
    nodes.append(helper.make_node("ReduceMean", ["out"], ["half"], axes=[0], keepdims=1))
    nodes.append(helper.make_node("Add", ["out", "half"], ["embedding"]))
    embedder = load_embedder(network(tmp_path / "net.onnx", nodes), threads=1)
    assert embedder.batch == 1
    assert embedder.embed(crops_of(NAMES)) == pytest.approx(expected(crops_of(NAMES)), abs=1e-5)


def test_the_embedding_is_found_among_other_outputs(tmp_path: Path) -> None:
    nodes = [*pooling(), helper.make_node("Identity", ["cells"], ["map"])]
    outputs = [("map", ("batch", 3, 4, 4)), ("embedding", ("batch", 48))]
    embedder = load_embedder(network(tmp_path / "net.onnx", nodes, outputs=outputs), threads=1)
    assert embedder.embed(crops_of(NAMES)) == pytest.approx(expected(crops_of(NAMES)), abs=1e-5)


def test_an_embedding_with_empty_sides_is_flattened(tmp_path: Path) -> None:
    nodes = [*pooling(), helper.make_node("Unsqueeze", ["embedding", "sides"], ["wide"])]
    path = network(
        tmp_path / "net.onnx",
        nodes,
        outputs=[("wide", ("batch", 48, 1, 1))],
        constants={"sides": np.array([2, 3], np.int64)},
    )
    assert load_embedder(path, threads=1).embed(crops_of(NAMES)).shape == (45, 48)


def channel_means(path: Path) -> Path:
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["means"]),
        helper.make_node("Flatten", ["means"], ["embedding"]),
    ]
    return network(path, nodes, outputs=[("embedding", ("batch", 3))])


@pytest.mark.parametrize(
    ("name", "fed"),
    [
        ("arcface", [(200 - 127.5) / 127.5, (100 - 127.5) / 127.5, (50 - 127.5) / 127.5]),
        ("rgb128", [(200 - 127.5) / 128, (100 - 127.5) / 128, (50 - 127.5) / 128]),
        ("imagenet", [(200 / 255 - 0.485) / 0.229, (100 / 255 - 0.456) / 0.224, (50 / 255 - 0.406) / 0.225]),
        ("rgb255", [200, 100, 50]),
        ("bgr255", [50, 100, 200]),
        ("BGR:10:5", [8, 18, 38]),
        ("RGB:10,20,30:1,2,4", [190, 40, 5]),
    ],
)
def test_each_input_feeds_colours_in_its_order_and_scale(tmp_path: Path, name: str, fed: list[float]) -> None:
    embedder = load_embedder(channel_means(tmp_path / "net.onnx"), input_named(name), 1)
    crop = np.full((1, 112, 112, 3), (50, 100, 200), np.uint8)
    assert embedder.embed(crop)[0] == pytest.approx(np.array(fed) / np.linalg.norm(fed), abs=1e-4)


def scaling(path: Path, first: str, second: str) -> Path:
    """The same as `pooling`, but of pixels from 0 to 255, which nodes of these names scale."""
    nodes = [
        helper.make_node("Sub", ["images", "middle"], ["centred"], name=first),
        helper.make_node("Mul", ["centred", "scale"], ["scaled"], name=second),
        *pooling(),
    ]
    nodes[2].input[0] = "scaled"
    numbers = {"middle": np.array(127.5, np.float32), "scale": np.array(1 / 127.5, np.float32)}
    return network(path, nodes, constants=numbers)


@pytest.mark.parametrize(("first", "second"), [("Sub_0", "Mul_1"), ("_minusscalar0", "_mulscalar0")])
def test_a_file_that_scales_pixels_itself_gets_them_as_they_are(
    tmp_path: Path, first: str, second: str
) -> None:
    path = scaling(tmp_path / "net.onnx", first, second)
    embedder = load_embedder(path, threads=1)
    assert describe(embedder.expects) == "RGB, (x − 0) / 1, 112 px"
    assert "pixels from 0 to 255" in embedder.remark
    assert embedder.embed(crops_of(NAMES)) == pytest.approx(expected(crops_of(NAMES)), abs=1e-5)


def test_what_a_person_says_of_the_input_counts_more_than_the_names_of_nodes(tmp_path: Path) -> None:
    embedder = load_embedder(scaling(tmp_path / "net.onnx", "Sub_0", "Mul_1"), INPUTS["arcface"], 1)
    assert (embedder.expects, embedder.remark) == (INPUTS["arcface"], "")


@pytest.mark.parametrize(("first", "second"), [("Sub_0", "Conv_1"), ("sub_0", "mul_1"), ("", "")])
def test_a_file_whose_nodes_are_called_otherwise_gets_the_usual_input(
    tmp_path: Path, first: str, second: str
) -> None:
    embedder = load_embedder(scaling(tmp_path / "net.onnx", first, second), threads=1)
    assert (embedder.expects, embedder.remark) == (INPUTS["arcface"], "")


@pytest.mark.parametrize(
    "text", ["", "arc", "RGB:1", "RGB:1:2:3", "GBR:1:2", "RGB:a:1", "RGB:1,2:1", "RGB:nan:1", "RGB:0:0"]
)
def test_an_input_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(OptionsRefused, match="the input"):
        input_named(text)


def test_inputs_are_described_for_reports() -> None:
    assert describe(INPUTS["arcface"]) == "RGB, (x − 127.5) / 127.5, 112 px"
    assert describe(INPUTS["retail-0095"]).startswith("BGR, (x − 0) / 1, 128 px, template of its own")


def test_a_network_with_its_own_template_gets_its_own_crop(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("AveragePool", ["images"], ["cells"], kernel_shape=[32, 32], strides=[32, 32]),
        helper.make_node("Flatten", ["cells"], ["embedding"]),
    ]
    path = network(tmp_path / "net.onnx", nodes, shape=(1, 3, 128, 128), outputs=[("embedding", (1, 48))])
    embedder = load_embedder(path, input_named("retail-0095"), 1)
    crop = np.zeros((1, 112, 112, 3), np.uint8)
    crop[0, 40:64, 20:92] = 255  # where ArcFace's template has the eyes
    rows = embedder.embed(crop)[0].reshape(3, 4, 4).mean(axis=(0, 2))
    assert rows.argmax() == 1  # and the other template, too, in another place: the second quarter


def test_a_pack_is_run_as_its_card_says_and_as_the_program_runs_it() -> None:
    folder = MODELS / "netcafe-mini"
    ours, pack = load_embedder(folder, threads=1), load_pack(folder)
    crops = crops_of(NAMES[:6])
    theirs = build_embedder(pack, Runtime(threads=1)).embed(crops)
    assert np.sum(ours.embed(crops) * theirs, axis=1).min() > 0.9999
    assert ours.name == f"{pack.card.name} {pack.card.version}"
    assert ours.sha256 == pack.card.embedder.sha256
    with pytest.raises(NetworkUnusable, match="a pack's card says what it expects"):
        load_embedder(folder, INPUTS["imagenet"])


class Pooling(nn.Module):
    """The same as `pooling`, in torch, with a layer that training mode would change."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.9)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        flat = nn.functional.avg_pool2d(images, 28).flatten(1)
        return self.drop(flat - flat.mean(dim=1, keepdim=True))


@pytest.mark.parametrize("training", [True, False])
def test_a_module_of_torch_gives_what_its_onnx_twin_gives(tmp_path: Path, training: bool) -> None:
    module = Pooling().train(training)
    crops = crops_of(NAMES)
    found = embed_module(module, crops, batch=7)
    assert found == pytest.approx(
        load_embedder(network(tmp_path / "net.onnx"), threads=1).embed(crops), abs=1e-5
    )
    assert module.training == training


# --- networks that cannot be evaluated ---------------------------------------------------------------------


def refused(path: Path) -> str:
    with pytest.raises(NetworkUnusable) as caught:
        OnnxEmbedder(path, INPUTS["arcface"], 1)
    return str(caught.value)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("not a network")
    assert "text.onnx cannot be evaluated" in refused(tmp_path / "text.onnx")
    assert "there is no such file" in refused(tmp_path / "missing.onnx")
    whole = network(tmp_path / "net.onnx").read_bytes()
    (tmp_path / "half.onnx").write_bytes(whole[: len(whole) // 2])
    assert "half.onnx cannot be evaluated" in refused(tmp_path / "half.onnx")


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        (("batch", 3, 128, 128), "?×3×128×128"),
        (("batch", 1, 112, 112), "?×1×112×112"),
        ((1, 112, 112, 3), "1×112×112×3"),
        ((3, 112, 112), "3×112×112"),
    ],
)
def test_another_input_size_is_refused(tmp_path: Path, shape: tuple[int | str, ...], shown: str) -> None:
    nodes = [helper.make_node("Flatten", ["images"], ["embedding"])]
    path = network(tmp_path / "net.onnx", nodes, shape=shape, outputs=[("embedding", ("rows", "columns"))])
    assert f"its input is {shown}, and batch×3×112×112 is needed" in refused(path)


def test_other_numbers_of_inputs_and_outputs_are_refused(tmp_path: Path) -> None:
    two = [*pooling(), helper.make_node("Identity", ["embedding"], ["again"])]
    path = network(
        tmp_path / "two.onnx", two, outputs=[(name, ("batch", 48)) for name in ("embedding", "again")]
    )
    assert "one output with an embedding a face is needed; it gives (1, 48), (1, 48)" in refused(path)
    one = [helper.make_node("ReduceMean", ["images"], ["embedding"], axes=[1, 2, 3], keepdims=0)]
    assert "it gives (1,)" in refused(
        network(tmp_path / "one.onnx", one, outputs=[("embedding", ("batch",))])
    )
    column = [helper.make_node("ReduceMean", ["images"], ["embedding"], axes=[1, 2, 3])]
    path = network(tmp_path / "column.onnx", column, outputs=[("embedding", ("batch", 1, 1, 1))])
    assert "one number a face" in refused(path)


def test_whole_numbers_as_input_are_refused(tmp_path: Path) -> None:
    nodes = [helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT)]
    nodes.append(helper.make_node("Flatten", ["floats"], ["embedding"]))
    path = network(
        tmp_path / "net.onnx", nodes, outputs=[("embedding", ("batch", "n"))], kind=TensorProto.UINT8
    )
    assert "its input is tensor(uint8)" in refused(path)


def with_last(path: Path, operator: str, constant: float) -> Path:
    nodes = [*pooling()[:-1], helper.make_node("Sub", ["flat", "mean"], ["out"])]
    nodes.append(helper.make_node(operator, ["out", "constant"], ["embedding"]))
    return network(path, nodes, constants={"constant": np.array(constant, np.float32)})


@pytest.mark.parametrize(("operator", "constant"), [("Mul", np.nan), ("Div", 0.0), ("Mul", 0.0)])
def test_embeddings_that_are_no_numbers_or_nothing_are_refused(
    tmp_path: Path, operator: str, constant: float
) -> None:
    reason = refused(with_last(tmp_path / "net.onnx", operator, constant))
    assert "2 of 2 embeddings are zero or not finite, the first is number 1" in reason


def test_one_picture_without_an_embedding_is_named(tmp_path: Path) -> None:
    embedder = load_embedder(network(tmp_path / "net.onnx"), threads=1)
    crops = crops_of(NAMES)
    crops[7] = 90  # one colour: nothing is left of it
    with pytest.raises(
        NetworkUnusable, match=r"1 of 45 embeddings are zero or not finite, the first is number 8"
    ):
        embedder.embed(crops)


def test_a_network_that_fails_while_it_runs_prints_nothing_of_its_own(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    nodes = [helper.make_node("Reshape", ["images", "shape"], ["embedding"])]
    path = network(tmp_path / "net.onnx", nodes, constants={"shape": np.array([7, 48], np.int64)})
    assert "cannot be evaluated" in refused(path)
    assert capfd.readouterr() == ("", "")
