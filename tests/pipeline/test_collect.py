"""One person's face is recorded as crops to train on: good ones, different ones, with consent."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from netcafe_face.camera.frames import Frame, FrameSource
from netcafe_face.camera.images import ImageFolder
from netcafe_face.camera.worker import CaptureRules
from netcafe_face.domain.errors import (
    ConsentMissing,
    NoPictures,
    OutputError,
    SourceUnavailable,
    ValueRefused,
    VideoUnreadable,
)
from netcafe_face.domain.faces import Image, QualityFlaw, QualityReport
from netcafe_face.pipeline.collect import (
    LIGHTS,
    PITCHES,
    YAWS,
    Collector,
    CollectRules,
    Outcome,
    cell_of,
    mark_of,
)
from netcafe_face.pipeline.frame_feed import FIRST_TRIES, FrameFeed
from netcafe_face.pipeline.person_folder import PersonFolder, RecordingConsent
from netcafe_face.vision.alignment import align
from netcafe_face.vision.images import read_image, write_image
from netcafe_face.vision.ports import Detector

AGREED = RecordingConsent("signed form 31", "Linh", "webcam 0")
NAME = "Nguyễn Thị Ngọc Ánh"


@pytest.fixture(scope="session")
def head_bgr(astronaut_bgr: Image) -> Image:
    """One person with a little room around the head."""
    return np.ascontiguousarray(astronaut_bgr[:250, 60:400])


def lit(image_bgr: Image, gain: float, lift: float = 0.0) -> Image:
    return np.clip(image_bgr.astype(np.float32) * gain + lift, 0, 255).astype(np.uint8)


def collector(
    detector: Detector, people: Path, name: str = NAME, rules: CollectRules | None = None
) -> Collector:
    return Collector(detector, PersonFolder(people, name, AGREED), rules)


def crops_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.png"))


def test_a_good_face_is_recorded_as_the_app_aligns_it(
    tmp_path: Path, detector: Detector, head_bgr: Image
) -> None:
    offered = collector(detector, tmp_path).offer(head_bgr)
    assert offered.outcome is Outcome.RECORDED
    assert offered.path is not None
    assert offered.path.parent == tmp_path / NAME
    (face,) = detector.detect(head_bgr)
    assert np.array_equal(read_image(offered.path), align(head_bgr, face.landmarks))


def test_the_same_face_again_is_dropped_and_another_light_is_kept(
    tmp_path: Path, detector: Detector, head_bgr: Image
) -> None:
    recording = collector(detector, tmp_path)
    frames = [head_bgr, head_bgr, lit(head_bgr, 1.01), lit(head_bgr, 0.6), lit(head_bgr, 0.6)]
    outcomes = [recording.offer(frame).outcome for frame in frames]
    again = Outcome.NEARLY_THE_SAME
    assert outcomes == [Outcome.RECORDED, again, again, Outcome.RECORDED, again]
    assert len(crops_in(tmp_path / NAME)) == recording.recorded == recording.coverage.total == 2


def test_how_much_must_change_can_be_chosen(tmp_path: Path, detector: Detector, head_bgr: Image) -> None:
    everything = collector(detector, tmp_path, rules=CollectRules(least_change=0.0))
    assert [everything.offer(head_bgr).outcome for _ in range(3)] == [Outcome.RECORDED] * 3
    little = collector(detector, tmp_path, "Another", CollectRules(least_change=1.0))
    assert little.offer(head_bgr).outcome is Outcome.RECORDED
    assert little.offer(lit(head_bgr, 1.05)).outcome is Outcome.RECORDED


def test_a_frame_with_several_people_or_nobody_is_left_out(
    tmp_path: Path, detector: Detector, group_bgr: Image
) -> None:
    recording = collector(detector, tmp_path)
    assert recording.offer(group_bgr).outcome is Outcome.SEVERAL_FACES
    assert recording.offer(np.full((200, 300, 3), 90, np.uint8)).outcome is Outcome.NO_FACE
    assert not (tmp_path / NAME).exists(), "nothing is written before there is a crop"


def test_poor_faces_are_left_out_and_it_is_said_why(
    tmp_path: Path, detector: Detector, head_bgr: Image
) -> None:
    recording = collector(detector, tmp_path)
    dark = recording.offer(lit(head_bgr, 0.15))
    assert dark.outcome is Outcome.POOR
    assert QualityFlaw.TOO_DARK in dark.flaws
    small = np.asarray(cv2.resize(head_bgr, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA), np.uint8)
    assert QualityFlaw.TOO_SMALL in recording.offer(small).flaws
    assert recording.flaws[QualityFlaw.TOO_DARK] == recording.flaws[QualityFlaw.TOO_SMALL] == 1
    assert recording.outcomes[Outcome.POOR] == 2


def test_the_smallest_face_can_be_chosen(tmp_path: Path, detector: Detector, head_bgr: Image) -> None:
    strict = collector(detector, tmp_path, rules=CollectRules(min_face_px=500))
    assert strict.offer(head_bgr).flaws == {QualityFlaw.TOO_SMALL}


def test_it_ends_when_there_are_enough(tmp_path: Path, detector: Detector, head_bgr: Image) -> None:
    recording = collector(detector, tmp_path, rules=CollectRules(count=2))
    outcomes = [recording.offer(lit(head_bgr, gain)).outcome for gain in (1.0, 0.8, 0.6)]
    assert outcomes == [Outcome.RECORDED, Outcome.RECORDED, Outcome.ENOUGH]
    assert recording.enough


def test_while_it_is_paused_nothing_is_recorded(tmp_path: Path, detector: Detector, head_bgr: Image) -> None:
    recording = collector(detector, tmp_path)
    recording.pause()
    assert recording.offer(head_bgr).outcome is Outcome.PAUSED
    assert recording.paused
    recording.resume()
    assert recording.offer(head_bgr).outcome is Outcome.RECORDED


def recordings(folder: Path) -> list[str]:
    return [path.stem.rpartition("-")[0] for path in crops_in(folder)]


def test_after_a_pause_another_recording_begins(tmp_path: Path, detector: Detector, head_bgr: Image) -> None:
    recording = collector(detector, tmp_path)
    for gain in (1.0, 0.8):
        recording.offer(lit(head_bgr, gain))
    recording.resume()
    recording.offer(lit(head_bgr, 0.65))
    recording.pause()
    recording.resume()
    recording.offer(lit(head_bgr, 0.5))
    names = recordings(tmp_path / NAME)
    assert len(names) == 4
    assert len(set(names)) == 2, "going on without having paused is still the same recording"
    assert sorted(names) == names


def test_a_later_run_adds_to_the_folder_and_does_not_repeat_it(
    tmp_path: Path, detector: Detector, head_bgr: Image
) -> None:
    first = collector(detector, tmp_path)
    first.offer(head_bgr)
    later = collector(detector, tmp_path, rules=CollectRules(count=2))
    assert later.coverage.total == 1
    assert np.array_equal(later.coverage.counts, first.coverage.counts)
    assert later.offer(head_bgr).outcome is Outcome.NEARLY_THE_SAME
    assert later.offer(lit(head_bgr, 0.6)).outcome is Outcome.RECORDED
    assert later.recorded == 1
    assert later.enough
    assert len(set(recordings(tmp_path / NAME))) == 2
    consents = json.loads((tmp_path / NAME / "consent.json").read_text(encoding="utf-8"))["consents"]
    assert [one["recording"] for one in consents] == recordings(tmp_path / NAME)


def test_a_damaged_crop_or_a_strange_file_of_an_earlier_run_does_no_harm(
    tmp_path: Path, detector: Detector, head_bgr: Image
) -> None:
    collector(detector, tmp_path).offer(head_bgr)
    (whole,) = crops_in(tmp_path / NAME)
    whole.write_bytes(whole.read_bytes()[:200])
    (tmp_path / NAME / "holiday.png").write_bytes(b"")
    (tmp_path / NAME / "20260101T000000-00007_xyz.png").write_bytes(b"")
    later = collector(detector, tmp_path)
    assert later.coverage.total == 0
    offered = later.offer(head_bgr)
    assert offered.outcome is Outcome.RECORDED
    assert offered.path is not None
    assert "-00008_" in offered.path.name, "no number is used twice"


def test_the_consent_is_kept_beside_the_crops(tmp_path: Path, detector: Detector, head_bgr: Image) -> None:
    collector(detector, tmp_path).offer(head_bgr)
    body = json.loads((tmp_path / NAME / "consent.json").read_text(encoding="utf-8"))
    (consent,) = body["consents"]
    assert body["name"] == NAME
    assert (consent["how_given"], consent["operator"]) == ("signed form 31", "Linh")
    assert consent["source"] == "webcam 0"
    assert consent["given_at"].endswith("+00:00")


@pytest.mark.parametrize("how", ["", "  \n"])
def test_without_consent_nothing_is_recorded(tmp_path: Path, how: str) -> None:
    with pytest.raises(ConsentMissing):
        PersonFolder(tmp_path, NAME, RecordingConsent(how, "Linh", "webcam"))


def test_a_damaged_record_of_consents_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    for content in ("{", "[]", '{"consents": 3}'):
        (tmp_path / NAME / "consent.json").write_text(content)
        with pytest.raises(OutputError):
            PersonFolder(tmp_path, NAME, AGREED)
        assert (tmp_path / NAME / "consent.json").read_text() == content


@pytest.mark.parametrize(
    "name",
    [
        *["", " ", ".", "..", "../An", "An/Bình", "An\\Bình", "C:", ".hidden", "An.", "con", "COM1.txt"],
        *["An\0", "An\u202e", "A" * 101, "Ánh" * 40, "a*"],
    ],
)
def test_a_name_that_no_folder_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueRefused):
        PersonFolder(tmp_path, name, AGREED)
    assert list(tmp_path.iterdir()) == []


def test_one_person_does_not_get_two_folders(tmp_path: Path, detector: Detector, head_bgr: Image) -> None:
    collector(detector, tmp_path, "Ann Lee").offer(head_bgr)
    for other in ("ann lee", "Ann_Lee", "ANN LEE"):
        with pytest.raises(ValueRefused):
            PersonFolder(tmp_path, other, AGREED)
    assert PersonFolder(tmp_path, "  Ann   Lee ", AGREED).path == tmp_path / "Ann Lee"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, detector: Detector, head_bgr: Image) -> None:
    (tmp_path / "people").write_text("a file")
    with pytest.raises(OutputError):
        collector(detector, tmp_path / "people").offer(head_bgr)


def report(yaw: float, pitch: float, brightness: float) -> QualityReport:
    return QualityReport(90.0, 0.8, brightness, 40.0, yaw, pitch, 0.0, 0.0, frozenset())


def test_poses_and_light_fall_into_their_cells() -> None:
    assert cell_of(report(0, 0, 127)) == (1, 1, 1)
    assert mark_of(cell_of(report(-30, 20, 60))) == "lud"
    assert mark_of(cell_of(report(30, -20, 200))) == "rdb"
    marks = {mark_of((x, y, z)) for x in range(3) for y in range(3) for z in range(3)}
    assert len(marks) == 27
    for words in (YAWS, PITCHES, LIGHTS):
        assert len({word[0] for word in words}) == 3


def test_coverage_counts_every_crop_once(tmp_path: Path, detector: Detector, head_bgr: Image) -> None:
    recording = collector(detector, tmp_path)
    for frame in (head_bgr, lit(head_bgr, 0.5), lit(head_bgr, 0.8, 70)):
        assert recording.offer(frame).outcome is Outcome.RECORDED
    counts = recording.coverage.counts
    assert counts.sum() == 3
    assert (counts.sum(axis=(0, 1)) == 1).all(), "one dark, one normal, one bright"
    assert np.array_equal(collector(detector, tmp_path).coverage.counts, counts), "and a later run knows it"


# --- the feed ----------------------------------------------------------------------------------------------


def write_frames(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        write_image(folder / f"{number}.png", np.full((20, 30, 3), number, np.uint8))
    return folder


def test_a_file_gives_every_frame_and_waits_for_the_reader(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "frames", 5)
    with FrameFeed(lambda: ImageFolder(folder, "frames"), is_camera=False) as feed:
        seen = []
        while not feed.ended:
            frame = feed.next()
            if frame is not None:
                seen.append(int(frame.image_bgr[0, 0, 0]))
    assert seen == [0, 1, 2, 3, 4]
    assert feed.problem is None


def test_a_file_that_cannot_be_used_says_so_at_once(tmp_path: Path) -> None:
    from netcafe_face.camera.video import VideoFile

    with pytest.raises(VideoUnreadable), FrameFeed(lambda: VideoFile(tmp_path / "no.mp4"), is_camera=False):
        pass
    (tmp_path / "empty").mkdir()
    with (
        pytest.raises(NoPictures),
        FrameFeed(lambda: ImageFolder(tmp_path / "empty"), is_camera=False) as feed,
    ):
        feed.next()


class Camera:
    """A camera that fails when it is first opened and ends after ten pictures."""

    name, realtime = "a camera", False
    opened = 0

    def open(self) -> None:
        Camera.opened += 1
        self._index = 0
        if Camera.opened == 1:
            raise SourceUnavailable(source=self.name, reason="it is not there")

    def read(self) -> Frame | None:
        self._index += 1
        picture = np.full((4, 4, 3), self._index, np.uint8)
        return Frame(picture, float(self._index), self._index) if self._index <= 10 else None

    def close(self) -> None:
        pass


def test_a_camera_that_fails_is_opened_again_and_the_newest_picture_counts() -> None:
    Camera.opened = 0

    def opener() -> FrameSource:
        return Camera()

    rules = CaptureRules(backoff_s=lambda _attempt: 0.2)
    with FrameFeed(opener, is_camera=True, rules=rules) as feed:
        problems, seen = set(), []
        for _ in range(200):
            frame = feed.next(0.02)
            problems.add(type(feed.problem))
            if frame is not None:
                seen.append(int(frame.image_bgr[0, 0, 0]))
            if feed.ended:
                break
    assert SourceUnavailable in problems
    assert seen[-1] == 10
    assert seen == sorted(seen)
    assert feed.ended


def test_a_camera_that_never_gives_a_picture_is_given_up() -> None:
    class Missing(Camera):
        def open(self) -> None:
            Camera.opened += 1
            raise SourceUnavailable(source=self.name, reason="it is not there")

    Camera.opened = 0
    rules = CaptureRules(backoff_s=lambda _attempt: 0.05)
    with FrameFeed(lambda: Missing(), is_camera=True, rules=rules) as feed:

        def wait_for_ever() -> None:
            while feed.next(0.02) is None:
                pass

        with pytest.raises(SourceUnavailable, match="a camera"):
            wait_for_ever()
    assert Camera.opened >= FIRST_TRIES
