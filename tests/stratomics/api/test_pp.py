"""``stratomics.pp``: pseudobulks and composition as AnnData, and clinical columns in the views."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from simulated_cells import simulated_cells

from omics.cells.composition import log_ratios
from omics.common.errors import CohortError, InputError
from stratomics.api.pp import composition, copy_clinical, pseudobulk


@pytest.fixture
def cells() -> AnnData:
    made = simulated_cells(["p1", "p2", "p3"], np.zeros(3))
    made.obs["arm"] = made.obs["patient"].map({"p1": "a", "p2": "b", "p3": "a"})
    made.obs["age"] = made.obs["patient"].map({"p1": 50.0, "p2": 60.0, "p3": np.nan})
    made.var["symbol"] = [f"s{name}" for name in made.var_names]
    return made


def test_a_view_per_type_with_what_is_known_of_the_patients(cells: AnnData) -> None:
    views = pseudobulk(cells, "patient", "cell_type", obs=["arm", "age"])
    assert list(views) == ["B cells", "NK_T", "monocytes"]
    view = views["NK_T"]
    assert list(view.obs_names) == ["p1", "p2", "p3"]
    assert list(view.obs.columns) == ["arm", "age", "cells"]
    assert list(view.obs["arm"]) == ["a", "b", "a"]
    assert view.X.dtype == np.float64
    pd.testing.assert_frame_equal(view.var, cells.var)
    part = cells[(cells.obs["patient"] == "p2") & (cells.obs["cell_type"] == "NK/T")]
    assert (part.X.sum(axis=0) == view["p2"].X).all()
    assert view.obs.loc["p2", "cells"] == part.n_obs
    # p1 has 3 B cells.
    assert list(views["B cells"].obs_names) == ["p2", "p3"]
    assert list(pseudobulk(cells, "patient", "cell_type", min_cells=3)["B cells"].obs_names) == [
        "p1",
        "p2",
        "p3",
    ]


def test_a_file_gives_the_same_views_and_nothing_is_changed(cells: AnnData, tmp_path: Path) -> None:
    before = cells.copy()
    path = tmp_path / "cells.h5ad"
    cells.write_h5ad(path)
    written = path.read_bytes()
    from_memory = pseudobulk(cells, "patient", "cell_type", obs=["arm"])
    for source in (path, str(path), anndata.read_h5ad(path, backed="r")):
        for name, view in pseudobulk(source, "patient", "cell_type", obs=["arm"]).items():
            assert view.X.tobytes() == from_memory[name].X.tobytes()
            pd.testing.assert_frame_equal(
                view.obs, from_memory[name].obs, check_dtype=False, check_categorical=False
            )
        assert (
            composition(source, "patient", "cell_type").X == composition(cells, "patient", "cell_type").X
        ).all()
    assert path.read_bytes() == written
    from_memory["NK_T"].var["symbol"] = "changed"
    pd.testing.assert_frame_equal(cells.var, before.var)
    assert (cells.X != before.X).nnz == 0


def test_a_layer_and_wrong_input(cells: AnnData) -> None:
    cells.layers["raw"] = cells.X.copy()
    cells.X = cells.X * 0.3
    assert pseudobulk(cells, "patient", "cell_type", layer="raw")["NK_T"].X.sum() > 0
    with pytest.raises(CohortError, match="give raw counts"):
        pseudobulk(cells, "patient", "cell_type")
    with pytest.raises(CohortError, match="did you mean 'patient'"):
        pseudobulk(cells, "patients", "cell_type")
    cells.obs.iloc[0, cells.obs.columns.get_loc("arm")] = "c"
    with pytest.raises(CohortError, match="the cells of the patient have both") as caught:
        pseudobulk(cells, "patient", "cell_type", layer="raw", obs=["arm"])
    assert caught.value.code == "not_constant"


def test_composition_has_log_ratios_and_counts(cells: AnnData) -> None:
    result = composition(cells, "patient", "cell_type")
    table = pd.crosstab(cells.obs["patient"], cells.obs["cell_type"])
    assert list(result.obs_names) == list(table.index)
    assert list(result.var_names) == list(table.columns)
    assert (result.layers["counts"] == table.to_numpy()).all()
    assert (log_ratios(table).to_numpy() == result.X).all()
    assert (result.obs["cells"] == table.sum(axis=1)).all()


def test_clinical_columns_are_copied_into_every_view(acc: Any) -> None:
    cohort = acc.copy()
    copy_clinical(cohort)
    for name, view in cohort.mod.items():
        copied = [] if name == "clinical" else list(cohort.obs.columns)
        assert list(view.obs.columns) == copied
        pd.testing.assert_frame_equal(view.obs, cohort.obs.loc[view.obs_names, copied])
    assert not len(acc["mrna"].obs.columns)


def test_some_columns_are_copied_again_without_loss(acc: Any) -> None:
    cohort = acc.copy()
    cohort["mrna"].obs["batch"] = "one"
    copy_clinical(cohort, ["stage"])
    cohort.obs["stage"] = "changed"
    copy_clinical(cohort, ["stage"])
    assert list(cohort["mrna"].obs.columns) == ["batch", "stage"]
    assert set(cohort["mrna"].obs["stage"]) == {"changed"}


def test_one_name_is_one_column(acc: Any) -> None:
    cohort = acc.copy()
    copy_clinical(cohort, "stage")
    assert list(cohort["mrna"].obs.columns) == ["stage"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda cohort: copy_clinical(cohort, ["stge"]),
            "no column 'stge' in cohort.obs; did you mean 'stage'",
        ),
        (lambda cohort: copy_clinical(cohort[:5]), "a view of another one; take a copy first"),
    ],
)
def test_wrong_columns_and_views_of_a_cohort(acc: Any, change: Callable[[Any], None], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        change(acc.copy())
