"""One slot, two threads: the newest item arrives, the rest is counted, and nobody waits for ever."""

from __future__ import annotations

import threading
import time

from netcafe_face.pipeline.mailbox import Mailbox


def test_an_item_is_taken_once() -> None:
    box: Mailbox[str] = Mailbox()
    box.put("a")

    assert box.take(0.0) == "a"
    assert box.take(0.0) is None
    assert box.dropped == 0


def test_only_the_newest_item_is_kept_and_the_others_are_counted() -> None:
    box: Mailbox[int] = Mailbox()
    for number in range(5):
        box.put(number)

    assert box.take(0.0) == 4
    assert box.dropped == 4


def test_an_item_that_is_false_is_an_item() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(0)
    box.put(0)

    assert box.take(0.0) == 0
    assert box.dropped == 1


def test_a_taker_waits_for_the_next_item() -> None:
    box: Mailbox[str] = Mailbox()
    taken: list[str | None] = []
    taker = threading.Thread(target=lambda: taken.append(box.take(60.0)))
    taker.start()

    box.put("a")
    taker.join(30.0)

    assert taken == ["a"]


def test_closing_wakes_every_taker_with_nothing() -> None:
    box: Mailbox[str] = Mailbox()
    taken: list[str | None] = []
    takers = [threading.Thread(target=lambda: taken.append(box.take(600.0))) for _ in range(3)]
    for taker in takers:
        taker.start()

    box.close()
    for taker in takers:
        taker.join(30.0)

    assert taken == [None, None, None]
    assert box.closed


def test_a_closed_mailbox_holds_nothing_and_takes_nothing_in() -> None:
    box: Mailbox[str] = Mailbox()
    box.put("unread")
    box.close()
    box.close()
    box.put("late")

    assert box.take(0.0) is None
    assert box.dropped == 0


def test_between_a_fast_and_a_slow_thread_order_holds_and_nothing_is_lost_uncounted() -> None:
    box: Mailbox[int] = Mailbox()
    taken: list[int] = []

    def take_slowly() -> None:
        while (item := box.take(30.0)) is not None and item < 2000:
            taken.append(item)
            time.sleep(0.0005)

    taker = threading.Thread(target=take_slowly)
    taker.start()
    for number in range(1, 2000):
        box.put(number)
    while box.dropped + len(taken) < 1999:
        time.sleep(0.001)
    box.put(2000)
    taker.join(30.0)

    assert taken == sorted(set(taken))
    assert taken[-1] == 1999
    assert box.dropped == 1999 - len(taken)
