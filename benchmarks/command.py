"""CPU seconds of the command line: its help, and a full run of the bundled cohort."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.clock import command_cpu


def rows() -> Iterator[str]:
    stratomics = str(Path(sys.executable).with_name("stratomics"))
    seconds = statistics.median(command_cpu([stratomics, "--help"]) for _ in range(7))
    yield f"stratomics --help: {seconds:.2f} CPU s"
    with tempfile.TemporaryDirectory() as folder:
        seconds = command_cpu([stratomics, "run", "configs/experiment/tcga_acc.yaml"], cwd=Path(folder))
    yield f"run of tcga_acc, 5 x 5 folds, three methods, MLflow and report: {seconds:.0f} CPU s"
