"""The small cohort with tumour sizes of its patients."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import small
import yaml
from written_run import written

from omics.cohort.read import cohort_digest, read_cohort
from omics.common.files import read_json, write_json, write_parquet, write_text
from stratomics.runs.run_directory import RunDirectory

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


def write_run(folder: Path, cohort: Path, model: str = "pca") -> RunDirectory:
    """Write a run of the cohort with two random factors, three folds and age as a covariate."""
    sample_ids = small.tables()["outcome"]["sample_id"].to_list()
    generator = np.random.default_rng(1)
    patients = pd.DataFrame(
        {
            "sample_id": sample_ids,
            "survival.time": generator.exponential(20.0, len(sample_ids)),
            "survival.event": True,
            "covariate.age": generator.normal(60, 10, len(sample_ids)),
            "covariate.stage": "II",
        }
    )
    run = written(folder, patients, folds=2)
    write_text(folder / "config.yaml", yaml.safe_dump({"cohort": str(cohort), "factors": {"model": model}}))
    digest = cohort_digest(read_cohort(cohort))
    write_json(folder / "provenance.json", {**read_json(folder / "provenance.json"), "cohort_digest": digest})
    scores = generator.standard_normal((len(sample_ids), 2))
    factors = pd.DataFrame(scores, columns=["factor1", "factor2"]).assign(factor1_sd=0.1, factor2_sd=0.1)
    (folder / "factors").mkdir(exist_ok=True)
    write_parquet(folder / "factors" / "factors.parquet", factors.assign(sample_id=sample_ids))
    return run


def sized_run(finished: Path, folder: Path) -> RunDirectory:
    """Copy a finished run of the small cohort, and make it a run of the same patients with tumour sizes."""
    run = Path(shutil.copytree(finished, folder / "run"))
    cohort = write_sized(folder / "sized")
    config = yaml.safe_load((run / "config.yaml").read_text())
    write_text(run / "config.yaml", yaml.safe_dump({**config, "cohort": str(cohort)}))
    digest = cohort_digest(read_cohort(cohort))
    write_json(run / "provenance.json", {**read_json(run / "provenance.json"), "cohort_digest": digest})
    return RunDirectory(run)
