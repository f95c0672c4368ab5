"""The photos that scenes are made of: portraits with one face in the middle, and rooms and streets."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from netcafe_face.domain.errors import N_, ImageTooLarge, ImageUnreadable
from netcafe_face.domain.faces import Image
from netcafe_face.trainer.data.reading import Picture, ReadingReport, pictures
from netcafe_face.trainer.data.twins import twins_across_split
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.vision.images import VIDEO_SUFFIXES, decode

_LONGEST_SIDE_PX = 1280
"""Larger photos are shrunk to this: no scene shows them larger."""

_FRAMES = 12
"""So many frames of a video are looked at, evenly spread: neighbours show the same."""


@dataclass(frozen=True)
class Spot:
    """A place in a photo that scenes show more often than chance would.

    Attributes:
        photo_bgr: uint8, the whole photo.
        middle: x and y, in its pixels.
        size_px: of what is there.
    """

    photo_bgr: Image
    middle: tuple[float, float]
    size_px: float


@dataclass
class Photos:
    """Decoded photos, uint8 BGR.

    Attributes:
        portraits: one face in the middle (LFW), of people who are not held out.
        rooms: all else, one list for each place they came from: any number of faces, or none.
        spots: places in all of them that are shown more often.
        broken: what could not be read, and why.
        twins: pictures that were left out because their bytes are held out under another name.
    """

    portraits: list[Image] = field(default_factory=list)
    rooms: list[list[Image]] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    twins: int = 0


def photo_names(portraits: list[Path], rooms: list[Path]) -> list[str]:
    """Return the names of all that `load_photos` would read, in its order, without decoding anything.

    Raises:
        DataUnusable: a place is missing.
    """
    names: list[str] = []
    for place, with_people, twins in with_twins(_places(portraits, rooms)):
        if is_video(place):
            names += [f"{place.name}#{number}" for number in range(_FRAMES)]
            continue
        found = pictures(place, identities=with_people)
        names += [each.source for each in found if not each.held_out and each.source not in twins]
    return names


def load_photos(portraits: list[Path], rooms: list[Path]) -> Photos:
    """Read what may be trained on.

    Args:
        portraits: folders or tars with a folder for each person.
        rooms: folders or tars of other pictures, and video files; a video is taken whole, because it has no
            part that does not show what the rest shows.

    Raises:
        DataUnusable: a place is missing, or nothing in all of them can be used.
    """
    found = Photos()
    for place, with_people, twins in with_twins(_places(portraits, rooms)):
        into = found.portraits if with_people else []
        if not with_people:
            found.rooms.append(into)
        if is_video(place):
            into += video_frames(place, _FRAMES)
            continue
        report = ReadingReport()
        for picture in pictures(place, identities=with_people, report=report):
            if picture.held_out:
                continue
            if picture.source in twins:
                found.twins += 1
            else:
                _decode_into(found, into, picture)
        found.broken += report.broken
    found.rooms = [photos for photos in found.rooms if photos]
    if not found.portraits and not found.rooms:
        place = (portraits + rooms or [Path()])[0]
        raise DataUnusable(path=place, reason=N_("there is no picture in it that may be used"))
    return found


def _places(portraits: list[Path], rooms: list[Path]) -> list[tuple[Path, bool]]:
    return [(place, True) for place in portraits] + [(place, False) for place in rooms]


def with_twins(places: list[tuple[Path, bool]]) -> list[tuple[Path, bool, Collection[str]]]:
    """Add to each place the sources of its pictures whose bytes lie on both sides of the split.

    Args:
        places: folders, tars and videos, which have none, each with whether it has a folder for each person.

    Raises:
        DataUnusable: a place is missing.
    """
    twins = iter(twins_across_split([each for each in places if not is_video(each[0])]))
    return [(place, people, () if is_video(place) else next(twins)) for place, people in places]


def is_video(place: Path) -> bool:
    """Tell by its name whether a place is a video."""
    return place.suffix.lower() in {*VIDEO_SUFFIXES, ".gif"}


def video_frames(path: Path, count: int) -> Iterator[Image]:
    """Yield frames of a video, evenly spread, uint8 BGR.

    Raises:
        DataUnusable: it has no frame that can be read.
    """
    video = cv2.VideoCapture(str(path))
    try:
        total = max(1, int(video.get(cv2.CAP_PROP_FRAME_COUNT)))
        wanted = {int(place) for place in np.linspace(0, total - 1, count)}
        read = 0
        for number in range(total):
            good, frame = video.read()
            if not good:
                break
            if number in wanted:
                read += 1
                yield np.asarray(frame, dtype=np.uint8)
    finally:
        video.release()
    if not read:
        raise DataUnusable(path=path, reason=N_("it has no frame that can be read"))


def shrunk(image_bgr: Image, longest_px: int) -> Image:
    """Return a picture no longer than that, shrunk by area."""
    scale = longest_px / max(image_bgr.shape[:2])
    return image_bgr if scale >= 1 else scaled_down(image_bgr, scale)


def scaled_down(image_bgr: Image, scale: float) -> Image:
    """Return a picture shrunk by area; at least a pixel is left of each side."""
    size = (max(1, round(image_bgr.shape[1] * scale)), max(1, round(image_bgr.shape[0] * scale)))
    return np.asarray(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _decode_into(found: Photos, into: list[Image], picture: Picture) -> None:
    try:
        image = decode(picture.data, picture.source)
    except (ImageUnreadable, ImageTooLarge) as error:
        found.broken.append((picture.source, str(error)))
        return
    into.append(shrunk(image, _LONGEST_SIDE_PX))
