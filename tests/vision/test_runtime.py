"""Where networks run: explicit threads, no spinning, and the processor where there is nothing better."""

from __future__ import annotations

import os

import onnxruntime
import pytest

from netcafe_face.vision.runtime import (
    PROVIDERS,
    Runtime,
    available_providers,
    provider_names,
    session_options,
)


def test_threads_are_as_many_as_asked_for() -> None:
    assert Runtime(threads=3).thread_count == 3


def test_left_alone_half_of_the_processors_are_used_and_four_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for count in (None, 1, 2, 6, 64):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        found[count] = Runtime().thread_count
    assert found == {None: 1, 1: 1, 2: 1, 6: 3, 64: 4}


@pytest.mark.parametrize("threads", [-1, 257])
def test_a_senseless_number_of_threads_is_refused(threads: int) -> None:
    with pytest.raises(ValueError, match="threads"):
        Runtime(threads=threads)


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(ValueError, match="cuda"):
        Runtime(provider="abacus")


def test_a_session_gets_its_threads_and_does_not_spin_while_idle() -> None:
    options = session_options(Runtime(threads=3))
    assert options.intra_op_num_threads == 3
    assert options.inter_op_num_threads == 1
    assert options.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.get_session_config_entry("session.inter_op.allow_spinning") == "0"


def test_the_processor_is_always_there_and_always_last() -> None:
    assert available_providers()[-1] == "cpu"
    assert set(available_providers()) <= set(PROVIDERS)
    for provider in PROVIDERS:
        assert provider_names(Runtime(provider=provider))[-1] == "CPUExecutionProvider"
    assert provider_names(Runtime()) == ["CPUExecutionProvider"]


def test_a_provider_that_this_computer_lacks_falls_back_to_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offered = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: offered)
    assert available_providers() == ["cuda", "cpu"]
    assert provider_names(Runtime(provider="cuda")) == offered
    assert provider_names(Runtime(provider="directml")) == ["CPUExecutionProvider"]
