"""What a person may choose to look at, and how it is opened."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from netcafe_face.domain.errors import N_, ValueRefused

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".jp2", ".png", ".tif", ".tiff", ".webp"})
"""Endings of files that are read as pictures; everything else that is a file is read as a video."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_STREAMS = frozenset({"http", "https", "rtmp", "rtmps", "rtsp", "rtsps", "rtp", "srt", "tcp", "udp"})
_SECRET = re.compile(r"(?i)((?:pass\w*?|pwd|psw|token|secret|key|auth)=)[^&;/_]*")


class SourceKind(Enum):
    """The kinds of source; RTSP stands for every network address, HTTP too, SAMPLE for the sample café."""

    WEBCAM = "webcam"
    RTSP = "rtsp"
    VIDEO = "video"
    IMAGES = "images"
    SAMPLE = "sample"


@dataclass(frozen=True)
class SourceSpec:
    """A source as it was chosen.

    Attributes:
        address: a webcam's number or device, a network address (possibly with a password), or a path.
        name: what a person calls it; free of secrets.
        loop: start a video or folder again at its end.
        realtime: play a video or folder at its own pace rather than as fast as it can be read.
    """

    kind: SourceKind
    address: str = field(repr=False)
    name: str
    loop: bool = False
    realtime: bool = True


def masked(address: str) -> str:
    """Return a network address with its password, and whatever follows a “?”, taken out."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    login, at, host = rest.rpartition("@")
    if "?" in login:  # it may be part of the password, or what follows it may be
        return f"{scheme}://***"
    place = rest.partition("?")[0]
    if at:
        host = host.partition("?")[0]
        user = login.partition(":")[0]
        place = f"{user}:***@{host}" if ":" in login else f"***@{host}"
    return f"{scheme}://" + _SECRET.sub(r"\1***", place)


def parse_source(text: str, *, loop: bool = False, realtime: bool = True) -> SourceSpec:
    """Understand what a person typed: “0”, “/dev/video0”, “rtsp://…”, a video, a picture or a folder.

    Raises:
        ValueRefused: the text is empty, or an address without a host or of an unknown scheme.
    """
    typed = text.strip().strip('"')
    if not typed:
        raise ValueRefused(field=N_("Source"), value=typed, reason=N_("it is empty"))
    if typed.isdecimal() or re.fullmatch(r"/dev/video\d+", typed):
        return SourceSpec(SourceKind.WEBCAM, typed, f"webcam {typed}")
    if _SCHEME.match(typed):
        return SourceSpec(SourceKind.RTSP, _checked(typed), masked(typed))
    path = _expanded(Path(typed))
    pictures = path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES
    kind = SourceKind.IMAGES if pictures else SourceKind.VIDEO
    return SourceSpec(kind, str(path), path.name or str(path), loop=loop, realtime=realtime)


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # “~nobody”: there is no such home
        return path


def _checked(address: str) -> str:
    scheme = address.partition("://")[0].lower()
    if scheme not in _STREAMS:
        raise ValueRefused(field=N_("Source"), value=masked(address), reason=N_("no such kind of address"))
    try:
        host = urlsplit(address).hostname
    except ValueError:
        host = None
    if not host:
        raise ValueRefused(field=N_("Source"), value=masked(address), reason=N_("the address has no host"))
    return address
