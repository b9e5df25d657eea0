"""Factors of a run: the tables, and their section of the report."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_once import made_once
from places import FROZEN
from small import UNRECORDED, write

from datamodules.harmonizer import Harmonizer
from models.factors.annotate import annotate
from models.factors.pca import PCA
from omics.cohort.read import read_cohort
from omics.common.files import read_parquet
from stratomics.api.tl import factors as write_factors
from stratomics.cli import main
from stratomics.report.page import write_report
from stratomics.runs.run_directory import RunDirectory

SITE = "<b>Lyon</b>"


def batch_effect(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    """A site that shifts half of the features, names with markup, and a patient without one view."""
    outcome = frames["outcome"]
    outcome["centre"] = np.where(np.arange(len(outcome)) % 3 == 0, SITE, "Leeds")
    shifted = set(outcome["sample_id"][outcome["centre"] == SITE])
    for name in ("rna", "protein"):
        rows = frames[name]["sample_id"].isin(shifted).to_numpy()
        columns = frames[name].columns[1::2]
        frames[name].loc[rows, columns] += 5.0
        features = frames[name].columns[1:]
        frames[name] = frames[name].rename(columns={feature: f"<i>{feature}</i>" for feature in features})
    frames["rna"] = frames["rna"].iloc[1:]
    spec["site"] = "centre"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    def make(folder: Path) -> None:
        words = ["--cohort", str(write(folder / "small", batch_effect)), "--runs", str(folder / "runs")]
        assert main(["run", *words, *UNRECORDED, "--trainer.epochs=3", "--baselines=[]"]) == 0

    [path] = (made_once(tmp_path_factory, "factors_run", make) / "runs").iterdir()
    return RunDirectory(path)


def table(run: RunDirectory, name: str) -> pd.DataFrame:
    return read_parquet(run.path / "factors" / f"{name}.parquet")


def test_every_patient_and_every_loading_is_there(run: RunDirectory) -> None:
    factors, loadings = table(run, "factors"), table(run, "loadings")
    names = ["factor1", "factor2", "factor3"]
    assert list(factors.columns) == ["sample_id", *names, *(f"{name}_sd" for name in names)]
    assert list(factors["sample_id"]) == list(run.sample_ids)
    assert factors.notna().all(axis=None)
    bare = factors[factors["sample_id"] == "p000"].to_numpy()[0, 1:]
    assert bare.tolist() == [0, 0, 0, 1, 1, 1]
    assert loadings.groupby(["factor", "view"]).size().to_dict() == {
        (name, view): p for name in names for view, p in (("rna", 20), ("protein", 8))
    }
    assert list(table(run, "variance_explained").columns) == ["view", *names]
    assert list(table(run, "stability")["factor"]) == names


def test_the_saved_reference_gives_the_saved_factors(run: RunDirectory) -> None:
    cohort = read_cohort(run.path.parents[1] / "small")
    folder = run.path / "factors"
    annotate(cohort, Harmonizer.load(folder, "reference.harmonizer"), PCA.load(folder, "reference.factors"))
    factors = table(run, "factors").set_index("sample_id").loc[cohort.obs_names]
    scale = cohort.uns["factors"]["scale"]
    np.testing.assert_allclose(cohort.obsm["X_factors"], factors.iloc[:, :3] * scale)
    np.testing.assert_allclose(cohort.obsm["X_factors_sd"], factors.iloc[:, 3:] * scale)


def test_factors_of_a_cohort_are_those_of_the_report_with_the_same_settings(run: RunDirectory) -> None:
    cohort = read_cohort(run.path.parents[1] / "small")
    write_factors(cohort, 3)
    factors = table(run, "factors").set_index("sample_id").loc[cohort.obs_names]
    scale = cohort.uns["factors"]["scale"]
    np.testing.assert_array_equal(cohort.obsm["X_factors"], factors.iloc[:, :3].to_numpy() * scale)


def test_the_batch_effect_is_reported(run: RunDirectory) -> None:
    associations = table(run, "associations")
    site = associations[associations["kind"] == "site"].sort_values("q").iloc[0]
    assert site["q"] < 1e-4
    # The patient without any view is left out.
    assert set(associations["n"]) == {39}
    page = (run.path / "report.html").read_text()
    factor = site["factor"].replace("factor", "factor ")
    assert f"{factor} is associated with the site centre (highest in " in page
    assert "; possible batch effect" in page
    stability = table(run, "stability").set_index("factor")
    assert stability["verdict"][site["factor"]] == "stable"


def test_poor_factors_are_reported(run: RunDirectory) -> None:
    stability = table(run, "stability")
    page = (run.path / "report.html").read_text()
    poor = stability[stability["verdict"] == "poor"]
    assert len(poor)
    for _, row in poor.iterrows():
        assert f"{row['factor'].replace('factor', 'factor ')} ({row['stability']:.2f})" in page
    assert "do not interpret" in page


def test_names_of_features_and_sites_are_escaped(run: RunDirectory) -> None:
    page = (run.path / "report.html").read_text()
    assert "&lt;i&gt;rna" in page
    assert "<i>" not in page
    assert "<b>" not in page


@pytest.mark.slow
def test_the_report_of_a_run_without_factors_has_no_such_section(tmp_path: Path) -> None:
    copy = RunDirectory(Path(shutil.copytree(FROZEN, tmp_path / "run")))
    assert "#factors" in write_report(copy).read_text()
    shutil.rmtree(copy.path / "factors")
    assert copy.factor_stability is None
    assert "#factors" not in write_report(copy).read_text()
