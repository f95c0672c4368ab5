"""Who is in a picture, a folder, a video: one answer a file, and the inputs stay as they were."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from netcafe_face.domain.errors import Cancelled, ImageUnreadable, OutputError, VideoUnreadable
from netcafe_face.domain.faces import Image
from netcafe_face.domain.people import Presence
from netcafe_face.gallery.service import Gallery
from netcafe_face.pipeline.identify import (
    FileRefused,
    FrameIdentified,
    IdentifyEvent,
    IdentifyOptions,
    PictureIdentified,
    VideoIdentified,
    identify,
)
from netcafe_face.pipeline.media import media_files, natural_key
from netcafe_face.pipeline.video_file import VideoReader, VideoWriter
from netcafe_face.vision.images import read_image, write_image
from tests.files_kit import ASTRONAUT, SHARED, SIX_PEOPLE, enrol, pack, recognizer, six_faces, write_video


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path / "data", pack().pack_id) as opened:
        yield opened


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames at ten a second: the six people drift through the picture."""
    photo = read_image(SIX_PEOPLE)
    frames = [np.ascontiguousarray(photo[40:740, 4 * step : 1200 + 4 * step]) for step in range(12)]
    return write_video(tmp_path_factory.mktemp("clip") / "six.mp4", frames)


def run(gallery: Gallery, *paths: Path, **options: object) -> list[IdentifyEvent]:
    return list(identify(recognizer(), gallery, paths, IdentifyOptions(**options)))  # type: ignore[arg-type]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_enrolled_person_is_named_in_a_photo_and_the_others_are_not(gallery: Gallery) -> None:
    enrol(gallery, six_faces()[0], "KH-1", "Nguyễn Thị Minh Khai")
    (event,) = run(gallery, SIX_PEOPLE)
    assert isinstance(event, PictureIdentified)
    names = [seen.label.text for seen in event.faces if seen.label.presence is Presence.KNOWN]
    assert len(event.faces) >= 6
    assert names == ["Nguyễn Thị Minh Khai"]
    assert event.size == (1280, 886)
    assert event.rule.templates == 1


def test_a_deleted_customer_is_a_stranger_in_the_next_file(gallery: Gallery) -> None:
    enrol(gallery, six_faces()[0], "KH-1", "Nguyễn Thị Minh Khai")
    events = identify(recognizer(), gallery, [SIX_PEOPLE, SIX_PEOPLE])
    first = next(events)
    gallery.delete("KH-1")
    second = next(events)
    assert isinstance(first, PictureIdentified)
    assert isinstance(second, PictureIdentified)
    assert any(seen.label.text for seen in first.faces)
    assert not any(seen.label.text for seen in second.faces)


def test_results_hold_no_crops_or_embeddings_unless_asked(gallery: Gallery) -> None:
    (light,) = run(gallery, SIX_PEOPLE)
    (heavy,) = run(gallery, SIX_PEOPLE, keep_crops=True)
    assert isinstance(light, PictureIdentified)
    assert isinstance(heavy, PictureIdentified)
    assert all(seen.face.crop_bgr is None and seen.face.embedding is None for seen in light.faces)
    assert any(seen.face.crop_bgr is not None for seen in heavy.faces)


