"""Faces are found from seat-camera size to close-ups, each once, where they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from netcafe_face.domain.errors import ModelUnusable
from netcafe_face.domain.faces import Detection, FloatArray, Image
from netcafe_face.domain.results import Face
from netcafe_face.vision.detection import MultiScaleDetector, Scrfd, YuNet, build_detector
from netcafe_face.vision.images import read_image
from netcafe_face.vision.packs import ModelPack
from netcafe_face.vision.ports import Detector
from netcafe_face.vision.runtime import Runtime


def scaled(image: Image, scale: float) -> Image:
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=way), np.uint8)


def overlap(one: FloatArray, other: FloatArray) -> float:
    """Intersection over union of two boxes."""
    left, top = np.maximum(one[:2], other[:2])
    right, bottom = np.minimum(one[:2] + one[2:], other[:2] + other[2:])
    shared = max(0.0, right - left) * max(0.0, bottom - top)
    return float(shared / (one[2] * one[3] + other[2] * other[3] - shared))


def covered(expected: FloatArray, found: list[Detection], at_least: float = 0.5) -> int:
    return sum(any(overlap(box, face.box) >= at_least for face in found) for box in expected)


@pytest.fixture(scope="module")
def six_boxes(group_faces: tuple[Face, ...]) -> FloatArray:
    return np.stack([face.detection.box for face in group_faces])


def test_six_people_are_found_with_eyes_over_mouths(group_faces: tuple[Face, ...]) -> None:
    for face in group_faces:
        x, y, w, h = face.detection.box
        one_eye, other_eye, nose, one_corner, other_corner = face.detection.landmarks
        assert 0.65 <= face.detection.score <= 1.0
        assert 80 < face.detection.size_px < 140
        assert (np.array([x, y]) < face.detection.landmarks).all()
        assert (face.detection.landmarks < np.array([x + w, y + h])).all()
        assert one_eye[0] < other_eye[0]
        assert one_corner[0] < other_corner[0]
        assert max(one_eye[1], other_eye[1]) < nose[1] < min(one_corner[1], other_corner[1])


@pytest.mark.parametrize("scale", [0.25, 0.5, 0.75, 1.5, 2.0, 4.0])
def test_everybody_is_found_whatever_the_size_of_the_picture(
    detector: Detector, group_bgr: Image, six_boxes: FloatArray, scale: float
) -> None:
    found = detector.detect(scaled(group_bgr, scale))
    assert covered(six_boxes * scale, found) == 6
    assert len(found) <= 8


def test_a_face_that_fills_a_large_picture_is_found_whole_and_once(
    detector: Detector, portrait_bgr: Image
) -> None:
    for side in (56, 112, 200, 400, 1000, 2500):
        picture = cv2.resize(portrait_bgr, (side, side), interpolation=cv2.INTER_CUBIC)
        (face,) = detector.detect(np.asarray(picture, np.uint8))
        assert overlap(face.box / side, np.array([0.1, 0.11, 0.68, 0.88])) > 0.7


def test_a_close_up_beside_small_faces_hides_neither(
    detector: Detector, group_bgr: Image, portrait_bgr: Image, six_boxes: FloatArray
) -> None:
    close = cv2.resize(portrait_bgr, (720, 720), interpolation=cv2.INTER_CUBIC)
    picture = np.full((720, 1280, 3), 90, np.uint8)
    picture[:, :720] = close
    picture[200:510, 800:1248] = scaled(group_bgr, 0.35)[:310, :448]
    found = detector.detect(picture)
    assert covered(np.array([[80, 80, 490, 630]], np.float32), found) == 1
    assert covered(six_boxes * 0.35 + np.array([800, 200, 0, 0]), found) >= 5


@pytest.mark.parametrize("angle", [-20, -10, 10, 20])
def test_a_camera_that_hangs_crooked_still_finds_everybody(
    detector: Detector, group_bgr: Image, group_faces: tuple[Face, ...], angle: float
) -> None:
    turn = cv2.getRotationMatrix2D((640, 443), angle, 0.8)
    found = detector.detect(np.asarray(cv2.warpAffine(group_bgr, turn, (1280, 886)), np.uint8))
    noses = [turn @ [*face.detection.landmarks[2], 1.0] for face in group_faces]
    seen = [any(np.abs(other.landmarks[2] - nose).max() < 20 for other in found) for nose in noses]
    assert sum(seen) >= 5


def test_a_grey_picture_shows_the_same_faces(
    detector: Detector, group_bgr: Image, six_boxes: FloatArray
) -> None:
    grey = np.repeat(cv2.cvtColor(group_bgr, cv2.COLOR_BGR2GRAY)[:, :, None], 3, axis=2)
    assert covered(six_boxes, detector.detect(grey)) == 6


def test_no_face_is_found_twice(detector: Detector, group_bgr: Image) -> None:
    for scale in (0.5, 1.0, 3.0):
        found = detector.detect(scaled(group_bgr, scale))
        for number, one in enumerate(found):
            for other in found[number + 1 :]:
                assert overlap(one.box, other.box) < 0.35


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (3, 3), (1, 5000), (5000, 1), (8, 5000), (31, 33), (3000, 4000)]
)
def test_an_empty_picture_of_any_shape_shows_nobody(detector: Detector, height: int, width: int) -> None:
    assert detector.detect(np.full((height, width, 3), 128, np.uint8)) == []


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.float32),
        np.zeros((2, 10, 10, 3), np.uint8),
        np.zeros((0, 10, 3), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
    ],
)
def test_what_is_no_colour_picture_is_refused(detector: Detector, picture: Image) -> None:
    with pytest.raises(ValueError, match="a frame is uint8"):
        detector.detect(picture)


def test_a_picture_that_may_not_be_written_to_and_a_view_are_searched(
    detector: Detector, group_bgr: Image, six_boxes: FloatArray
) -> None:
    assert not group_bgr.flags.writeable
    mirrored = group_bgr[:, ::-1]
    assert covered(six_boxes, detector.detect(group_bgr)) == 6
    assert len(detector.detect(mirrored)) >= 6


class WhiteSquares:
    """A network for one scale that takes every white square for a face, and remembers what it saw."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def find(self, image_bgr: Image) -> FloatArray:
        self.sizes.append(image_bgr.shape[:2])
        _, _, stats, _ = cv2.connectedComponentsWithStats((image_bgr[:, :, 0] > 200).astype(np.uint8))
        rows = []
        for x, y, w, h, _ in stats[1:]:
            points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.3, 0.8], [0.7, 0.8]]) * [w, h] + [x, y]
            rows.append([x, y, w, h, *points.ravel(), 0.9])
        return np.array(rows, np.float32).reshape(-1, 15)


