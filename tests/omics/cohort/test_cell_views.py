"""Views of cells: one declaration gives several views, which everything else reads like any others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from anndata import AnnData
from scipy.sparse import csr_matrix
from simulated_cells import cells_specification, labelled, write_cells_cohort

from omics.cells.composition import cells_per_type
from omics.cells.open_cells import open_cells
from omics.cells.pseudobulk import pseudobulks
from omics.cohort.cell_views import read_views
from omics.cohort.new_patients import read_new_patients
from omics.cohort.parse import parse_spec
from omics.cohort.read import (
    cohort_digest,
    cohort_files,
    cohort_spec,
    inspect_cohort,
    observed_views,
    read_cohort,
)
from omics.cohort.spec import ViewSpec
from omics.cohort.write import write_cohort
from omics.common.errors import CohortError

VIEWS = ["blood.B cells", "blood.NK_T", "blood.monocytes", "blood.composition"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cells_cohort(tmp_path_factory.mktemp("cells") / "cohort")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write two views beside the samples p1, p2 and p3: cells, and a table with the name that is given."""

    def written(cells: AnnData, name: str = "rna", **keys: Any) -> Path:
        spec = cells_specification()
        spec["covariates"] = []
        spec["views"]["blood"] |= keys
        spec["views"][name] = {"file": "rna.csv", "modality": "generic", "scale": "numeric"}
        outcome = pd.DataFrame({"sample_id": ["p1", "p2", "p3"], "time": [3, 4, 5], "event": [1, 0, 1]})
        outcome.to_csv(tmp_path / "outcome.csv", index=False)
        outcome[["sample_id", "time"]].to_csv(tmp_path / "rna.csv", index=False)
        cells.write_h5ad(tmp_path / "cells.h5ad")
        (tmp_path / "cohort.yaml").write_text(yaml.safe_dump(spec))
        return tmp_path

    return written


def few(patients: str = "p1 p1 p2 p2", types: str = "T T T B") -> AnnData:
    return labelled(csr_matrix(np.ones((4, 3))), patients.split(" "), types.split(" "))


def error_of(source: Path) -> CohortError:
    cohort, errors = inspect_cohort(source)
    assert cohort is None
    (error,) = errors
    with pytest.raises(CohortError) as caught:
        read_new_patients(source)
    assert str(caught.value) == str(error)
    return error


def test_one_declaration_gives_a_view_per_type_and_the_composition(folder: Path) -> None:
    cohort = read_cohort(folder)
    spec = cohort_spec(cohort)
    assert list(spec.views) == VIEWS
    assert {(view.modality, view.scale) for name, view in spec.views.items() if name != VIEWS[-1]} == {
        ("transcriptomics", "counts")
    }
    assert (spec.views[VIEWS[-1]].modality, spec.views[VIEWS[-1]].scale) == ("generic", "cells")
    with open_cells(folder / "cells.h5ad", "patient", "cell_type") as cells:
        sums, counts = pseudobulks(cells), cells_per_type(cells)
    for kind, name in zip(sums, VIEWS, strict=False):
        assert list(cohort[name].obs_names) == list(sums[kind].patients)
        assert cohort[name].X.tobytes() == sums[kind].counts.tobytes()
    assert (counts.to_numpy() == cohort[VIEWS[-1]].X).all()
    assert list(cohort[VIEWS[-1]].var_names) == ["B cells", "NK/T", "monocytes"]


def test_a_patient_without_enough_cells_lacks_the_view_and_stays(folder: Path) -> None:
    cohort = read_cohort(folder)
    seen = observed_views(cohort)
    assert cohort.n_obs == len(seen) == 40
    # p000 has 3 B cells, and the last patient has no cells.
    assert seen.loc["p000"].tolist() == [False, True, True, True]
    assert not seen.loc["p039"].any()
    notes = [str(note) for name in VIEWS for note in cohort[name].uns.get("left_out", ())]
    assert "5 patient(s) with fewer than 10 cells left out: p006, p013, p020, p027, p034" in notes
    assert "the cell type is 'NK/T'; the name of a view has no / and no spaces around it" in notes


