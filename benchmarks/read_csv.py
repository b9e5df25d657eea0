"""Read and check a cohort of 500 patients x 20,000 genes from csv, compared with pandas.read_csv; peak memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.clock import alternate, command_cpu, cpu
from omics.cohort.read import read_cohort

PATIENTS, GENES = 500, 20_000

PEAK = """
import re, sys
from pathlib import Path
from omics.cohort.read import read_cohort
read_cohort("bundled:tcga_acc")
peak = lambda: 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
view = read_cohort(sys.argv[1])["rna"]
print((peak() - before) / (view.n_obs * view.n_vars * 8))
"""


def rows() -> Iterator[str]:
    read_cohort("bundled:tcga_acc")  # imports are not timed
    for scale in ("log", "counts"):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            write(folder, scale)
            ours, others, ratio = alternate(
                lambda: cpu(lambda: read_cohort(folder)),  # noqa: B023  # called at once
                lambda: cpu(lambda: pd.read_csv(folder / "rna.csv", index_col=0)),  # noqa: B023  # called at once
            )
            peak = float(subprocess.check_output([sys.executable, "-c", PEAK, str(folder)], text=True))
            checked = command_cpu([sys.executable, "-m", "stratomics", "check", str(folder)])
        yield f"{scale}: stratomics {ours:.2f} CPU s, pandas {others:.2f} CPU s, ratio {ratio:.2f}"
        yield f"{scale}: the peak of memory while reading is {peak:.1f} times the numbers (float64)"
        yield f"{scale}: stratomics check, start of Python included, {checked:.1f} CPU s"


def write(folder: Path, scale: str) -> None:
    rng = np.random.default_rng(0)
    size = (PATIENTS, GENES)
    values = (
        rng.normal(size=size).round(4) if scale == "log" else rng.poisson(rng.lognormal(4, 2, GENES), size)
    )
    ids = pd.Index([f"P{i:03d}" for i in range(PATIENTS)], name="sample_id")
    pd.DataFrame(values, ids, [f"gene{j}" for j in range(GENES)]).to_csv(folder / "rna.csv")
    outcome = {"time": rng.exponential(500, PATIENTS) + 1, "event": rng.integers(0, 2, PATIENTS)}
    pd.DataFrame(outcome, ids).to_csv(folder / "outcome.csv")
    spec = {
        "name": "big",
        "samples": {"file": "outcome.csv"},
        "views": {"rna": {"modality": "transcriptomics", "file": "rna.csv", "scale": scale}},
        "endpoints": {"survival": {"time": "time", "event": "event"}},
    }
    (folder / "cohort.yaml").write_text(yaml.safe_dump(spec))
