"""Where and how networks run: the provider, the threads, and nothing left to chance."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}


@dataclass(frozen=True)
class Runtime:
    """How to run ONNX networks.

    Attributes:
        provider: a key of `PROVIDERS`; one that this computer does not offer falls back to the CPU.
        threads: for one network; 0 takes half of the processors, at most four.

    Raises:
        ValueError: there is no such provider, or the threads are not 0 to 256.
    """

    provider: str = "cpu"
    threads: int = 0

    def __post_init__(self) -> None:
        if self.provider not in PROVIDERS:
            raise ValueError(f"provider must be one of {sorted(PROVIDERS)}, got {self.provider!r}")
        if not 0 <= self.threads <= 256:
            raise ValueError(f"threads must be 0 to 256, got {self.threads}")

    @property
    def thread_count(self) -> int:
        """Return the number of threads to ask for."""
        return self.threads or min(4, max(1, (os.cpu_count() or 2) // 2))


def available_providers() -> list[str]:
    """Return the keys of `PROVIDERS` that ONNX Runtime offers on this computer, the CPU last."""
    import onnxruntime

    offered = set(onnxruntime.get_available_providers())
    return [key for key, name in PROVIDERS.items() if name in offered and key != "cpu"] + ["cpu"]


def provider_names(runtime: Runtime) -> list[str]:
    """Return the execution providers to ask ONNX Runtime for, the CPU always last."""
    chosen = runtime.provider if runtime.provider in available_providers() else "cpu"
    return list(dict.fromkeys([PROVIDERS[chosen], PROVIDERS["cpu"]]))


def session_options(runtime: Runtime) -> Any:
    """Make ONNX Runtime session options: explicit threads that sleep, not spin, between frames."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = runtime.thread_count
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options
