"""Pictures of every kind become BGR as they are meant to be seen; broken ones say what is wrong."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from netcafe_face.domain.errors import ImageTooLarge, ImageUnreadable, NetcafeError, OutputError
from netcafe_face.domain.faces import Image
from netcafe_face.vision.images import (
    IMAGE_SUFFIXES,
    LIMIT_MEGAPIXELS,
    VIDEO_SUFFIXES,
    decode,
    encode_jpeg,
    encode_png,
    read_image,
    write_image,
)
from tests.files_kit import SIX_PEOPLE

RED, GREEN, BLUE, WHITE = (0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255)  # BGR
ORIENTATION = 0x0112


def corners() -> Pillow.Image:
    """A picture, 30×20, whose corners differ: red, green / blue, white."""
    picture = Pillow.new("RGB", (30, 20))
    for box, colour in (
        ((0, 0, 15, 10), "#f00"),
        ((15, 0, 30, 10), "#0f0"),
        ((0, 10, 15, 20), "#00f"),
        ((15, 10, 30, 20), "#fff"),
    ):
        picture.paste(colour, box)
    return picture


def saved(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()


def colour_at(image: Image, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(value) for value in image[y, x])


def shows_corners(image: Image, tolerance: int = 0) -> bool:
    height, width = image.shape[:2]
    seen = [colour_at(image, x, y) for y in (3, height - 4) for x in (3, width - 4)]
    return bool(np.abs(np.array(seen) - [RED, GREEN, BLUE, WHITE]).max() <= tolerance)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "GIF"])
def test_a_picture_reads_as_blue_green_red(kind: str) -> None:
    image = decode(saved(corners(), kind), "x")
    assert image.shape == (20, 30, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert shows_corners(image)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_a_lossy_picture_reads_as_blue_green_red(kind: str) -> None:
    assert shows_corners(decode(saved(corners(), kind, quality=95), "x"), tolerance=12)


def test_a_photo_reads_like_any_other_reader_reads_it(group_bgr: Image) -> None:
    with Pillow.open(SIX_PEOPLE) as picture:
        assert np.array_equal(group_bgr[:, :, ::-1], np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_camera_held_any_way_round_gives_an_upright_picture(kind: str, orientation: int) -> None:
    turned = {
        1: None,
        2: Pillow.Transpose.FLIP_LEFT_RIGHT,
        3: Pillow.Transpose.ROTATE_180,
        4: Pillow.Transpose.FLIP_TOP_BOTTOM,
        5: Pillow.Transpose.TRANSPOSE,
        6: Pillow.Transpose.ROTATE_90,
        7: Pillow.Transpose.TRANSVERSE,
        8: Pillow.Transpose.ROTATE_270,
    }[orientation]
    stored = corners() if turned is None else corners().transpose(turned)
    exif = Pillow.Exif()
    exif[ORIENTATION] = orientation
    image = decode(saved(stored, kind, exif=exif, quality=95), "x")
    assert image.shape == (20, 30, 3)
    assert shows_corners(image, tolerance=12)


@pytest.mark.parametrize("orientation", [0, 9, 60000])
def test_an_orientation_that_does_not_exist_is_ignored(orientation: int) -> None:
    exif = Pillow.Exif()
    exif[ORIENTATION] = orientation
    assert shows_corners(decode(saved(corners(), "JPEG", exif=exif, quality=95), "x"), tolerance=12)


def test_a_picture_with_damaged_exif_is_still_a_picture() -> None:
    damaged = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03" * 5
    assert shows_corners(decode(saved(corners(), "JPEG", exif=damaged, quality=95), "x"), tolerance=12)


@pytest.mark.parametrize(("mode", "white", "black"), [("L", 255, 0), ("1", 1, 0)])
def test_grey_and_black_and_white_pictures_get_three_equal_channels(
    mode: str, white: int, black: int
) -> None:
    picture = Pillow.new(mode, (8, 4), black)
    picture.paste(white, (4, 0, 8, 4))
    image = decode(saved(picture, "PNG"), "x")
    assert colour_at(image, 0, 0) == (0, 0, 0)
    assert colour_at(image, 7, 0) == WHITE


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_keeps_its_light(kind: str) -> None:
    deep = Pillow.fromarray(np.array([[0, 257, 128 * 257, 65535]], dtype=np.uint16))
    assert decode(saved(deep, kind), "x")[0, :, 0].tolist() == [0, 1, 128, 255]


def test_sixteen_bit_grey_turns_upright_too() -> None:
    exif = Pillow.Exif()
    exif[ORIENTATION] = 3
    deep = Pillow.fromarray(np.array([[0, 65535]], dtype=np.uint16))
    assert decode(saved(deep, "PNG", exif=exif), "x")[0, :, 0].tolist() == [255, 0]


def test_big_endian_sixteen_bit_tiff_is_read() -> None:
    deep = Pillow.frombytes("I;16B", (2, 1), struct.pack(">2H", 257 * 10, 257 * 200))
    assert decode(saved(deep, "TIFF"), "x")[0, :, 0].tolist() == [10, 200]


def test_thirty_two_bit_grey_is_clipped() -> None:
    deep = Pillow.fromarray(np.array([[-5, 257 * 7, 2**30]], dtype=np.int32))
    assert decode(saved(deep, "TIFF"), "x")[0, :, 0].tolist() == [0, 7, 255]


@pytest.mark.parametrize(
    ("values", "grey"),
    [([0.0, 0.5, 1.0], [0, 127, 255]), ([0.0, 100.0, 900.0], [0, 100, 255]), ([np.nan, -1, 1], [0, 0, 255])],
)
def test_a_tiff_of_floating_point_values_is_read(values: list[float], grey: list[int]) -> None:
    picture = Pillow.fromarray(np.array([values], dtype=np.float32))
    assert decode(saved(picture, "TIFF"), "x")[0, :, 0].tolist() == grey


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    picture = Pillow.new("RGBA", (3, 1), (0, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    picture.putpixel((2, 0), (0, 0, 0, 128))
    image = decode(saved(picture.convert(mode), "PNG"), "x")
    assert image[0, :, 0].tolist() == [0, 255, 127]


def test_a_palette_with_a_transparent_colour_is_laid_on_white() -> None:
    picture = Pillow.new("P", (2, 1), 0)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((1, 0), 1)
    assert colour_at(decode(saved(picture, "PNG", transparency=1), "x"), 0, 0) == RED
    assert colour_at(decode(saved(picture, "PNG", transparency=1), "x"), 1, 0) == WHITE
    assert colour_at(decode(saved(picture, "PNG"), "x"), 1, 0) == BLUE


def test_a_colour_declared_transparent_is_laid_on_white() -> None:
    picture = Pillow.new("RGB", (2, 1), (255, 0, 0))
    picture.putpixel((1, 0), (1, 2, 3))
    image = decode(saved(picture, "PNG", transparency=(1, 2, 3)), "x")
    assert (colour_at(image, 0, 0), colour_at(image, 1, 0)) == (RED, WHITE)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_a_picture_for_the_press_is_read_in_colour(kind: str) -> None:
    picture = Pillow.new("CMYK", (16, 16), (0, 255, 255, 0))
    blue, green, red = colour_at(decode(saved(picture, kind), "x"), 8, 8)
    assert red > 230
    assert max(blue, green) < 60


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Pillow.new("RGB", (8, 8), colour) for colour in ("#f00", "#0f0", "#00f")]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    blue, green, red = colour_at(decode(data, "x"), 4, 4)
    assert red > 240
    assert max(blue, green) < 15


def test_a_picture_of_one_pixel_is_a_picture() -> None:
    assert decode(saved(Pillow.new("RGB", (1, 1), "#f00"), "PNG"), "x").tolist() == [[list(RED)]]


def test_a_name_in_vietnamese_with_spaces_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "Ảnh khách hàng" / "Nguyễn Thị Ngọc Ánh (1).png"
    path.parent.mkdir()
    write_image(path, np.full((4, 4, 3), 9, np.uint8))
    assert read_image(path).tolist() == np.full((4, 4, 3), 9).tolist()
    assert read_image(str(path)).shape == (4, 4, 3)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.jpg", b"", "empty"),
        ("text.jpg", b"This is a text and not a picture.\n" * 9, "not a picture"),
        ("header.jpg", b"\xff\xd8\xff", "not a picture|damaged"),
        ("header.png", b"\x89PNG\r\n\x1a\n", "not a picture|damaged"),
        ("header.gif", b"GIF89a", "not a picture|damaged"),
        ("header.webp", b"RIFF\x10\0\0\0WEBPVP8 ", "not a picture|damaged"),
        ("page.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n", "not a picture"),
        ("noise.png", bytes(random.Random(1).randbytes(5000)), "not a picture"),
    ],
)
def test_a_file_that_is_no_picture_says_so(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ImageUnreadable, match=reason) as caught:
        read_image(tmp_path / name)
    assert name in str(caught.value)


def test_a_missing_file_a_folder_and_an_impossible_name_say_so(tmp_path: Path) -> None:
    with pytest.raises(ImageUnreadable, match="No such file"):
        read_image(tmp_path / "nowhere.jpg")
    with pytest.raises(ImageUnreadable, match="a folder"):
        read_image(tmp_path)
    with pytest.raises(ImageUnreadable, match="null"):
        read_image("a\0b.jpg")


@pytest.mark.usefixtures("without_root")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"x")
    (tmp_path / "secret.png").chmod(0)
    with pytest.raises(ImageUnreadable, match="denied"):
        read_image(tmp_path / "secret.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "PPM"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_picture_cut_short_is_refused_and_never_half_shown(
    group_bgr: Image, kind: str, part: float
) -> None:
    data = saved(Pillow.fromarray(group_bgr[300:500, 300:500, ::-1].copy()), kind)
    with pytest.raises(ImageUnreadable, match=r"damaged|not a picture"):
        decode(data[: int(len(data) * part)], "cut.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "PPM"])
def test_no_damage_brings_the_program_down(kind: str) -> None:
    chance = random.Random(kind)
    exif = Pillow.Exif()
    exif[ORIENTATION] = 6
    whole = saved(corners(), kind, **({} if kind in ("GIF", "BMP", "PPM") else {"exif": exif}))
    refused = 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 3, 20])):
            data[chance.randrange(min(len(data), chance.choice([60, 200, 10_000])))] = chance.randrange(256)
        try:
            assert decode(bytes(data), "x").dtype == np.uint8
        except NetcafeError:
            refused += 1
    assert refused


def bomb(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds next to nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (12_001, 10_000), (2**31 - 1, 2**31 - 1)])
def test_a_picture_that_would_fill_the_memory_is_refused_by_its_size(width: int, height: int) -> None:
    with pytest.raises(ImageTooLarge, match=rf"{width}×{height}.*{LIMIT_MEGAPIXELS} megapixels"):
        decode(bomb(width, height), "bomb.png")


def test_a_small_picture_that_declares_more_than_it_holds_is_damaged() -> None:
    with pytest.raises(ImageUnreadable, match="damaged"):
        decode(bomb(3000, 3000), "hollow.png")


def test_png_and_jpeg_go_there_and_back(group_bgr: Image) -> None:
    part = group_bgr[200:300, 200:330]
    assert np.array_equal(decode(encode_png(part), "x"), part)
    close = decode(encode_jpeg(part, 95), "x")
    assert np.abs(close.astype(int) - part).mean() < 4
    assert len(encode_jpeg(part, 30)) < len(encode_jpeg(part, 95))


def test_what_cannot_be_encoded_is_refused() -> None:
    nothing = np.empty((0, 0, 3), np.uint8)
    with pytest.raises(OutputError):
        encode_png(nothing)
    with pytest.raises(OutputError):
        encode_jpeg(nothing)
    with pytest.raises(OutputError):
        encode_jpeg(np.zeros((2, 70_000, 3), np.uint8))


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".bmp", ".tif", ".tiff", ".ppm", ".webp", ""])
def test_a_picture_is_written_as_its_suffix_says_and_reads_back(tmp_path: Path, suffix: str) -> None:
    image = np.asarray(corners())[:, :, ::-1]
    write_image(tmp_path / f"a{suffix}", image)
    assert np.array_equal(read_image(tmp_path / f"a{suffix}"), image)
    assert [path.name for path in tmp_path.iterdir()] == [f"a{suffix}"]


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".jfif", ".JPG"])
def test_a_jpeg_is_written_by_any_of_its_names(tmp_path: Path, suffix: str) -> None:
    write_image(tmp_path / f"a{suffix}", np.asarray(corners())[:, :, ::-1])
    assert (tmp_path / f"a{suffix}").read_bytes()[:3] == b"\xff\xd8\xff"
    assert shows_corners(read_image(tmp_path / f"a{suffix}"), tolerance=20)


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path: Path) -> None:
    name = "ảnh" * 50 + ".png"
    write_image(tmp_path / name, np.zeros((2, 2, 3), np.uint8))
    assert read_image(tmp_path / name).shape == (2, 2, 3)


def test_a_kind_that_cannot_be_written_names_the_file_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"out\.xyz"):
        write_image(tmp_path / "out.xyz", np.zeros((2, 2, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_the_old_file_stays(tmp_path: Path) -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(OutputError, match="No such file"):
        write_image(tmp_path / "nowhere" / "a.png", image)
    (tmp_path / "taken.png").mkdir()
    with pytest.raises(OutputError, match=r"taken\.png"):
        write_image(tmp_path / "taken.png", image)
    assert [path.name for path in tmp_path.iterdir()] == ["taken.png"]


@pytest.mark.usefixtures("without_root")
def test_a_folder_that_may_not_be_written_to_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="denied"):
            write_image(tmp_path / "a.png", np.zeros((2, 2, 3), np.uint8))
    finally:
        tmp_path.chmod(0o700)


def test_pictures_and_videos_are_told_apart_by_their_suffix() -> None:
    assert not IMAGE_SUFFIXES & VIDEO_SUFFIXES
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in IMAGE_SUFFIXES | VIDEO_SUFFIXES)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageUnreadable, match="not a file"):
        read_image(tmp_path / "pipe.jpg")
