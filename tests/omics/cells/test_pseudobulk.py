"""Pseudobulks: a published data set to the last count, scanpy as an oracle, and every wrong count."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy.sparse import csc_matrix, csr_matrix
from simulated_cells import labelled, simulated_cells

from omics.cells.open_cells import open_cells
from omics.cells.pseudobulk import Pseudobulk, pseudobulks
from omics.common.errors import CohortError

Shared = Callable[[str], Path]


def summed(
    cells: AnnData | Path, least: int = 1, layer: str | None = None, **names: str
) -> dict[str, Pseudobulk]:
    columns = {"patient": "patient", "cell_type": "cell_type"} | names
    with open_cells(cells, columns["patient"], columns["cell_type"], layer) as opened:
        return pseudobulks(opened, least)


def error_of(cells: AnnData | Path, least: Any = 1) -> CohortError:
    with pytest.raises(CohortError) as caught:
        summed(cells, least)
    return caught.value


@pytest.mark.parametrize("source", ["file", "memory", "backed", "columns", "dense", "backed selection"])
def test_twenty_pseudobulks_of_kang_to_the_last_count(shared: Shared, source: str) -> None:
    folder = shared("strata/kang_cells")
    path = folder / "cells.h5ad"
    cells: AnnData | Path = (
        path if source == "file" else anndata.read_h5ad(path, backed="r" if "backed" in source else None)
    )
    if source == "columns":
        cells.X = csc_matrix(cells.X)
    elif source == "dense":
        cells.X = cells.X.toarray()
    elif source == "backed selection":
        cells = cells[np.arange(cells.n_obs)]
    golden = pd.read_csv(folder / "pseudobulk_golden.csv")
    found = summed(cells, patient="sample")
    with h5py.File(path) as file:
        isg15 = [name.decode() for name in file["var"][file["var"].attrs["_index"]]].index("ISG15")
    rows = [
        (patient, kind, one.cells[at], one.counts[at].sum(), one.counts[at, isg15])
        for kind, one in found.items()
        for at, patient in enumerate(one.patients)
    ]
    assert len(rows) == 20
    assert set(rows) == set(golden.itertuples(index=False, name=None))


def test_a_minimum_of_16_cells_makes_one_missing_block(shared: Shared) -> None:
    path = shared("strata/kang_cells") / "cells.h5ad"
    plain, strict = summed(path, patient="sample"), summed(path, 16, patient="sample")
    assert {kind: list(one.too_few) for kind, one in strict.items() if len(one.too_few)} == {
        "CD8 T cells": ["stim107"]
    }
    assert list(strict["CD8 T cells"].patients) == ["ctrl101", "ctrl107", "stim101"]
    assert (strict["CD8 T cells"].counts == plain["CD8 T cells"].counts[:3]).all()


def test_scanpy_gives_the_same_sums(shared: Shared) -> None:
    scanpy = pytest.importorskip("scanpy")
    cells = anndata.read_h5ad(shared("strata/kang_cells") / "cells.h5ad")
    oracle = scanpy.get.aggregate(cells, ["sample", "cell_type"], func="sum")
    table = pd.DataFrame(
        np.asarray(oracle.layers["sum"]),
        pd.MultiIndex.from_frame(oracle.obs[["sample", "cell_type"]].astype(str)),
    )
    for kind, one in summed(cells, patient="sample").items():
        for at, patient in enumerate(one.patients):
            assert (table.loc[(patient, kind)].to_numpy() == one.counts[at]).all()


def test_the_order_of_the_cells_does_not_matter() -> None:
    cells = simulated_cells(["p2", "p1", "p3"], np.zeros(3))
    plain = summed(cells)
    turned = summed(cells[::-1].copy())
    assert list(plain) == list(turned) == sorted(plain)
    for kind, one in plain.items():
        assert list(one.patients) == list(turned[kind].patients) == ["p1", "p2", "p3"]
        assert one.counts.tobytes() == turned[kind].counts.tobytes()


def test_a_layer_is_summed_in_place_of_normalized_values(tmp_path: Path) -> None:
    cells = simulated_cells(["p1", "p2"], np.zeros(2))
    cells.layers["raw"] = csc_matrix(cells.X)
    expected = summed(cells)
    cells.X = csr_matrix(np.log1p(cells.X.toarray()))
    cells.write_h5ad(tmp_path / "cells.h5ad")
    for source in (cells, tmp_path / "cells.h5ad"):
        assert error_of(source).code == "not_a_count"
        for kind, one in summed(source, layer="raw").items():
            assert one.counts.tobytes() == expected[kind].counts.tobytes()


@pytest.mark.parametrize("value", [0.5, -2.0, np.nan, np.inf])
@pytest.mark.parametrize("layout", [np.asarray, csr_matrix, csc_matrix])
def test_a_value_that_is_no_count_names_cell_gene_and_patient(
    value: float, layout: Callable[[Any], Any], tmp_path: Path
) -> None:
    table = np.ones((4, 3))
    table[2, 1] = value
    cells = labelled(layout(table), ["p1", "p1", "p2", "p2"], ["T"] * 4)
    cells.write_h5ad(tmp_path / "x.h5ad")
    for source in (cells, tmp_path / "x.h5ad"):
        error = error_of(source)
        assert (error.code, error.patient) == ("not_a_count", "p2")
        assert f"cell 'c2' has {value:g} for gene 'g1'" in error.sentence
        assert "give raw counts" in error.sentence


def test_too_few_cells_of_every_type_is_an_error() -> None:
    error = error_of(labelled(np.ones((3, 2)), ["a", "a", "b"], ["T", "T", "B"]), 3)
    assert error.code == "too_few_cells"
    assert error.sentence == "no patient has 3 cells of one type, and at most 2; lower min_cells"


@pytest.mark.parametrize("least", [0, -1, 2.5, True, "10", None])
def test_a_minimum_is_a_whole_number_from_1(least: Any) -> None:
    assert error_of(labelled(np.ones((1, 1)), ["a"], ["T"]), least).code == "bad_min_cells"


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    labelled(csr_matrix(np.ones((4, 3))), ["a"] * 4, ["T"] * 4).write_h5ad(tmp_path / "x.h5ad")
    with h5py.File(tmp_path / "x.h5ad", "r+") as file:
        file["X"]["indices"][0] = 77
    error = error_of(tmp_path / "x.h5ad")
    assert (error.code, error.file) == ("unreadable_file", str(tmp_path / "x.h5ad"))


def test_large_counts_are_summed_exactly() -> None:
    table = np.array([[2**30], [2**30 + 1], [1]], dtype=np.int64)
    assert summed(labelled(csr_matrix(table), ["a"] * 3, ["T"] * 3))["T"].counts.item() == 2**31 + 2
