"""Pictures from files and bytes, and back: every kind becomes BGR uint8, or a clear error."""

from __future__ import annotations

import contextlib
import io
import os
import struct
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

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF")
"""No others: an EPS file would be run by another program, and an icon may be larger than it declares."""

_DEEP_GREY_MODES = {"I;16", "I;16L", "I;16B", "I;16N"}
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
)
"""What Pillow's decoders raise for damaged files, one or the other."""
_WRITTEN_AS = {"": ".png", ".jfif": ".jpg"}
_UNWRITABLE = N_("this kind of picture cannot be written")
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
        if Path(path).is_dir():
            raise ImageUnreadable(path=name, reason=N_("it is a folder"))
        if Path(path).exists() and not Path(path).is_file():
            # A pipe would be waited for, and a device read without end.
            raise ImageUnreadable(path=name, reason=N_("it is not a file"))
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageUnreadable(path=name, reason=error.strerror or str(error)) from error
    except ValueError as error:  # a name that no system allows
        raise ImageUnreadable(path=name, reason=str(error)) from error
    return decode(data, name)


def decode(data: bytes, name: str) -> Image:
    """Decode a picture from bytes like `read_image`; `name` stands in the errors.

    Returns:
        uint8 (h, w, 3), BGR.

    Raises:
        ImageUnreadable: empty, truncated, or not a picture.
        ImageTooLarge: more than `LIMIT_MEGAPIXELS`; it is refused before a pixel is decoded.
    """
    from PIL import Image as Pillow
    from PIL import ImageOps, UnidentifiedImageError

    if not data:
        raise ImageUnreadable(path=name, reason=N_("it is empty"))
    # Pillow's own limit is higher than ours and does not say how large the picture is.
    Pillow.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            # Pillow warns about damaged EXIF tags, without which the picture is still good.
            warnings.simplefilter("ignore")
            with Pillow.open(io.BytesIO(data), formats=_FORMATS) as picture:
                _refuse_too_large(picture, name)
                picture.load()
                return _bgr(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError as error:
        raise ImageUnreadable(path=name, reason=_NOT_A_PICTURE) from error
    except _DAMAGED as error:
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
    """Encode uint8 (h, w, 3) BGR as PNG.

    Raises:
        OutputError: it is empty.
    """
    return _encode(image_bgr, ".png", (), "PNG")


def encode_jpeg(image_bgr: Image, quality: int = 90) -> bytes:
    """Encode uint8 (h, w, 3) BGR as JPEG of a quality from 1 to 100.

    Raises:
        OutputError: it is empty, or longer than the 65,500 pixels that a JPEG can have.
    """
    import cv2

    return _encode(image_bgr, ".jpg", (cv2.IMWRITE_JPEG_QUALITY, quality), "JPEG")


def _encode(image_bgr: Image, suffix: str, parameters: tuple[int, ...], name: str) -> bytes:
    import cv2

    try:
        done, data = cv2.imencode(suffix, image_bgr, parameters)
    except cv2.error as error:
        raise OutputError(path=name, reason=_UNWRITABLE) from error
    if not done:
        raise OutputError(path=name, reason=_UNWRITABLE)
    return data.tobytes()


def write_image(path: Path | str, image_bgr: Image) -> None:
    """Write uint8 (h, w, 3) BGR to a file, whole or not at all; the suffix says its kind, none means PNG.

    Raises:
        OutputError: the folder, disk or suffix does not allow it.
    """
    target = Path(path)
    suffix = _WRITTEN_AS.get(target.suffix.lower(), target.suffix.lower())
    data = _encode(image_bgr, suffix, (), str(target))
    aside = ""
    try:
        # The name's own length is left out of it: it may already be as long as the system allows.
        handle, aside = tempfile.mkstemp(dir=target.parent, prefix=".netcafe-", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(aside).replace(target)
    except OSError as error:
        raise OutputError(path=str(target), reason=error.strerror or str(error)) from error
    finally:
        # Gone already when it took the target's place.
        if aside:
            with contextlib.suppress(OSError):
                Path(aside).unlink(missing_ok=True)
