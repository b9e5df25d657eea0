"""The small cohort with doses and levels of its patients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import small
import yaml

BLOCK: dict[str, Any] = {
    "model": "drug_2020",
    "events": "doses.csv",
    "covariates": {"AGE": "age", "WT": "wt"},
    "metrics": ["auc24_first", "cmin_ss"],
}
"""The block ``exposure`` of the cohort: age is in the samples table, weight in the table of events."""


def events_of_patients(patients: list[str]) -> pd.DataFrame:
    """Two doses and a level of each patient within a day, one hour after each other."""
    rows = [
        {"ID": patient, "TIME": time, "AMT": amount, "DV": level, "wt": 60 + time + number}
        for number, patient in enumerate(patients)
        for time, amount, level in [(0, 100, None), (1, None, 2.5), (2, 100, None)]
    ]
    return pd.DataFrame(rows)


def write_exposed(folder: Path, rows: pd.DataFrame | None = None, **keys: Any) -> Path:
    """Write the small cohort with the block, changed by `keys`; a key that is None is left out."""
    small.write(folder)
    patients = small.tables()["outcome"]["sample_id"].to_list()
    (events_of_patients(patients) if rows is None else rows).to_csv(folder / "doses.csv", index=False)
    block = {key: value for key, value in {**BLOCK, **keys}.items() if value is not None}
    path = folder / "cohort.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "exposure": block}))
    return folder
