"""Who is here and since when, from frame to frame."""

from __future__ import annotations

import numpy as np

from netcafe_face.domain.faces import Detection, QualityReport
from netcafe_face.domain.matching import DecisionRule
from netcafe_face.domain.people import Presence, Seat
from netcafe_face.domain.results import Face, FrameResult, Label, SeenFace
from netcafe_face.gui.who_is_here import WhoIsHere

RULE = DecisionRule(0.6, 0.05, 0.4, 1e-4, 3, False)
FRAME = np.full((100, 200, 3), 90, np.uint8)


def seen(x: float, label: Label) -> SeenFace:
    detection = Detection(np.array([x, 20, 40, 40]), np.zeros((5, 2)), 0.9)
    quality = QualityReport(40, 0.8, 120, 40, 0, 0, 0, 0, frozenset())
    return SeenFace(Face(detection, quality), label)


def frame(at_s: float, *faces: SeenFace) -> FrameResult:
    return FrameResult("cam", FRAME, faces, RULE, at_s, None, 5.0)


def stranger(track: int) -> Label:
    return Label(Presence.STRANGER, "", 0.1, track)


def known(track: int, customer: int = 7) -> Label:
    return Label(Presence.KNOWN, "Vy", 0.8, track, customer)


def test_since_counts_from_before_the_name_was_known() -> None:
    who = WhoIsHere()
    who.update(frame(10.0, seen(5, stranger(1))))
    who.update(frame(12.0, seen(5, known(1))))
    (person,) = who.people()
    assert person.label.text == "Vy"
    assert person.since_s == 10.0


def test_a_customer_whose_track_was_lost_for_a_moment_is_still_one_person() -> None:
    who = WhoIsHere()
    who.update(frame(10.0, seen(5, known(1))))
    who.update(frame(11.0, seen(5, stranger(2))))
    who.update(frame(11.5, seen(5, known(2))))
    (person,) = who.people()
    assert person.since_s == 10.0


def test_a_name_that_is_taken_back_is_gone_at_once() -> None:
    who = WhoIsHere()
    who.update(frame(10.0, seen(5, known(1)), seen(100, known(2, customer=8))))
    who.update(frame(11.0, seen(5, stranger(1)), seen(100, known(2, customer=8))))
    assert [(person.label.text, person.since_s) for person in who.people()] == [("Vy", 10.0), ("", 10.0)]
    assert who.people()[0].label.customer_id == 8


def test_whoever_is_out_of_sight_is_gone_after_a_moment() -> None:
    who = WhoIsHere()
    who.update(frame(10.0, seen(5, known(1)), seen(100, stranger(2))))
    who.update(frame(12.0, seen(100, stranger(2))))
    assert len(who.people()) == 2
    who.update(frame(13.0, seen(100, stranger(2))))
    assert [person.label.presence for person in who.people()] == [Presence.STRANGER]


def test_a_banned_customer_is_listed_first() -> None:
    who = WhoIsHere()
    banned = Label(Presence.BANNED, "Đức", 0.9, 3, 9)
    who.update(frame(1.0, seen(5, known(1)), seen(60, stranger(2)), seen(120, banned)))
    assert [person.label.text for person in who.people()] == ["Đức", "Vy", ""]


def test_a_face_is_at_the_seat_that_its_middle_is_in() -> None:
    seats = (Seat("A01", "cam", (0, 0, 0.5, 1)), Seat("A02", "cam", (0.5, 0, 0.5, 1)))
    who = WhoIsHere(seats)
    who.update(frame(1.0, seen(70, known(1)), seen(150, stranger(2))))
    left, right = who.at_seat(seats[0]), who.at_seat(seats[1])
    assert left is not None
    assert left.label.text == "Vy"
    assert right is not None
    assert right.label.presence is Presence.STRANGER


def test_without_tracks_faces_of_one_frame_are_told_apart() -> None:
    who = WhoIsHere()
    who.update(frame(1.0, seen(5, stranger(0)), seen(100, stranger(0))))
    assert len(who.people()) == 2