def test_a_folder_is_searched_in_natural_order_and_bad_files_do_not_stop_it(
    gallery: Gallery, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for name in ("photo 10.png", "photo 2.png", "sub/a.png", ".hidden.png"):
        shutil.copy(ASTRONAUT, folder / name)
    (folder / "photo 3.png").write_bytes(b"")
    (folder / "photo 4.jpg").write_bytes(b"not a picture")
    (folder / "broken.mp4").write_bytes(b"\0" * 4000)
    (folder / "notes.txt").write_text("not media")
    (folder / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(folder / "pipe.png")
    events = run(gallery, folder)
    assert [event.path.name for event in events] == [
        "broken.mp4",
        "gone.png",
        "photo 2.png",
        "photo 3.png",
        "photo 4.jpg",
        "photo 10.png",
        "a.png",
    ]
    refused = {event.path.name: type(event.error) for event in events if isinstance(event, FileRefused)}
    assert refused == {
        "broken.mp4": VideoUnreadable,
        "gone.png": ImageUnreadable,
        "photo 3.png": ImageUnreadable,
        "photo 4.jpg": ImageUnreadable,
    }


def test_files_named_one_by_one_are_each_answered_whatever_they_are(gallery: Gallery, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "empty.mp4").write_bytes(b"")
    named = [
        tmp_path / "nowhere.png",
        tmp_path / "nowhere.mp4",
        tmp_path / "pipe.png",
        tmp_path / "empty.mp4",
    ]
    events = run(gallery, *named)
    assert [event.path for event in events] == named
    assert all(isinstance(event, FileRefused) for event in events)


def test_a_folder_that_may_not_be_entered_or_loops_is_passed_over(gallery: Gallery, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(ASTRONAUT, folder / "a.png")
    (folder / "loop").symlink_to(folder)
    assert [media.path.name for media in media_files([folder])] == ["a.png"]
    vanished = media_files([folder])
    shutil.rmtree(folder)
    assert [media.path for media in vanished] == [folder]


def test_a_folder_that_vanishes_while_it_is_searched_does_not_stop_the_rest(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "z").mkdir()
    for name in ("a.png", "sub/b.png", "z/c.png"):
        shutil.copy(ASTRONAUT, tmp_path / name)
    found = media_files([tmp_path])
    assert next(found).path.name == "a.png"
    shutil.rmtree(tmp_path / "sub")
    assert [media.path.name for media in found] == ["c.png"]


def test_a_video_without_a_single_whole_frame_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "hollow.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    for step in range(5):
        writer.write(np.full((120, 160, 3), 8 * step, np.uint8))
    writer.release()
    data = bytearray(path.read_bytes())
    start = data.index(b"movi")
    data[start + 12 :] = b"\0" * len(data[start + 12 :])
    path.write_bytes(data)
    (event,) = run(gallery, path)
    assert isinstance(event, FileRefused)
    assert isinstance(event.error, VideoUnreadable)


def test_annotated_copies_never_overwrite_anything(gallery: Gallery, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/a.png"):
        shutil.copy(ASTRONAUT, folder / name)
    Pillow.open(ASTRONAUT).save(folder / "b.gif")
    before = {path: digest(path) for path in folder.rglob("*.*")}
    out = folder / "annotated"
    first = run(gallery, folder, out=out)
    again = run(gallery, folder, out=out)
    places = [event.annotated for event in first + again if isinstance(event, PictureIdentified)]
    assert [place.relative_to(out).as_posix() for place in places if place] == [
        "a.png",
        "b.png",
        "sub/a.png",
        "a-2.png",
        "b-2.png",
        "sub/a-2.png",
    ]
    assert {path: digest(path) for path in before} == before
    assert not np.array_equal(read_image(out / "a.png"), read_image(ASTRONAUT))


def test_copies_beside_the_originals_take_other_names(gallery: Gallery, tmp_path: Path) -> None:
    picture = Path(shutil.copy(ASTRONAUT, tmp_path / "a.png"))
    before = digest(picture)
    (event,) = run(gallery, picture, out=tmp_path)
    assert isinstance(event, PictureIdentified)
    assert event.annotated == tmp_path / "a-2.png"
    assert digest(picture) == before


def test_one_picture_can_be_copied_to_a_named_file_but_not_onto_itself(
    gallery: Gallery, tmp_path: Path
) -> None:
    picture = Path(shutil.copy(ASTRONAUT, tmp_path / "a.png"))
    (event,) = run(gallery, picture, out=tmp_path / "new" / "named.jpg")
    assert isinstance(event, PictureIdentified)
    assert event.annotated == tmp_path / "new" / "named.jpg"
    before = digest(picture)
    (tmp_path / "alias.png").hardlink_to(picture)
    for itself in (picture, tmp_path / "alias.png"):
        with pytest.raises(OutputError, match="itself"):
            run(gallery, picture, out=itself)
    assert digest(picture) == before


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_output_folder_that_cannot_be_made_is_said_at_once(
    gallery: Gallery, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        run(gallery, ASTRONAUT, SIX_PEOPLE, out=tmp_path / place)


def test_captions_follow_the_language_of_whoever_asks(gallery: Gallery, tmp_path: Path) -> None:
    texts: list[str] = []

    def caption(label: object) -> str:
        texts.append(str(label))
        return "người lạ"

    run(gallery, ASTRONAUT, out=tmp_path / "out", caption=caption)
    assert texts


def test_thumbnails_keep_the_shape_and_are_small(gallery: Gallery) -> None:
    (event,) = run(gallery, SIX_PEOPLE, thumbnail_px=64)
    assert isinstance(event, PictureIdentified)
    assert event.thumbnail_bgr is not None
    assert event.thumbnail_bgr.shape == (44, 64, 3)


def test_a_video_gives_every_frame_a_summary_and_an_annotated_copy(
    gallery: Gallery, clip: Path, tmp_path: Path
) -> None:
    enrol(gallery, six_faces()[0], "KH-1", "Nguyễn Thị Minh Khai")
    events = run(gallery, clip, out=tmp_path / "out", thumbnail_px=64)
    frames = [event for event in events if isinstance(event, FrameIdentified)]
    (video,) = [event for event in events if isinstance(event, VideoIdentified)]
    assert [frame.number for frame in frames] == list(range(12))
    assert [round(frame.position_s, 2) for frame in frames] == [round(step / 10, 2) for step in range(12)]
    assert [frame.thumbnail_bgr is not None for frame in frames] == [True] + [False] * 11
    assert frames[0].frames_expected == 12
    assert (video.frames, video.complete, video.cut_short) == (12, True, False)
    assert any(person.text == "Nguyễn Thị Minh Khai" for person in video.people)
    assert video.annotated == tmp_path / "out" / "six.mp4"
    with VideoReader(video.annotated) as reader:
        assert len(list(reader.frames())) == 12
        assert reader.fps == pytest.approx(10.0)


def test_a_video_can_be_sampled(gallery: Gallery, clip: Path, tmp_path: Path) -> None:
    events = run(gallery, clip, fps=5.0, out=tmp_path / "named.mp4")
    assert [event.number for event in events if isinstance(event, FrameIdentified)] == [0, 2, 4, 6, 8, 10]
    with VideoReader(tmp_path / "named.mp4") as reader:
        assert reader.fps == pytest.approx(5.0)


def test_sampling_faster_than_the_video_gives_each_frame_once(gallery: Gallery, clip: Path) -> None:
    events = run(gallery, clip, fps=100.0)
    assert [event.number for event in events if isinstance(event, FrameIdentified)] == list(range(12))


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), 1e9])
def test_a_senseless_rate_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="frames a second"):
        IdentifyOptions(fps=fps)


def test_an_animation_is_looked_at_like_a_video(gallery: Gallery, tmp_path: Path) -> None:
    pictures = [Pillow.open(ASTRONAUT).convert("P").rotate(angle) for angle in (0, 1, 2)]
    pictures[0].save(tmp_path / "moving.gif", save_all=True, append_images=pictures[1:], duration=100)
    pictures[0].save(tmp_path / "still.gif")
    (tmp_path / "odd.gif").write_bytes(b"GIF89a")
    kinds = {media.path.name: media.is_video for media in media_files([tmp_path])}
    assert kinds == {"moving.gif": True, "still.gif": False, "odd.gif": False}
    events = run(gallery, tmp_path / "moving.gif")
    assert isinstance(events[-1], VideoIdentified)
    assert events[-1].frames == 3


def test_stopping_keeps_the_finished_files_and_a_playable_part_of_the_video(
    gallery: Gallery, clip: Path, tmp_path: Path
) -> None:
    seen: list[IdentifyEvent] = []
    options = IdentifyOptions(out=tmp_path / "out", cancelled=lambda: len(seen) >= 4)
    events = identify(recognizer(), gallery, [ASTRONAUT, clip, SIX_PEOPLE], options)

    def collect() -> None:
        for event in events:
            seen.append(event)

    with pytest.raises(Cancelled):
        collect()
    last = seen[-1]
    assert isinstance(last, VideoIdentified)
    assert (last.frames, last.complete, last.cut_short) == (3, False, False)
    assert (tmp_path / "out" / "astronaut.png").exists()
    with VideoReader(tmp_path / "out" / "six.mp4") as reader:
        assert len(list(reader.frames())) == 3


def test_stopping_in_the_only_video_is_told_as_well(gallery: Gallery, clip: Path) -> None:
    seen: list[IdentifyEvent] = []
    options = IdentifyOptions(cancelled=lambda: len(seen) >= 2)

    def collect() -> None:
        for event in identify(recognizer(), gallery, [clip], options):
            seen.append(event)

    with pytest.raises(Cancelled):
        collect()
    assert isinstance(seen[-1], VideoIdentified)
    assert not seen[-1].complete


def test_an_interrupt_between_frames_still_finishes_the_video(
    gallery: Gallery, clip: Path, tmp_path: Path
) -> None:
    options = IdentifyOptions(out=tmp_path / "out")

    def interrupted() -> None:
        with closing(identify(recognizer(), gallery, [clip], options)) as events:
            next(events)
            next(events)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with VideoReader(tmp_path / "out" / "six.mp4") as reader:
        assert len(list(reader.frames())) == 2
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_a_full_disk_leaves_no_half_video(tmp_path: Path) -> None:
    noise = np.random.default_rng(1)
    frames: list[Image] = [noise.integers(0, 255, (240, 320, 3), dtype=np.uint8) for _ in range(30)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OutputError):
            write_video(tmp_path / "full.mp4", frames)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_a_video_that_cannot_be_begun_or_named_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        VideoWriter(tmp_path / "nowhere" / "a.mp4", 10, (64, 48))
    writer = VideoWriter(tmp_path / "a.mp4", 10, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.write(np.zeros((96, 128, 3), np.uint8))
    (tmp_path / "a.mp4").mkdir()
    (tmp_path / "a.mp4" / "in the way").touch()
    with pytest.raises(OutputError):
        writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_video_cut_off_in_the_middle_is_said_to_be_damaged(
    gallery: Gallery, clip: Path, tmp_path: Path
) -> None:
    frames = [np.full((120, 160, 3), 8 * step, np.uint8) for step in range(30)]
    path = str(tmp_path / "cut.avi")
    writer = cv2.VideoWriter(path, cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    for frame in frames:
        writer.write(frame)
    writer.release()
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[: len(whole) // 2])
    events = run(gallery, Path(path))
    video = events[-1]
    assert isinstance(video, VideoIdentified)
    assert 0 < video.frames < 30
    assert video.cut_short


def test_single_frames_of_a_video_can_be_fetched(clip: Path) -> None:
    with VideoReader(clip) as reader:
        assert reader.frame_at(5).shape == (700, 1200, 3)
        with pytest.raises(VideoUnreadable):
            reader.frame_at(500)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.mp4"
    path.write_bytes(b"x")

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(VideoUnreadable, match="Permission denied"):
        VideoReader(path)


def test_names_sort_as_people_count() -> None:
    names = ["b", "a10", "A2", "a2b", "10", "9", "²"]
    assert sorted(names, key=natural_key) == ["9", "10", "A2", "a2b", "a10", "b", "²"]


def test_a_written_picture_of_any_media_kind_is_found(gallery: Gallery, tmp_path: Path) -> None:
    write_image(tmp_path / "UPPER.PNG", np.zeros((4, 4, 3), np.uint8))
    (event,) = run(gallery, tmp_path)
    assert isinstance(event, PictureIdentified)
    assert event.faces == ()


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "data" / "videos").is_dir(), reason="the shared data folder is not there")
def test_every_shared_video_can_be_identified(gallery: Gallery) -> None:
    events = run(gallery, SHARED / "data" / "videos", fps=0.5)
    assert not [event for event in events if isinstance(event, FileRefused)]
    assert sum(isinstance(event, VideoIdentified) for event in events) >= 7


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_an_annotated_video_is_for_this_user_alone(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "named.mp4", 10.0, (64, 48))
    assert [path.stat().st_mode & 0o077 for path in tmp_path.iterdir()] == [0]
    writer.write(np.zeros((48, 64, 3), np.uint8))
    assert writer.close().stat().st_mode & 0o777 == 0o600
