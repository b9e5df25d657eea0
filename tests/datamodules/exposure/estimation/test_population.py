"""Estimated populations against published values, and gradients against finite differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from kinetic_cases import dose, event_table, kinetic_model, level, nonmem_table
from scipy.integrate import trapezoid
from scipy.stats import norm

from datamodules.exposure.compartments.records import records_of
from datamodules.exposure.estimation.population import fit_population, population_deviance, relative_errors
from datamodules.exposure.estimation.population_likelihood import deviance_at
from datamodules.exposure.estimation.population_values import packed_values
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


BELOW = {"a": level(30, 0.2, censored=True, limit=0.2), "c": level(40, 0.15, censored=True, limit=0.15)}
CENSORED = [
    one
    for patient in "abc"
    for one in (
        *(line for line in LINES if line["patient"] == patient),
        *(line | {"patient": patient} for name, line in BELOW.items() if name == patient),
    )
]


@pytest.mark.parametrize("lines", [LINES, CENSORED], ids=["measured", "censored"])
@pytest.mark.parametrize(
    "form", ["additive", "proportional", "combined_variance", "combined_sd", "lognormal"]
)
def test_gradients_equal_finite_differences(form, lines):
    model = kinetic_model(
        variability=[{"parameters": ["CL", "V"], "covariance": [[0.2, 0.05], [0.05, 0.1]]}],
        residual={"form": form, "additive": 0.1, "proportional": 0.2},
    )
    records = records_of(event_table(lines))
    start = packed_values(model)
    point = torch.from_numpy(start).requires_grad_()
    (slope,) = torch.autograd.grad(deviance_at(model, records, point), point)
    moved = np.random.default_rng(0).normal(0, 1e-4, len(start))
    above, below = (
        float(deviance_at(model, records, torch.from_numpy(start + sign * moved)).detach())
        for sign in (1, -1)
    )
    assert float(slope.numpy() @ moved) == pytest.approx((above - below) / 2, rel=1e-4)


def integrated_deviance(times, levels, limits, sd, omega, clearance, volume, amount):
    """Minus twice the log likelihood of one patient by a fine grid of the random effect of clearance."""
    eta = np.linspace(-6, 6, 20_001) * np.sqrt(omega)
    predicted = amount / volume * np.exp(-clearance * np.exp(eta)[:, None] / volume * np.array(times))
    below = ~np.isnan(limits)
    log = np.where(
        below, norm.logcdf((np.where(below, limits, 0) - predicted) / sd), norm.logpdf(levels, predicted, sd)
    ).sum(1)
    density = np.exp(log) * norm.pdf(eta, 0, np.sqrt(omega))
    return -2 * np.log(trapezoid(density, eta))


@pytest.mark.parametrize("limit", [0.2, 0.6, 1.5])
def test_levels_below_the_limit_count_by_their_probability(limit):
    """The deviance is close to the integral, whether a few or most levels are below the limit."""
    model = kinetic_model(
        typical={"CL": 5.0, "V": 50.0}, random={"CL": 0.1}, residual={"form": "additive", "additive": 0.1}
    )
    times, measured = [2.0, 6.0, 12.0, 18.0, 24.0, 30.0], np.array([1.6, 1.1, 0.62, 0.33, 0.19, 0.09])
    below = measured < limit
    lines = [dose(0, 100.0)] + [
        level(t, limit, censored=True, limit=limit) if low else level(t, m)
        for t, m, low in zip(times, measured, below, strict=True)
    ]
    expected = integrated_deviance(
        times, measured, np.where(below, limit, np.nan), 0.1, 0.1, 5.0, 50.0, 100.0
    )
    assert population_deviance(model, records_of(event_table(lines))) == pytest.approx(expected, abs=0.05)


@pytest.mark.slow
def test_the_published_covariance_counts_as_patients():
    model = kinetic_model(random={"CL": 0.2, "V": 0.1})
    events = event_table(LINES)
    free, held = fit_population(model, events), fit_population(model, events, 1000.0)
    np.testing.assert_allclose(np.diag(held.omega), [0.2, 0.1], rtol=0.01)
    assert np.abs(np.diag(free.omega) / [0.2, 0.1] - 1).max() > 0.1


@pytest.mark.slow
def test_twice_the_patients_halve_the_squared_errors():
    model = kinetic_model(
        typical={"CL": 5.0, "V": 90.0},
        random={"CL": 0.1, "V": 0.1},
        residual={"form": "additive", "additive": 0.1},
    )
    again = [line | {"patient": f"{line['patient']}2"} for line in LINES]
    fitted = fit_population(model, event_table(LINES), 5.0)
    once = relative_errors(fitted, event_table(LINES), model, 5.0)
    twice = relative_errors(fitted, event_table([*LINES, *again]), model, 10.0)
    assert list(once) == ["CL", "V", "variance CL", "variance V", "additive"]
    np.testing.assert_allclose(list(twice.values()), np.array(list(once.values())) / np.sqrt(2), rtol=1e-4)


def test_without_levels_it_is_refused():
    with pytest.raises(ConfigError, match="no level"):
        fit_population(kinetic_model(), event_table([dose(0, 1)]))
