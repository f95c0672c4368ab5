"""Aligned crops become unit vectors, as the card says, whatever the graph's nodes are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from netcafe_face.domain.errors import ModelUnusable
from netcafe_face.domain.faces import FloatArray, Image, unit_rows
from netcafe_face.domain.results import Face
from netcafe_face.vision.alignment import align
from netcafe_face.vision.card import EmbedderCard
from netcafe_face.vision.embedding import LARGEST_BATCH, ArcFaceEmbedder
from netcafe_face.vision.packs import ModelPack
from netcafe_face.vision.ports import Embedder
from netcafe_face.vision.runtime import Runtime

ONE_THREAD = Runtime(threads=1)
DIM = 128


@pytest.fixture(scope="module")
def crops(group_faces: tuple[Face, ...]) -> Image:
    return np.stack([face.crop_bgr for face in group_faces if face.crop_bgr is not None])


@pytest.fixture(scope="module")
def plain_card(pack: ModelPack) -> EmbedderCard:
    """The card of a network that takes RGB from 0 to 255, such as SFace."""
    return replace(pack.card.embedder, mean=0.0, std=1.0, scaling_in_graph=True, colour="RGB")


def scaling_inside(pack: ModelPack, path: Path, names: tuple[str, str], batch: int | None = None) -> Path:
    """Write our embedder with its scaling as the graph's first two nodes, as SFace has it."""
    model = onnx.load(str(pack.embedder_path))
    graph = model.graph
    inside = graph.input[0].name
    for node in graph.node:
        node.input[:] = ["scaled" if name == inside else name for name in node.input]
    for name, value in (("middle", 127.5), ("part", 1 / 127.5)):
        graph.initializer.append(numpy_helper.from_array(np.array([value], np.float32), name))
    graph.node.insert(0, helper.make_node("Sub", [inside, "middle"], ["centred"], name=names[0]))
    graph.node.insert(1, helper.make_node("Mul", ["centred", "part"], ["scaled"], name=names[1]))
    if batch is not None:
        for end in (*graph.input, *graph.output):
            end.type.tensor_type.shape.dim[0].dim_value = batch
    onnx.save(model, str(path))
    return path


