"""The section on pharmacogenes: date and research use on it, ancestry, reasons, effects by phenotype; none without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from section_text import section_text
from written_run import people, written

from omics.common.files import read_json, write_json, write_parquet
from omics.pgx.features import results_of
from omics.pgx.gene_call import GeneCall
from stratomics.report.section import Panel, Table
from stratomics.report.sections.pharmacogenomics import activity_level, pharmacogenomics
from stratomics.runs.run_directory import RunDirectory

DIPLOTYPES = ["*1/*1", "*1/*2", "*2/*2", "*1/*17"]


def gene_run(
    folder: Path, *, arms: bool, race: bool, kind: str = "survival", randomised: str = "yes"
) -> RunDirectory:
    """A run of 160 patients with CYP2C19 and VKORC1."""
    patients = people(160, kind)
    if arms:
        patients = patients.assign(arm=np.arange(160) % 2)
    if race:
        patients["covariate.race"] = np.where(np.arange(160) % 3 == 0, "White", "Black <b>")
    run = written(folder, patients, kind=kind)
    if arms:
        arm = {"column": "arm", "control": 0, "treated": 1, "randomised": randomised}
        write_json(run.path / "provenance.json", read_json(run.path / "provenance.json") | {"arm": arm})
    letters = ["rs9923231 reference (C)", "rs9923231 variant (T)"]
    calls = {}
    for place, name in enumerate(patients["sample_id"]):
        diplotype = {} if place == 5 else {DIPLOTYPES[place // 2 % 4]: 1.0}
        vkorc1 = {f"{letters[0]}/{letters[place // 2 % 2]}": 1.0}
        calls[name] = {
            "CYP2C19": GeneCall("CYP2C19", "table", diplotype),
            "VKORC1": GeneCall("VKORC1", "table", vkorc1),
        }
    write_parquet(run.path / "pgx.parquet", results_of(calls))
    return RunDirectory(run.path)


def test_a_cohort_of_one_arm(tmp_path: Path) -> None:
    section = pharmacogenomics(gene_run(tmp_path / "run", arms=False, race=True))
    text = section_text(section)
    assert "CPIC, www.clinpgx.org, 2026-10-11" in text
    assert "Research use only" in text
    assert "nothing was called" in text
    assert "Black <b>" in text
    assert "1000 Genomes" in text
    assert "Effect of treatment" not in text
    assert section is not None
    (panel,) = (block for block in section.blocks if isinstance(block, Panel))
    assert panel.table["gene"].tolist() == ["CYP2C19"]
    assert panel.table.drop(columns="gene").sum(axis=1).round(3).tolist() == [1.0]


def test_effects_by_phenotype_of_a_trial(tmp_path: Path) -> None:
    section = pharmacogenomics(gene_run(tmp_path / "run", arms=True, race=False))
    text = section_text(section)
    assert "by ancestry" not in text
    assert "Rare carriers need more events" in text
    assert section is not None
    table = next(
        block.table for block in section.blocks if isinstance(block, Table) and block.id == "pgx-effects"
    )
    assert table.groupby("gene").size().to_dict() == {"CYP2C19": 4, "VKORC1": 2}
    assert table[["treated", "control"]].to_numpy().sum() == 2 * 160 - 1


def test_a_response_has_odds_ratios_and_no_events(tmp_path: Path) -> None:
    run = gene_run(tmp_path / "run", arms=True, race=False, kind="response", randomised="no")
    text = section_text(pharmacogenomics(run))
    assert "odds ratio" in text
    assert "may be due to who was treated" in text
    assert "Rare carriers" not in text


def test_a_run_without_pharmacogenes_has_no_section(tmp_path: Path) -> None:
    assert pharmacogenomics(written(tmp_path / "run", people(40))) is None


@pytest.mark.parametrize(
    ("phenotype", "level"),
    [
        ("Likely Poor Metabolizer", "absent or poor"),
        ("Possible Decreased Function", "reduced"),
        ("Normal", "normal"),
        ("Ultrarapid Metabolizer", "increased"),
        ("Indeterminate", "indeterminate"),
        ("rs2108622 CC", None),
    ],
)
def test_levels(phenotype: str, level: str | None) -> None:
    assert activity_level(phenotype) == level


def test_results_are_saved_and_read(tmp_path: Path) -> None:
    run = gene_run(tmp_path / "run", arms=False, race=False)
    assert run.gene_results is not None
    assert len(run.gene_results) == 320
    assert isinstance(run.gene_results, pd.DataFrame)
