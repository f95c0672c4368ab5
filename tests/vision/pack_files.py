"""Model packs made for tests: real cards around small files that stand for networks."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

from netcafe_face.vision.card import CARD_NAME, PackCard, format_card
from netcafe_face.vision.catalogue import CATALOGUE, CatalogueEntry, KnownFile
from tests.vision.serving import Served, WebServer

SHIPPED = Path(__file__).resolve().parents[2] / "models"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def network(seed: str, size: int = 50_000) -> bytes:
    return hashlib.shake_256(seed.encode()).digest(size)


def make_card(name: str, detector: bytes, embedder: bytes, version: str = "1.0.0") -> PackCard:
    entry = CATALOGUE.find("opencv-zoo")
    hashes = {entry.detector.name: sha256(detector), entry.embedder.name: sha256(embedder)}
    return replace(entry.card_for(hashes), name=name, version=version)


def make_pack(folder: Path, name: str = "own-pack", version: str = "1.0.0") -> PackCard:
    detector, embedder = network(f"detector {version}"), network(f"embedder {version}")
    card = make_card(name, detector, embedder, version)
    folder.mkdir(parents=True)
    (folder / card.detector.file).write_bytes(detector)
    (folder / card.embedder.file).write_bytes(embedder)
    (folder / CARD_NAME).write_text(format_card(card), encoding="utf-8")
    return card


def zip_files(path: Path, files: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path.read_bytes()


def known(server: WebServer, name: str, data: bytes, trusted: bool = True) -> KnownFile:
    """Put a file on the server and describe it, with its size and SHA-256 if they are to be known."""
    server.pages[f"/{name}"] = Served(data)
    if trusted:
        return KnownFile(name, server.url(f"/{name}"), len(data), len(data), sha256(data))
    return KnownFile(name, server.url(f"/{name}"), 2_000_000)


def loose_entry(server: WebServer) -> CatalogueEntry:
    """Two files, each fetched by itself, as OpenCV Zoo's."""
    entry = CATALOGUE.find("opencv-zoo")
    detector = known(server, entry.detector.name, network("yunet"))
    embedder = known(server, entry.embedder.name, network("sface", 400_000))
    return replace(entry, detector=detector, embedder=embedder)


def zipped_entry(server: WebServer, folder: Path, trusted: bool = True) -> CatalogueEntry:
    """One zip that holds both among others, as insightface's; not trusted: nobody published a SHA-256."""
    entry = CATALOGUE.find("buffalo_l" if trusted else "buffalo_s")
    detector, embedder = network("scrfd"), network("arcface", 300_000)
    data = zip_files(
        folder / f"made-{entry.name}.zip",
        {
            "1k3d68.onnx": b"landmarks",
            entry.detector.name: detector,
            entry.embedder.name: embedder,
        },
    )
    assert entry.archive
    archive = known(server, entry.archive.name, data, trusted)
    inside = [
        KnownFile(
            file.name,
            archive.url,
            1_000_000,
            len(data) if trusted else None,
            sha256(data) if trusted else None,
        )
        for file, data in ((entry.detector, detector), (entry.embedder, embedder))
    ]
    return replace(entry, detector=inside[0], embedder=inside[1], archive=archive)