def tiny(path: Path, weights: FloatArray, *more: onnx.NodeProto, side: int = 112, channels: int = 3) -> Path:
    """Write a network that averages a picture and multiplies the three means by `weights` (3, d)."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["in"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["out" if not more else "inner"]),
        *more,
    ]
    shape = ["N", channels, side, side]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weights.astype(np.float32), "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


def test_embeddings_are_unit_vectors_and_tell_six_people_apart(embedder: Embedder, crops: Image) -> None:
    vectors = embedder.embed(crops)
    assert vectors.shape == (6, embedder.dim) == (6, DIM)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    cosines = vectors @ vectors.T
    assert (cosines - np.eye(6)).max() < 0.6
    bright = np.clip(crops.astype(int) + 20, 0, 255).astype(np.uint8)
    assert (np.einsum("ij,ij->i", embedder.embed(bright), vectors) > 0.85).all()


def test_a_batch_gives_what_one_by_one_gives(embedder: Embedder, crops: Image) -> None:
    single = np.concatenate([embedder.embed(crop[None]) for crop in crops])
    assert embedder.embed(crops) == pytest.approx(single, abs=1e-4)


def test_a_crowd_larger_than_one_batch_is_embedded_whole_and_in_order(
    embedder: Embedder, crops: Image
) -> None:
    crowd = crops[np.arange(2 * LARGEST_BATCH + 3) % 6]
    vectors = embedder.embed(crowd)
    assert vectors == pytest.approx(embedder.embed(crops)[np.arange(len(crowd)) % 6], abs=1e-4)


def test_no_crops_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed(np.empty((0, 112, 112, 3), np.uint8)).shape == (0, DIM)


@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((112, 112, 3), np.uint8),
        np.zeros((1, 112, 112), np.uint8),
        np.zeros((1, 3, 112, 112), np.uint8),
        np.zeros((1, 128, 128, 3), np.uint8),
        np.zeros((1, 112, 112, 3), np.float32),
    ],
)
def test_anything_but_aligned_crops_is_refused(embedder: Embedder, crops: Image) -> None:
    with pytest.raises(ValueError, match="crops must be uint8"):
        embedder.embed(crops)


@pytest.mark.parametrize("names", [("Sub_0", "Mul_1"), ("minus0", "scale0"), ("", "")])
def test_a_network_that_scales_inside_gives_the_same_vectors_whatever_its_nodes_are_called(
    tmp_path: Path,
    pack: ModelPack,
    plain_card: EmbedderCard,
    embedder: Embedder,
    crops: Image,
    names: tuple[str, str],
) -> None:
    path = scaling_inside(pack, tmp_path / "like sface.onnx", names)
    assert ArcFaceEmbedder(path, plain_card, ONE_THREAD).embed(crops) == pytest.approx(
        embedder.embed(crops), abs=1e-3
    )


def test_the_names_of_nodes_do_not_decide_what_our_own_network_is_fed(
    tmp_path: Path, pack: ModelPack, embedder: Embedder, crops: Image
) -> None:
    """insightface alone would take a network whose first nodes are called Sub and Mul for a scaling one."""
    model = onnx.load(str(pack.embedder_path))
    model.graph.node[0].name, model.graph.node[1].name = "Sub_first", "Mul_second"
    onnx.save(model, str(tmp_path / "renamed.onnx"))
    renamed = ArcFaceEmbedder(tmp_path / "renamed.onnx", pack.card.embedder, ONE_THREAD)
    assert renamed.embed(crops) == pytest.approx(embedder.embed(crops), abs=1e-4)


def test_an_sface_like_network_agrees_with_opencvs_own_recogniser(
    tmp_path: Path,
    pack: ModelPack,
    plain_card: EmbedderCard,
    group_bgr: Image,
    group_faces: tuple[Face, ...],
) -> None:
    path = scaling_inside(pack, tmp_path / "sface.onnx", ("Sub", "Mul"), batch=1)
    theirs = cv2.FaceRecognizerSF.create(str(path), "")
    ours = ArcFaceEmbedder(path, plain_card, ONE_THREAD)
    for face in group_faces:
        crop = align(group_bgr, face.detection.landmarks)
        feature = unit_rows(theirs.feature(crop))
        assert ours.embed(crop[None]) == pytest.approx(feature, abs=2e-3)


def test_a_network_made_for_one_crop_at_a_time_embeds_a_group_too(
    tmp_path: Path, pack: ModelPack, plain_card: EmbedderCard, embedder: Embedder, crops: Image
) -> None:
    path = scaling_inside(pack, tmp_path / "one.onnx", ("Sub", "Mul"), batch=1)
    single = ArcFaceEmbedder(path, plain_card, ONE_THREAD)
    assert single.embed(crops) == pytest.approx(embedder.embed(crops), abs=1e-3)


def test_a_network_for_a_fixed_batch_of_another_size_is_refused_when_it_is_loaded(
    tmp_path: Path, pack: ModelPack, plain_card: EmbedderCard
) -> None:
    path = scaling_inside(pack, tmp_path / "eight.onnx", ("Sub", "Mul"), batch=8)
    with pytest.raises(ModelUnusable, match=r"eight\.onnx"):
        ArcFaceEmbedder(path, plain_card, ONE_THREAD)


def test_the_colour_order_of_the_card_is_what_the_network_gets(
    tmp_path: Path, plain_card: EmbedderCard
) -> None:
    weights = np.zeros((3, DIM))
    weights[0, 0], weights[1, 1], weights[2, 2] = 1, 1, 1
    path = tiny(tmp_path / "means.onnx", weights)
    blue, green, red = 200, 100, 50
    crop = np.broadcast_to(np.array([blue, green, red], np.uint8), (1, 112, 112, 3))
    for colour, expected in (("RGB", [red, green, blue]), ("BGR", [blue, green, red])):
        network = ArcFaceEmbedder(path, replace(plain_card, colour=colour), ONE_THREAD)
        vector = network.embed(np.ascontiguousarray(crop))[0, :3]
        assert vector == pytest.approx(np.array(expected) / np.linalg.norm(expected), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("nan", lambda path: tiny(path, np.full((3, DIM), np.nan))),
        ("endless", lambda path: tiny(path, np.full((3, DIM), np.inf))),
        ("zero", lambda path: tiny(path, np.zeros((3, DIM)))),
        ("shorter", lambda path: tiny(path, np.ones((3, 64)))),
        ("longer", lambda path: tiny(path, np.ones((3, 512)))),
        ("large input", lambda path: tiny(path, np.ones((3, DIM)), side=128)),
        ("grey input", lambda path: tiny(path, np.ones((1, DIM)), channels=1)),
        (
            "flat output",
            lambda path: tiny(
                path, np.ones((3, DIM)), helper.make_node("ReduceSum", ["inner"], ["out"], keepdims=0)
            ),
        ),
        ("garbage", lambda path: path.write_bytes(b"this is no network" * 99)),
        ("empty", lambda path: path.write_bytes(b"")),
        ("missing", lambda path: None),
    ],
)
def test_a_network_that_does_not_do_what_its_card_says_is_not_usable(
    tmp_path: Path, plain_card: EmbedderCard, name: str, build: Callable[[Path], object]
) -> None:
    path = tmp_path / f"{name}.onnx"
    build(path)
    with pytest.raises(ModelUnusable, match=name):
        ArcFaceEmbedder(path, plain_card, ONE_THREAD)


def test_a_detector_is_no_embedder(pack: ModelPack) -> None:
    with pytest.raises(ModelUnusable):
        ArcFaceEmbedder(pack.detector_path, pack.card.embedder, ONE_THREAD)


def test_the_session_runs_with_the_threads_asked_for(pack: ModelPack) -> None:
    network = ArcFaceEmbedder(pack.embedder_path, pack.card.embedder, Runtime(threads=3))
    options = network._model.session.get_session_options()
    assert options.intra_op_num_threads == 3
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert network._model.session.get_providers() == ["CPUExecutionProvider"]


@pytest.mark.shared
def test_insightfaces_arcface_embedder_tells_people_apart(
    shared: Path, pack: ModelPack, group_bgr: Image, crops: Image
) -> None:
    card = replace(pack.card.embedder, file="w600k_mbf_int8_dynamic.onnx", length=512)
    network = ArcFaceEmbedder(shared / "models/reference" / card.file, card, ONE_THREAD)
    assert network.dim == 512
    vectors = network.embed(crops)
    assert vectors.shape == (6, 512)
    assert (vectors @ vectors.T - np.eye(6)).max() < 0.4
    mirrored = network.embed(np.ascontiguousarray(crops[:, :, ::-1]))
    assert (np.einsum("ij,ij->i", vectors, mirrored) > 0.6).all()
