"""Attainment: the golden table of vancomycin, best doses against brute force, and the dose for a value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from datamodules.exposure.published.library import find_model
from datamodules.exposure.regimen import Regimen
from omics.common.errors import ConfigError
from stratomics.pharmacology.dose_search.attainment import (
    dose_for_value,
    most_probable_dose,
    own_doses,
    target_attainment,
)
from stratomics.pharmacology.dose_search.exposure_of_model import prior_exposure
from stratomics.pharmacology.dose_search.exposures import DrawnExposure, Exposure, LognormalExposure
from stratomics.pharmacology.dose_search.target import ExposureTarget

TARGET = ExposureTarget("auc24_ss", 400, 600)

GOLDEN = {
    500: (0.8245, 0.1522, 0.0233),
    750: (0.4504, 0.3741, 0.1755),
    1000: (0.1908, 0.3816, 0.4276),
    1250: (0.0726, 0.2722, 0.6552),
    1500: (0.0267, 0.1641, 0.8092),
}
"""Shares below, within and above of Goti 2018 at a creatinine clearance of 90 mL/min and 70 kg, every 12 h: normal
distribution of log CL, in double precision by hand."""


@pytest.fixture(scope="module")
def goti() -> Exposure:
    covariates = pd.DataFrame({"CRCL": [90.0], "WT": 70.0, "DIAL": 0.0}, index=["a"])
    model = find_model("vancomycin_goti_2018")
    return prior_exposure(model, Regimen(1, 12, 1), covariates, "auc24_ss", np.random.default_rng(0), 10)


def test_the_golden_table(goti: Exposure) -> None:
    table = target_attainment(goti, list(GOLDEN), TARGET).set_index("dose")
    for dose, shares in GOLDEN.items():
        assert table.loc[dose, ["below", "within", "above"]].tolist() == pytest.approx(shares, abs=5e-5)
    assert table.loc[1000, "median"] == pytest.approx(559.45927, abs=1e-4)
    assert (table["error"] == 0).all()


def test_the_golden_best_dose(goti: Exposure) -> None:
    best = most_probable_dose(goti, [1000], TARGET)
    assert best.dose == pytest.approx(875.66, abs=0.005)
    assert best.within == pytest.approx(0.4030, abs=5e-5)
    own = own_doses(goti, [1000], TARGET).iloc[0]
    assert own["dose"] == pytest.approx(875.66, abs=0.005)
    assert own["within"] == pytest.approx(best.within)


def drawn(size: int, linear: bool) -> DrawnExposure:
    unit = (
        np.exp(0.4 * np.random.default_rng(2).standard_normal((size, 3000)))
        * np.linspace(0.3, 0.8, size)[:, None]
    )

    def values(doses: np.ndarray) -> np.ndarray:
        return unit * doses[:, None] if linear else 900 * unit * doses[:, None] / (doses[:, None] + 400)

    return DrawnExposure(values, np.full(unit.shape, 1 / unit.shape[1]), linear=linear)


@pytest.mark.parametrize("linear", [True, False])
def test_best_doses_are_those_of_brute_force(linear: bool) -> None:
    exposure = drawn(3, linear)
    doses = np.linspace(200, 3000, 1401)
    within = np.array([exposure.shares(np.full(3, dose), TARGET).within for dose in doses])
    best = most_probable_dose(exposure, [200, 3000], TARGET)
    # A grid of 25 doses over a wide range is coarse.
    slack = 0.003 if linear else 0.02
    assert best.within == pytest.approx(within.mean(1).max(), abs=slack)
    assert best.within <= within.mean(1).max() + 0.002
    own = own_doses(exposure, [200, 3000], TARGET)
    assert own["within"].to_numpy() == pytest.approx(within.max(0), abs=slack)
    assert (own["within"] >= within[within.mean(1).argmax()] - slack).all()


def test_the_best_dose_for_several_patients_is_exact() -> None:
    exposure = LognormalExposure(np.array([0.4, 0.5, 0.9]), 0.38)
    doses = np.linspace(500, 1500, 100_001)
    within = sum(
        LognormalExposure(np.full(len(doses), m), 0.38).shares(doses, TARGET).within for m in exposure.median
    )
    best = most_probable_dose(exposure, [1000], TARGET)
    assert best.dose == pytest.approx(doses[np.argmax(within)], abs=0.05)


def test_a_target_from_zero_is_met_by_small_doses() -> None:
    exposure = LognormalExposure(np.array([0.4]), 0.38)
    best = most_probable_dose(exposure, [1000], ExposureTarget("auc24_ss", 0, 600))
    assert best.within > 0.999
    assert own_doses(exposure, [1000], ExposureTarget("auc24_ss", 0, 600))["within"].iloc[0] > 0.999


def test_errors_are_those_of_the_mean_of_the_patients() -> None:
    table = target_attainment(drawn(3, linear=True), [900], TARGET)
    shares = drawn(3, linear=True).shares(np.full(3, 900.0), TARGET)
    assert table["within"].iloc[0] == pytest.approx(shares.within.mean())
    assert table["error"].iloc[0] == pytest.approx(np.sqrt(shares.within * (1 - shares.within) / 3000).mean())


@pytest.mark.parametrize("linear", [True, False])
def test_the_dose_for_a_value_has_this_median(linear: bool) -> None:
    exposure = drawn(3, linear)
    doses = dose_for_value(exposure, 200.0)
    assert exposure.quantile(doses, 0.5) == pytest.approx([200] * 3, rel=1e-6)


def test_the_dose_for_a_value_is_exact_without_levels(goti: Exposure) -> None:
    assert dose_for_value(goti, 500.0).item() == pytest.approx(500 * 3.5748805 / 2, rel=1e-6)


def test_a_value_that_no_dose_reaches() -> None:
    with pytest.raises(ConfigError, match=r"of 10000 at the quantile 0\.5"):
        dose_for_value(drawn(2, linear=False), 10_000.0)
