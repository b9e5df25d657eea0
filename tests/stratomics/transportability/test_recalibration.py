"""Intercept and slope in another cohort: figures of R, and how many patients recalibration takes."""

from __future__ import annotations

import numpy as np
import pytest
from gbsg import gbsg_cases, predicted
from response_cases import one_fold
from scipy.special import expit, logit

from stratomics.transportability.recalibration import RecalibrationData, recalibrate, recalibration_data


def test_gbsg_by_counts_as_in_r(shared) -> None:
    # mcl.R: glm(st ~ offset(log(H)), poisson), and with lp and offset(log(H) - lp), without 7 patients of hazard 0.
    table = predicted(shared)
    table = table[table["H"] > 0]
    lp, hazard, event = table["lp"].to_numpy(), table["H"].to_numpy(), table["st"].to_numpy(dtype=bool)
    found = recalibrate(RecalibrationData(lp, np.log(hazard), event, "poisson"), 686, seed=1)
    assert found is not None
    estimates = [one["estimate"] for one in (found.level, found.intercept, found.slope)]
    assert estimates == pytest.approx([0.0155731, -0.0117353, 1.0317689], abs=5e-7)
    errors = [
        (one["high"] - one["low"]) / 2 / 1.959964 for one in (found.level, found.intercept, found.slope)
    ]
    assert errors == pytest.approx([0.0592348, 0.1200879, 0.1209899], abs=5e-7)
    assert found.without_hazard == 7
    assert found.enough_both is None
    assert found.patients_for_level == int(np.ceil(679 * (1.96 * 0.0592348 / 0.1) ** 2))


def test_cases_give_the_same_slope(shared) -> None:
    data = recalibration_data(gbsg_cases(shared))
    found = recalibrate(data, 686, seed=1)
    assert found is not None
    assert found.slope["estimate"] == pytest.approx(1.0317689, abs=5e-7)
    assert found.level["estimate"] == pytest.approx(0.0155731, abs=5e-7)


def test_a_shifted_model_is_corrected_by_few_patients() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(0.05, 0.95, 900)
    positive, predictions = rng.random(900) < true, expit(logit(true) - 1.5)
    found = recalibrate(recalibration_data(one_fold(positive, predictions[None])), 900, seed=1)
    assert found is not None
    assert found.level["low"] < 1.5 < found.level["high"]
    assert found.enough_level == 25
    assert [step.patients for step in found.steps] == [25, 50, 100, 200, 400]


def test_one_class_gives_none() -> None:
    cases = one_fold(np.ones(30, dtype=bool), np.linspace(0.2, 0.8, 30)[None])
    assert recalibrate(recalibration_data(cases), 30, seed=1) is None
