"""Observed over expected and slope: published figures of Rotterdam to GBSG, and what cannot be estimated."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from gbsg import gbsg_cases, predicted
from response_cases import one_fold

from stratomics.evaluation.metrics.concordance import harrell_c
from stratomics.transportability.levels import calibration_slope, cox_slope, observed_over_expected


def test_rotterdam_to_gbsg_as_published(shared) -> None:
    # McLernon 2023 (doi 10.7326/M22-0844), repeated in R by monitoring-scripts/mcl.R.
    cases, once = gbsg_cases(shared), np.ones((1, 686))
    ratio, slope = observed_over_expected(cases, once), calibration_slope(cases)
    assert ratio is not None
    assert slope is not None
    found = [ratio["estimate"], ratio["low"], ratio["high"]]
    assert found == pytest.approx([1.0173902, 0.9058717, 1.1426372], abs=5e-7)
    assert slope["estimate"] == pytest.approx(1.0562040, abs=5e-7)
    assert (slope["high"] - slope["low"]) / 2 / 1.959964 == pytest.approx(0.1226128, abs=5e-7)
    assert harrell_c(cases, once)[0] == pytest.approx(0.6524008, abs=5e-7)


def test_ties_are_those_of_efron(shared) -> None:
    table = predicted(shared)
    found = cox_slope(table["lp"].to_numpy(), table["st"].to_numpy(dtype=bool), table["tt"].to_numpy())
    assert found == pytest.approx((1.0562040, 0.1226128), abs=5e-7)


def test_nothing_is_said_where_nothing_can_be_estimated(shared) -> None:
    cases = gbsg_cases(shared)
    none = dataclasses.replace(cases, event=np.zeros(686, dtype=bool))
    assert observed_over_expected(none, np.ones((1, 686))) is None
    assert calibration_slope(none) is None
    assert cox_slope(np.zeros(9), np.ones(9, dtype=bool), np.arange(9.0)) is None
    separated = one_fold(np.arange(20) > 9, np.linspace(0.1, 0.9, 20)[None])
    assert calibration_slope(separated) is None


def test_right_probabilities_have_a_slope_of_one() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.95, 4000)
    found = calibration_slope(one_fold(rng.random(4000) < p, p[None]))
    assert found is not None
    assert found["low"] < 1.0 < found["high"]
    assert found["high"] - found["low"] < 0.25
