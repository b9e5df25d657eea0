"""Harmonizer on large tables: 500 x 450,000 in memory, 20,000 x 20,000 on disk, each in a separate process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

WIDE = (500, 450_000)
LONG = (20_000, 20_000)
CHUNK_ROWS = 500

MEASURE = """
import resource, sys, time
import numpy as np
from benchmarks.harmonize import wide_cohort
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from omics.cohort.read import read_cohort
source, most = sys.argv[1], int(sys.argv[2])
cohort = wide_cohort() if source == "wide" else read_cohort(source)
start, cpu = time.perf_counter(), time.process_time()
harmonizer = Harmonizer(HarmonizeConfig(max_features=most)).fit(cohort)
fit = time.perf_counter() - start
parts = [slice(0, None)] if source == "wide" else [slice(i, i + 500) for i in range(0, cohort.n_obs, 500)]
for rows in parts:
    harmonizer.transform(cohort[rows])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(f"fit {fit:.0f} s, with transform {time.perf_counter() - start:.0f} s, {time.process_time() - cpu:.0f} CPU s, "
      f"peak {peak:.2f} GB")
"""


def rows() -> Iterator[str]:
    for most in (1000, WIDE[1]):
        yield f"{WIDE[0]} x {WIDE[1]:,} beta values in memory, at most {most:,} kept: {_measured('wide', most)}"
    with tempfile.TemporaryDirectory() as place:
        for kind in ("zarr", "h5ad"):
            folder = long_cohort(Path(place), kind, *LONG)
            for most in (1000, LONG[1]):
                result = _measured(str(folder), most)
                yield f"{LONG[0]:,} x {LONG[1]:,} in {kind} on disk, at most {most:,} kept: {result}"


def _measured(source: str, most: int) -> str:
    words = [sys.executable, "-W", "ignore", "-c", MEASURE, source, str(most)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def wide_cohort() -> object:
    """Beta values of 500 patients in float32, as one array in memory."""
    import anndata
    import mudata

    from omics.cohort.assemble import assemble_cohort
    from omics.cohort.parse import parse_spec

    n, p = WIDE
    mudata.set_options(pull_on_update=False)
    rng = np.random.default_rng(0)
    values = np.empty((n, p), dtype=np.float32)
    for row in values:
        row[:] = rng.random(p, dtype=np.float32) * 0.98 + 0.01
    ids = pd.Index([f"p{i}" for i in range(n)])
    samples = pd.DataFrame({"time": rng.exponential(100, n) + 1, "event": rng.integers(0, 2, n)}, index=ids)
    spec = parse_spec(
        {
            "name": "wide",
            "samples": {"file": "samples.csv", "id": "sample_id"},
            "views": {"beta": {"modality": "genomics", "scale": "beta", "file": "beta.zarr"}},
            "endpoints": {"survival": {"time": "time", "event": "event", "unit": "days"}},
        },
        "benchmark",
    )
    features = pd.DataFrame(index=pd.Index([f"cg{j}" for j in range(p)]))
    view = anndata.AnnData(values, obs=pd.DataFrame(index=ids), var=features)
    return assemble_cohort(samples, {"beta": view}, spec, "benchmark", "benchmark")


def long_cohort(place: Path, kind: str, n: int, p: int) -> Path:
    """Log expression of `n` patients, written in chunks of 500 x 2,000."""
    import h5py
    import zarr
    from anndata.io import write_elem

    folder = place / kind
    folder.mkdir()
    rng = np.random.default_rng(0)
    ids = [f"p{i}" for i in range(n)]
    samples = pd.DataFrame(
        {"sample_id": ids, "time": rng.exponential(100, n) + 1, "event": rng.integers(0, 2, n)}
    )
    samples.to_csv(folder / "samples.csv", index=False)
    path = folder / f"rna.{kind}"
    store = zarr.open_group(path, mode="w") if kind == "zarr" else h5py.File(path, "w")
    write_elem(store, "obs", pd.DataFrame(index=pd.Index(ids)))
    write_elem(store, "var", pd.DataFrame(index=pd.Index([f"g{j}" for j in range(p)])))
    create = store.create_array if kind == "zarr" else store.create_dataset
    with warnings.catch_warnings(action="ignore"):  # zarr warns about its next release
        values = create("X", shape=(n, p), dtype="f4", chunks=(CHUNK_ROWS, 2000))
    values.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    center = rng.normal(size=p, loc=5, scale=2).astype(np.float32)
    for start in range(0, n, CHUNK_ROWS):
        values[start : start + CHUNK_ROWS] = center + rng.standard_normal((CHUNK_ROWS, p), dtype=np.float32)
    if kind == "h5ad":
        store.close()
    (folder / "cohort.yaml").write_text(
        "name: long\nsamples: {file: samples.csv, id: sample_id}\n"
        f"views:\n  rna: {{modality: transcriptomics, file: rna.{kind}, scale: log}}\n"
        "endpoints:\n  survival: {time: time, event: event, unit: days}\n"
    )
    return folder
