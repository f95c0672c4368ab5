"""Pictures from files and bytes, and back: every kind becomes BGR uint8, or a clear error."""

from __future__ import annotations

import io
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netcafe_face.domain.errors import N_, ImageTooLarge, ImageUnreadable, OutputError
from netcafe_face.domain.faces import Image

if TYPE_CHECKING:
    from PIL import Image as PillowImage

IMAGE_SUFFIXES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jfif",
        ".png",
        ".webp",
        ".bmp",
        ".tif",
        ".tiff",
        ".gif",
        ".pgm",
        ".ppm",
        ".pnm",
        ".avif",
    ]
)
VIDEO_SUFFIXES = frozenset(
    [".mp4", ".avi", ".mkv", ".mov", ".m4v", ".webm", ".wmv", ".mpg", ".mpeg", ".ts", ".3gp", ".flv"]
)
LIMIT_MEGAPIXELS = 120
"""Larger pictures are refused: decoded and converted they would take more than a gigabyte."""

_DEEP_GREY_MODES = {"I;16", "I;16L", "I;16B", "I;16N"}
_NOT_A_PICTURE = N_("it is not a picture, or of an unknown kind")


def read_image(path: Path | str) -> Image:
    """Read a picture file as it is meant to be seen.

    EXIF rotation is applied, grey and 16-bit pictures are converted, transparency is laid on white, and of an
    animation the first frame is taken.

    Returns:
        uint8 (h, w, 3), BGR.

    Raises:
        ImageUnreadable: missing, empty, truncated, or not a picture.
        ImageTooLarge: more than `LIMIT_MEGAPIXELS`.
    """
    name = str(path)
    try:
        data = Path(path).read_bytes()
    except IsADirectoryError as error:
        raise ImageUnreadable(path=name, reason=N_("it is a folder")) from error
    except OSError as error:
        raise ImageUnreadable(path=name, reason=error.strerror or str(error)) from error
    return decode(data, name)


def decode(data: bytes, name: str) -> Image:
    """Decode a picture from bytes like `read_image`; `name` stands in the errors.

    Returns:
        uint8 (h, w, 3), BGR.
    """
    from PIL import Image as Pillow
    from PIL import ImageOps, UnidentifiedImageError

    if not data:
        raise ImageUnreadable(path=name, reason=N_("it is empty"))
    try:
        with warnings.catch_warnings():
            # Our own limit below says it better than Pillow's warning.
            warnings.simplefilter("ignore")
            with Pillow.open(io.BytesIO(data)) as picture:
                _refuse_too_large(picture, name)
                picture.load()
                return _bgr(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError as error:
        raise ImageUnreadable(path=name, reason=_NOT_A_PICTURE) from error
    except Pillow.DecompressionBombError as error:
        raise ImageTooLarge(path=name, width="?", height="?", limit_mp=LIMIT_MEGAPIXELS) from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, MemoryError) as error:
        # Pillow's decoders raise all of these for damaged files.
        raise ImageUnreadable(path=name, reason=N_("it is damaged or incomplete")) from error


def _refuse_too_large(picture: PillowImage.Image, name: str) -> None:
    width, height = picture.size
    if width * height > LIMIT_MEGAPIXELS * 1_000_000:
        raise ImageTooLarge(path=name, width=width, height=height, limit_mp=LIMIT_MEGAPIXELS)


def _bgr(picture: PillowImage.Image) -> Image:
    from PIL import Image as Pillow

    if picture.mode in _DEEP_GREY_MODES or picture.mode == "I":
        grey = np.clip(np.asarray(picture).astype(np.int64) // 257, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))
    if picture.mode == "F":
        values = np.nan_to_num(np.asarray(picture, dtype=np.float64))
        scale = 255.0 if values.size and values.max() <= 1.0 else 1.0
        grey = np.clip(values * scale, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))
    if "A" in picture.getbands() or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        ground = Pillow.new("RGBA", layered.size, (255, 255, 255, 255))
        picture = Pillow.alpha_composite(ground, layered)
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])


def encode_png(image_bgr: Image) -> bytes:
    """Encode uint8 (h, w, 3) BGR as PNG."""
    return _encode(image_bgr, ".png", ())


def encode_jpeg(image_bgr: Image, quality: int = 90) -> bytes:
    """Encode uint8 (h, w, 3) BGR as JPEG of a quality from 1 to 100."""
    import cv2

    return _encode(image_bgr, ".jpg", (cv2.IMWRITE_JPEG_QUALITY, quality))


def _encode(image_bgr: Image, suffix: str, parameters: tuple[int, ...]) -> bytes:
    import cv2

    try:
        done, data = cv2.imencode(suffix, image_bgr, parameters)
    except cv2.error as error:
        raise OutputError(path=suffix, reason=N_("this kind of picture cannot be written")) from error
    if not done:
        raise OutputError(path=suffix, reason=N_("this kind of picture cannot be written"))
    return data.tobytes()


def write_image(path: Path | str, image_bgr: Image) -> None:
    """Write uint8 (h, w, 3) BGR to a file, its kind chosen by the suffix; whole or not at all.

    Raises:
        OutputError: the folder, disk or suffix does not allow it.
    """
    target = Path(path)
    data = _encode(image_bgr, target.suffix.lower() or ".png", ())
    aside = ""
    try:
        handle, aside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(aside).replace(target)
    except OSError as error:
        if aside:
            Path(aside).unlink(missing_ok=True)
        raise OutputError(path=str(target), reason=error.strerror or str(error)) from error
