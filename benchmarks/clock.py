"""CPU seconds of a call, and of a command with its child processes; medians of several runs."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SHARED = Path(os.environ.get("STRATOMICS_SHARED", Path(__file__).parents[2] / "shared"))


def cpu(call: Callable[[], Any]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def command_cpu(words: Sequence[str], cwd: Path | None = None) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=cwd, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def alternate(
    one: Callable[[], float], two: Callable[[], float], runs: int = 5
) -> tuple[float, float, float]:
    """Run both alternately; medians of their results and of the pairwise ratio."""
    pairs = [(one(), two()) for _ in range(runs)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )
