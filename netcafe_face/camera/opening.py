"""Making the source that a choice describes."""

from __future__ import annotations

from pathlib import Path

from netcafe_face.camera.frames import FrameSource
from netcafe_face.camera.sources import SourceKind, SourceSpec


def open_source(spec: SourceSpec) -> FrameSource:
    """Make the source of `spec`; it is not opened yet, and nothing heavy is imported before it is.

    Raises:
        ValueError: it is the sample café, which is rendered elsewhere.
    """
    if spec.kind is SourceKind.SAMPLE:
        raise ValueError("the sample café is no camera")
    if spec.kind is SourceKind.WEBCAM:
        from netcafe_face.camera.webcams import webcam_source

        return webcam_source(spec.address, spec.name)
    if spec.kind is SourceKind.RTSP:
        from netcafe_face.camera.stream import NetworkStream

        return NetworkStream(spec.address, spec.name)
    if spec.kind is SourceKind.VIDEO:
        from netcafe_face.camera.video import VideoFile

        return VideoFile(Path(spec.address), spec.name, loop=spec.loop, realtime=spec.realtime)
    from netcafe_face.camera.images import ImageFolder

    return ImageFolder(Path(spec.address), spec.name, loop=spec.loop, realtime=spec.realtime)
