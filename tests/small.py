"""A small cohort as tables, and words that make a run of it quick."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

QUICK = [
    "--split.folds=3",
    "--split.repeats=1",
    "--split.inner_folds=2",
    "--trainer.epochs=20",
    "--factors.count=3",
    "--evaluation.draws=100",
    "--workers=1",
]
"""Command-line words that make a run small."""


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
