"""One view in zarr: CPU seconds and memory of each step by patients and features, extrapolated to a biobank."""

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
"""Patients, features, and features kept."""
WHOLE = ((1_000, 2_000), (2_000, 2_000), (4_000, 2_000))
BIOBANK = (500_000, 20_000, 1000)


def rows() -> Iterator[str]:
    results = {size: _measured("encoded", *size) for size in SIZES}
    for (n, p, kept), steps in results.items():
        yield f"{n:,} x {p:,} in zarr, {kept:,} kept, encoder of one member: {_summary(steps)}"
    yield from _laws(results)
    for n, p in WHOLE:
        yield f"{n:,} x {p:,} in zarr, fit of five members with heads: {_summary(_measured('fitted', n, p, 1000))}"


def _measured(what: str, n: int, p: int, kept: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as place:
        folder = long_cohort(Path(place), "zarr", n, p)
        code = f"import benchmarks.scale as b; b.measure(b.{what}, {str(folder)!r}, {kept})"
        words = [sys.executable, "-W", "ignore", "-c", code]
        output = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        shutil.rmtree(folder)
    steps: dict[str, float] = json.loads(output)
    return steps


def measure(what: Any, source: str, kept: int) -> None:
    """Print the CPU seconds of each step and the increase of the peak memory in GB, as json."""
    import resource

    from omics.cohort.read import read_cohort
    from omics.readers import on_disk
    from stratomics.runtime.logs import quiet_libraries

    quiet_libraries()
    # Read the view as a large one, whatever its size.
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
    """Fit and apply the encoder of one member, as in `stratomics/encoding/encoder.py`."""
    from datamodules.cohort_datamodule import CohortDataModule
    from datamodules.config import HarmonizeConfig
    from models.factors.pca import PCA

    all_patients = np.arange(cohort.n_obs)
    data = CohortDataModule(cohort, all_patients, HarmonizeConfig(max_features=kept))
    data.setup()
    yield "harmonizer"
    [batch] = data.train_dataloader()
    yield "transform"
    PCA(15).fit_transform(batch)
    yield "pca"


def fitted(cohort: Any, kept: int) -> Iterator[str]:
    """Fit a full model, in one process."""
    from datamodules.config import HarmonizeConfig
    from stratomics.config import ExperimentConfig
    from stratomics.fitting.fit import fit

    fit(
        cohort, complete_config(ExperimentConfig(harmonize=HarmonizeConfig(max_features=kept)), "survival"), 1
    )
    yield "fit"


def _summary(steps: dict[str, float]) -> str:
    parts = ", ".join(f"{name} {value:.1f}" for name, value in steps.items() if name != "GB")
    return f"{parts} CPU s, peak + {steps['GB']:.2f} GB"


def _laws(results: dict[tuple[int, int, int], dict[str, float]]) -> Iterator[str]:
    """Regress each result on patients, values measured and values kept, and extrapolate to a biobank."""
    n, p, kept = np.array(list(results), dtype=float).T
    design = np.column_stack([n, n * p, n * kept])
    patients, features, most = BIOBANK
    for name in next(iter(results.values())):
        values = np.array([steps[name] for steps in results.values()])
        law, *_ = np.linalg.lstsq(design, values, rcond=None)
        total = float(law @ [patients, patients * features, patients * most])
        yield (
            f"{name}: {law[0] * 1e6:.0f} per million patients + {law[1] * 1e9:.1f} per billion values measured + "
            f"{law[2] * 1e9:.1f} per billion values kept; "
            f"{patients:,} x {features:,}, {most:,} kept, extrapolated: {total:,.0f}"
        )
