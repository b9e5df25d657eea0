"""Curves of metrics are finite and have no points of single patients."""

from __future__ import annotations

import numpy as np
from response_cases import one_fold
from survival_cases import made_up

from stratomics.evaluation.metrics import CURVES
from stratomics.evaluation.metrics.curves import curves_of


def test_curves_of_survival_are_finite_and_have_few_points() -> None:
    for n in (60, 300):
        curves = curves_of(made_up(n=n), "survival")
        assert set(curves) == set(CURVES["survival"])
        for name, curve in curves.items():
            assert len(curve["x"]) == len(curve["y"]) > 0, name
            assert len(curve["x"]) <= 100, name
            assert np.isfinite(curve["y"]).all(), name


def test_the_risk_coverage_curve_has_few_points() -> None:
    p = np.random.default_rng(0).uniform(size=(2, 400))
    curve = curves_of(one_fold(p[0] > 0.5, p), "response")["risk_coverage"]
    assert len(curve["x"]) == len(curve["y"]) == 50
    assert curve["x"][-1] == 1.0
