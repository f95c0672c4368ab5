"""Identify: who is in these pictures, folders and videos?"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from netcafe_face.domain.errors import Cancelled, InputError
from netcafe_face.domain.faces import Image
from netcafe_face.domain.matching import DecisionRule
from netcafe_face.domain.results import Face, Label, SeenFace
from netcafe_face.pipeline.appearances import Appearance, Appearances
from netcafe_face.pipeline.labels import label
from netcafe_face.pipeline.media import MediaFile, Outputs, media_files, read_picture
from netcafe_face.pipeline.tracker import TrackerRules
from netcafe_face.pipeline.video_file import VideoFrame, VideoReader, VideoWriter
from netcafe_face.pipeline.visit_book import Moment
from netcafe_face.pipeline.voting import VotingRules
from netcafe_face.pipeline.watch import SourceWatch, WatchRules
from netcafe_face.vision.drawing import annotate, plain_caption
from netcafe_face.vision.images import write_image

if TYPE_CHECKING:
    from netcafe_face.gallery.index import IndexSnapshot
    from netcafe_face.pipeline.recognizer import Recognizer


class HasSnapshot(Protocol):
    """Whatever can say who is enrolled at this moment: the gallery."""

    @property
    def snapshot(self) -> IndexSnapshot:
        """Return the immutable index of this moment."""
        ...


def _never() -> bool:
    return False


@dataclass(frozen=True)
class IdentifyOptions:
    """How to look at files.

    Attributes:
        out: where annotated copies go: a folder, or a file name for a single input; None for no copies.
        fps: frames to look at in a second of video; None for every frame.
        thumbnail_px: longest side of the thumbnails in the results; 0 for none.
        keep_crops: leave crops and embeddings in the results; without, a long run's results stay small.
        caption: composes the text beside a face in annotated copies.
        cancelled: asked before every picture and frame; True stops, and what is done stays.
    """

    out: Path | None = None
    fps: float | None = None
    thumbnail_px: int = 0
    keep_crops: bool = False
    caption: Callable[[Label], str] = plain_caption
    cancelled: Callable[[], bool] = _never

    def __post_init__(self) -> None:
        if self.fps is not None and not 0.0 < self.fps <= 1000.0:
            raise ValueError(f"frames a second must lie between 0 and 1000, got {self.fps}")


@dataclass(frozen=True, eq=False)
class PictureIdentified:
    """What one picture gave.

    Attributes:
        size: width and height in pixels.
        annotated: the annotated copy, where one was asked for.
        thumbnail_bgr: uint8 (h, w, 3), where one was asked for.
    """

    path: Path
    size: tuple[int, int]
    faces: tuple[SeenFace, ...]
    rule: DecisionRule
    annotated: Path | None
    thumbnail_bgr: Image | None


@dataclass(frozen=True, eq=False)
class FrameIdentified:
    """What one frame of a video gave; the thumbnail comes with the first frame only.

    Attributes:
        number: the frame's number in the video, from 0.
        frames_expected: how many frames the file says it has, 0 where it does not.
    """

    path: Path
    number: int
    frames_expected: int
    position_s: float
    faces: tuple[SeenFace, ...]
    rule: DecisionRule
    thumbnail_bgr: Image | None


@dataclass(frozen=True, eq=False)
class VideoIdentified:
    """What a whole video gave.

    Attributes:
        frames: frames looked at.
        duration_s: time of the last frame read.
        people: who appeared, in order of appearance.
        annotated: the annotated video, where one was asked for.
        complete: False when it was stopped before its end.
        cut_short: the file ended well before the end that it announces, so it is damaged.
    """

    path: Path
    frames: int
    duration_s: float
    people: tuple[Appearance, ...]
    annotated: Path | None
    complete: bool
    cut_short: bool


@dataclass(frozen=True, eq=False)
class FileRefused:
    """A file that could not be used, and why; the others go on."""

    path: Path
    error: InputError


IdentifyEvent = PictureIdentified | FrameIdentified | VideoIdentified | FileRefused


def identify(
    recognizer: Recognizer,
    gallery: HasSnapshot,
    paths: Sequence[Path],
    options: IdentifyOptions | None = None,
) -> Generator[IdentifyEvent, None, None]:
    """Look at pictures, folders and videos one by one and yield what each gave as soon as it is known.

    In a video a name needs agreeing frames of one track (see `voting`), so it is undecided at first.
    Nothing is held back, so memory does not grow with the number of files. Customers enrolled meanwhile are
    recognised from the next frame on. Inputs are never written to. Wrap it in `contextlib.closing`, so that
    an interrupted video is finished at once.

    Raises:
        OutputError: an annotated copy cannot be written; what was finished is kept.
        Cancelled: `options.cancelled` said so, after the event of the video it cut short.
    """
    chosen = options or IdentifyOptions()
    outputs = Outputs(chosen.out, paths) if chosen.out is not None else None
    for media in media_files(paths, outputs.folder if outputs else None):
        if chosen.cancelled():
            raise Cancelled
        look = _Look(recognizer, gallery, chosen, media, outputs.place(media) if outputs else None)
        try:
            if media.is_video:
                yield from look.video()
            else:
                yield look.picture()
        except InputError as error:
            yield FileRefused(media.path, error)


@dataclass(frozen=True)
class _Look:
    recognizer: Recognizer
    gallery: HasSnapshot
    options: IdentifyOptions
    media: MediaFile
    place: Path | None

    def picture(self) -> PictureIdentified:
        image_bgr = read_picture(self.media.path)
        snapshot = self.gallery.snapshot
        faces = tuple(
            SeenFace(face, label(face, snapshot)) for face in self.recognizer.recognise(image_bgr, snapshot)
        )
        if self.place is not None:
            write_image(self.place, self._annotated(image_bgr, faces))
        height, width = image_bgr.shape[:2]
        return PictureIdentified(
            self.media.path,
            (width, height),
            self._given(faces),
            self.recognizer.rule(snapshot),
            self.place,
            _thumbnail(image_bgr, self.options.thumbnail_px),
        )

    def video(self) -> Iterator[IdentifyEvent]:
        appearances = Appearances()
        watch = SourceWatch(self.media.path.name, rules=_rules(self.options.fps))
        frames, last_s, complete = 0, 0.0, True
        with (
            VideoReader(self.media.path) as reader,
            _Copy(self.options.fps or reader.fps) as copy,
        ):
            for frame in reader.frames(self.options.fps):
                if self.options.cancelled():
                    complete = False
                    break
                event, faces = self._frame(frame, watch, reader.frames_expected)
                if self.place is not None:
                    copy.write(self.place, self._annotated(frame.image_bgr, faces))
                appearances.add(faces, frame.position_s)
                frames, last_s = frames + 1, frame.position_s
                yield event
            annotated = copy.finish()
            cut_short = complete and reader.frames_read < 0.9 * reader.frames_expected
        yield VideoIdentified(
            self.media.path, frames, last_s, appearances.summary(), annotated, complete, cut_short
        )
        if not complete:
            raise Cancelled

    def _frame(
        self, frame: VideoFrame, watch: SourceWatch, expected: int
    ) -> tuple[FrameIdentified, tuple[SeenFace, ...]]:
        snapshot = self.gallery.snapshot
        found = self.recognizer.recognise(frame.image_bgr, snapshot)
        height, width = frame.image_bgr.shape[:2]
        moment = Moment(frame.position_s, datetime.now(UTC))
        faces = watch.look(found, (width, height), snapshot, moment).faces
        event = FrameIdentified(
            self.media.path,
            frame.number,
            expected,
            frame.position_s,
            self._given(faces),
            self.recognizer.rule(snapshot),
            _thumbnail(frame.image_bgr, self.options.thumbnail_px) if frame.number == 0 else None,
        )
        return event, faces

    def _annotated(self, image_bgr: Image, faces: tuple[SeenFace, ...]) -> Image:
        return annotate(image_bgr, faces, self.options.caption)

    def _given(self, faces: tuple[SeenFace, ...]) -> tuple[SeenFace, ...]:
        if self.options.keep_crops:
            return faces
        return tuple(SeenFace(_light(seen.face), seen.label) for seen in faces)


class _Copy(contextlib.AbstractContextManager["_Copy"]):
    """The annotated video, begun with its first frame and finished however the work ends."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._writer: VideoWriter | None = None

    def write(self, place: Path, annotated_bgr: Image) -> None:
        if self._writer is None:
            height, width = annotated_bgr.shape[:2]
            self._writer = VideoWriter(place, self._fps, (width, height))
        self._writer.write(annotated_bgr)

    def finish(self) -> Path | None:
        writer, self._writer = self._writer, None
        return writer.close() if writer is not None else None

    def __exit__(self, *raised: object) -> None:
        self.finish()


def _rules(fps: float | None) -> WatchRules:
    """Give frames that are sampled seldom the time to agree with each other."""
    gap_s = 1.0 / fps if fps is not None else 0.0
    tracking, voting = TrackerRules(), VotingRules()
    return WatchRules(
        tracking=replace(tracking, max_age_s=max(tracking.max_age_s, 2 * gap_s)),
        voting=replace(
            voting,
            window_s=max(voting.window_s, 2 * voting.stranger_after * gap_s),
            doubt_gap_s=max(voting.doubt_gap_s, 1.5 * gap_s),
        ),
    )


def _light(face: Face) -> Face:
    return replace(face, crop_bgr=None, embedding=None)


def _thumbnail(image_bgr: Image, longest_px: int) -> Image | None:
    import cv2
    import numpy as np

    if longest_px <= 0:
        return None
    height, width = image_bgr.shape[:2]
    scale = min(1.0, longest_px / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
