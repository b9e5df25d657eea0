"""Closed forms against their differential equations, and nadirs against a search."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

from models.tumour.curves import CURVES, find_curve
from omics.common.errors import ConfigError

WEEKS = np.array([0.0, 1.0, 6.0, 20.0, 60.0])


def size_of(name: str, parameters: tuple[float, ...], weeks: np.ndarray) -> np.ndarray:
    logarithms = torch.tensor(parameters, dtype=torch.float64).log()
    return CURVES[name].size(logarithms, torch.from_numpy(weeks)).numpy()


def test_stein_is_a_shrinking_and_a_growing_part():
    """The two parts y0 exp(-d t) and y0 (exp(g t) - 1) solve s' = -d s and r' = g (r + y0)."""
    size, shrinkage, growth = 60.0, 0.05, 0.015
    parts = solve_ivp(
        lambda _, y: [-shrinkage * y[0], growth * (y[1] + size)],
        (0, 60),
        [size, 0.0],
        t_eval=WEEKS,
        rtol=1e-10,
        atol=1e-10,
    )
    np.testing.assert_allclose(size_of("stein", (size, shrinkage, growth), WEEKS), parts.y.sum(0), rtol=1e-7)


def test_claret_grows_and_loses_its_effect():
    """y' = KL y - KD exp(-lambda t) y."""
    size, growth, effect, loss = 60.0, 0.021, 0.08, 0.053
    whole = solve_ivp(
        lambda t, y: (growth - effect * np.exp(-loss * t)) * y,
        (0, 60),
        [size],
        t_eval=WEEKS,
        rtol=1e-10,
        atol=1e-10,
    )
    np.testing.assert_allclose(size_of("claret", (size, growth, effect, loss), WEEKS), whole.y[0], rtol=1e-7)


def test_before_treatment_the_tumour_grows_at_its_growth_rate():
    before = np.array([-3.0])
    for name, parameters in (("stein", (60.0, 0.05, 0.02)), ("claret", (60.0, 0.02, 0.08, 0.05))):
        np.testing.assert_allclose(size_of(name, parameters, before), 60.0 * np.exp(-0.06))


rate = st.floats(-6.0, -1.0)


@settings(max_examples=50, deadline=None)
@given(name=st.sampled_from(sorted(CURVES)), logarithms=st.lists(rate, min_size=3, max_size=3))
def test_no_size_is_smaller_than_at_the_nadir(name, logarithms):
    curve = CURVES[name]
    values = torch.tensor([4.0, *logarithms[: len(curve.parameters) - 1]], dtype=torch.float64)
    nadir = float(curve.nadir(values))

    def size(week: float) -> float:
        return float(curve.size(values, torch.tensor([week], dtype=torch.float64)))

    found = minimize_scalar(size, bounds=(0.0, 2 * nadir + 1), method="bounded")
    assert size(nadir) <= found.fun * (1 + 1e-9)
    assert nadir >= 0.0


def test_sizes_stay_finite_and_positive():
    extreme = torch.tensor([4.0, 6.0, 6.0, 6.0], dtype=torch.float64)
    for curve in CURVES.values():
        size = curve.size(extreme[: len(curve.parameters)], torch.tensor([0.0, 1e4], dtype=torch.float64))
        assert bool((torch.isfinite(size) & (size > 0)).all())


def test_an_unknown_curve_is_refused():
    with pytest.raises(ConfigError, match=r"unknown curve 'stien'.*stein"):
        find_curve("stien")
