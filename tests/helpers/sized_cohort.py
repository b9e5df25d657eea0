"""The small cohort with tumour sizes of its patients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import small
import yaml

BLOCK: dict[str, Any] = {"file": "sizes.csv", "patient": "id", "time": "day", "size": "sld", "below": 5}
"""The block ``tumour_size`` of the cohort."""

DAYS = (-7, 42, 84, 126)


def sizes_of_patients(patients: list[str]) -> pd.DataFrame:
    """Four sizes of each patient, who all shrink and grow again."""
    generator = np.random.default_rng(0)
    rows = []
    for patient in patients:
        first, shrinkage, growth = np.exp(generator.normal(np.log([60, 0.05, 0.015]), [0.4, 0.5, 0.4]))
        for day in DAYS:
            weeks = max(day, 0) / 7
            size = first * (np.exp(-shrinkage * weeks) + np.exp(growth * weeks) - 1)
            rows.append(
                {"id": patient, "day": day, "sld": round(size * np.exp(0.08 * generator.normal()), 1)}
            )
    return pd.DataFrame(rows)


def write_sized(folder: Path, rows: pd.DataFrame | None = None, **keys: Any) -> Path:
    """Write the small cohort with the block, changed by `keys`; a key that is None is left out."""
    small.write(folder)
    patients = small.tables()["outcome"]["sample_id"].to_list()
    (sizes_of_patients(patients) if rows is None else rows).to_csv(folder / "sizes.csv", index=False)
    block = {key: value for key, value in {**BLOCK, **keys}.items() if value is not None}
    path = folder / "cohort.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "tumour_size": block}))
    return folder
