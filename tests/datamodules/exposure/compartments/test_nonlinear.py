"""Michaelis-Menten elimination against numerical integration."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kinetic_cases import dose, event_table, kinetic_model, level, tensors
from scipy.integrate import solve_ivp

from datamodules.exposure.compartments.nonlinear import Course, nonlinear_amounts
from datamodules.exposure.compartments.records import records_of
from datamodules.exposure.estimation.map_estimate import (
    map_estimate,
    objective_of,
    predicted_at,
)
from datamodules.exposure.estimation.newton import derivatives
from omics.common.errors import ConfigError

SATURABLE = {"elimination": "michaelis_menten", "absorption": "first_order"}
CASES = {
    1: {"V": 70.0, "KA": 1.0, "VMAX": 10.0, "KM": 2.5},
    2: {"V1": 30.0, "Q": 6.0, "V2": 50.0, "CL": 1.0, "KA": 1.5, "VMAX": 60.0, "KM": 2.0},
}


def saturable_model(compartments, **fields):
    return kinetic_model(
        compartments, "first_order", typical=CASES[compartments],
        structure={"compartments": compartments, **SATURABLE}, random={"VMAX": 0.1}, **fields,
    )  # fmt: skip


def exact(v, compartments, start, inflow, duration):
    def change(_, y):
        c = y[1] / v.get("V", v.get("V1"))
        out = v["VMAX"] * c / (v["KM"] + c) + v.get("CL", 0) * c
        rates = [inflow[0] - v["KA"] * y[0], inflow[1] + v["KA"] * y[0] - out]
        if compartments == 2:
            flow = v["Q"] * (y[1] / v["V1"] - y[2] / v["V2"])
            rates = [rates[0], rates[1] - flow, flow]
        return [*rates, c]

    return solve_ivp(change, (0, duration), [*start, 0], method="DOP853", rtol=1e-11, atol=1e-10).y[:, -1]


@pytest.mark.parametrize("compartments", [1, 2])
@pytest.mark.parametrize("duration", [0.5, 4.0, 12.0, 48.0])
def test_amounts_and_areas_equal_numerical_integration(compartments, duration):
    values = CASES[compartments]
    start, inflow = np.array([300.0, 50.0, 20.0])[: compartments + 1], np.array([0.0, 4.0])
    expected = exact(values, compartments, start, inflow, duration)
    model = saturable_model(compartments)
    one = torch.ones(1, 1).double()
    course = Course(
        duration * one, torch.from_numpy(inflow[None, None]), one, torch.zeros(1, 1, len(start)).double()
    )
    amounts, area = nonlinear_amounts(
        model.structure, tensors(values, (1, 1)), course, torch.from_numpy(start[None])
    )
    np.testing.assert_allclose(amounts[0, 0], expected[:-1], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(area[0], expected[-1:], rtol=1e-8)


def test_a_history_of_doses_equals_numerical_integration():
    model, v = saturable_model(1), CASES[1]
    records = records_of(event_table([dose(0, 300), level(3), dose(12, 200), level(12), level(24)]))
    found = predicted_at(model, records, torch.zeros(1, 1).double())
    first = exact(v, 1, [300, 0], [0, 0], 12)
    second = exact(v, 1, [first[0] + 200, first[1]], [0, 0], 12)
    assert float(found.level[0, 3]) == pytest.approx(first[1] / 70, rel=1e-8)
    assert float(found.level[0, 4]) == pytest.approx(second[1] / 70, rel=1e-8)
    assert float(found.area[0, 4]) == pytest.approx(first[2] + second[2], rel=1e-8)


def test_far_below_km_it_is_linear():
    v = {"V": 20.0, "KA": 1.0, "VMAX": 2e6, "KM": 1e6}
    saturable = kinetic_model(
        absorption="first_order", typical=v, structure={"compartments": 1, **SATURABLE}, random={"VMAX": 0.1}
    )
    linear = kinetic_model(absorption="first_order", typical={"CL": 2.0, "V": 20.0, "KA": 1.0})
    records = records_of(event_table([dose(0, 100), level(3), dose(6, 100, rate=50), level(7), level(20)]))
    one, two = (predicted_at(model, records, torch.zeros(1, 1).double()) for model in (saturable, linear))
    np.testing.assert_allclose(one.level, two.level, rtol=1e-5)
    np.testing.assert_allclose(one.area, two.area, rtol=1e-5)


def test_modes_are_found():
    model = saturable_model(1)
    records = records_of(event_table([dose(0, 300), level(3, 2.0), level(30, 1.0)]))
    found = map_estimate(model, records)
    assert float(found.gradient) < 1e-6
    assert float(found.effects.abs()) > 1e-3


def test_derivatives_are_those_of_finite_differences():
    model = saturable_model(1)
    lines = [dose(0, 300), level(3, 2.0), dose(12, 200, rate=80), level(30, 1.0)]
    objective = objective_of(model, records_of(event_table(lines)))
    at = torch.full((1, 1), 0.2).double()
    slope, curvature = derivatives(objective, at)
    near = [derivatives(objective, at + h) for h in (-1e-4, 1e-4)]
    with torch.no_grad():
        values = [objective(at + h) for h in (-1e-4, 1e-4)]
    torch.testing.assert_close(slope[:, 0], (values[1] - values[0]) / 2e-4, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(curvature[:, 0], (near[1][0] - near[0][0]) / 2e-4, rtol=1e-5, atol=1e-5)


def test_an_infinite_parameter_ends():
    records = records_of(event_table([dose(0, 300), level(3)]))
    found = predicted_at(saturable_model(1), records, torch.full((1, 1), torch.nan).double())
    assert bool(found.level[0, 1].isnan())


@pytest.mark.parametrize(
    ("compartments", "rate", "lag"),
    [
        (1, 0.0, 0.5),
        pytest.param(2, 0.0, 0.5, marks=pytest.mark.slow),
        pytest.param(1, 100.0, 3.0, marks=pytest.mark.slow),
        pytest.param(2, 100.0, 3.0, marks=pytest.mark.slow),
    ],
)
def test_a_steady_state_equals_doses_since_long_ago(compartments, rate, lag):
    model = kinetic_model(
        compartments, "first_order", typical={**CASES[compartments], "LAG": lag},
        structure={"compartments": compartments, **SATURABLE}, random={"VMAX": 0.1},
    )  # fmt: skip
    times, many = (0.5, 5.0, 11.0, 20.0), 200
    given = {"rate": rate, "interval": 12.0}
    steady = [dose(0, 60, steady_state=1, additional=1, **given), *(level(t) for t in times)]
    long = [dose(0, 60, additional=many + 1, **given), *(level(12.0 * many + t) for t in times)]
    found, expected = (
        predicted_at(model, records_of(event_table(lines)), torch.zeros(1, 1).double()).level[0, 1:]
        for lines in (steady, long)
    )
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)


@pytest.mark.slow
def test_derivatives_of_a_steady_state():
    model = saturable_model(1)
    lines = [dose(0, 60, steady_state=1, interval=12), level(3, 2.0), level(9, 1.0)]
    objective = objective_of(model, records_of(event_table(lines)))
    at = torch.full((1, 1), 0.1).double()
    slope, curvature = derivatives(objective, at)
    near = [derivatives(objective, at + h)[0] for h in (-1e-4, 1e-4)]
    with torch.no_grad():
        values = [objective(at + h) for h in (-1e-4, 1e-4)]
    torch.testing.assert_close(slope[:, 0], (values[1] - values[0]) / 2e-4, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(curvature[:, 0], (near[1] - near[0]) / 2e-4, rtol=1e-4, atol=1e-4)


def test_more_than_is_removed_is_refused():
    records = records_of(event_table([dose(0, 121, steady_state=1, interval=12), level(3, 2.0)]))
    with pytest.raises(ConfigError, match="patient a receives more at steady state than VMAX removes"):
        map_estimate(saturable_model(1), records)
