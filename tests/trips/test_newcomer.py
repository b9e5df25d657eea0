"""The quick start: three csv files, init, check, run, and a report."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from small import SMALLEST

from omics.simulate.config import SimulationConfig
from omics.simulate.simulate_cohort import simulate, write_simulated
from stratomics.cli import main


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the quick start: other column names, genes in rows, arms in words."""
    monkeypatch.chdir(tmp_path)
    config = SimulationConfig(patients=80, seed=1, features={"rna": 40, "protein": 20})
    source, folder = tmp_path / "source", tmp_path / "my_study"
    source.mkdir()
    folder.mkdir()
    write_simulated(simulate(config), source)
    names = {"sample_id": "Patient", "time": "Follow-up (days)", "event": "Died", "age": "Age"}
    names |= {"female": "Sex (female)", "stage": "Stage", "dose": "Arm"}
    patients = pd.read_csv(source / "outcome.csv").rename(columns=names)[list(names.values())]
    patients["Arm"] = patients["Arm"].map({0: "placebo", 1: "drug"})
    patients.to_csv(folder / "patients.csv", index=False)
    genes = pd.read_csv(source / "rna.csv.gz", index_col=0)
    genes.T.rename_axis("gene").to_csv(folder / "gene_counts.csv")
    proteins = pd.read_csv(source / "protein.csv.gz").rename(columns={"sample_id": "Patient"})
    proteins.to_csv(folder / "proteins.csv", index=False)
    return folder


@pytest.mark.slow
def test_three_tables_become_a_report(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "my_study"]) == 0
    assert "stratomics check my_study" in capsys.readouterr().out
    spec = yaml.safe_load((study / "cohort.yaml").read_text())
    assert spec["samples"] == {"file": "patients.csv", "id": "Patient"}
    assert spec["views"]["gene_counts"] == {
        "modality": "transcriptomics",
        "file": "gene_counts.csv",
        "scale": "counts",
        "orient": "features_in_rows",
    }
    assert spec["views"]["proteins"] == {"modality": "proteomics", "file": "proteins.csv", "scale": "log"}
    assert spec["endpoints"] == {"survival": {"time": "Follow-up (days)", "event": "Died", "unit": "days"}}
    assert spec["arm"] == {"column": "Arm", "control": "placebo", "randomised": "no"}
    assert spec["covariates"] == ["Age", "Sex (female)", "Stage"]

    assert main(["check", "my_study"]) == 0
    (command,) = re.findall(r"^Then: stratomics (.*)$", capsys.readouterr().out, flags=re.MULTILINE)
    assert command == "run my_study"
    assert main([*command.split(), *SMALLEST]) == 0
    run = Path(capsys.readouterr().out.splitlines()[-1])
    assert (run / "report.html").is_file()
