"""Warfarin patients of the consortium through a whole run: genotypes as a view, a low dose as the response."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from pgx_cohort import warfarin_patients
from small import UNRECORDED

from omics.common.files import read_json
from stratomics.cli import main
from stratomics.runs.run_directory import RunDirectory

PATIENTS = 800
LOW = 21.0
"""mg per week: a low dose."""


def write_warfarin(folder: Path, shared: Callable[[str], Path]) -> Path:
    """Write a cohort of warfarin patients: covariates, diplotypes of CYP2C9 and genotypes of VKORC1."""
    patients, dose = warfarin_patients(shared)
    patients = patients.sample(PATIENTS, random_state=0)
    patients = patients.rename_axis("sample_id").assign(
        low_dose=(dose.loc[patients.index] <= LOW).astype(int)
    )
    clinical = ["age", "height_cm", "weight_kg", "race", "amiodarone", "inducer"]
    patients[[*clinical, "low_dose"]].to_csv(folder / "outcome.csv")
    genes = {"CYP2C9": patients["cyp2c9"], "VKORC1": patients["vkorc1"]}
    pd.DataFrame(genes).to_csv(folder / "genes.csv")
    spec = {
        "name": "warfarin",
        "samples": {"file": "outcome.csv", "id": "sample_id"},
        "views": {
            "genes": {"modality": "genomics", "scale": "activity", "format": "pgx", "file": "genes.csv"}
        },
        "endpoints": {"response": {"column": "low_dose", "positive": 1}},
        "covariates": clinical,
    }
    (folder / "cohort.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_genotypes_improve_the_prediction_of_a_low_dose(
    tmp_path: Path, shared: Callable[[str], Path]
) -> None:
    """Published comparison: AUROC .860 with genotype, .779 without (../shared/reference/pharmacology-numbers.md)."""
    folder = tmp_path / "warfarin"
    folder.mkdir()
    write_warfarin(folder, shared)
    words = [
        "run",
        str(folder),
        *UNRECORDED,
        "--split.folds=2",
        "--trainer.epochs=5",
        "--runs",
        str(tmp_path / "runs"),
    ]
    assert main(words) == 0
    (path,) = (tmp_path / "runs").iterdir()
    run = RunDirectory(path)
    assert run.gene_results is not None
    assert len(run.gene_results) == 2 * PATIENTS
    assert "Pharmacogenomics" in (path / "report.html").read_text(encoding="utf-8")
    metrics = read_json(path / "metrics.json")
    with_genes = metrics["response"]["auroc"]["estimate"]
    clinical = metrics["baselines"]["clinical_logistic"]["response"]["auroc"]["estimate"]
    assert with_genes > 0.82
    assert with_genes > clinical + 0.04
