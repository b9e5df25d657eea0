"""Patients of a small cohort as a client of the served model writes them, and their predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from omics.cohort.new_patients import read_new_patients
from stratomics.fitting.fitted import Fitted

Rows = list[dict[str, Any]]


def rows_of(folder: Path) -> Rows:
    """The patients of a small cohort on disk, as a client of the served model writes them."""
    spec = yaml.safe_load((folder / "cohort.yaml").read_text())
    samples = pd.read_csv(folder / "outcome.csv", index_col="sample_id")
    views = {name: pd.read_csv(folder / f"{name}.csv", index_col="sample_id") for name in spec["views"]}
    rows: Rows = []
    for patient, values in samples.iterrows():
        row: dict[str, Any] = {"sample_id": str(patient)}
        row |= {f"covariate.{name}": _plain(values[name]) for name in spec.get("covariates", ())}
        if "arm" in spec:
            row["arm"] = _plain(values[spec["arm"]["column"]])
        if "site" in spec:
            row["site"] = _plain(values[spec["site"]])
        for name, view in views.items():
            if patient in view.index:
                row[f"view.{name}"] = {key: _plain(value) for key, value in view.loc[patient].items()}
        rows.append(row)
    return rows


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and np.isnan(value) else value


def predicted(model: Path, cohort: Path) -> pd.DataFrame:
    """Predictions of `stratomics predict`, without repeat and fold."""
    table = Fitted.load(model).predict(read_new_patients(cohort)).patients
    return table.drop(columns=["repeat", "fold"])
