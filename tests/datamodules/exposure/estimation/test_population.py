"""Estimated populations against published values, and gradients against finite differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from kinetic_cases import dose, event_table, kinetic_model, level, nonmem_table

from datamodules.exposure.compartments.records import records_of
from datamodules.exposure.estimation.population import _deviance, _packed, fit_population, population_deviance
from omics.common.errors import ConfigError

THEOPHYLLINE = kinetic_model(
    absorption="first_order",
    typical={"CL": 2.7515, "V": 31.809},
    more={"KA": 1.5902},
    random={"KA": 0.4024, "CL": 0.0691, "V": 0.0192},
    residual={"form": "additive", "additive": 0.6944},
)
"""FOCE estimates: ../shared/reference/pharmacokinetics-numbers.md."""


def theophylline(shared):
    data = pd.read_csv(shared("pharmacology/theophylline/theo_sd.csv"))
    data["EVID"] = (data["EVID"] != 0).astype(int)
    return nonmem_table(data)


def test_the_deviance_of_theophylline(shared):
    assert population_deviance(THEOPHYLLINE, records_of(theophylline(shared))) == pytest.approx(
        359.403, abs=0.01
    )


@pytest.mark.slow
def test_the_population_of_theophylline(shared):
    start = kinetic_model(
        absorption="first_order", typical={"CL": 2.0, "V": 40.0}, more={"KA": 1.0},
        random={"KA": 0.2, "CL": 0.2, "V": 0.1}, residual={"form": "additive", "additive": 1.0},
    )  # fmt: skip
    events = theophylline(shared)
    found = fit_population(start, events)
    typical = [found.parameters[name].typical for name in ("KA", "CL", "V")]
    np.testing.assert_allclose(typical, [1.5902, 2.7515, 31.809], rtol=5e-3)
    np.testing.assert_allclose(np.diag(found.omega), [0.4024, 0.0691, 0.0192], rtol=0.03)
    assert found.residual.additive == pytest.approx(0.6944, rel=5e-3)
    assert population_deviance(found, records_of(events)) == pytest.approx(359.403, rel=1e-4)


LINES = [
    line | {"patient": patient}
    for patient, factor in (("a", 1.0), ("b", 1.4), ("c", 0.7))
    for line in (dose(0, 100), level(1, 1.1 * factor), level(6, 0.9 * factor), level(20, 0.3 * factor))
]


@pytest.mark.parametrize(
    "form", ["additive", "proportional", "combined_variance", "combined_sd", "lognormal"]
)
def test_gradients_equal_finite_differences(form):
    model = kinetic_model(
        variability=[{"parameters": ["CL", "V"], "covariance": [[0.2, 0.05], [0.05, 0.1]]}],
        residual={"form": form, "additive": 0.1, "proportional": 0.2},
    )
    records = records_of(event_table(LINES))
    start = _packed(model)
    point = torch.from_numpy(start).requires_grad_()
    (slope,) = torch.autograd.grad(_deviance(model, records, point), point)
    moved = np.random.default_rng(0).normal(0, 1e-4, len(start))
    above, below = (
        float(_deviance(model, records, torch.from_numpy(start + sign * moved)).detach()) for sign in (1, -1)
    )
    assert float(slope.numpy() @ moved) == pytest.approx((above - below) / 2, rel=1e-4)


def test_without_levels_or_with_censored_levels_it_is_refused():
    with pytest.raises(ConfigError, match="no level"):
        fit_population(kinetic_model(), event_table([dose(0, 1)]))
    with pytest.raises(ConfigError, match="below the limit"):
        fit_population(kinetic_model(), event_table([dose(0, 1), level(1, 0.0, censored=True, limit=1.0)]))
