"""Opening cells: what is read, from a file, a folder of zarr or memory, and every wrong input in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy.sparse import csr_matrix
from simulated_cells import labelled

from omics.cells.open_cells import open_cells, patient_columns
from omics.cells.pseudobulk import pseudobulks
from omics.common.errors import CohortError


def four_cells() -> AnnData:
    cells = labelled(
        csr_matrix(np.arange(12.0).reshape(4, 3)), ["p1", "p2", "p1", "p2"], ["T", "T", "B", "B"]
    )
    cells.obs["arm"] = ["x", "y", "x", "y"]
    cells.obs["age"] = [51.0, np.nan, 51.0, np.nan]
    cells.obs["depth"] = [1, 2, 3, 4]
    return cells


def error_of(cells: AnnData | Path, patient: str = "patient", layer: str | None = None) -> CohortError:
    with pytest.raises(CohortError) as caught, open_cells(cells, patient, "cell_type", layer):
        pass
    return caught.value


def changed(change: Callable[[AnnData], object]) -> AnnData:
    cells = four_cells()
    change(cells)
    return cells


def without_label(column: str, label: object) -> AnnData:
    cells = four_cells()
    cells.obs[column] = pd.Series(["p1", label, "p1", "p2"], cells.obs_names, dtype=object)
    return cells


@pytest.mark.parametrize(
    ("cells", "code", "sentence"),
    [
        (without_label("patient", None), "cell_without_patient", "cell 'c1' has no patient; give it one"),
        (without_label("patient", "nan"), "cell_without_patient", "cell 'c1' has no patient; give it one"),
        (without_label("cell_type", np.nan), "cell_without_type", "cell 'c1' has no cell type; give it one"),
        (changed(lambda c: setattr(c, "var_names", ["a", "b", "a"])), "duplicate_column", "appears twice"),
        (
            changed(lambda c: setattr(c, "var_names", ["a", "", "b"])),
            "empty_feature",
            "gene 2 of the file has no name",
        ),
        (changed(lambda c: c.obs.pop("cell_type")), "missing_column", "no such column of obs; choose one of"),
        (four_cells()[:0].copy(), "no_patient", "the file has no cell"),
        (
            AnnData(obs=four_cells().obs, var=four_cells().var),
            "not_anndata",
            "the counts are of type NoneType",
        ),
    ],
)
def test_wrong_cells_give_one_sentence(cells: AnnData, code: str, sentence: str, tmp_path: Path) -> None:
    error = error_of(cells)
    assert (error.code, error.file) == (code, "the cells")
    assert sentence in error.sentence
    if code not in ("not_anndata", "empty_feature"):
        cells.write_h5ad(tmp_path / "x.h5ad")
        stored = error_of(tmp_path / "x.h5ad")
        assert (stored.code, stored.sentence, stored.column) == (code, error.sentence, error.column)
        assert stored.file == str(tmp_path / "x.h5ad")


def test_the_nearest_column_and_layer_are_suggested(tmp_path: Path) -> None:
    cells = four_cells()
    cells.layers["counts"] = cells.X
    cells.write_h5ad(tmp_path / "x.h5ad")
    for source in (cells, tmp_path / "x.h5ad"):
        assert "did you mean 'patient'?" in error_of(source, "patiant").sentence
        error = error_of(source, layer="count")
        assert (error.code, "did you mean 'counts'?" in error.sentence) == ("missing_layer", True)
    del cells.layers["counts"]
    assert (
        "there is no layer 'x'; the table has X only: leave layer out" in error_of(cells, layer="x").sentence
    )


def test_what_is_no_anndata_is_refused(tmp_path: Path) -> None:
    assert error_of(tmp_path / "absent.h5ad").code == "missing_file"
    (tmp_path / "text.h5ad").write_text("a,b")
    assert error_of(tmp_path / "text.h5ad").code == "unreadable_file"
    with h5py.File(tmp_path / "other.h5ad", "w") as file:
        file["x"] = [1]
    assert error_of(tmp_path / "other.h5ad").code == "not_anndata"


def test_counts_of_another_shape_are_refused(tmp_path: Path) -> None:
    four_cells().write_h5ad(tmp_path / "x.h5ad")
    with h5py.File(tmp_path / "x.h5ad", "r+") as file:
        file["X"].attrs["shape"] = [4, 7]
    error = error_of(tmp_path / "x.h5ad")
    assert (error.code, "4 x 7, and there are 4 cells x 3 genes" in error.sentence) == ("wrong_shape", True)


# The version of zarr is that of anndata's default.
@pytest.mark.filterwarnings("ignore:Writing zarr v2")
@pytest.mark.parametrize("form", ["memory", "h5ad", "zarr"])
def test_every_form_gives_the_same_cells(form: str, tmp_path: Path) -> None:
    cells: AnnData | Path = four_cells()
    if form == "h5ad":
        cells.write_h5ad(tmp_path / "x.h5ad")
        cells = tmp_path / "x.h5ad"
    elif form == "zarr":
        cells.write_zarr(tmp_path / "x.zarr")
        cells = tmp_path / "x.zarr"
    with open_cells(cells, "patient", "cell_type") as opened:
        assert list(opened.genes) == ["g0", "g1", "g2"]
        assert [opened.source.name_of(at) for at in range(4)] == ["c0", "c1", "c2", "c3"]
        sums = pseudobulks(opened, 1)
        columns = patient_columns(opened, ["arm", "age"])
    assert sums["B"].counts.tolist() == [[6, 7, 8], [9, 10, 11]]
    assert list(columns["arm"]) == ["x", "y"]
    assert columns["age"].isna().tolist() == [False, True]


def test_a_file_of_anndata_0_7_keeps_its_categories(tmp_path: Path) -> None:
    """In version 0.1.0 of ``obs`` the categories are not stored with their column."""
    cells = four_cells()
    cells.write_h5ad(tmp_path / "x.h5ad")
    with h5py.File(tmp_path / "x.h5ad", "r+") as file:
        obs = file["obs"]
        obs.attrs["encoding-version"] = "0.1.0"
        for name in ("patient", "cell_type", "arm"):
            labels = pd.Categorical(cells.obs[name])
            del obs[name]
            obs[f"__categories/{name}"] = list(labels.categories.astype(str))
            obs[name] = labels.codes
            obs[name].attrs["categories"] = obs[f"__categories/{name}"].ref
    with open_cells(tmp_path / "x.h5ad", "patient", "cell_type") as opened:
        assert list(opened.patients.names) == ["p1", "p2"]
        assert list(opened.types.names) == ["B", "T"]


def test_a_column_that_differs_within_a_patient_is_refused() -> None:
    with open_cells(four_cells(), "patient", "cell_type") as opened:
        with pytest.raises(CohortError, match="the cells of the patient have both 1 and 3") as caught:
            patient_columns(opened, ["depth"])
        assert (caught.value.code, caught.value.column, caught.value.patient) == (
            "not_constant",
            "depth",
            "p1",
        )
        with pytest.raises(CohortError, match="did you mean 'arm'"):
            patient_columns(opened, ["amr"])
        assert patient_columns(opened, []).shape == (2, 0)


def test_a_value_beside_a_missing_one_is_not_constant() -> None:
    cells = four_cells()
    cells.obs["arm"] = pd.Series(["x", "y", None, "y"], cells.obs_names, dtype=object)
    with (
        open_cells(cells, "patient", "cell_type") as opened,
        pytest.raises(CohortError, match="have both x and None"),
    ):
        patient_columns(opened, ["arm"])


def test_cells_are_not_changed() -> None:
    cells = four_cells()
    before = cells.copy()
    with open_cells(cells, "patient", "cell_type") as opened:
        pseudobulks(opened, 1)
    pd.testing.assert_frame_equal(cells.obs, before.obs)
    assert (cells.X != before.X).nnz == 0
    assert anndata.concat([cells]).shape == (4, 3)
