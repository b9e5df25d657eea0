"""Breslow's baseline against scikit-survival."""

from __future__ import annotations

import numpy as np
import pytest
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

from models.survival.breslow import BreslowBaseline


def draw(n: int, p: int, seed: int, *, ties: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    eta = x[:, :3] @ [1.0, -1.0, 0.5]
    time, censored = rng.exponential(np.exp(-eta)), rng.exponential(1.0, size=n)
    event, time = time < censored, np.minimum(time, censored)
    return x, event, np.ceil(time * 4) if ties else time


@pytest.mark.parametrize("ties", [False, True])
def test_breslow_survival_equals_scikit_survival(ties: bool) -> None:
    x, event, time = draw(70, 3, 9, ties=ties)
    reference = CoxPHSurvivalAnalysis(tol=1e-12).fit(x, Surv.from_arrays(event, time))
    eta = x @ reference.coef_
    base = BreslowBaseline.fit(eta, event, time)
    curves = reference.predict_survival_function(x[:5])
    for ours, function in zip(base.survival(eta[:5]), curves, strict=True):
        np.testing.assert_allclose(ours, function(base.times), atol=1e-9)
