"""Whole runs of 373 patients x 3,062 features in two views: 1 x 5 folds with all baselines and report, and 5 x 5 folds.

One tuned split of flexynesis 1.1.14 took 93 CPU seconds on two shared cores. Set FLEXYNESIS to its command to run it on
the same patients; it needs a separate environment, without torchvision.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.clock import command_cpu

PATIENTS, FEATURES = 373, {"rna": 2000, "protein": 1062}
FLEXYNESIS = 93.0


def rows() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _simulate(folder / "cohort")
        once, memory = _run(folder, 1)
        what = "all baselines, single views, controls and report"
        yield f"1 x 5 folds, {what}: {once:.0f} CPU s, {memory:.2f} GB; a split of flexynesis {FLEXYNESIS:.0f}"
        often, memory = _run(folder, 5)
        yield f"5 x 5 folds: {often:.0f} CPU s ({often / once:.1f} times), {memory:.2f} GB per process at most"
        if command := os.environ.get("FLEXYNESIS"):
            yield f"flexynesis, one tuned split: {_flexynesis(command, folder):.0f} CPU s"


def _simulate(folder: Path) -> None:
    features = "{" + ", ".join(f"{view}: {count}" for view, count in FEATURES.items()) + "}"
    words = ["simulate", str(folder), "--patients", str(PATIENTS), "--seed", "1", "--features", features]
    subprocess.run([sys.executable, "-m", "stratomics", *words], check=True, capture_output=True)


def _run(folder: Path, repeats: int) -> tuple[float, float]:
    """CPU seconds of a run with its child processes, and the memory of the largest process so far in GB."""
    words = [
        "run",
        "configs/default.yaml",
        "--cohort",
        str(folder / "cohort"),
        "--split.repeats",
        str(repeats),
    ]
    words += [
        "--runs",
        str(folder / "runs"),
        "--tracking.uri",
        f"sqlite:///{folder}/mlflow.db",
        "--workers",
        "1",
    ]
    spent = command_cpu([sys.executable, "-m", "stratomics", *words])
    return spent, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6


def _flexynesis(command: str, folder: Path) -> float:
    """One split, tuned with 20 trials, as in the documentation of flexynesis."""
    data = folder / "flexynesis"
    for part, start in (("train", 0), ("test", 1)):
        (data / part).mkdir(parents=True)
        outcome = pd.read_csv(folder / "cohort" / "outcome.csv", index_col=0)
        ids = outcome.index[[i for i in range(len(outcome)) if (i % 5 == 0) == bool(start)]]
        outcome.loc[ids].to_csv(data / part / "clin.csv")
        for view in FEATURES:
            source = next((folder / "cohort").glob(f"{view}.*"))
            pd.read_csv(source, index_col=0).reindex(ids).dropna(how="all").T.to_csv(
                data / part / f"{view}.csv"
            )
    words = [command, "--data_path", str(data), "--model_class", "DirectPred", "--surv_event_var", "event"]
    words += ["--surv_time_var", "time", "--data_types", ",".join(FEATURES), "--hpo_iter", "20"]
    words += ["--outdir", str(folder), "--prefix", "flexynesis"]
    return command_cpu(["env", "PYTHONHASHSEED=0", *words])
