"""Measures of exposure against golden numbers of a published model, and formulas for boluses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from kinetic_cases import GOTI, kinetic_model

from datamodules.exposure.compartments.records import records_of
from datamodules.exposure.metrics import check_metrics, draws_at, metric_draws
from datamodules.exposure.regimen import Regimen, regimen_events
from omics.common.errors import ConfigError

# Numbers of Goti 2018: ../shared/reference/pharmacokinetics-numbers.md (closed form and DOP853 agree to 5e-13).
PATIENT = pd.DataFrame({"CRCL": [90.0], "WT": [70.0]}, index=["a"])
TYPICAL_PATIENT = torch.zeros(1, 1, 3, dtype=torch.float64)
GRAM = Regimen(1000, 12, 1)


def test_levels_and_areas_of_a_typical_patient_on_vancomycin():
    times = np.array([[1, 2, 6, 12, 24, 25, 36, 48, 72, 216, 217, 240.0]])
    events = regimen_events(GRAM.doses(PATIENT), PATIENT, times, steady_state=False)
    found = draws_at(GOTI, records_of(events), TYPICAL_PATIENT)
    expected = [
        15.77502, 13.52278, 8.62930, 5.99891, 9.84441, 25.23413,
        12.40914, 14.12223, 16.03094, 17.55668, 32.69136, 17.56340,
    ]  # fmt: skip
    np.testing.assert_allclose(found.level[0, 0, 1:], expected, atol=6e-6)
    area = found.area[0, 0].numpy()
    areas = [area[5], area[8] - area[5], area[9] - area[8], area[12] - area[10]]
    np.testing.assert_allclose(areas, [273.50683, 432.23888, 502.69337, 559.25936], atol=6e-6)


def test_measures_of_a_typical_patient_on_vancomycin():
    names = ("auc24_first", "auc24_ss", "cavg_ss", "cmin_first", "cmin_ss", "cmax_ss", "cmax_first")
    found = metric_draws(GOTI, GRAM, PATIENT, TYPICAL_PATIENT, names)
    assert float(found["auc24_first"]) == pytest.approx(273.50683, abs=6e-6)
    assert float(found["auc24_ss"]) == pytest.approx(559.45927, abs=6e-6)
    assert float(found["cavg_ss"]) == pytest.approx(559.45927 / 24, abs=1e-6)
    assert float(found["cmin_first"]) == pytest.approx(5.99891, abs=6e-6)
    assert float(found["cmax_first"]) == pytest.approx(15.77502, abs=6e-6)
    # The peak is at the end of the infusion; after 216 h levels are within .1% of the steady state.
    assert float(found["cmax_ss"]) == pytest.approx(32.69136, rel=1e-3)
    assert float(found["cmin_ss"]) == pytest.approx(17.56340, rel=1e-3)


@pytest.mark.parametrize("interval", [8.0, 24.0, 36.0])
def test_measures_of_boluses_are_those_of_the_formulas(interval):
    model = kinetic_model(typical={"CL": 4.0, "V": 20.0})
    names = ("auc24_first", "cmin_first", "cmax_first", "auc24_ss", "cmin_ss", "cmax_ss", "t_above_2_ss")
    effects = torch.tensor([[[0.0], [0.5]]], dtype=torch.float64)
    patient = pd.DataFrame(index=["a"])
    found = metric_draws(model, Regimen(100, interval), patient, effects, names)
    clearance = 4 * np.exp([0, 0.5])
    k = clearance / 20
    per_dose = -np.expm1(-k * interval)
    given_at = np.arange(0, 24, interval)[:, None]
    first_day = (100 / clearance * -np.expm1(-k * (24 - given_at))).sum(0)
    expected = {
        "auc24_first": first_day,
        "cmin_first": 5 * np.exp(-k * interval),
        "cmax_first": [5.0, 5.0],
        "auc24_ss": 24 / interval * 100 / clearance,
        "cmin_ss": 5 * np.exp(-k * interval) / per_dose,
        "cmax_ss": 5 / per_dose,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(found[name][0], value, rtol=1e-9, err_msg=name)
    above = np.minimum(np.log(5 / per_dose / 2) / k / interval, 1)
    np.testing.assert_allclose(found["t_above_2_ss"][0], above, atol=0.02)


def test_draws_of_several_patients_are_evaluated_apart():
    generator = np.random.default_rng(0)
    effects = torch.from_numpy(generator.normal(0, 0.3, (3, 5, 3)))
    patients = pd.DataFrame({"CRCL": [40.0, 90.0, 120.0], "WT": [50.0, 70.0, 90.0]}, index=list("abc"))
    together = metric_draws(GOTI, GRAM, patients, effects, ("auc24_ss",))["auc24_ss"]
    clearance = 4.5 * (patients["CRCL"].to_numpy() / 120) ** 0.8 * np.exp(effects[..., 0].T.numpy())
    np.testing.assert_allclose(together.T, 2000 / clearance, rtol=1e-9)


def test_effects_of_occasions_that_are_missing_count_as_nothing():
    model = kinetic_model(occasion_variability=[{"parameters": ["CL"], "covariance": [[0.1]]}])
    patient = pd.DataFrame(index=["a"])
    events = regimen_events(Regimen(70, 12).doses(patient), patient, np.array([[5.0]]), steady_state=False)
    records = records_of(events)
    levels = [
        draws_at(model, records, torch.tensor([[values]], dtype=torch.float64)).level
        for values in ([0.3], [0.3, 0.0], [0.3, 0.0, 9.0])
    ]
    assert torch.equal(levels[0], levels[1])
    assert torch.equal(levels[0], levels[2])


def test_an_unknown_measure_is_refused():
    check_metrics(("auc24_ss", "t_above_10.5_first"))
    with pytest.raises(ConfigError, match="metrics has auc; write any of auc24_first"):
        check_metrics(("auc",))