@pytest.mark.parametrize(
    ("size", "square"),
    [
        ((300, 400), (40, 30, 100)),
        ((900, 1200), (500, 200, 600)),
        ((2000, 2000), (250, 300, 1500)),
        ((2400, 3200), (1000, 40, 2300)),
        ((1000, 640), (0, 0, 600)),
        ((90, 120), (20, 20, 60)),
    ],
)
def test_a_face_found_in_a_shrunk_and_bordered_picture_is_told_in_pixels_of_the_frame(
    size: tuple[int, int], square: tuple[int, int, int]
) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    x, y, side = square
    picture[y : y + side, x : x + side] = 255
    (face,) = MultiScaleDetector(WhiteSquares(), (12, 130)).detect(picture)
    blur = 2.0 + 0.06 * side
    assert face.box == pytest.approx([x, y, side, side], abs=blur)
    assert face.landmarks[2] == pytest.approx([x + side / 2, y + 0.6 * side], abs=blur)


def test_a_wide_shot_is_searched_at_full_width_and_a_close_up_at_small_scales_too() -> None:
    network = WhiteSquares()
    MultiScaleDetector(network, (12, 130)).detect(np.zeros((2000, 4000, 3), np.uint8))
    assert network.sizes[0] == (640, 1280)
    assert min(network.sizes[-1]) < 250
    network.sizes.clear()
    MultiScaleDetector(network, (12, 130)).detect(np.zeros((100, 100, 3), np.uint8))
    assert len(network.sizes) == 1
    assert network.sizes[0] > (100, 100)


class Rows:
    """A network that always finds the same rows."""

    def __init__(self, *rows: list[float]) -> None:
        self.rows = np.array(rows, np.float32)

    def find(self, image_bgr: Image) -> FloatArray:
        return self.rows.copy()


def row(x: float, y: float, w: float, h: float, score: float = 0.9) -> list[float]:
    points = [[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.3, 0.8], [0.7, 0.8]]
    return [x, y, w, h, *(value for px, py in points for value in (x + px * w, y + py * h)), score]


