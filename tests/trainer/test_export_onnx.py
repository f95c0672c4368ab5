"""An exported embedder is one file that does what the network does, or there is no file."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from netcafe_face.trainer.data.tensors import to_input
from netcafe_face.trainer.errors import ExportFailed
from netcafe_face.trainer.export.checking import (
    check_embedder,
    embed_raw,
    embedder_card,
    lowest_cosine,
    open_embedder,
    torch_embeddings,
)
from netcafe_face.trainer.export.onnx import INPUT, OUTPUT, Exported, check_graph, export_onnx
from netcafe_face.trainer.export.origin import Origin
from netcafe_face.vision.embedding import ArcFaceEmbedder
from netcafe_face.vision.runtime import Runtime
from tests.trainer.kit import real_crops

DIM = 24
ORIGIN = Origin("tiny", "abc123", "python3 main.py train export …", json.dumps([]))


def network(dim: int = DIM) -> nn.Sequential:
    """A tiny embedder with everything that is folded: norms after a convolution and after a linear layer."""
    torch.manual_seed(5)
    made = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 7, 4, bias=False), nn.BatchNorm2d(8), nn.PReLU(8)),
        nn.Sequential(nn.Conv2d(8, 16, 5, 4, bias=False), nn.BatchNorm2d(16), nn.ReLU()),
        nn.Flatten(),
        nn.Sequential(nn.Linear(16 * 6 * 6, dim, bias=False), nn.BatchNorm1d(dim)),
    )
    made.train()
    for _ in range(3):
        made(to_input(real_crops()[..., ::-1]))
    return made


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    path = tmp_path_factory.mktemp("export") / "new folder" / "embedder.onnx"
    return export_onnx(network(), path, real_crops(), ORIGIN)


def test_it_takes_any_number_of_rgb_crops_and_gives_one_embedding_each(exported: Exported) -> None:
    session = open_embedder(exported.path)
    (entry,), (answer,) = session.get_inputs(), session.get_outputs()
    assert (entry.name, entry.type, entry.shape) == (INPUT, "tensor(float)", ["batch", 3, 112, 112])
    assert (answer.name, answer.shape) == (OUTPUT, ["batch", DIM])
    for count in (1, 2, 7):
        assert session.run(None, {INPUT: np.zeros((count, 3, 112, 112), np.float32)})[0].shape == (count, DIM)


def test_every_face_has_the_same_embedding_as_in_torch(exported: Exported) -> None:
    expected = torch_embeddings(network().eval(), real_crops())
    found = embed_raw(open_embedder(exported.path), real_crops())
    assert exported.crops == len(real_crops())
    assert exported.lowest_cosine >= 0.9999
    assert lowest_cosine(found, expected) == pytest.approx(exported.lowest_cosine)
    # Not only the direction: the length is left as it is, too.
    assert np.allclose(found, expected, atol=1e-4)
    assert not np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=0.01)


def test_insightface_and_the_program_read_the_same_embedding_from_it(exported: Exported) -> None:
    from insightface import model_zoo

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        guessed = model_zoo.get_model(str(exported.path), providers=["CPUExecutionProvider"])
    card = embedder_card(exported.path.name, exported.sha256, exported.dim)
    ours = ArcFaceEmbedder(exported.path, card, Runtime(threads=1)).embed(real_crops())
    theirs = guessed.get_feat(list(real_crops()))
    assert (guessed.input_mean, guessed.input_std) == (127.5, 127.5)
    assert lowest_cosine(ours, theirs) >= 0.9999


def test_no_node_looks_like_a_mean_or_std_to_insightface(tmp_path: Path) -> None:
    class Centred(nn.Module):
        """Begins with a subtraction and a product that are its own, not those of its input."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = network()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            inside: torch.Tensor = self.inner((images - 0.1) * 1.5)
            return inside

    done = export_onnx(Centred(), tmp_path / "embedder.onnx", real_crops(), ORIGIN)
    names = [node.name for node in onnx.load(done.path).graph.node[:8]]
    assert {"sub_", "mul_"} <= {name.partition("_")[0] + "_" for name in names}
    assert not [name for name in names if name.startswith(("Sub", "Mul", "_minus", "_mul"))]


def test_the_file_is_whole_and_norms_are_folded_into_the_layers(exported: Exported) -> None:
    model = onnx.load(exported.path, load_external_data=False)
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Conv", "PRelu", "Conv", "Relu", "Flatten", "Gemm"]
    assert not [tensor for tensor in model.graph.initializer if tensor.external_data]
    assert [path.name for path in exported.path.parent.iterdir()] == ["embedder.onnx"]
    assert exported.size_bytes == exported.path.stat().st_size
    assert model.opset_import[0].version == 17


