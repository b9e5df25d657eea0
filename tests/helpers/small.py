"""A small cohort as tables, and options that make a run of it quick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

Change = Callable[[dict[str, pd.DataFrame], dict[str, Any]], None]

QUICK = [
    "--split.folds=3",
    "--split.repeats=1",
    "--split.inner_folds=3",
    "--trainer.epochs=20",
    "--factors.count=3",
    "--evaluation.draws=100",
    "--controls=[]",
    "--workers=1",
]
"""Command-line options that make a run small."""

UNRECORDED = [*QUICK, "--tracking.uri=sqlite:////dev/null/store.db"]
"""The same without MLflow, which would take two fifths of the time of such a small run."""

SMALLEST = [*UNRECORDED, "--split.folds=2", "--trainer.epochs=3"]
"""The same with two folds and few epochs, where the question is whether a run ends."""


def tables(n: int = 40, seed: int = 0) -> dict[str, pd.DataFrame]:
    """A small cohort as tables: outcome, and two views of which the second lacks every fourth patient."""
    rng = np.random.default_rng(seed)
    ids = [f"p{i:03d}" for i in range(n)]
    factor = rng.normal(size=n)
    time = np.round(rng.exponential(np.exp(-factor) * 500) + 1)
    outcome = pd.DataFrame(
        {
            "sample_id": ids,
            "time": time,
            "event": (rng.random(n) < 0.7).astype(int),
            "age": np.round(rng.normal(60, 10, n)),
            "stage": rng.choice(["I", "II", "III"], n),
        }
    )
    views = {}
    for name, p in (("rna", 20), ("protein", 8)):
        values = factor[:, None] * rng.normal(size=p) + rng.normal(size=(n, p))
        views[name] = pd.DataFrame(values.round(4), columns=[f"{name}{j}" for j in range(p)])
        views[name].insert(0, "sample_id", ids)
    views["protein"] = views["protein"].iloc[[i for i in range(n) if i % 4]]
    return {"outcome": outcome, **views}


def specification() -> dict[str, Any]:
    """The ``cohort.yaml`` of :func:`tables`."""
    return {
        "name": "small",
        "samples": {"file": "outcome.csv", "id": "sample_id"},
        "views": {
            "rna": {"modality": "transcriptomics", "file": "rna.csv", "scale": "log"},
            "protein": {"modality": "proteomics", "file": "protein.csv", "scale": "log"},
        },
        "endpoints": {"survival": {"time": "time", "event": "event", "unit": "days"}},
        "covariates": ["age", "stage"],
    }


def write(folder: Path, change: Change | None = None) -> Path:
    """Write the small cohort into `folder`, changed by a function of its tables and its specification."""
    folder.mkdir(exist_ok=True)
    frames, spec = tables(), specification()
    if change is not None:
        change(frames, spec)
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "cohort.yaml").write_text(yaml.safe_dump(spec))
    return folder


def with_response(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    """Make a response the primary endpoint; it depends on the risk, and every tenth patient has none."""
    outcome = frames["outcome"]
    noisy = outcome["time"].rank() + np.random.default_rng(1).normal(
        scale=len(outcome) / 6, size=len(outcome)
    )
    response = (noisy > noisy.quantile(0.6)).astype(float)
    outcome["response"] = response.where(outcome.index % 10 != 9)
    spec["endpoints"] = {"response": {"column": "response", "positive": 1}}
