"""`stratomics predict` on 100,000 patients x 1,400 features on disk: CPU seconds and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import yaml
from anndata import AnnData
from anndata.io import write_elem

PATIENTS, FEATURES = 100_000, 1_400
RUN = [
    "--split.folds=2",
    "--split.repeats=1",
    "--baselines=[]",
    "--evaluation.draws=100",
    "--trainer.epochs=20",
]


def rows() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _write(folder / "train", 200, 1)
        _write(folder / "new", PATIENTS, 2)
        stratomics = str(Path(sys.executable).with_name("stratomics"))
        words = ["run", "--cohort", str(folder / "train"), "--tracking.uri=sqlite:////dev/null/store.db"]
        subprocess.run([stratomics, *words, *RUN], cwd=folder, check=True, capture_output=True)
        (run,) = (folder / "runs").iterdir()
        words = ["predict", str(run), str(folder / "new"), "--out", str(folder / "predicted.parquet")]
        begin = time.monotonic()
        child = subprocess.Popen([stratomics, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.monotonic() - begin
        assert status == 0
        yield f"{used.ru_utime + used.ru_stime:.0f} CPU s, {seconds:.0f} s, peak {used.ru_maxrss / 1024:.0f} MiB"


def _write(folder: Path, n: int, seed: int) -> None:
    """A prognostic factor in `FEATURES` features; values are written in blocks."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    ids = [f"{seed}-{number}" for number in range(n)]
    factor, loadings = rng.normal(size=n), np.random.default_rng(0).normal(size=FEATURES)
    outcome = pd.DataFrame({"sample_id": ids, "age": rng.normal(60, 10, n).round(1)})
    outcome["time"] = (rng.exponential(np.exp(-factor) * 500) + 1).round()
    outcome["event"] = (rng.random(n) < 0.7).astype(int)
    outcome.to_csv(folder / "outcome.csv", index=False)
    names = pd.DataFrame(index=[f"g{number}" for number in range(FEATURES)])
    AnnData(np.zeros((1, FEATURES), np.float32), var=names).write_h5ad(folder / "rna.h5ad")
    with h5py.File(folder / "rna.h5ad", "a") as file:
        del file["X"], file["obs"]
        values = file.create_dataset("X", (n, FEATURES), "f4", chunks=(min(n, 512), FEATURES))
        values.attrs["encoding-type"], values.attrs["encoding-version"] = "array", "0.2.0"
        for start in range(0, n, 4096):
            block = factor[start : start + 4096, None]
            values[start : start + len(block)] = (
                8 + block * loadings + rng.normal(size=(len(block), FEATURES))
            )
        write_elem(file, "obs", pd.DataFrame(index=pd.Index(ids, dtype=object)))
    spec = {
        "name": "large",
        "samples": {"file": "outcome.csv"},
        "views": {"rna": {"modality": "transcriptomics", "file": "rna.h5ad", "scale": "log"}},
        "endpoints": {"survival": {"time": "time", "event": "event"}},
        "covariates": ["age"],
    }
    (folder / "cohort.yaml").write_text(yaml.safe_dump(spec))
