"""Exposure under a regimen: in proportion to the dose, as given under the given doses, wider without levels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from dosed import UNMEASURED, dose_rows, write_dosed

from datamodules.exposure.cohort_exposure import on_log_scale
from datamodules.exposure.regimen import Regimen
from omics.cohort.new_patients import read_new_patients
from omics.common.errors import CohortError, DataError
from stratomics.pharmacology.twins.regimen_exposure import (
    PatientKinetics,
    equal_draws,
    taken,
    weighted_quantiles,
)

SOME = ["p000", "p001", "p004"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dosed(tmp_path_factory.mktemp("dosed"))


@pytest.fixture(scope="module")
def kinetics(folder: Path) -> PatientKinetics:
    return PatientKinetics.of(read_new_patients(folder)[SOME].copy())


def test_the_given_doses_give_the_given_exposure(kinetics: PatientKinetics) -> None:
    under = kinetics.under("own", Regimen(500, 12, 1))
    for name in under.draws:
        torch.testing.assert_close(under.draws[name][0], kinetics.given.draws[name][0])
    np.testing.assert_allclose(under.mean.loc["p000"], kinetics.given.mean.loc["p000"], rtol=1e-9)


def test_exposure_is_proportional_to_the_dose(kinetics: PatientKinetics) -> None:
    """Golden: the model is linear, so that twice the dose is twice the area, for each draw."""
    once, twice = (kinetics.under("a", Regimen(dose, 12, 1)) for dose in (700, 1400))
    np.testing.assert_allclose(twice.mean, 2 * once.mean, rtol=1e-9)
    shift = on_log_scale(twice)[0] - on_log_scale(once)[0]
    np.testing.assert_allclose(shift, np.log(2), rtol=1e-9)


def test_the_area_at_steady_state_is_the_daily_dose_over_the_clearance(kinetics: PatientKinetics) -> None:
    """Golden: 24 / 12 doses of 500 mg a day, over the clearance 4.5 (CRCL / 120)^.8 exp(eta) of each draw."""
    under = kinetics.under("a", Regimen(500, 12, 1))
    effects = under.posterior.effects[:, :, 0]
    creatinine = kinetics.events.table.groupby("patient")["CRCL"].first().loc[SOME].to_numpy()
    clearance = 4.5 * (torch.from_numpy(creatinine)[:, None] / 120) ** 0.8 * effects.exp()
    torch.testing.assert_close(under.draws["auc24_ss"], 1000 / clearance, rtol=1e-6, atol=0.0)


def test_a_dose_per_weight_is_multiplied_by_it(kinetics: PatientKinetics) -> None:
    weight = kinetics.events.table.groupby("patient")["WT"].first().loc[SOME].to_numpy()
    per_kilogram = kinetics.under("a", Regimen(10, 12, 1, "WT")).mean["auc24_ss"]
    fixed = kinetics.under("b", Regimen(10, 12, 1)).mean["auc24_ss"]
    np.testing.assert_allclose(per_kilogram, fixed * weight, rtol=1e-9)
    with pytest.raises(
        DataError, match=r"regimen 'a' is per BSA, which is no covariate .* known: CRCL, DIAL, WT"
    ):
        kinetics.under("a", Regimen(10, 12, 1, "BSA"))
    with pytest.raises(DataError, match="patient p000 has no DIAL above 0"):
        kinetics.under("a", Regimen(10, 12, 1, "DIAL"))


def test_a_patient_without_a_dose_is_refused(tmp_path: Path) -> None:
    rows = dose_rows([f"p{number:03d}" for number in range(1, 40)])
    patients = read_new_patients(write_dosed(tmp_path, rows))
    with pytest.raises(CohortError, match="patient p000: has no dose"):
        PatientKinetics.of(patients)
    assert PatientKinetics.of(patients[["p001"]].copy()).given.levels.to_list() == [1]


def test_a_cohort_without_exposure_is_refused() -> None:
    with pytest.raises(CohortError, match="the cohort has no block 'exposure'"):
        PatientKinetics.of(read_new_patients("bundled:tcga_acc"))


def test_without_levels_the_exposure_is_less_certain(kinetics: PatientKinetics) -> None:
    under = kinetics.under("a", Regimen(500, 12, 1))
    error = on_log_scale(under)[1]["log_auc24_ss"]
    assert under.levels.loc[UNMEASURED] == 0
    # Without a level the error is the standard deviation of log CL in the population, by the model file.
    assert error.loc[UNMEASURED] == pytest.approx(np.sqrt(kinetics.model.omega[0, 0]), rel=0.03)
    assert (error.drop(UNMEASURED) < 0.95 * error.loc[UNMEASURED]).all()


def test_equal_draws_and_quantiles_are_those_of_the_repeated_draws(kinetics: PatientKinetics) -> None:
    """Brute force: draws with the whole weights 1 to 6, repeated as often."""
    counts = torch.tensor([1.0, 6.0, 3.0, 2.0]).repeat(3, 1)
    values = {"auc24_first": torch.tensor([[4.0, 2.0, 9.0, 5.0]] * 3, dtype=torch.float64)}
    posterior = replace(kinetics.given.posterior, weights=(counts / 12).double())
    exposure = replace(kinetics.given, posterior=posterior, draws=values)
    repeated = sorted([4.0] + [2.0] * 6 + [9.0] * 3 + [5.0] * 2)
    chosen = equal_draws(exposure, 12)
    assert [values["auc24_first"][0, place].item() for place in chosen[0]] == repeated
    np.testing.assert_allclose(np.exp(taken(exposure, "log_auc24_first", chosen)), np.tile(repeated, (3, 1)))
    found = weighted_quantiles(exposure, (0.3, 0.9))["auc24_first"]
    expected = np.quantile(repeated, [0.3, 0.9], method="inverted_cdf")
    np.testing.assert_allclose(found, np.tile(expected, (3, 1)))
