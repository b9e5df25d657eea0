"""Modes against NONMEM, derivatives against finite differences, and what must not change a patient's mode."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from kinetic_cases import GOTI, RUN_001, dose, event_table, kinetic_model, level, nonmem_table
from scipy.optimize import minimize

from datamodules.exposure.compartments.records import records_of, up_to_last_level
from datamodules.exposure.estimation.map_estimate import map_estimate, objective_of, predicted_at
from datamodules.exposure.estimation.newton import derivatives


def modes(model, lines, covariates=()):
    return map_estimate(model, records_of(event_table(lines, covariates)))


def test_modes_equal_those_of_nonmem(shared):
    data = pd.read_csv(shared("pharmacology/nonmem_map/data_001.csv.gz"))
    phi = pd.read_csv(shared("pharmacology/nonmem_map/run001.phi.gz"), skiprows=1, sep=r"\s+")
    found = map_estimate(RUN_001, records_of(up_to_last_level(nonmem_table(data))))
    eta = phi[["ETA(1)", "ETA(2)", "ETA(3)"]].to_numpy()[: len(found.effects)]
    np.testing.assert_allclose(found.effects, eta, atol=1e-6)
    # ../shared/reference/pharmacokinetics-numbers.md; the objective of NONMEM has further terms.
    np.testing.assert_allclose(found.objective[:3], [22.29351, 4.70112, 16.79159], atol=1e-5)
    assert found.gradient.max() < 1e-8


def test_modes_on_vancomycin():
    lines = [dose(0, 1000, rate=1000, additional=3, interval=12)]
    lines += [level(26, 30.0), level(47.5, 12.0)]
    lines = [{**line, "CRCL": 90.0, "WT": 70.0} for line in lines]
    found = modes(GOTI, lines, ("CRCL", "WT"))
    np.testing.assert_allclose(found.effects[0], [0.071295, -0.398286, -0.002017], atol=1e-6)
    assert float(found.objective) == pytest.approx(7.538909, abs=1e-6)
    other = GOTI.model_copy(update={"residual": GOTI.residual.model_copy(update={"form": "combined_sd"})})
    found = modes(other, lines, ("CRCL", "WT"))
    np.testing.assert_allclose(found.effects[0], [0.067941, -0.284277, 0.005773], atol=1e-6)


# -- forecasts of vancomycin by PsN proseval, which runs NONMEM ---------------------------------------------------

THOMSON = kinetic_model(
    2,
    typical={"CL": 2.99, "V1": 0.675, "Q": 2.28, "V2": 0.732},
    variability=[
        {"parameters": ["CL", "V1"], "covariance": [[0.0729, 0.01], [0.01, 0.0225]]},
        {"parameters": ["Q"], "covariance": [[0.2401]]},
        {"parameters": ["V2"], "covariance": [[1.69]]},
    ],
    effects={
        # Creatinine clearance is in L/h there: 1 + .0154 (CrCL mL/min - 66).
        "CL": [
            {
                "covariate": "CRCL", "form": "linear", "reference": 66 * 0.06,
                "coefficient": 0.0154 / 0.06,
            }
        ],
        "V1": [{"covariate": "WT", "form": "power", "reference": 1.0, "coefficient": 1.0}],
        "V2": [{"covariate": "WT", "form": "power", "reference": 1.0, "coefficient": 1.0}],
    },
    residual={"form": "combined_variance", "additive": 1.6, "proportional": 0.15},
)  # fmt: skip


def test_forecasts_of_vancomycin_equal_those_of_nonmem(shared):
    data = pd.read_csv(shared("pharmacology/insightrx/nm_vanco.csv"))
    forecasts = pd.read_csv(shared("pharmacology/insightrx/vanco_thomson.csv"))
    events = nonmem_table(data, ("WT", "CRCL"))
    order = (events.table["observed"]).groupby(events.table["patient"]).cumsum()
    compared = 0
    for count, expected in forecasts.groupby("OBS"):
        known = type(events)(
            events.table.assign(observed=events.table["observed"] & (order <= count)), events.covariates
        )
        records = records_of(known)
        found = predicted_at(THOMSON, records, map_estimate(THOMSON, records).effects).level
        levels = (data["EVID"] == 0).to_numpy()
        forecast = found[records.known].numpy()[levels]
        given_levels = expected["EVID"] != 1
        np.testing.assert_allclose(forecast, expected["IPRED"][given_levels], atol=1e-3)
        compared += len(forecast)
    assert compared == 250


# -- what must hold --------------------------------------------------------------------------------------------------

LINES = [
    *(dose(0, 100, patient="a"), level(1, 2.1, patient="a"), level(9, 1.0, patient="a")),
    *(dose(0, 100, patient="b", rate=50), level(30, 0.4, patient="b")),
    dose(0, 100, patient="c"),
    *(dose(0, 100, patient="d"), level(4, 0.0, patient="d", censored=True, limit=0.9)),
]


def test_derivatives_equal_finite_differences():
    records = records_of(event_table(LINES))
    model = kinetic_model(2, "first_order", random={"CL": 0.2, "V1": 0.1, "KA": 0.3})
    objective = objective_of(model, records)
    effects = torch.from_numpy(np.random.default_rng(1).normal(0, 0.3, (4, 3)))
    slope, curvature = derivatives(objective, effects)
    step = 1e-5
    for k in range(3):
        moved = torch.zeros(3, dtype=torch.float64)
        moved[k] = step
        by_value = (objective(effects + moved) - objective(effects - moved)) / (2 * step)
        np.testing.assert_allclose(slope[:, k], by_value, rtol=1e-6, atol=1e-7)
        above, below = (derivatives(objective, effects + sign * moved)[0] for sign in (1, -1))
        np.testing.assert_allclose(curvature[:, k], (above - below) / (2 * step), rtol=1e-5, atol=1e-6)


def test_modes_are_those_of_a_general_minimiser():
    model = kinetic_model(2, "first_order", random={"CL": 0.2, "V1": 0.1, "KA": 0.3})
    found = modes(model, LINES)
    assert found.gradient.max() < 1e-8
    for k, patient in [(0, "a"), (3, "d")]:
        one = records_of(event_table([line for line in LINES if line["patient"] == patient]))
        objective = objective_of(model, one)
        best = minimize(
            lambda x, f=objective: float(f(torch.from_numpy(x[None]))), np.zeros(3), method="Nelder-Mead",
            options={"xatol": 1e-8, "fatol": 1e-12, "maxiter": 4000},
        )  # fmt: skip
        np.testing.assert_allclose(found.effects[k], best.x, atol=1e-5)
        assert float(found.objective[k]) <= best.fun + 1e-9


def test_the_covariance_is_twice_the_inverse_of_the_curvature():
    model = kinetic_model(random={"CL": 0.2, "V": 0.1})
    records = records_of(event_table(LINES))
    found = map_estimate(model, records)
    curvature = derivatives(objective_of(model, records), found.effects)[1]
    np.testing.assert_allclose(found.covariance @ curvature / 2, np.tile(np.eye(2), (4, 1, 1)), atol=1e-10)


def test_without_levels_the_prior_is_returned():
    found = modes(kinetic_model(random={"CL": 0.2, "V": 0.1}), LINES)
    np.testing.assert_array_equal(found.effects[2], 0)
    np.testing.assert_allclose(found.covariance[2], np.diag([0.2, 0.1]), atol=1e-12)


def test_other_patients_change_nothing():
    model = kinetic_model(2, "first_order", random={"CL": 0.2, "V1": 0.1, "KA": 0.3})
    together = modes(model, LINES)
    for k, patient in enumerate("abcd"):
        alone = modes(model, [line for line in LINES if line["patient"] == patient])
        np.testing.assert_allclose(alone.effects[0], together.effects[k], atol=1e-9)


def test_patients_with_fewer_occasions_have_effects_of_zero_for_the_others():
    model = kinetic_model(
        random={"CL": 0.2, "V": 0.1}, occasion_variability=[{"parameters": ["CL"], "covariance": [[0.1]]}]
    )
    lines = [*LINES, *(level(40.0 + 9 * k, 0.3 + k, patient="d", occasion=k) for k in range(3))]
    found = modes(model, lines)
    assert found.effects.shape == (4, 5)
    np.testing.assert_allclose(found.effects[:3, 3:], 0, atol=1e-12)
    assert found.effects[3, 3:].abs().min() > 1e-3
    assert found.gradient.max() < 1e-8


def test_extreme_levels_have_a_mode():
    model = kinetic_model(2, "first_order", random={"CL": 0.2, "V1": 0.1, "KA": 0.3})
    for factor in (1e-4, 1e4):
        found = modes(model, [dose(0, 100), level(1, 2.1 * factor), level(9, 1.0 * factor)])
        assert torch.isfinite(found.effects).all()
        assert torch.isfinite(found.covariance).all()
        assert found.gradient.max() < 1e-9 * found.objective.max()
