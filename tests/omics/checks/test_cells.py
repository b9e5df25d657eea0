"""Checks of cells: what is missing is counted, and the types of one file are not compared with each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from simulated_cells import TYPES, write_cells_cohort

from omics.checks import swaps, views
from omics.checks.cells import describe_cells
from omics.checks.check_cohort import check_cohort
from omics.checks.swaps import swapped_samples
from omics.checks.views import features_in_two_views
from omics.cohort.read import read_cohort
from omics.cohort.write import write_cohort


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cells_cohort(tmp_path_factory.mktemp("cells") / "cohort")


def test_cells_types_and_missing_pseudobulks_are_counted(folder: Path, tmp_path: Path) -> None:
    cohort = read_cohort(folder)
    lacking = {kind: sum((at + number) % 7 == 0 for at in range(39)) for number, kind in enumerate(TYPES)}
    total = int(cohort["blood.composition"].X.sum())
    listed = ", ".join(f"{kind} {count}" for kind, count in lacking.items())
    expected = (
        f"{total:,} cells of 39 patients, 3 cell types; {sum(lacking.values())} of 117 pseudobulks are missing "
        f"because of too few cells (patients without: {listed})"
    )
    assert [finding.sentence for finding in check_cohort(folder) if finding.code == "cells"] == [expected]
    stored = write_cohort(cohort, tmp_path / "cells.h5mu")
    assert [finding.sentence for finding in check_cohort(stored) if finding.code == "cells"] == [expected]


def test_a_cohort_without_cells_has_no_such_finding(acc: Any) -> None:
    assert not list(describe_cells(acc))


def test_log_ratios_are_not_counted_as_cells(folder: Path) -> None:
    cohort = read_cohort(folder)
    spec = cohort.uns["stratomics"]["spec"]
    cohort.uns["stratomics"]["spec"] = spec.replace('"scale": "cells"', '"scale": "numeric"')
    assert not list(describe_cells(cohort))


def test_the_file_of_cells_is_a_declared_table(folder: Path) -> None:
    assert not [finding for finding in check_cohort(folder) if finding.code == "undeclared_table"]


def test_types_of_one_file_are_not_compared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gene is correlated between the cell types of a patient, and is not measured twice."""
    cohort = read_cohort(folder)
    one, two = "blood.B cells", "blood.monocytes"
    both = cohort[one].obs_names.intersection(cohort[two].obs_names)
    exchanged = [both[1], both[0], *both[2:]]
    cohort.mod[two] = AnnData(
        np.asarray(cohort[one][exchanged].X), obs=pd.DataFrame(index=both), var=cohort[two].var
    )
    assert not list(features_in_two_views(cohort))
    assert not list(swapped_samples(cohort))
    # Two tables of other origin with these values would be suspect.
    for check in (swaps, views):
        monkeypatch.setattr(check, "pairs_of_families", lambda _: set())
    assert [finding.code for finding in features_in_two_views(cohort)] == ["duplicated_features"]
    (swap,) = swapped_samples(cohort)
    assert f"patients {both[0]} and {both[1]} match better" in swap.sentence


def test_a_type_without_any_pseudobulk_is_counted(folder: Path) -> None:
    cohort = read_cohort(folder)
    del cohort.mod["blood.NK_T"]
    (finding,) = describe_cells(cohort)
    assert "patients without: NK/T 39, B cells 6, monocytes 5" in finding.sentence
