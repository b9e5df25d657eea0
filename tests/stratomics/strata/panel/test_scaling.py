"""Scaling: limits of detection, rare and constant analytes, clipping, missing values."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from panels import analytes

from stratomics.strata.panel.scaling import AnalyteScaling
from stratomics.strata.panel.values import AssayValues


def fitted(values: np.ndarray, detected: np.ndarray | None = None) -> AnalyteScaling:
    found = np.isfinite(values) if detected is None else detected
    return AnalyteScaling.fit(AssayValues(analytes(values.shape[1]), values, found), 0.5, 0.1)


def test_below_detection_counts_as_half_of_the_smallest_value() -> None:
    values = np.column_stack([np.append(np.arange(1.0, 10.0), -np.inf)])
    scaling = fitted(values)
    assert scaling.limit.tolist() == [1.0]
    lowest = (0.0 - scaling.center[0]) / scaling.scale[0]
    np.testing.assert_allclose(scaling.transform(values)[-1], lowest)


def test_constant_rare_and_unmeasured_analytes_are_dropped() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 5))
    values[:, 1] = 3.0
    values[5:, 2] = np.nan
    values[:, 3] = np.nan
    detected = np.isfinite(values)
    detected[2:, 4] = False
    assert fitted(values, detected).kept.tolist() == [0]


@given(arrays(np.float64, (12, 3), elements=st.floats(-1e6, 1e6)))
def test_scores_are_finite_and_clipped(values: np.ndarray) -> None:
    scaling = fitted(values)
    strange = np.vstack([values, np.full((1, 3), np.nan), np.full((1, 3), 1e30), np.full((1, 3), -np.inf)])
    scores = scaling.transform(strange)
    assert np.isfinite(scores).all()
    assert (np.abs(scores) <= 6).all()
    assert (scores[12] == 0).all()