def find(*rows: list[float]) -> list[Detection]:
    # Of this size one pass is enough, with a border of 12 pixels.
    moved = [[v + (12 if at in (0, 1, *range(4, 14)) else 0) for at, v in enumerate(r)] for r in rows]
    return MultiScaleDetector(Rows(*moved), (8, 130)).detect(np.zeros((100, 100, 3), np.uint8))


def test_rows_that_are_no_numbers_or_no_boxes_are_dropped() -> None:
    broken = [row(10, 10, 30, 30) for _ in range(4)]
    broken[0][0] = np.nan
    broken[1][13] = np.inf
    broken[2][14] = np.nan
    broken[3][2] = -5.0
    (kept,) = find(*broken, row(50, 50, 30, 30), row(5, 5, 1, 30))
    assert kept.box.tolist() == [50, 50, 30, 30]


def test_a_row_of_faces_that_is_not_quite_level_still_reads_from_left_to_right() -> None:
    found = find(*(row(x, y, 20, 20) for x, y in ((70, 24), (10, 30), (40, 26), (5, 65), (60, 55))))
    assert [face.box[0] for face in found] == [10, 40, 70, 5, 60]


def test_of_two_boxes_on_one_face_the_surer_one_is_kept() -> None:
    (kept,) = find(row(10, 10, 40, 40, 0.7), row(12, 12, 40, 40, 0.9))
    assert kept.score == pytest.approx(0.9)


def test_an_eye_inside_a_close_up_is_no_face_though_the_network_is_surer_of_it() -> None:
    (kept,) = find(row(10, 10, 80, 80, 0.85), row(25, 30, 15, 15, 0.99))
    assert kept.box.tolist() == [10, 10, 80, 80]


def test_a_doubtful_box_around_half_the_room_does_not_hide_a_sure_face() -> None:
    (kept,) = find(row(10, 10, 80, 80, 0.66), row(25, 30, 15, 15, 0.97))
    assert kept.box.tolist() == [25, 30, 15, 15]


def test_two_people_cheek_to_cheek_are_two() -> None:
    assert len(find(row(10, 10, 40, 40), row(42, 10, 40, 40))) == 2


def test_a_file_that_is_no_network_is_not_usable(tmp_path: Path, pack: ModelPack) -> None:
    for data in (b"", b"garbage" * 100, pack.read_detector()[:5000]):
        with pytest.raises(ModelUnusable, match=r"detector\.onnx"):
            YuNet(tmp_path / "detector.onnx", data, pack.card.detector)


def test_a_network_of_another_kind_is_not_usable_as_a_detector(pack: ModelPack) -> None:
    with pytest.raises(ModelUnusable):
        YuNet(pack.embedder_path, pack.read_embedder(), pack.card.detector)


def test_all_answers_about_a_face_can_be_asked_for_and_then_the_surest_again(
    pack: ModelPack, group_bgr: Image
) -> None:
    network = YuNet(pack.detector_path, pack.read_detector(), pack.card.detector)
    surest, every = network.find(group_bgr), network.find_all(group_bgr)
    assert len(every) > 3 * len(surest) > 0
    assert all((every == row).all(axis=1).any() for row in surest)
    assert np.array_equal(network.find(group_bgr), surest)


def test_scrfd_needs_a_card_with_its_size_and_a_network_of_its_kind(tmp_path: Path, pack: ModelPack) -> None:
    card = replace(pack.card.detector, kind="scrfd", colour="RGB", mean=127.5, std=128.0)
    with pytest.raises(ModelUnusable, match="det_size"):
        Scrfd(pack.detector_path, card, Runtime())
    card = replace(card, det_size=(640, 640))
    (tmp_path / "garbage.onnx").write_bytes(b"garbage")
    with pytest.raises(ModelUnusable, match="garbage"):
        Scrfd(tmp_path / "garbage.onnx", card, Runtime())
    with pytest.raises(ModelUnusable):
        Scrfd(pack.embedder_path, card, Runtime())


