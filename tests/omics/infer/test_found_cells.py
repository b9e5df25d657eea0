"""A file of single cells in a folder is recognised, and a guessed cohort.yaml with it can be read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import yaml
from anndata import AnnData
from guess_tables import counts, outcomes, patients, write
from scipy.sparse import csc_matrix
from simulated_cells import simulated_cells, write_cells_cohort

from omics.cohort.read import cohort_spec, read_cohort
from omics.infer.cohort_yaml import guess_cohort
from omics.infer.write_yaml import CHECK, as_yaml, unsure

CELLS = {"modality": "transcriptomics", "file": "cells.h5ad", "scale": "counts", "format": "cells"}


@pytest.fixture
def cells() -> AnnData:
    """Cells of twelve patients, with columns that are neither patient nor cell type."""
    made = simulated_cells(patients(), np.zeros(12))
    made.obs["depth"] = np.arange(made.n_obs) % 40
    made.obs["share"] = 0.5
    made.obs["doublet"] = False
    made.obs["arm"] = made.obs["patient"].map(dict(zip(patients(), ["a", "b"] * 6, strict=True)))
    return made


def guessed(folder: Path) -> dict[str, dict[str, str]]:
    """Views of the guess, after they were read as a cohort."""
    guess = guess_cohort(folder)
    (folder / "cohort.yaml").write_text(as_yaml(guess), encoding="utf-8")
    read_cohort(folder)
    return guess.as_dict()["views"]


def test_a_cohort_of_cells_is_guessed_as_it_was_declared(tmp_path: Path) -> None:
    declared = yaml.safe_load((write_cells_cohort(tmp_path / "a") / "cohort.yaml").read_text())
    shutil.copytree(tmp_path / "a", tmp_path / "b", ignore=shutil.ignore_patterns("cohort.yaml"))
    assert guessed(tmp_path / "b") == {"cells": declared["views"]["blood"]}
    assert unsure(guess_cohort(tmp_path / "b")) == ["covariates"]
    views = cohort_spec(read_cohort(tmp_path / "b")).views
    assert list(views) == ["cells.B cells", "cells.NK_T", "cells.monocytes", "cells.composition"]


def test_cells_beside_other_tables(cells: AnnData, tmp_path: Path) -> None:
    cells.write_h5ad(tmp_path / "cells.h5ad")
    views = guessed(write(tmp_path, outcome=outcomes(), rna=counts()))
    assert views["cells"] == CELLS | {"patient": "patient", "cell_type": "cell_type"}
    assert views["rna"]["file"] == "rna.csv"


def test_counts_of_a_layer_are_found(cells: AnnData, tmp_path: Path) -> None:
    cells.layers["a"] = cells.X * 0.1
    cells.layers["counts"] = csc_matrix(cells.X)
    cells.X = np.log1p(cells.X.toarray())
    cells.write_h5ad(tmp_path / "cells.h5ad")
    assert guessed(write(tmp_path, outcome=outcomes()))["cells"]["layer"] == "counts"


def test_without_raw_counts_the_guess_says_so(cells: AnnData, tmp_path: Path) -> None:
    cells.X = np.log1p(cells.X.toarray())
    cells.write_h5ad(tmp_path / "cells.h5ad")
    guess = guess_cohort(write(tmp_path, outcome=outcomes()))
    assert "view cells" in unsure(guess)
    assert "no whole numbers in X or a layer" in as_yaml(guess).replace("\n  #", "")


@pytest.mark.parametrize(
    ("patient", "cell_type", "sure"),
    [
        ("donor_id", "cell type", True),
        ("orig.ident", "CellType_l2", True),
        ("sample", "leiden", False),
        ("x", "y", False),
    ],
)
def test_columns_are_found_by_their_values(
    patient: str, cell_type: str, sure: bool, cells: AnnData, tmp_path: Path
) -> None:
    cells.obs = cells.obs.rename(columns={"patient": patient, "cell_type": cell_type}).drop(columns="depth")
    cells.write_h5ad(tmp_path / "cells.h5ad")
    write(tmp_path, outcome=outcomes())
    assert guessed(tmp_path)["cells"] == CELLS | {"patient": patient, "cell_type": cell_type}
    guess = guess_cohort(tmp_path)
    assert ("view cells" not in unsure(guess)) == sure
    assert (f"{CHECK}{len(cells)} cells of 12 patients" in as_yaml(guess)) != sure


def test_patients_in_rows_are_no_cells(tmp_path: Path) -> None:
    table = counts().set_index("patient")
    sites = pd.DataFrame({"site": ["a", "b"] * 6, "batch": ["x", "y", "z"] * 4}, table.index)
    AnnData(table.to_numpy(float), obs=sites, var=pd.DataFrame(index=table.columns)).write_h5ad(
        tmp_path / "rna.h5ad"
    )
    view = guessed(write(tmp_path, outcome=outcomes()))["rna"]
    assert "format" not in view


def drop_type(cells: AnnData) -> None:
    cells.obs = cells.obs[["patient", "arm"]]


def other_ids(cells: AnnData) -> None:
    cells.obs["patient"] = "x" + cells.obs["patient"].astype(str)


@pytest.mark.parametrize("change", [drop_type, other_ids])
def test_cells_without_labels_that_fit_are_not_declared(
    change: Callable[[AnnData], None], cells: AnnData, tmp_path: Path
) -> None:
    change(cells)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    guess = guess_cohort(write(tmp_path, outcome=outcomes(), rna=counts()))
    assert list(guess.views) == ["rna"]
    assert "cells.h5ad is not used: it shares no id" in as_yaml(guess)


def test_cells_are_never_the_samples_table(cells: AnnData, tmp_path: Path) -> None:
    cells.write_h5ad(tmp_path / "patients.h5ad")
    bare = pd.DataFrame({"id": patients(), "value": range(12)})
    guess = guess_cohort(write(tmp_path, x=bare))
    assert guess.as_dict()["samples"] == {"file": "x.csv", "id": "id"}
    assert anndata.read_h5ad(tmp_path / "patients.h5ad").n_obs == cells.n_obs
