"""Transforms to the harmonized scale: one patient at a time, known values, NaN stays NaN."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from omics.common.registry import resolve
from omics.modalities import MODALITIES
from omics.modalities.transforms import (
    beta_to_m,
    cells_to_clr,
    clr,
    log2_intensity,
    log_cpm,
    log_relative_to_clr,
)

EVERY = [(name, scale) for name in MODALITIES for scale in resolve(MODALITIES, name, "modality").scales]

VALUES = {
    "counts": st.integers(0, 10_000).map(float),
    "cells": st.integers(0, 10_000).map(float),
    "binary": st.sampled_from([0.0, 1.0]),
    "dosage": st.floats(0, 2),
    "beta": st.floats(0, 1),
    "relative": st.floats(0, 1),
    "log_relative": st.floats(-5, 0),
    "intensity": st.floats(0, 1e9),
}


@pytest.mark.parametrize(("name", "scale"), EVERY)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_patient_depends_on_nobody_else(name: str, scale: str, data: st.DataObject) -> None:
    modality = resolve(MODALITIES, name, "modality")
    values = VALUES.get(scale, st.floats(-5, 5))
    table = data.draw(arrays(np.float64, (4, 6), elements=st.one_of(values, st.just(np.nan))))
    with np.errstate(all="raise", under="ignore"):
        whole = modality.transform(table.copy(), scale)
    alone = np.vstack([modality.transform(table[[row]].copy(), scale) for row in range(4)])
    np.testing.assert_array_equal(whole, alone)
    # On the scale of cells a missing value is no cell, unless nothing was counted.
    assert np.isnan(whole[np.isnan(table) if scale != "cells" else np.isnan(table).all(axis=1)]).all()
    assert not np.isposinf(whole).any()
    assert not np.isneginf(whole[~np.isneginf(table) & (table != 0)]).any()


def test_log_cpm_has_voom_values() -> None:
    # log2((r + 0.5) / (R + 1) * 1e6), by hand
    np.testing.assert_allclose(log_cpm(np.array([[9.5, 89.5]])), np.log2([[10 / 100 * 1e6, 90 / 100 * 1e6]]))


def test_intensity_zero_is_below_detection_and_no_hole() -> None:
    found = log2_intensity(np.array([[0.0, 1.0, 1024.0, np.nan]]))
    np.testing.assert_array_equal(found, [[-np.inf, 0.0, 10.0, np.nan]])


def test_beta_to_m_is_odd_around_one_half() -> None:
    beta = np.array([[0.0, 0.1, 0.5, 0.9, 1.0]])
    np.testing.assert_allclose(beta_to_m(beta), -beta_to_m(1 - beta))


def test_clr_without_zeros_is_the_textbook_one() -> None:
    parts = np.array([[1.0, 2.0, 4.0, 8.0]])
    logs = np.log(parts)
    np.testing.assert_allclose(clr(parts), logs - logs.mean())


@given(arrays(np.float64, (3, 7), elements=st.integers(0, 50).map(float)))
def test_clr_sums_to_zero_and_keeps_order(counts: np.ndarray) -> None:
    ratios = clr(counts)
    for row, before in zip(ratios, counts, strict=True):
        if before.sum() == 0:
            assert np.isnan(row).all()
            continue
        assert abs(row.sum()) < 1e-9
        order = np.argsort(before, kind="stable")
        assert (np.diff(row[order]) >= -1e-12).all()


def test_clr_does_not_depend_on_depth() -> None:
    counts = np.array([[1.0, 0.0, 5.0, 10.0]])
    np.testing.assert_allclose(clr(counts), clr(counts * 17))


def test_log_relative_is_a_composition_again() -> None:
    parts = np.array([[0.5, 0.3, 0.2, 0.0]])
    logs = np.log10(np.maximum(parts, 1e-5))
    np.testing.assert_allclose(log_relative_to_clr(logs), clr(parts))


def test_clr_with_mostly_zeros_keeps_them_below_what_was_seen() -> None:
    """A case found by hypothesis: with five zeros the replacement was larger than the smallest count."""
    ratios = clr(np.array([[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 5.0]]))[0]
    assert ratios[0] < ratios[5] < ratios[6]
    assert ratios[5] - ratios[0] == pytest.approx(-np.log(0.65))


def test_a_type_of_cells_without_a_number_is_one_without_a_cell() -> None:
    cells = np.array([[4.0, np.nan, 6.0], [np.nan, np.nan, np.nan]])
    ratios = cells_to_clr(cells)
    np.testing.assert_array_equal(ratios[0], clr(np.array([[4.0, 0.0, 6.0]]))[0])
    assert np.isnan(ratios[1]).all()
