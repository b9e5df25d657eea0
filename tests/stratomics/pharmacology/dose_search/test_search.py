"""Dose search: prior and posterior of patients, units, models that cannot be searched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exposure import vancomycin

from datamodules.exposure.published.library import find_model, list_models
from datamodules.exposure.regimen import Regimen
from omics.common.errors import ConfigError
from stratomics.pharmacology.dose_search.patients import patients_of
from stratomics.pharmacology.dose_search.result import DoseSearch
from stratomics.pharmacology.dose_search.search import search_doses
from stratomics.pharmacology.dose_search.target import ExposureTarget

TARGET = ExposureTarget("auc24_ss", 400, 600)
SCHEDULE = Regimen(1, 12, 1)
DOSES = (500.0, 750.0, 1000.0, 1250.0)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> DoseSearch:
    """One patient with the levels of the golden numbers, one with high levels, one without levels."""
    file = tmp_path_factory.mktemp("dose") / "events.csv"
    file.write_text(
        "ID,TIME,AMT,RATE,DV,ADDL,II\n"
        "7,0,1000,1000,.,3,12\n7,26,.,.,30,.,.\n7,47.5,.,.,12,.,.\n"
        "8,0,1000,1000,.,3,12\n8,47.5,.,.,45,.,.\n"
        "9,0,1000,1000,.,3,12\n"
    )
    patients = patients_of(vancomycin(), {"CRCL": 90.0, "WT": 70.0}, file)
    return search_doses(
        vancomycin(), SCHEDULE, DOSES, TARGET, patients.covariates, patients.events, value=500.0, draws=2000
    )


def test_levels_narrow_the_exposure_and_move_the_dose(found: DoseSearch) -> None:
    assert found.posterior is not None
    own, before = found.posterior.own, found.prior.own
    assert before["dose"].to_numpy() == pytest.approx([875.66] * 3, abs=0.01)
    # The mode of patient 7 has an AUC of 520.96 at 1,000 mg: golden numbers, by an independent Newton search.
    assert found.posterior.reach is not None
    assert found.posterior.reach["7"] == pytest.approx(1000 * 500 / 520.96, rel=0.08)
    assert own.loc["8", "dose"] < 0.7 * own.loc["7", "dose"]
    assert (own.loc[["7", "8"], "within"] > 0.5).all()


def test_a_patient_without_levels_has_the_prior(found: DoseSearch) -> None:
    assert found.posterior is not None
    assert found.posterior.own.loc["9", "within"] == pytest.approx(0.403, abs=0.045)
    assert found.posterior.own.loc["9", "dose"] == pytest.approx(875, rel=0.12)


def test_levels_do_not_make_the_chosen_doses_worse(found: DoseSearch) -> None:
    assert found.posterior is not None
    assert found.with_prior_doses is not None
    assert found.with_prior_doses <= found.posterior.own["within"].mean() + 1e-3


def test_rows_have_both_and_sum_to_one(found: DoseSearch) -> None:
    assert found.rows["levels"].tolist() == [False] * 4 + [True] * 4
    assert np.allclose(found.rows[["below", "within", "above"]].sum(axis=1), 1)
    assert (found.rows["error"] > 0).tolist() == [False] * 4 + [True] * 4
    assert found.unit == "mg/L x h"


def covariates(size: int = 1) -> pd.DataFrame:
    return pd.DataFrame({"CRCL": 90.0, "WT": 70.0}, index=[str(place) for place in range(size)])


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, two, other = (
        search_doses(
            vancomycin(),
            SCHEDULE,
            DOSES,
            ExposureTarget("cmin_ss", 10, 20),
            covariates(),
            draws=300,
            seed=seed,
        ).rows
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert not one.equals(other)


@pytest.mark.parametrize(
    ("doses", "target", "message"),
    [
        (
            (0.5, 1.0),
            TARGET,
            "a median auc24_ss of 0.28 to 0.559 mg/L x h, and the target is 400 to 600; check the unit",
        ),
        ((5e5,), TARGET, "check the units: doses are in mg"),
        ((1000.0,), ExposureTarget("cmin_ss", 10_000, 20_000), "mg/L, and the target is 10000 to 20000"),
    ],
)
def test_units_that_contradict_each_other(
    doses: tuple[float, ...], target: ExposureTarget, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        search_doses(vancomycin(), SCHEDULE, doses, target, covariates(), draws=200)
    assert message in str(caught.value)


def test_models_that_are_not_covered() -> None:
    saturable = vancomycin().structure.model_copy(update={"elimination": "michaelis_menten"})
    model = vancomycin().model_copy(update={"structure": saturable})
    with pytest.raises(ConfigError, match="vancomycin_test has saturable elimination"):
        search_doses(model, SCHEDULE, DOSES, TARGET, covariates())


def test_a_clearance_that_changes_has_its_late_value_at_steady_state() -> None:
    model = find_model("nivolumab_bajaj_2017")
    patients = patients_of(model, dict(model.typical_patient.covariates), None)
    found = search_doses(
        model,
        Regimen(1, 14 * 24),
        [240.0],
        ExposureTarget("auc24_ss", 1, 1e4),
        patients.covariates,
        draws=2000,
    )
    values = model.parameters
    late = values["CL"].typical * values["CLLATE"].typical
    early = model.typical_patient.parameters["CL"] / values["CL"].typical
    assert found.rows["median"].iloc[0] == pytest.approx(240 / (late * early) / 14, rel=0.04)


def test_every_model_of_the_library_can_be_searched() -> None:
    for model in list_models():
        patients = patients_of(model, dict(model.typical_patient.covariates), None)
        for measure in ("auc24_ss", "cmin_ss"):
            found = search_doses(
                model,
                Regimen(1, 12),
                [100.0],
                ExposureTarget(measure, 1e-9, 1e9),
                patients.covariates,
                draws=50,
            )
            assert found.rows["within"].iloc[0] == pytest.approx(1), model.name


def test_a_file_of_doses_alone_is_the_prior(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("ID,TIME,AMT,II,ADDL\n1,0,1000,12,3\n")
    patients = patients_of(vancomycin(), {"CRCL": 90.0, "WT": 70.0}, file)
    found = search_doses(
        vancomycin(), SCHEDULE, DOSES, TARGET, patients.covariates, patients.events, draws=4000
    )
    assert found.posterior is not None
    gap = found.posterior.rows["within"] - found.prior.rows["within"]
    assert (gap.abs() < 4 * found.posterior.rows["error"]).all()
