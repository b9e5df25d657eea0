"""Typical values by covariates, and random effects of patients and occasions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kinetic_cases import dose, event_table, kinetic_model, level

from datamodules.exposure.compartments.parameters import (
    effects_size,
    individual_values,
    omega_of,
    typical_values_at,
)
from datamodules.exposure.compartments.records import records_of


def effect(form, reference, coefficient, covariate="X"):
    return {"covariate": covariate, "form": form, "reference": reference, "coefficient": coefficient}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("power", [2 * 0.5**0.75, 2, 2 * 1.5**0.75]),
        ("linear", [2 * (1 - 0.75 * 20), 2, 2 * (1 + 0.75 * 20)]),
        ("exp", [2 * np.exp(-15), 2, 2 * np.exp(15)]),
        ("factor", [2, 1.5, 2]),
        ("hill", [2 * 20**0.75 / (20**0.75 + 40**0.75), 1, 2 * 60**0.75 / (60**0.75 + 40**0.75)]),
    ],
)
def test_forms_of_covariate_effects(form, expected):
    model = kinetic_model(effects={"CL": [effect(form, 40.0, 0.75)]}, typical={"CL": 2.0, "V": 1.0})
    lines = [level(0, X=20.0), level(1, X=40.0), level(2, X=60.0)]
    values = typical_values_at(model, records_of(event_table(lines, ("X",))))
    np.testing.assert_allclose(values["CL"][0], expected, rtol=1e-12)
    np.testing.assert_allclose(values["V"][0], 1)


def test_an_effect_after_a_time_and_several_effects_are_multiplied():
    lines = [level(0, X=20.0), level(24, X=20.0), level(25, X=20.0)]
    effects = [effect("after", 24.0, 0.8, "TIME"), effect("power", 10.0, 1.0)]
    model = kinetic_model(effects={"CL": effects}, typical={"CL": 2.0, "V": 1.0})
    values = typical_values_at(model, records_of(event_table(lines, ("X",))))
    np.testing.assert_allclose(values["CL"][0], [4, 4, 3.2])


OCCASIONS = kinetic_model(
    absorption="first_order",
    random={"CL": 0.2, "V": 0.1},
    occasion_variability=[
        {"parameters": ["CL"], "covariance": [[0.04]]},
        {"parameters": ["KA"], "covariance": [[0.09]]},
    ],
)


def test_effects_of_patients_come_first_then_those_of_each_occasion():
    records = records_of(event_table([dose(0, 1), level(1), level(2, occasion=1)]))
    assert effects_size(OCCASIONS, records) == 6
    np.testing.assert_allclose(
        torch.diagonal(omega_of(OCCASIONS, records)), [0.2, 0.1, 0.04, 0.09, 0.04, 0.09]
    )
    effects = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]], dtype=torch.float64)
    values = individual_values(OCCASIONS, records, typical_values_at(OCCASIONS, records), effects)
    np.testing.assert_allclose(values["CL"][0], 4 * np.exp([0.4, 0.4, 0.6]))
    np.testing.assert_allclose(values["V"][0], 70 * np.exp(0.2))
    np.testing.assert_allclose(values["KA"][0], np.exp([0.4, 0.4, 0.6]))


def test_without_effects_the_typical_values_are_returned():
    records = records_of(event_table([dose(0, 1)]))
    typical = typical_values_at(OCCASIONS, records)
    values = individual_values(OCCASIONS, records, typical, torch.zeros(1, 4).double())
    assert all(torch.equal(values[name], typical[name]) for name in typical)
