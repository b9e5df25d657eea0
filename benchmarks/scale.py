"""One view in zarr: CPU seconds and memory of each step by patients and features, and what a biobank would come to."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harmonize import long_cohort
from stratomics.experiment.check_config import complete_config

SIZES = (
    (5_000, 2_000, 1000),
    (10_000, 2_000, 1000),
    (20_000, 2_000, 1000),
    (5_000, 8_000, 1000),
    (20_000, 2_000, 250),
)
"""Patients, features, and how many of those are kept."""
WHOLE = ((1_000, 2_000), (2_000, 2_000), (4_000, 2_000))
BIOBANK = (500_000, 20_000, 1000)


def rows() -> Iterator[str]:
    found = {size: _measured("encoded", *size) for size in SIZES}
    for (n, p, kept), steps in found.items():
        yield f"{n:,} x {p:,} in zarr, {kept:,} kept, encoder of one member: {_said(steps)}"
    yield from _laws(found)
    for n, p in WHOLE:
        yield f"{n:,} x {p:,} in zarr, fit of five members with heads: {_said(_measured('fitted', n, p, 1000))}"


def _measured(what: str, n: int, p: int, kept: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as place:
        folder = long_cohort(Path(place), "zarr", n, p)
        code = f"import benchmarks.scale as b; b.measure(b.{what}, {str(folder)!r}, {kept})"
        words = [sys.executable, "-W", "ignore", "-c", code]
        said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        shutil.rmtree(folder)
    steps: dict[str, float] = json.loads(said)
    return steps


def measure(what: Any, source: str, kept: int) -> None:
    """Print CPU seconds of each step as json, and what the peak of memory rose by, in GB."""
    import resource

    from omics.cohort.read import read_cohort
    from omics.readers import on_disk
    from stratomics.runtime.logs import quiet_libraries

    quiet_libraries()
    # However small: as a large one would be read.
    on_disk.LARGE = 1
    for warm in what(read_cohort("bundled:tcga_acc"), kept):
        del warm
    cohort = read_cohort(source)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    steps, begin = {}, time.process_time()
    for step in what(cohort, kept):
        steps[step] = time.process_time() - begin
        begin = time.process_time()
    steps["GB"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
    print(json.dumps(steps))


def encoded(cohort: Any, kept: int) -> Iterator[str]:
    """Learn and apply what one member looks through, as `stratomics/fitting/encoder.py` does."""
    from datamodules.cohort_datamodule import CohortDataModule
    from datamodules.config import HarmonizeConfig
    from models.factors.pca import PCA

    everybody = np.arange(cohort.n_obs)
    data = CohortDataModule(cohort, everybody, HarmonizeConfig(max_features=kept))
    data.setup()
    yield "harmonizer"
    [batch] = data.train_dataloader()
    yield "transform"
    PCA(15).fit_transform(batch)
    yield "pca"


def fitted(cohort: Any, kept: int) -> Iterator[str]:
    """Fit everything, in one process."""
    from datamodules.config import HarmonizeConfig
    from stratomics.config import ExperimentConfig
    from stratomics.fitting.fit import fit

    fit(
        cohort, complete_config(ExperimentConfig(harmonize=HarmonizeConfig(max_features=kept)), "survival"), 1
    )
    yield "fit"


def _said(steps: dict[str, float]) -> str:
    parts = ", ".join(f"{name} {value:.1f}" for name, value in steps.items() if name != "GB")
    return f"{parts} CPU s, peak + {steps['GB']:.2f} GB"


def _laws(found: dict[tuple[int, int, int], dict[str, float]]) -> Iterator[str]:
    """Fit each figure by patients, values measured and values kept, and say what a biobank would come to."""
    n, p, kept = np.array(list(found), dtype=float).T
    design = np.column_stack([n, n * p, n * kept])
    patients, features, most = BIOBANK
    for name in next(iter(found.values())):
        seen = np.array([steps[name] for steps in found.values()])
        law, *_ = np.linalg.lstsq(design, seen, rcond=None)
        total = float(law @ [patients, patients * features, patients * most])
        yield (
            f"{name}: {law[0] * 1e6:.0f} a million patients + {law[1] * 1e9:.1f} a billion values measured + "
            f"{law[2] * 1e9:.1f} a billion kept; "
            f"{patients:,} x {features:,}, {most:,} kept, extrapolated: {total:,.0f}"
        )