def test_a_minimum_that_is_declared_counts(write: Callable[..., Path]) -> None:
    cells = few("p1 p1 p2 p3", "T T T B")
    cohort = read_cohort(write(cells, min_cells=2))
    assert list(cohort.mod) == ["clinical", "blood.T", "blood.composition", "rna"]
    assert list(cohort["blood.T"].obs_names) == list(cohort["blood.composition"].obs_names) == ["p1"]
    notes = list(cohort["blood.composition"].uns["left_out"])
    assert notes == [
        "2 patient(s) with fewer than 2 cells of each type left out: p2, p3",
        "1 cell type(s) with fewer than 2 cells in each patient left out: B",
    ]


def test_the_files_and_the_digest_are_those_of_the_declaration(folder: Path, tmp_path: Path) -> None:
    assert list(cohort_files(folder)) == ["cohort.yaml", "outcome.csv", "cells.h5ad"]
    other = write_cells_cohort(tmp_path / "cohort")
    before = cohort_digest(read_cohort(other))
    with h5py.File(other / "cells.h5ad", "r+") as file:
        file["X"]["data"][0] += 1
    assert cohort_digest(read_cohort(other)) != before


def test_an_h5mu_holds_the_expanded_views(folder: Path, tmp_path: Path) -> None:
    cohort = read_cohort(folder)
    again = read_cohort(write_cohort(cohort, tmp_path / "cells.h5mu"))
    assert list(cohort_spec(again).views) == VIEWS
    for name in VIEWS:
        assert again[name].X.tobytes() == cohort[name].X.tobytes()
        assert list(again[name].uns.get("left_out", ())) == list(cohort[name].uns.get("left_out", ()))
    pd.testing.assert_frame_equal(observed_views(again), observed_views(cohort))


def test_new_patients_are_read_in_the_same_way(folder: Path) -> None:
    cohort, new = read_cohort(folder), read_new_patients(folder)
    assert list(cohort_spec(new).views) == VIEWS
    for name in VIEWS:
        assert new[name].X.tobytes() == cohort[name].X.tobytes()


def test_a_layer_has_the_counts(write: Callable[..., Path]) -> None:
    cells = few()
    cells.layers["raw"] = cells.X
    cells.X = cells.X * 0.5
    folder = write(cells, min_cells=1)
    assert error_of(folder).code == "not_a_count"
    assert read_cohort(write(cells, min_cells=1, layer="raw"))["blood.T"].X.tolist() == [[2] * 3, [1] * 3]


@pytest.mark.parametrize(
    ("cells", "keys", "code", "sentence"),
    [
        (few(), {}, "too_few_cells", "no patient has 10 cells of one type, and at most 2; lower min_cells"),
        (few(), {"patient": "patints"}, "missing_column", "did you mean 'patient'?"),
        (
            few("p1 p1 p2 p4"),
            {"min_cells": 1},
            "unknown_patient",
            "1 patient id(s) of view 'blood' are not in",
        ),
        (
            few("q1 q1 q2 q4"),
            {"min_cells": 1},
            "no_shared_ids",
            "view 'blood' shares no id with the samples table",
        ),
        (few("p1 p1  p2"), {"min_cells": 1}, "cell_without_patient", "cell 'c2' has no patient"),
        (few(types="T T composition B"), {"min_cells": 1}, "same_view_name", "rename the cell type"),
        (few(types="T T B/x B_x"), {"min_cells": 1}, "same_view_name", "rename the cell type"),
    ],
)
def test_wrong_cells_give_one_error(
    write: Callable[..., Path], cells: AnnData, keys: dict[str, Any], code: str, sentence: str
) -> None:
    error = error_of(write(cells, **keys))
    assert (error.code, sentence in error.sentence) == (code, True)
    assert error.file is not None
    assert error.file.endswith("cells.h5ad")


def test_another_view_cannot_have_the_name_of_a_view_of_cells(write: Callable[..., Path]) -> None:
    error = error_of(write(few(), name="blood.T", min_cells=1))
    assert error.code == "same_view_name"
    assert "the cells of 'blood' have a view 'blood.T', and another view has this name" in error.sentence


