"""Patients by two factors, from the saved tables of a run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
from places import FROZEN

from omics.common.files import read_parquet, write_parquet
from stratomics.report.figures.style import style, svg
from stratomics.report.sections.factor_space import factor_space
from stratomics.runs.run_directory import RunDirectory


def explained(run: RunDirectory) -> pd.DataFrame:
    return read_parquet(run.path / "factors" / "variance_explained.parquet").set_index("view")


def test_the_factors_that_explain_most_are_drawn(tmp_path: Path) -> None:
    run = RunDirectory(Path(shutil.copytree(FROZEN, tmp_path / "run")))
    patients = run.patients.assign(site=[f"<b>{i % 9}</b>" for i in range(len(run.patients))])
    write_parquet(run.path / "patients.parquet", patients)
    run = RunDirectory(run.path)
    with style():
        panel = factor_space(run, explained(run))
        assert panel is not None
        text = svg(panel.figure)
    most = explained(run).mean().nlargest(2).index
    names = [f"factor {name.removeprefix('factor')}" for name in most]
    assert list(panel.table.columns) == [*names, "outcome", "predicted risk", "site"]
    factors = read_parquet(run.path / "factors" / "factors.parquet").set_index("sample_id")
    assert panel.table[names[0]].tolist() == factors.loc[list(run.sample_ids), most[0]].tolist()
    # No patient is named, and small sites share a colour.
    assert not any(patient in panel.table.to_csv() + text for patient in run.sample_ids)
    assert panel.table["site"].nunique() == 5
    assert (panel.table["predicted risk"].value_counts() >= len(run.evaluated) // 3).all()
    assert "&lt;b&gt;" in text


def test_one_factor_has_no_plane(tmp_path: Path) -> None:
    run = RunDirectory(FROZEN)
    assert factor_space(run, explained(run).iloc[:, :1]) is None
