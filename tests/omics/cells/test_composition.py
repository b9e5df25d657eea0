"""Composition: counts as a loop gives them, and log-ratios by the formula."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_cells import labelled

from omics.cells.composition import cells_per_type, log_ratios
from omics.cells.open_cells import open_cells


def by_formula(counts: list[int]) -> list[float]:
    """Logarithm of each count minus the mean logarithm, a zero being 0.65 times the smallest count above zero."""
    filled = [count if count else 0.65 * min(c for c in counts if c) for count in counts]
    mean = sum(math.log(value) for value in filled) / len(filled)
    return [math.log(value) - mean for value in filled]


def cells_of(pairs: list[tuple[str, str]]) -> AnnData:
    patients, types = (list(part) for part in zip(*pairs, strict=True))
    return labelled(np.zeros((len(pairs), 1)), patients, types)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from(["p1", "p2", "p3"]), st.sampled_from(["B", "NK", "T"])),
        min_size=1,
        max_size=40,
    )
)
def test_counts_and_log_ratios_are_those_of_a_loop(pairs: list[tuple[str, str]]) -> None:
    with open_cells(cells_of(pairs), "patient", "cell_type") as cells:
        counts = cells_per_type(cells)
    assert list(counts.index) == sorted({patient for patient, _ in pairs})
    assert list(counts.columns) == sorted({kind for _, kind in pairs})
    for patient in counts.index:
        for kind in counts.columns:
            assert counts.loc[patient, kind] == pairs.count((patient, kind))
        np.testing.assert_allclose(
            log_ratios(counts).loc[patient], by_formula(list(counts.loc[patient])), atol=1e-12
        )


def test_log_ratios_of_a_patient_depend_on_no_other_patient() -> None:
    counts = pd.DataFrame([[5, 0, 9], [1, 1, 1], [0, 0, 3]], ["a", "b", "c"], ["x", "y", "z"])
    together = log_ratios(counts)
    for patient in counts.index:
        pd.testing.assert_frame_equal(
            together.loc[[patient]], log_ratios(counts.loc[[patient]]), check_exact=True
        )


def test_counts_of_a_real_file(shared: object) -> None:
    folder: Path = shared("strata/kang_cells")  # type: ignore[operator]  # a fixture that is a function
    golden = pd.read_csv(folder / "pseudobulk_golden.csv").pivot(
        index="sample", columns="cell_type", values="cells"
    )
    with open_cells(folder / "cells.h5ad", "sample", "cell_type") as cells:
        counts = cells_per_type(cells)
    assert counts.to_numpy().tolist() == golden.to_numpy().tolist()
    assert list(counts.columns) == list(golden.columns)


def test_a_type_that_no_cell_has_is_not_a_part() -> None:
    cells = cells_of([("p1", "B"), ("p1", "T")])
    cells.obs["cell_type"] = pd.Categorical(cells.obs["cell_type"], categories=["B", "NK", "T"])
    with open_cells(cells, "patient", "cell_type") as opened:
        assert list(cells_per_type(opened).columns) == ["B", "T"]
    assert pytest.approx(0) == log_ratios(pd.DataFrame([[4, 2]])).to_numpy().sum()
