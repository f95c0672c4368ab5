from __future__ import annotations

import os
import signal
import time

import pytest

from netcafe_face.trainer.loop.interrupts import stop_when_asked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_is_asked_to_save_and_end_instead_of_being_torn_away(number: signal.Signals) -> None:
    with stop_when_asked() as should_stop:
        assert not should_stop()
        os.kill(os.getpid(), number)
        assert should_stop()


def test_a_second_wish_some_time_later_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [50.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with stop_when_asked() as should_stop:
        os.kill(os.getpid(), signal.SIGINT)
        now[0] += 0.5
        os.kill(os.getpid(), signal.SIGTERM)  # torchrun passes Ctrl-C on to those who have heard it
        assert should_stop()
        now[0] += 1.0
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_afterwards_ctrl_c_is_what_it_was_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stop_when_asked():
        pass
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
