"""Getters: one row per what they name, equal to what the cohort or the run holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from saved_run import SavedRun
from small import with_response

from omics.cohort.endpoints import Survival
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.errors import DataError, InputError
from stratomics.api import get, tl
from stratomics.api.run import Run


@pytest.fixture
def cohort(write_small: Callable[..., Path]) -> Any:
    made = read_cohort(write_small(holes))
    tl.factors(made, 3)
    return made


def holes(frames: dict[str, Any], spec: dict[str, Any]) -> None:
    """A patient without any view, one with an empty row, missing values, and a patient without the endpoint."""
    frames["rna"] = frames["rna"].iloc[1:]
    frames["protein"].iloc[0, 1:] = np.nan
    frames["protein"].iloc[1:4, 1] = np.nan
    frames["outcome"].loc[3, "time"] = np.nan


def test_factors_by_patient(cohort: Any) -> None:
    table = get.factors(cohort)
    assert list(table) == ["sample_id", "factor", "mean", "sd", "known"]
    wide = table.pivot(index="sample_id", columns="factor", values="mean").loc[cohort.obs_names]
    np.testing.assert_array_equal(wide.to_numpy(), cohort.obsm["X_factors"])
    wide = table.pivot(index="sample_id", columns="factor", values="sd").loc[cohort.obs_names]
    np.testing.assert_array_equal(wide.to_numpy(), cohort.obsm["X_factors_sd"])
    assert list(table.loc[~table["known"], "sample_id"]) == ["p000"] * 3


def test_loadings_by_feature(cohort: Any) -> None:
    table = get.loadings(cohort)
    assert list(table) == ["view", "feature", "factor", "loading"]
    assert len(table) == (20 + 8) * 3
    for view in ("rna", "protein"):
        wide = table[table["view"] == view].pivot(index="feature", columns="factor", values="loading")
        np.testing.assert_array_equal(
            wide.loc[cohort[view].var_names].to_numpy(), cohort[view].varm["loadings"]
        )


def test_variance_explained_by_view(cohort: Any) -> None:
    table = get.variance_explained(cohort)
    assert list(table) == ["view", "factor", "variance_explained"]
    wide = table.pivot(index="view", columns="factor", values="variance_explained")
    stored = cohort.uns["factors"]["variance_explained"]
    np.testing.assert_array_equal(wide.loc[stored.index].to_numpy(), stored.to_numpy())


def test_associations_are_a_copy(cohort: Any) -> None:
    with pytest.raises(InputError, match=r"run st\.tl\.associations\(cohort\) first"):
        get.associations(cohort)
    tl.associations(cohort)
    table = get.associations(cohort)
    table["p"] = 0.0
    assert (get.associations(cohort)["p"] > 0).any()


@pytest.mark.parametrize("getter", [get.factors, get.loadings, get.variance_explained, get.associations])
def test_what_is_not_computed_is_one_sentence(acc: Any, getter: Any) -> None:
    with pytest.raises(InputError, match=r"no factors in this cohort; run st\.tl\.factors\(cohort\) first"):
        getter(acc)
    with pytest.raises(InputError, match=r"key_added='gfa'"):
        getter(acc, "gfa")


def test_clinical_columns_and_endpoints(cohort: Any) -> None:
    table = get.clinical(cohort)
    assert list(table["sample_id"]) == list(cohort.obs_names)
    survival = cohort_endpoints(cohort).named["survival"]
    assert isinstance(survival, Survival)
    np.testing.assert_array_equal(table["survival.time"], survival.time)
    assert table["survival.event"].isna().tolist() == [name == "p003" for name in cohort.obs_names]
    pd.testing.assert_series_equal(table["age"], cohort.obs["age"].reset_index(drop=True))
    table["age"] = 0.0
    assert (cohort.obs["age"] > 0).all()


def test_clinical_columns_of_a_response(write_small: Callable[..., Path]) -> None:
    table = get.clinical(read_cohort(write_small(with_response)))
    assert table["response"].isna().sum() == 4


def test_a_column_with_the_name_of_the_ids_gives_way(cohort: Any) -> None:
    cohort.obs["sample_id"] = "x"
    assert list(get.clinical(cohort)["sample_id"]) == list(cohort.obs_names)


def test_views_and_what_they_lack(cohort: Any) -> None:
    table = get.views(cohort).set_index("view")
    assert list(table.loc["rna"]) == ["transcriptomics", "log", 39, 20, 0.0]
    # 30 rows, one of them empty; three single values of the others are missing.
    assert list(table.loc["protein"])[:4] == ["proteomics", "log", 29, 8]
    assert table.loc["protein", "missing"] == pytest.approx(3 / (29 * 8))


def test_patterns_count_each_patient_once(cohort: Any) -> None:
    table = get.view_patterns(cohort)
    assert table["patients"].sum() == cohort.n_obs
    both = table[table["rna"] & table["protein"]]
    assert both["patients"].tolist() == [29]


def test_curves_of_a_run(tmp_path: Path) -> None:
    run = Run(SavedRun(tmp_path / "run").run("survival"))
    table = get.survival(run)
    assert {"sample_id", "repeat", "fold", "time", "survival"} <= set(table)
    pd.testing.assert_frame_equal(table, get.survival(run.prediction()))
    assert not table.equals(get.survival(run, "clinical_cox"))
    with pytest.raises(InputError, match="no method 'coxx'"):
        get.survival(run, "coxx")
    with pytest.raises(InputError, match=r"take Stratifier\.survival_at\(cohort, time\), or give a run"):
        get.survival(table)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="need a run or predictions, and this is of type PosixPath"):
        get.survival(tmp_path)  # type: ignore[arg-type]


def test_a_response_has_no_curves(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no survival endpoint"):
        get.survival(Run(SavedRun(tmp_path / "run").run("response")))
