"""A finished run as the tests of enrichment need it: its saved tables, written without fitting anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from trials import survival_trial

from omics.files import write_json, write_parquet, write_text


@pytest.fixture
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """Write the saved tables of a run of 200 patients, 20 repeats of 5 folds."""

    def write(arms: tuple[str, ...] = ("a", "b"), benefit: bool = True) -> Path:
        trial, rng, folder = survival_trial(0, n=200), np.random.default_rng(0), tmp_path / "run"
        folder.mkdir()
        ids = np.array([f"p{i:03d}" for i in range(200)])
        arm = np.where(trial.treated, arms[-1], arms[0])
        patients = pd.DataFrame(
            {"sample_id": ids, "os.time": trial.survival.time, "os.event": trial.survival.event}
        )
        more = {
            "arm": arm,
            "site": np.where(np.arange(200) < 60, "north", "south"),
            "covariate.age": rng.normal(60, 9, 200),
        }
        more |= {"view.rna": True, "view.protein": np.arange(200) % 4 > 0}
        write_parquet(folder / "patients.parquet", patients.assign(**more))
        rows = {
            "sample_id": np.tile(ids, 20),
            "repeat": np.repeat(np.arange(20), 200),
            "fold": np.concatenate([rng.permutation(200) % 5 for _ in range(20)]),
            "risk": rng.normal(size=4000),
            "benefit": np.tile(rng.normal(size=200), 20) + rng.normal(size=4000),
            "benefit_sd": np.ones(4000),
        }
        predicted = pd.DataFrame(rows if benefit else {k: v for k, v in rows.items() if "benefit" not in k})
        write_parquet(folder / "predictions.parquet", predicted)
        curves = predicted[["sample_id", "repeat", "fold"]].assign(time=1.0, survival=0.5)
        write_parquet(folder / "survival.parquet", curves)
        write_json(folder / "provenance.json", {"endpoint": "os", "kind": "survival", "unit": "years"})
        (folder / "model").mkdir()
        write_text(folder / "model" / "settings.json", "{}")
        return folder

    return write
