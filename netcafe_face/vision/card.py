"""The card of a model pack, `pack.toml`: what its networks take and give, and how far they can be trusted."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from netcafe_face.domain.errors import N_, CardInvalid
from netcafe_face.domain.matching import FarPoint, ThresholdCurve
from netcafe_face.vision.fields import Fields

CARD_NAME = "pack.toml"
PACK_NAME_PATTERN = r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$)[a-z0-9][a-z0-9_-]{0,63}"
CARD_LIMIT_BYTES = 256 * 1024
COMMERCIAL_USES = ("allowed", "forbidden", "owner-decides")
_COLOURS = ("BGR", "RGB")


@dataclass(frozen=True)
class DetectorCard:
    """The network that finds faces. It is fed (pixel − mean) / std.

    Attributes:
        kind: "yunet" (OpenCV's FaceDetectorYN) or "scrfd" (insightface's SCRFD).
        colour: order of the channels it takes, "BGR" or "RGB".
        det_size: width, height of its one input size, multiples of 32; None for yunet, which takes any.
        face_px: smallest and largest face, in pixels of its input, for which it is reliable.
        second_look_px: side of the square in which every face is looked at again to place its landmarks; 0
            for a detector that places them alike at every size.
    """

    kind: str
    file: str
    sha256: str
    colour: str
    mean: float
    std: float
    det_size: tuple[int, int] | None
    score_threshold: float
    nms_threshold: float
    face_px: tuple[float, float]
    second_look_px: int


@dataclass(frozen=True)
class EmbedderCard:
    """The network that turns an aligned crop into an embedding. It is fed (pixel − mean) / std.

    Attributes:
        kind: "arcface": crops aligned to ArcFace's five points.
        input_size: width, height of the crop in pixels.
        colour: order of the channels it takes, "BGR" or "RGB".
        length: number of values of an embedding.
        scaling_in_graph: the network scales pixels itself, so it takes 0 to 255 (mean 0, std 1).
    """

    kind: str
    file: str
    sha256: str
    input_size: tuple[int, int]
    colour: str
    mean: float
    std: float
    length: int
    scaling_in_graph: bool


@dataclass(frozen=True)
class PackCard:
    """Everything that must be known of a model pack; nothing is guessed from the files.

    Attributes:
        commercial_use: whether its licence lets a business use it: "allowed", "forbidden", or "owner-decides"
            where the licence allows it but the pictures it was trained on leave the question to the owner.
        licence_note: what the licence means for a café, in plain words.
        split: which people it was trained on and must therefore not be judged by.
        thresholds: cosine thresholds at measured false-accept rates.
        thresholds_command: the command that measured them, or how they came about.
    """

    name: str
    version: str
    licence: str
    licence_note: str
    commercial_use: str
    source: str
    trained_on: str
    weaknesses: tuple[str, ...]
    split: str
    detector: DetectorCard
    embedder: EmbedderCard
    thresholds: ThresholdCurve
    thresholds_command: str

    @property
    def pack_id(self) -> str:
        """Return what templates are marked with: name@version:first 12 digits of the embedder's SHA-256."""
        return f"{self.name}@{self.version}:{self.embedder.sha256[:12]}"


def read_card(path: Path) -> PackCard:
    """Read and check a pack.toml.

    Raises:
        CardInvalid: it is missing or unreadable, or a field is missing, of a wrong
            type, out of range or unknown.
    """
    try:
        if path.exists() and not path.is_file():
            raise CardInvalid(path=path, reason=N_("it is not a file"))
        with path.open("rb") as file:
            data = file.read(CARD_LIMIT_BYTES + 1)
    except OSError as error:
        raise CardInvalid(path=path, reason=error.strerror or str(error)) from error
    if len(data) > CARD_LIMIT_BYTES:
        raise CardInvalid(path=path, reason=N_("it is far too long for a card"))
    return parse_card(data, path)


def parse_card(data: bytes, path: Path) -> PackCard:
    """Read a card from its bytes; `path` is only used in messages.

    Raises:
        CardInvalid: as for `read_card`.
    """
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise CardInvalid(path=path, reason=N_("it is not text in UTF-8")) from error
    except tomllib.TOMLDecodeError as error:
        raise CardInvalid(path=path, reason=f"it is not valid TOML: {error}") from error
    except RecursionError as error:
        raise CardInvalid(path=path, reason=N_("its lists or tables are nested too deeply")) from error
    return _pack(Fields(table, path))


def format_card(card: PackCard) -> str:
    """Return a card as the text of a pack.toml; reading it back gives the same card."""
    import tomli_w  # here, so that reading a card costs nothing

    detector = {name: value for name, value in vars(card.detector).items() if value is not None}
    thresholds = {
        "measured_on": card.thresholds.measured_on,
        "command": card.thresholds_command,
        "points": [_point_table(point) for point in card.thresholds.points],
    }
    table = {
        **{name: value for name, value in vars(card).items() if name != "thresholds_command"},
        "detector": detector,
        "embedder": vars(card.embedder),
        "thresholds": thresholds,
    }
    return tomli_w.dumps(table)


