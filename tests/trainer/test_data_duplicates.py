"""The same picture is found twice, whatever its size and compression; different people are left alone."""

from __future__ import annotations

import itertools
import time

import cv2
import numpy as np

from netcafe_face.domain.faces import Image
from netcafe_face.trainer.data import duplicates
from netcafe_face.trainer.data.duplicates import (
    Fingerprint,
    correlation,
    dhash,
    equal_groups,
    fingerprint,
    like_pairs,
)
from netcafe_face.vision.images import decode, encode_jpeg, encode_png
from tests.files_kit import six_faces


def crops() -> list[Image]:
    return [face.crop_bgr for face in six_faces() if face.crop_bgr is not None]


def resaved(image_bgr: Image, quality: int = 50) -> Image:
    return decode(encode_jpeg(image_bgr, quality), "again")


def moved(image_bgr: Image, by_px: float) -> Image:
    shift = np.array([[1, 0, by_px], [0, 1, 0.0]])
    return np.asarray(cv2.warpAffine(image_bgr, shift, (112, 112), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def found(images: list[Image]) -> set[tuple[int, int]]:
    return {(pair.first, pair.second) for pair in like_pairs([fingerprint(image) for image in images])}


def test_a_picture_saved_again_is_nearly_equal_to_itself() -> None:
    first, second, *others = crops()
    assert found([first, second, *others, resaved(first), resaved(second, 30)]) == {(0, 6), (1, 7)}


def test_a_picture_of_another_size_or_a_little_moved_is_found() -> None:
    first, second, third, *others = crops()
    larger = np.asarray(cv2.resize(first, (300, 300), interpolation=cv2.INTER_CUBIC), np.uint8)
    brighter = np.clip(third.astype(np.int16) + 15, 0, 255).astype(np.uint8)
    assert {(0, 6), (1, 7), (2, 8)} <= found(
        [first, second, third, *others, larger, moved(second, 1), brighter]
    )


def test_six_people_in_one_photo_are_no_duplicates() -> None:
    assert found(crops()) == set()


def test_equal_files_are_told_from_nearly_equal_ones() -> None:
    first, second, third, *_ = crops()
    prints = [fingerprint(image) for image in (first, second, first, third, second, first)]
    assert equal_groups(prints) == [(0, 2, 5), (1, 4)]
    assert like_pairs(prints) == [], "equal pictures are not counted again as nearly equal"


def test_files_with_equal_pixels_but_other_bytes_are_nearly_equal() -> None:
    first = crops()[0]
    prints = [fingerprint(first, encode_png(first)), fingerprint(first, encode_jpeg(first))]
    assert equal_groups(prints) == []
    assert [(pair.first, pair.second, round(pair.likeness, 6)) for pair in like_pairs(prints)] == [
        (0, 1, 1.0)
    ]


def test_the_likest_pair_comes_first() -> None:
    first, second, *_ = crops()
    pairs = like_pairs([fingerprint(i) for i in (first, second, resaved(second, 20), resaved(first, 90))])
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 3), (1, 2)]
    assert pairs[0].likeness > pairs[1].likeness


def test_the_difference_hash_asks_whether_it_grows_brighter_to_the_right() -> None:
    ramp = np.tile(np.linspace(0, 255, 90).astype(np.uint8), (80, 1))
    assert dhash(ramp) == 2**64 - 1
    assert dhash(ramp[:, ::-1].copy()) == 0
    half = np.concatenate([ramp[:40], ramp[:40, ::-1]])
    assert dhash(half) == (2**64 - 1) ^ (2**32 - 1), "the upper rows are the upper bits"


def test_plain_pictures_are_like_nothing() -> None:
    plain = np.full((24, 24), 7, np.uint8)
    assert correlation(plain, plain) == 0.0
    steps = np.arange(576, dtype=np.uint8).reshape(24, 24)
    assert correlation(steps, steps) > 0.999999


def of_bits(bits: int) -> Fingerprint:
    thumbnail = np.random.default_rng(0).integers(0, 256, (24, 24)).astype(np.uint8)
    return Fingerprint(bits.to_bytes(8, "big"), bits, thumbnail)


def test_no_pair_within_five_bits_is_missed_and_none_beyond_is_taken() -> None:
    rng = np.random.default_rng(1)
    start = [int(value) for value in rng.integers(0, 2**63, 40)]
    prints = [of_bits(bits) for bits in start]
    expected = set()
    for number, bits in enumerate(start):
        for flips in (1, 5, 6):
            changed = bits
            for bit in rng.choice(64, flips, replace=False):
                changed ^= 1 << int(bit)
            prints.append(of_bits(changed))
            if flips <= duplicates.MOST_BITS:
                expected.add((number, len(prints) - 1))
    pairs = {(pair.first, pair.second) for pair in like_pairs(prints)}
    assert expected <= pairs
    by_hand = {
        (a, b)
        for a, b in itertools.combinations(range(len(prints)), 2)
        if (prints[a].bits ^ prints[b].bits).bit_count() <= duplicates.MOST_BITS
    }
    assert pairs == by_hand


def test_thousands_of_pictures_that_are_all_alike_do_not_fill_the_memory() -> None:
    rng = np.random.default_rng(2)
    prints = [of_bits(int(one)) for one in rng.choice(2**12, 1500, replace=False)]
    assert len(like_pairs(prints, most=200)) == 200


def test_fifty_thousand_pictures_are_compared_in_seconds() -> None:
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2**63, 50_000).astype(np.uint64)
    bits[-1] = bits[0] ^ np.uint64(0b10101)
    began = time.process_time()
    assert (0, 49_999) in duplicates._close_hashes(bits, 1000)
    assert time.process_time() - began < 20