def tiny_scrfd(path: Path, landmarks: bool = True, broken: bool = False) -> Path:
    """Write a network in SCRFD's format for 64×64 that sees one face at (16, 16), as surely as it is red."""
    nodes = [
        helper.make_node("Slice", ["in", "zero", "one", "axis"], ["red"]),
        helper.make_node("GlobalAveragePool", ["red"], ["mean"]),
        helper.make_node("Reshape", ["mean", "broken" if broken else "single"], ["surely"]),
        helper.make_node("Relu", ["surely"], ["sure"]),
    ]
    constants = {
        "zero": np.array([0]),
        "one": np.array([1]),
        "axis": np.array([1]),
        "single": np.array([1, 1]),
        "broken": np.array([1, 7]),
    }
    points = np.array([[-1, -1], [1, -1], [0, 0], [-1, 1], [1, 1]]) * 0.5
    outputs = []
    for what, width in (("score", 1), ("box", 4), ("points", 10))[: 3 if landmarks else 2]:
        for stride in (8, 16, 32):
            values = np.zeros((2 * (64 // stride) ** 2, width), np.float32)
            if stride == 8:
                # Two anchors a place, eight places a line: this is the first at (16, 16).
                values[2 * (2 * 8 + 2)] = {"score": 1, "box": 1.5, "points": points.ravel()}[what]
            name = f"{what} {stride}"
            constants[f"{name} values"] = values
            if what == "score":
                nodes.append(helper.make_node("Mul", [f"{name} values", "sure"], [name]))
            else:
                nodes.append(helper.make_node("Identity", [f"{name} values"], [name]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(values.shape)))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, [1, 3, "h", "w"])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


def tiny_scrfd_pack(folder: Path, pack: ModelPack, colour: str = "RGB") -> ModelPack:
    card = replace(
        pack.card.detector,
        kind="scrfd",
        file=tiny_scrfd(folder / "tiny.onnx").name,
        colour=colour,
        mean=127.5,
        std=128.0,
        det_size=(64, 64),
        score_threshold=0.5,
        face_px=(8, 40),
    )
    return ModelPack(folder, replace(pack.card, detector=card))


RED, BLUE = (0, 0, 255), (255, 0, 0)


@pytest.mark.parametrize(
    ("colour", "paint", "faces"), [("RGB", RED, 1), ("RGB", BLUE, 0), ("BGR", BLUE, 1), ("BGR", RED, 0)]
)
def test_a_scrfd_network_gets_the_colours_its_card_names_and_its_face_is_read_right(
    tmp_path: Path, pack: ModelPack, colour: str, paint: tuple[int, int, int], faces: int
) -> None:
    tiny = tiny_scrfd_pack(tmp_path, pack, colour)
    network = Scrfd(tmp_path / "tiny.onnx", tiny.card.detector, Runtime(threads=1))
    rows = network.find(np.full((64, 64, 3), paint, np.uint8))
    assert rows.shape == (faces, 15)
    assert len(network.find_all(np.full((64, 64, 3), paint, np.uint8))) >= faces
    if faces:
        assert rows[0, :4] == pytest.approx([4, 4, 24, 24])
        assert rows[0, 4:6] == pytest.approx([12, 12])
        assert rows[0, 14] == pytest.approx(0.996, abs=0.01)


def test_a_pack_with_scrfd_makes_a_detector_that_fits_its_one_size(tmp_path: Path, pack: ModelPack) -> None:
    detector = build_detector(tiny_scrfd_pack(tmp_path, pack), Runtime(threads=1))
    found = detector.detect(np.full((480, 640, 3), RED, np.uint8))
    assert len(found) >= 1
    assert all((face.box >= -80).all() and (face.box[2:] > 10).all() for face in found)
    assert detector.detect(np.full((480, 640, 3), BLUE, np.uint8)) == []


@pytest.mark.parametrize("fault", [{"landmarks": False}, {"broken": True}], ids=str)
def test_a_scrfd_network_without_landmarks_or_that_fails_is_not_usable(
    tmp_path: Path, pack: ModelPack, fault: dict[str, bool]
) -> None:
    card = tiny_scrfd_pack(tmp_path, pack).card.detector
    with pytest.raises(ModelUnusable, match=r"faulty\.onnx"):
        Scrfd(tiny_scrfd(tmp_path / "faulty.onnx", **fault), card, Runtime(threads=1))


def scrfd_pack(shared: Path, pack: ModelPack, colour: str = "RGB") -> ModelPack:
    card = replace(
        pack.card.detector,
        kind="scrfd",
        file="scrfd_500m_bnkps_det_500m.onnx",
        colour=colour,
        mean=127.5,
        std=128.0,
        det_size=(640, 640),
        score_threshold=0.5,
        nms_threshold=0.4,
        face_px=(12, 300),
    )
    return ModelPack(shared / "models/reference", replace(pack.card, detector=card))


@pytest.mark.shared
def test_scrfd_finds_the_same_six_people(
    shared: Path, pack: ModelPack, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    scrfd = build_detector(scrfd_pack(shared, pack), Runtime(threads=1))
    found = scrfd.detect(group_bgr)
    assert len(found) == 6
    for face in group_faces:
        best = max(found, key=lambda other: overlap(other.box, face.detection.box))
        assert overlap(best.box, face.detection.box) > 0.5
        eyes = np.linalg.norm(best.landmarks[1] - best.landmarks[0])
        assert np.linalg.norm(best.landmarks - face.detection.landmarks, axis=1).mean() < 0.5 * eyes
    for side in (90, 1000):
        close = np.asarray(cv2.resize(group_bgr[60:360, 20:320], (side, side)), np.uint8)
        assert len(scrfd.detect(close)) >= 1


@pytest.mark.shared
def test_scrfd_is_fed_the_colours_its_card_names(shared: Path, pack: ModelPack, group_bgr: Image) -> None:
    as_rgb = build_detector(scrfd_pack(shared, pack), Runtime(threads=1)).detect(group_bgr)
    swapped = np.ascontiguousarray(group_bgr[:, :, ::-1])
    as_bgr = build_detector(scrfd_pack(shared, pack, "BGR"), Runtime(threads=1)).detect(swapped)
    assert [f.score for f in as_rgb] == pytest.approx([f.score for f in as_bgr])


@pytest.mark.shared
@pytest.mark.parametrize("tightness", [1.0, 1.3, 2.0, 3.5])
def test_close_ups_of_real_people_are_found_at_any_tightness(
    shared: Path, detector: Detector, tightness: float
) -> None:
    """Each photo shows one person in a room; it is cut around the face and enlarged to 700 pixels."""
    found = tried = 0
    for path in sorted((shared / "data/photos/caltech").glob("*.jpg"))[::30]:
        image = read_image(path)
        faces = detector.detect(image)
        if not faces:
            continue
        x, y, w, h = max(faces, key=lambda face: face.size_px).box
        middle, half = np.array([x + w / 2, y + h / 2]), max(w, h) * tightness / 2
        left, top = np.maximum(middle - half, 0).astype(int)
        right, bottom = (middle + half).astype(int)
        cut = image[top:bottom, left:right]
        close = np.asarray(cv2.resize(cut, None, fx=700 / len(cut), fy=700 / len(cut)), np.uint8)
        expected = np.array([[x - left, y - top, w, h]], np.float32) * 700 / len(cut)
        tried += 1
        found += covered(expected, detector.detect(close))
    assert tried >= 12
    assert found >= 0.9 * tried


def wider_boxes(protocol: Path) -> dict[str, tuple[FloatArray, float, float]]:
    """Read boxes as x, y, width, height, with the size of the picture they were measured in."""
    boxes: dict[str, tuple[FloatArray, float, float]] = {}
    name, rows, size = "", [], (1.0, 1.0)
    for line in [*protocol.read_text().splitlines(), "# end 1 1"]:
        if line.startswith("#"):
            if name:
                boxes[name] = (np.array(rows, np.float32).reshape(-1, 4), *size)
            _, path, width, height = line.split()
            name, rows, size = Path(path).stem, [], (float(width), float(height))
        else:
            left, top, right, bottom = (float(value) for value in line.split()[:4])
            rows.append([left, top, right - left, bottom - top])
    return boxes


@pytest.mark.shared
def test_small_faces_among_many_are_found(shared: Path, detector: Detector) -> None:
    labelled = wider_boxes(shared / "data/protocols/widerface_val_labelv2.txt")
    small = small_found = large = large_found = 0
    for path in sorted((shared / "data/photos/wider").iterdir()):
        stem = next((name for name in labelled if path.stem.startswith(name)), None)
        if stem is None:
            continue
        boxes, width, height = labelled[stem]
        image = read_image(path)
        scale = np.array([image.shape[1] / width, image.shape[0] / height] * 2, np.float32)
        found = detector.detect(image)
        sides = np.sqrt((boxes[:, 2] * scale[2]) * (boxes[:, 3] * scale[3]))
        for box, side in zip(boxes * scale, sides, strict=True):
            if side >= 40:
                large, large_found = large + 1, large_found + covered(box[None], found, 0.4)
            elif side >= 20:
                small, small_found = small + 1, small_found + covered(box[None], found, 0.4)
    assert small > 200
    assert large > 60
    assert small_found >= 0.28 * small
    assert large_found >= 0.6 * large
