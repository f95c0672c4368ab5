"""The pictures a detector is examined on: held-out photos, whole videos, pictures without a face."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np

from netcafe_face.domain.errors import N_, ImageTooLarge, ImageUnreadable
from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.data.reading import pictures
from netcafe_face.trainer.detector.photos import is_video, shrunk, video_frames, with_twins
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.vision.images import IMAGE_SUFFIXES, decode, read_image

_LONGEST_SIDE_PX = 1280
_FRAMES = 24
_TILE_PX = 160


@dataclass(frozen=True)
class Sheet:
    """Pictures that are examined together.

    Attributes:
        name: of the set.
        images_bgr: uint8 BGR, each of its own size.
        sources: where each came from.
        boxes: for each the faces that people marked, float (n, 4) x, y, width, height; or None where nobody
            did.
        faceless: nobody is on any of them, so that every box is a false alarm.
        broken: what could not be read, and why.
        twins: held-out pictures that were left out because their bytes may be trained on.
    """

    name: str
    images_bgr: list[Image]
    sources: list[str]
    boxes: list[FloatArray] | None = None
    faceless: bool = False
    broken: list[tuple[str, str]] = field(default_factory=list)
    twins: int = 0


def photo_sheets(places: list[tuple[Path, bool]], most: int) -> list[Sheet]:
    """Return held-out photos of folders and tars, and frames of videos that no training may use.

    Args:
        places: the sets, each with whether it has a folder for each person.
        most: pictures of a set; more are thinned evenly.

    Raises:
        DataUnusable: there is nothing to examine in one of them.
    """
    return [_photo_sheet(*each, most) for each in with_twins(places)]


def _photo_sheet(place: Path, with_people: bool, twins: Collection[str], most: int) -> Sheet:
    if is_video(place):
        frames = list(video_frames(place, min(most, _FRAMES)))
        names = [f"{place.name}#{number}" for number in range(len(frames))]
        return Sheet(place.name, [shrunk(frame, _LONGEST_SIDE_PX) for frame in frames], names)
    held_out = [each for each in pictures(place, identities=with_people) if each.held_out]
    kept = [each for each in held_out if each.source not in twins]
    sheet = Sheet(place.name, [], [], twins=len(held_out) - len(kept))
    for number in np.unique(np.linspace(0, len(kept) - 1, min(most, len(kept))).astype(int)):
        picture = kept[number]
        try:
            image = decode(picture.data, picture.source)
        except (ImageUnreadable, ImageTooLarge) as error:
            sheet.broken.append((picture.source, str(error)))
            continue
        sheet.images_bgr.append(shrunk(image, _LONGEST_SIDE_PX))
        sheet.sources.append(picture.source)
    return _unless_empty(sheet, place)


def marked_sheet(sheet: Sheet, marks: dict[str, tuple[int, int, FloatArray]]) -> Sheet:
    """Add marked boxes to a sheet of WIDER photos, scaled to the pictures as they are here.

    Args:
        sheet: of pictures that may have been squashed.
        marks: see `read_marks`.

    Raises:
        DataUnusable: a picture is not among the marked ones.
    """
    boxes = []
    for image, source in zip(sheet.images_bgr, sheet.sources, strict=True):
        name = PurePosixPath(source).name
        if name not in marks:
            raise DataUnusable(path=source, reason=N_("nobody marked faces in this picture"))
        width, height, own = marks[name]
        scale = np.array([image.shape[1] / width, image.shape[0] / height] * 2)
        boxes.append(np.asarray(own * scale, dtype=np.float32))
    return replace(sheet, boxes=boxes)


def read_marks(file: Path) -> dict[str, tuple[int, int, FloatArray]]:
    """Read a list of marked faces: header lines `# path width height`, lines of x1 y1 x2 y2 (and more).

    Returns:
        for each picture's file name its width, height and boxes, float32 (n, 4) x, y, width, height.

    Raises:
        DataUnusable: it cannot be read or is written otherwise.
    """
    marks: dict[str, tuple[int, int, list[list[float]]]] = {}
    try:
        for line in file.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if line.startswith("#"):
                rows: list[list[float]] = []
                marks[PurePosixPath(words[1]).name] = (int(words[2]), int(words[3]), rows)
            elif words:
                x1, y1, x2, y2 = (float(word) for word in words[:4])
                rows.append([x1, y1, x2 - x1, y2 - y1])
    except (OSError, ValueError, IndexError, UnboundLocalError) as error:
        raise DataUnusable(path=file, reason=str(error)) from error
    return {
        name: (width, height, np.array(rows, dtype=np.float32).reshape(-1, 4))
        for name, (width, height, rows) in marks.items()
    }


def faceless_sheet(places: list[Path], marked: Sheet | None) -> Sheet:
    """Return pictures nobody is on: pictures given as such, and tiles of marked photos that no box touches.

    Args:
        places: picture files or folders of pictures without a face.
        marked: a sheet with boxes, or None.

    Raises:
        DataUnusable: there is none at all.
    """
    sheet = Sheet("no faces", [], [], faceless=True)
    for file in (file for place in places for file in _files(place)):
        try:
            sheet.images_bgr.append(shrunk(read_image(file), _LONGEST_SIDE_PX))
            sheet.sources.append(file.name)
        except (ImageUnreadable, ImageTooLarge) as error:
            sheet.broken.append((str(file), str(error)))
    if marked is not None and marked.boxes is not None:
        for image, source, boxes in zip(marked.images_bgr, marked.sources, marked.boxes, strict=True):
            for number, tile in enumerate(_free_tiles(image, boxes)):
                sheet.images_bgr.append(tile)
                sheet.sources.append(f"{source}#{number}")
    return _unless_empty(sheet, places[0] if places else Path())


def _free_tiles(image: Image, boxes: FloatArray) -> Iterator[Image]:
    height, width = image.shape[:2]
    for top in range(0, height - _TILE_PX + 1, _TILE_PX // 2):
        for left in range(0, width - _TILE_PX + 1, _TILE_PX // 2):
            # A face that is cut by the tile is still one.
            touched = (boxes[:, 0] < left + _TILE_PX) & (boxes[:, 0] + boxes[:, 2] > left)
            touched &= (boxes[:, 1] < top + _TILE_PX) & (boxes[:, 1] + boxes[:, 3] > top)
            if not touched.any():
                yield image[top : top + _TILE_PX, left : left + _TILE_PX].copy()


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        return sorted(file for file in place.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES)
    return [place]


def _unless_empty(sheet: Sheet, place: Path) -> Sheet:
    if not sheet.images_bgr:
        raise DataUnusable(path=place, reason=N_("there is no picture in it to examine"))
    return sheet
