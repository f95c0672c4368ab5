"""The packs that can be fetched: where from, how large, which SHA-256, under which licence.

YuNet and SFace: OpenCV Zoo. buffalo_l and buffalo_s: insightface's release v0.7. Sizes and SHA-256 are
written down here so that a file changed at its address is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from netcafe_face.domain.errors import PackUnknown
from netcafe_face.domain.matching import FarPoint, ThresholdCurve
from netcafe_face.vision.card import DetectorCard, EmbedderCard, PackCard

_ZOO = "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models"
_INSIGHTFACE = "https://github.com/deepinsight/insightface/releases/download/v0.7"


@dataclass(frozen=True)
class KnownFile:
    """A file that a pack is made from.

    Attributes:
        url: where it is fetched, or where the archive that holds it is.
        limit_bytes: never more than this is read, whatever a server or an archive says.
        size: its bytes, where known.
        sha256: its SHA-256, where known; a file without one is shown to the operator and then pinned.
    """

    name: str
    url: str
    limit_bytes: int
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class CatalogueEntry:
    """A pack that can be fetched.

    Attributes:
        card: its card; the SHA-256 of a network is "" where it is not known beforehand.
        detector: the detector's file.
        embedder: the embedder's file.
        archive: the zip that holds both, or None when each is fetched by itself.
    """

    card: PackCard
    detector: KnownFile
    embedder: KnownFile
    archive: KnownFile | None = None

    @property
    def name(self) -> str:
        """Return the pack's name."""
        return self.card.name

    @property
    def downloads(self) -> tuple[KnownFile, ...]:
        """Return the files to fetch."""
        return (self.archive,) if self.archive else (self.detector, self.embedder)

    @property
    def files(self) -> tuple[KnownFile, ...]:
        """Return every file that `models import` takes for this pack."""
        return (*((self.archive,) if self.archive else ()), self.detector, self.embedder)

    def by_hand(self) -> str:
        """Return what to fetch by hand: each file and its address."""
        return "; ".join(f"{file.name} ← {file.url}" for file in self.downloads)

    def card_for(self, sha256: Mapping[str, str]) -> PackCard:
        """Return the card with the SHA-256 of the files as they are, by file name."""
        return replace(
            self.card,
            detector=replace(self.card.detector, sha256=sha256[self.detector.name]),
            embedder=replace(self.card.embedder, sha256=sha256[self.embedder.name]),
        )