def test_the_file_says_where_it_comes_from_and_nothing_of_this_computer(exported: Exported) -> None:
    model = onnx.load(exported.path)
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert said == {"name": "tiny", "commit": "abc123", "command": ORIGIN.command, "record": "[]"}
    assert model.producer_name == "netcafe-face"
    assert str(Path(__file__).parents[2]).encode() not in exported.path.read_bytes()


def test_the_network_itself_is_left_as_it_was(tmp_path: Path) -> None:
    before = network()
    kept = {name: value.clone() for name, value in before.state_dict().items()}
    export_onnx(before, tmp_path / "embedder.onnx", real_crops(), ORIGIN)
    assert before.training
    assert kept.keys() == before.state_dict().keys()
    assert all(torch.equal(value, kept[name]) for name, value in before.state_dict().items())


def broken_weights() -> nn.Module:
    made = network()
    with torch.no_grad():
        made[3][0].weight[0, 0] = torch.nan
    return made


class Normalised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = network()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.normalize(self.inner(images))


class Forgetful(nn.Module):
    """Does something else in a file than in torch, as code does that depends on values."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = network()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        inside: torch.Tensor = self.inner(images)
        return inside if torch.onnx.is_in_onnx_export() else inside.flip(1)


class TwoOutputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = network()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        inside: torch.Tensor = self.inner(images)
        return (inside, inside * 2) if torch.onnx.is_in_onnx_export() else inside  # type: ignore[return-value]


class FixedBatch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = network()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        inside: torch.Tensor = self.inner(images)
        return inside.reshape(2, -1) if torch.onnx.is_in_onnx_export() else inside


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (broken_weights, "not finite"),
        (Normalised, "normalises"),
        (Forgetful, "cosine"),
        (TwoOutputs, "output"),
        (FixedBatch, "expected"),
        (lambda: nn.Flatten(2), "vectors"),
        (lambda: nn.Conv2d(4, 3, 3), "4, 3, 3|channels"),
    ],
)
def test_what_would_do_something_else_is_not_exported_and_leaves_nothing_behind(
    tmp_path: Path, make: type[nn.Module], why: str
) -> None:
    with pytest.raises(ExportFailed, match=why):
        export_onnx(make(), tmp_path / "embedder.onnx", real_crops(), ORIGIN)
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_stays_when_the_new_one_fails(tmp_path: Path) -> None:
    path = tmp_path / "embedder.onnx"
    path.write_bytes(b"older")
    with pytest.raises(ExportFailed):
        export_onnx(Forgetful(), path, real_crops(), ORIGIN)
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_without_faces_to_compare_nothing_is_exported(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match="no faces"):
        export_onnx(network(), tmp_path / "embedder.onnx", real_crops()[:0], ORIGIN)


def test_a_place_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(b"")
    with pytest.raises(ExportFailed, match="a file"):
        export_onnx(network(), tmp_path / "a file" / "embedder.onnx", real_crops(), ORIGIN)


def test_one_face_that_differs_is_enough_to_refuse_a_file(exported: Exported) -> None:
    expected = torch_embeddings(network().eval(), real_crops())
    assert check_embedder(exported.path, real_crops(), expected) >= 0.9999
    # Turned by one degree, whose cosine is 0.99985.
    own, other = expected[-1], np.roll(expected[-1], 1)
    beside = other - own * np.dot(other, own) / np.dot(own, own)
    expected[-1] += np.tan(np.radians(1)) * np.linalg.norm(own) / np.linalg.norm(beside) * beside
    with pytest.raises(ExportFailed, match=r"0\.9998"):
        check_embedder(exported.path, real_crops(), expected)


def test_a_graph_whose_weights_lie_elsewhere_is_refused(exported: Exported) -> None:
    model = onnx.load(exported.path)
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], "weights.bin")
    with pytest.raises(ExportFailed):
        check_graph(model)


def test_a_cosine_of_what_is_no_vector_is_the_worst() -> None:
    assert lowest_cosine([[1.0, 0.0]], [[2.0, 0.0]]) == 1.0
    assert lowest_cosine([[0.0, 0.0]], [[2.0, 0.0]]) == -1.0
    assert lowest_cosine([[np.nan, 0.0]], [[2.0, 0.0]]) == -1.0


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"no network")
    with pytest.raises(ExportFailed):
        open_embedder(tmp_path / "x.onnx")
