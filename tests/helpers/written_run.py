"""A finished run for sections of the report: its saved tables, written without fitting a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from models.ensemble.training_history import NO_HISTORY, TRAINING_HISTORY, join_histories
from omics.common.files import write_json, write_parquet, write_text
from stratomics.runs.run_directory import RunDirectory

DRAWS = 50


def written(
    folder: Path,
    patients: pd.DataFrame,
    *,
    kind: str = "survival",
    design: str = "kfold",
    folds: int = 3,
    predicted: list[str] | None = None,
    more: dict[str, Any] | None = None,
) -> RunDirectory:
    """Write a run of `patients`; the endpoint is named like its kind, and predictions are random."""
    folder.mkdir(exist_ok=True)
    ids = np.array(patients["sample_id"] if predicted is None else predicted, dtype=str)
    rng = np.random.default_rng(0)
    rows = {"sample_id": ids, "repeat": 0, "fold": np.arange(len(ids)) % folds}
    score = rng.normal(size=len(ids))
    if kind == "survival":
        table = pd.DataFrame(rows | {"risk": score})
        times = np.linspace(1.0, 40.0, 20)
        curves = np.exp(-times * 0.03 * np.exp(0.2 * score)[:, None])
        long = table[["sample_id", "repeat", "fold"]].loc[np.repeat(np.arange(len(ids)), len(times))]
        write_parquet(
            folder / "survival.parquet",
            long.assign(time=np.tile(times, len(ids)), survival=curves.ravel()).reset_index(drop=True),
        )
    else:
        share = 1.0 / (1.0 + np.exp(-score))
        table = pd.DataFrame(rows | {"response_probability": share})
        long = table[["sample_id", "repeat", "fold"]].assign(endpoint=kind)
        both = [("negative", 1.0 - share), ("positive", share)]
        write_parquet(
            folder / "response.parquet",
            pd.concat(
                [long.assign(**{"class": name, "probability": p}) for name, p in both], ignore_index=True
            ),
        )
    write_parquet(folder / "predictions.parquet", table)
    write_parquet(folder / "patients.parquet", patients)
    provenance = {
        "cohort": "made_up",
        "notes": [],
        "endpoint": kind,
        "kind": kind,
        "unit": "months" if kind == "survival" else None,
        "seed": 1,
        "design": {"design": design, "folds": folds, "repeats": 1, "inner_folds": 2},
    }
    write_json(folder / "provenance.json", provenance | (more or {}))
    write_json(folder / "metrics.json", {kind: {}, "endpoint": kind})
    (folder / "model").mkdir(exist_ok=True)
    write_json(folder / "model" / "mixture.json", {"weights": {"wide_deep": 0.4, "late_fusion": 0.7}})
    history = NO_HISTORY.assign(member=0)
    history.loc[0], history.loc[1] = (0, 0, 0.7, 0.8), (0, 3, 0.6, 0.799)
    write_parquet(folder / TRAINING_HISTORY, join_histories([(None, history)]))
    write_text(
        folder / "config.yaml",
        yaml.safe_dump({"evaluation": {"draws": DRAWS}, "factors": {"count": 3, "per_view": 2}}),
    )
    return RunDirectory(folder)


def people(n: int = 60, kind: str = "survival", seed: int = 0, views: int = 2) -> pd.DataFrame:
    """Patients with an endpoint of that kind, and views that are each missing in a third of the patients."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"sample_id": [f"p{i:03d}" for i in range(n)]})
    if kind == "survival":
        death, lost = rng.exponential(20.0, n), rng.uniform(5.0, 40.0, n)
        table["survival.time"] = np.ceil(np.minimum(death, lost))
        table["survival.event"] = pd.array(death <= lost, dtype="boolean")
    else:
        table["response"] = pd.array(rng.random(n) < 0.4, dtype="boolean")
    for number in range(views):
        table[f"view.v{number}"] = rng.random(n) < 2 / 3
    return table
