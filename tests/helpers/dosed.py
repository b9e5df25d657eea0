"""A small cohort of patients with three doses of vancomycin, on which survival depends, and a model fitted to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from exposed_cohort import write_exposed

KEYS: dict[str, Any] = {
    "model": "vancomycin_goti_2018",
    "covariates": {"CRCL": "crcl", "WT": "wt", "DIAL": "dial"},
    "metrics": ["auc24_first", "auc24_ss"],
    "window": 100,
}

DOSES = (500, 1000, 2000)

UNMEASURED = "p004"
"""A patient without a level."""

LOW: dict[str, object] = {"name": "low", "dose": 500, "unit": "mg", "interval": 12, "infusion": 1}
MIDDLE, HIGH = LOW | {"name": "middle", "dose": 1000}, LOW | {"name": "high", "dose": 2000}


@contextmanager
def few_draws() -> Iterator[None]:
    """Few draws of exposure, which are enough where a test compares results that use the same ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datamodules.exposure.cohort_exposure.DRAWS", 400)
        patch.setattr("stratomics.pharmacology.twins.twin.DRAWS", 6)
        yield


def dose_rows(patients: list[str]) -> pd.DataFrame:
    """Four doses and a level of each patient; the level is that of the typical patient, more or less."""
    lines: list[dict[str, object]] = []
    for number, patient in enumerate(patients):
        dose = DOSES[number % 3]
        steady = {"ID": patient, "crcl": 60 + 2 * number, "wt": 60 + number, "dial": 0}
        level = {} if patient == UNMEASURED else {"DV": dose / 1000 * (9 + number % 5)}
        lines += [
            {**steady, "TIME": 0, "AMT": dose, "RATE": dose, "II": 12, "ADDL": 3},
            {**steady, "TIME": 47.5, **(level or {"EVID": 2})},
        ]
    return pd.DataFrame(lines).assign(EVID=lambda table: table.get("EVID", pd.Series(dtype=float)))


def write_dosed(folder: Path, rows: pd.DataFrame | None = None, **keys: Any) -> Path:
    """Write the cohort; patients with a higher dose live longer, and respond more often."""
    write_exposed(folder)
    outcome = pd.read_csv(folder / "outcome.csv")
    patients = outcome["sample_id"].to_list()
    dose = np.array([DOSES[number % 3] for number in range(len(patients))])
    random = np.random.default_rng(0)
    outcome["time"] = np.round(random.exponential(300 * (dose / 1000) ** 1.5)) + 5
    outcome["response"] = (random.random(len(dose)) < dose / 2500).astype(int)
    write_exposed(folder, dose_rows(patients) if rows is None else rows, **{**KEYS, **keys})
    outcome.to_csv(folder / "outcome.csv", index=False)
    path = folder / "cohort.yaml"
    spec = yaml.safe_load(path.read_text())
    spec["endpoints"]["response"] = {"kind": "response", "column": "response", "positive": 1}
    path.write_text(yaml.safe_dump({**spec, "primary": "survival"}))
    return folder


def fit_exposed(cohort: Path, folder: Path) -> None:
    """Fit a model to the cohort, with few epochs, and write it."""
    from datamodules.exposure.exposure_view import with_exposure
    from omics.cohort.read import read_cohort
    from stratomics.api.stratifier import Stratifier

    model = Stratifier(inner_folds=3, factors={"count": 2, "per_view": 1}, trainer={"epochs": 5})
    with few_draws():
        model.fit(with_exposure(read_cohort(cohort))).save(folder)