class Catalogue:
    """The entries, by name."""

    def __init__(self, entries: Iterable[CatalogueEntry]) -> None:
        self._entries = {entry.name: entry for entry in entries}

    def __iter__(self) -> Iterator[CatalogueEntry]:
        return iter(self._entries.values())

    def get(self, name: str) -> CatalogueEntry | None:
        """Return an entry, or None."""
        return self._entries.get(name)

    def find(self, name: str) -> CatalogueEntry:
        """Return an entry.

        Raises:
            PackUnknown: there is none of this name.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise PackUnknown(name=name, known=", ".join(self._entries))
        return entry


def _unmeasured(why: str, points: tuple[tuple[float, float], ...]) -> ThresholdCurve:
    return ThresholdCurve(
        points=tuple(FarPoint(far, cosine, impostor_pairs=0, extrapolated=True) for far, cosine in points),
        measured_on=f"not measured by this project: {why}",
    )


def _network(name: str, url: str, size: int, sha256: str) -> KnownFile:
    return KnownFile(name, url, limit_bytes=size, size=size, sha256=sha256)


def _opencv_zoo() -> CatalogueEntry:
    detector = _network(
        "face_detection_yunet_2023mar.onnx",
        f"{_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx",
        232_589,
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    )
    embedder = _network(
        "face_recognition_sface_2021dec.onnx",
        f"{_ZOO}/face_recognition_sface/face_recognition_sface_2021dec.onnx",
        38_696_353,
        "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    )
    card = PackCard(
        name="opencv-zoo",
        version="2023mar-2021dec",
        licence="MIT and Apache-2.0",
        licence_note="YuNet is under the MIT licence and SFace under Apache-2.0: a café may use both. Both "
        "learned from photos gathered from the internet, whose own terms these licences do not change.",
        commercial_use="allowed",
        source="OpenCV Zoo (github.com/opencv/opencv_zoo): face_detection_yunet and face_recognition_sface",
        trained_on="YuNet: WIDER FACE. SFace: a MobileFaceNet with the SFace loss; its authors work with "
        "CASIA-WebFace, VGGFace2 and MS-Celeb-1M, and OpenCV Zoo does not say which of them this file saw.",
        weaknesses=(
            "YuNet finds faces of about 10 to 300 pixels; larger ones need a smaller picture.",
            "OpenCV Zoo reports 99.4% on LFW for SFace; no other figure is known, none of small, blurred, "
            "masked or turned faces, children, or by sex, age and origin.",
            "Its thresholds were not measured by this project: they are set high, so that it will rather be "
            "undecided than wrong.",
        ),
        split="not stated by its makers; it may have seen the people of any public photo collection",
        detector=_card_of_yunet(detector),
        embedder=EmbedderCard(
            kind="arcface",
            file=embedder.name,
            sha256=embedder.sha256 or "",
            input_size=(112, 112),
            colour="RGB",
            mean=0.0,
            std=1.0,
            length=128,
            scaling_in_graph=True,
        ),
        thresholds=_unmeasured(
            "OpenCV's documentation gives one cosine, 0.363, without a false-accept rate; these lie above it",
            ((1e-2, 0.40), (1e-3, 0.50), (1e-4, 0.60), (1e-6, 0.70)),
        ),
        thresholds_command="none: set by hand, on the safe side",
    )
    return CatalogueEntry(card, detector, embedder)


def _card_of_yunet(file: KnownFile) -> DetectorCard:
    return DetectorCard(
        kind="yunet",
        file=file.name,
        sha256=file.sha256 or "",
        colour="BGR",
        mean=0.0,
        std=1.0,
        det_size=None,
        score_threshold=0.7,
        nms_threshold=0.3,
        face_px=(10.0, 300.0),
        second_look_px=0,
    )


def _insightface(name: str, archive: KnownFile, detector: KnownFile, embedder: KnownFile) -> CatalogueEntry:
    card = PackCard(
        name=name,
        version="0.7",
        licence="insightface: non-commercial research only",
        licence_note="For non-commercial research only. A café is a business: you may not use this pack in "
        "your shop without a licence from insightface (insightface.ai).",
        commercial_use="forbidden",
        source=f"insightface's release v0.7: {archive.name} (github.com/deepinsight/insightface)",
        trained_on="Detector: SCRFD on WIDER FACE. Embedder: ArcFace on WebFace600K (part of WebFace260M).",
        weaknesses=(
            "May not be used by a business without a licence from insightface.",
            "Its thresholds were not measured by this project: they are set high, so that it will rather be "
            "undecided than wrong.",
            "Small, blurred, masked or turned faces, children, look-alikes; not measured here by sex, age or "
            "origin.",
        ),
        split="not stated by its makers; it may have seen the people of any public photo collection",
        detector=DetectorCard(
            kind="scrfd",
            file=detector.name,
            sha256=detector.sha256 or "",
            colour="RGB",
            mean=127.5,
            std=128.0,
            det_size=(640, 640),
            score_threshold=0.5,
            nms_threshold=0.4,
            face_px=(12.0, 400.0),
            second_look_px=0,
        ),
        embedder=EmbedderCard(
            kind="arcface",
            file=embedder.name,
            sha256=embedder.sha256 or "",
            input_size=(112, 112),
            colour="RGB",
            mean=127.5,
            std=127.5,
            length=512,
            scaling_in_graph=False,
        ),
        thresholds=_unmeasured(
            "insightface publishes no thresholds for it; these are set above those seen on LFW (about 0.21)",
            ((1e-2, 0.28), (1e-3, 0.38), (1e-4, 0.46), (1e-6, 0.55)),
        ),
        thresholds_command="none: set by hand, on the safe side",
    )
    return CatalogueEntry(card, detector, embedder, archive)


def _buffalo_l() -> CatalogueEntry:
    url = f"{_INSIGHTFACE}/buffalo_l.zip"
    return _insightface(
        "buffalo_l",
        _network(
            "buffalo_l.zip",
            url,
            288_621_354,
            "80ffe37d8a5940d59a7384c201a2a38d4741f2f3c51eef46ebb28218a7b0ca2f",
        ),
        _network(
            "det_10g.onnx",
            url,
            16_923_827,
            "5838f7fe053675b1c7a08b633df49e7af5495cee0493c7dcf6697200b85b5b91",
        ),
        _network(
            "w600k_r50.onnx",
            url,
            174_383_860,
            "4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43",
        ),
    )


def _buffalo_s() -> CatalogueEntry:
    url = f"{_INSIGHTFACE}/buffalo_s.zip"
    return _insightface(
        "buffalo_s",
        _network(
            "buffalo_s.zip",
            url,
            127_607_557,
            "d85a87f503f691807cd8bb97128bdf7a0660326cd9cd02657127fa978bab8b5e",
        ),
        _network(
            "det_500m.onnx",
            url,
            2_524_817,
            "5e4447f50245bbd7966bd6c0fa52938c61474a04ec7def48753668a9d8b4ea3a",
        ),
        _network(
            "w600k_mbf.onnx",
            url,
            13_616_099,
            "9cc6e4a75f0e2bf0b1aed94578f144d15175f357bdc05e815e5c4a02b319eb4f",
        ),
    )


CATALOGUE = Catalogue((_opencv_zoo(), _buffalo_l(), _buffalo_s()))