def _point_table(point: FarPoint) -> dict[str, object]:
    ends = {"low": point.low, "high": point.high}
    return {
        "far": point.far,
        "cosine": point.threshold,
        **{name: value for name, value in ends.items() if value is not None},
        "impostor_pairs": point.impostor_pairs,
        "extrapolated": point.extrapolated,
    }


def _pack(fields: Fields) -> PackCard:
    thresholds = fields.table("thresholds")
    card = PackCard(
        name=fields.matching(
            "name", PACK_NAME_PATTERN, "small letters, digits, “-” and “_”, and no device's name"
        ),
        version=fields.matching("version", r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}", "a version such as 1.0.0"),
        licence=fields.text("licence"),
        licence_note=fields.text("licence_note"),
        commercial_use=fields.one_of("commercial_use", COMMERCIAL_USES),
        source=fields.text("source"),
        trained_on=fields.text("trained_on"),
        weaknesses=fields.texts("weaknesses"),
        split=fields.text("split"),
        detector=_detector(fields.table("detector")),
        embedder=_embedder(fields.table("embedder")),
        thresholds=_curve(thresholds),
        thresholds_command=thresholds.text("command"),
    )
    thresholds.end()
    fields.end()
    if card.detector.file.lower() == card.embedder.file.lower():
        raise fields.wrong("embedder.file", "must be another file than the detector's")
    return card


def _detector(fields: Fields) -> DetectorCard:
    kind = fields.one_of("kind", ("yunet", "scrfd"))
    det_size = None
    if kind == "scrfd":
        det_size = _size(fields, "det_size", 32, 4096)
        if det_size[0] % 32 or det_size[1] % 32:
            raise fields.wrong("det_size", f"must be multiples of 32, not {list(det_size)}")
    card = DetectorCard(
        kind=kind,
        file=_network_file(fields),
        sha256=fields.sha256("sha256"),
        colour=fields.one_of("colour", _COLOURS),
        mean=fields.number("mean", 0, 255),
        std=fields.number("std", 1e-3, 1e3),
        det_size=det_size,
        score_threshold=fields.number("score_threshold", 0.01, 0.99),
        nms_threshold=fields.number("nms_threshold", 0.01, 0.99),
        face_px=fields.pair("face_px", 1, 1e5),
        second_look_px=fields.integer("second_look_px", 0, 1024),
    )
    if card.face_px[0] >= card.face_px[1]:
        raise fields.wrong("face_px", "must be the smallest and then the largest face")
    if kind == "yunet" and (card.colour, card.mean, card.std) != ("BGR", 0.0, 1.0):
        raise fields.wrong(
            "colour", "and mean and std must be BGR, 0 and 1 for yunet, which takes plain pixels"
        )
    fields.end()
    return card


def _embedder(fields: Fields) -> EmbedderCard:
    card = EmbedderCard(
        kind=fields.one_of("kind", ("arcface",)),
        file=_network_file(fields),
        sha256=fields.sha256("sha256"),
        input_size=_size(fields, "input_size", 112, 112),
        colour=fields.one_of("colour", _COLOURS),
        mean=fields.number("mean", 0, 255),
        std=fields.number("std", 1e-3, 1e3),
        length=fields.integer("length", 16, 4096),
        scaling_in_graph=fields.flag("scaling_in_graph"),
    )
    if card.scaling_in_graph and (card.mean, card.std) != (0.0, 1.0):
        raise fields.wrong("scaling_in_graph", "is true, so mean must be 0 and std 1")
    fields.end()
    return card


def _network_file(fields: Fields) -> str:
    name = fields.file_name("file")
    if not name.lower().endswith(".onnx"):
        raise fields.wrong("file", f"must be an .onnx file, not {name!r}")
    return name


def _size(fields: Fields, field: str, low: int, high: int) -> tuple[int, int]:
    width, height = fields.pair(field, low, high)
    if width != int(width) or height != int(height):
        raise fields.wrong(field, "must be whole numbers")
    return int(width), int(height)


def _curve(fields: Fields) -> ThresholdCurve:
    points = [_point(point) for point in fields.tables("points")]
    measured_on = fields.text("measured_on")
    try:
        return ThresholdCurve(points=tuple(points), measured_on=measured_on)
    except ValueError as error:
        raise fields.wrong("points", f"are not usable: {error}") from error


def _point(fields: Fields) -> FarPoint:
    low = high = None
    # Cards written before intervals were measured have none.
    if fields.has("low") or fields.has("high"):
        low, high = fields.number("low", -1, 1), fields.number("high", -1, 1)
    far, cosine = fields.number("far", 1e-12, 0.5), fields.number("cosine", -1, 1)
    pairs, extrapolated = fields.integer("impostor_pairs", 0, 10**15), fields.flag("extrapolated")
    fields.end()
    try:
        return FarPoint(far, cosine, pairs, extrapolated, low, high)
    except ValueError as error:
        raise fields.wrong("cosine", f"is not usable: {error}") from error