def test_a_file_that_is_no_anndata_is_an_error(write: Callable[..., Path]) -> None:
    folder = write(few(), min_cells=1)
    (folder / "cells.h5ad").write_text("version https://git-lfs.github.com/spec/v1")
    assert error_of(folder).code == "stand_in"
    (folder / "cells.h5ad").unlink()
    assert error_of(folder).code == "missing_file"


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ({"patient": None}, "missing_key", "lacks the key 'patient', a column of obs"),
        ({"cell_type": None}, "missing_key", "lacks the key 'cell_type', a column of obs"),
        ({"file": None}, "missing_key", "view 'blood' lacks the key 'file'"),
        ({"patients": "x"}, "unknown_key", "did you mean 'patient'?"),
        ({"min_cell": 3}, "unknown_key", "did you mean 'min_cells'?"),
        (
            {"min_cells": 0},
            "bad_min_cells",
            "view 'blood': 'min_cells' is 0; it must be a whole number from 1",
        ),
        ({"min_cells": "10"}, "bad_min_cells", "is '10'; it must be a whole number from 1"),
        ({"scale": "log"}, "wrong_scale", "which sums raw counts; declare scale: counts"),
        ({"orient": "features_in_rows"}, "foreign_key", "which has cells in rows; remove 'orient'"),
        ({"format": None}, "foreign_key", "'patient' belongs to the format cells; add format: cells"),
        ({"format": "cels"}, "foreign_key", "'patient' belongs to the format cells"),
        ({"modality": "proteomics"}, "unknown_scale", "scale 'counts' is not one of proteomics"),
        ({"timing": "week 4"}, "not_baseline", "models use baseline views only"),
        ({"patient": 3}, "wrong_type", "must be text"),
    ],
)
def test_wrong_declarations(
    write: Callable[..., Path], change: dict[str, Any], code: str, sentence: str
) -> None:
    folder = write(few(), **({"min_cells": 1} | change))
    error = error_of(folder)
    assert (error.code, sentence in error.sentence) == (code, True), error.sentence


def test_cells_without_the_format_are_refused_before_they_are_read(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(few(), format=None, patient=None, cell_type=None)
    monkeypatch.setattr("omics.cohort.cell_views.read_view", lambda *_: pytest.fail("the table was read"))
    with pytest.raises(CohortError, match="if they are cells, declare format: cells with patient") as caught:
        read_views(
            folder, "blood", ViewSpec("transcriptomics", "counts", "cells.h5ad"), pd.Index(["p1"]), "yaml"
        )
    assert caught.value.code == "no_shared_ids"


def test_an_h5ad_with_features_in_rows_is_no_table_of_cells(write: Callable[..., Path]) -> None:
    folder = write(few(), min_cells=1)
    table = AnnData(np.ones((9, 2)), var=pd.DataFrame(index=["p1", "p2"]))
    table.write_h5ad(folder / "other.h5ad")
    view = ViewSpec("generic", "numeric", "other.h5ad", orient="features_in_rows")
    read = read_views(folder, "other", view, pd.Index(["p1", "p2", "p3"]), "yaml")
    assert list(read["other"].table.index) == ["p1", "p2"]


def test_a_wrong_format_suggests_that_of_cells(write: Callable[..., Path]) -> None:
    folder = write(few(), format="cels", patient=None, cell_type=None)
    assert "unknown format 'cels'; did you mean 'cells'?" in error_of(folder).sentence


def test_a_specification_of_expanded_views_is_valid(folder: Path) -> None:
    spec = cohort_spec(read_cohort(folder))
    assert parse_spec(spec.as_dict(), "x") == spec


def test_two_files_of_cells_have_separate_views(write: Callable[..., Path]) -> None:
    folder = write(few(), min_cells=1)
    spec = yaml.safe_load((folder / "cohort.yaml").read_text())
    spec["views"]["tumour"] = spec["views"]["blood"] | {"file": "more.h5ad"}
    anndata.read_h5ad(folder / "cells.h5ad").write_h5ad(folder / "more.h5ad")
    (folder / "cohort.yaml").write_text(yaml.safe_dump(spec))
    views = list(cohort_spec(read_cohort(folder)).views)
    assert views == [
        *("blood.B", "blood.T", "blood.composition"),
        "rna",
        *("tumour.B", "tumour.T", "tumour.composition"),
    ]
