"""Twins: the prediction under the own regimen is that of `stratomics predict`, and intervals say what is uncertain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dosed import HIGH, LOW, MIDDLE, UNMEASURED, few_draws

from datamodules.exposure.exposure_view import with_exposure
from models.survival.kaplan_meier import StepFunction
from omics.cohort.new_patients import read_new_patients
from omics.common.errors import DataError, InputError
from stratomics.fitting.fitted import Fitted
from stratomics.pharmacology.twins.regimen_file import read_regimens
from stratomics.pharmacology.twins.result import PRIOR, Twins
from stratomics.pharmacology.twins.twin import twins_of

SOME = ["p001", "p004", "p007"]
"""Patients who were given the regimen `middle`."""

TIMES = [100.0, 400.0]


@pytest.fixture(autouse=True, scope="module")
def _few_draws() -> Iterator[None]:
    with few_draws():
        yield


@pytest.fixture(scope="module")
def model(exposed_model: Path) -> Fitted:
    return Fitted.load(exposed_model)


@pytest.fixture(scope="module")
def patients(exposed_model: Path) -> Path:
    return exposed_model.parent / "cohort"


def made(model: Fitted, patients: Path, *regimens: dict[str, object], some: list[str] = SOME) -> Twins:
    return twins_of(model, read_new_patients(patients)[some].copy(), read_regimens(regimens), TIMES)


@pytest.fixture(scope="module")
def twins(model: Fitted, patients: Path) -> Twins:
    return made(model, patients, MIDDLE, LOW)


def test_the_prediction_under_the_own_regimen_is_that_of_predict(
    twins: Twins, model: Fitted, patients: Path
) -> None:
    predicted = model.predict(with_exposure(read_new_patients(patients)[SOME].copy()))
    wide = predicted.survival.pivot_table(index="sample_id", columns="time", values="survival")
    survival = StepFunction(wide.columns.to_numpy(float), wide.to_numpy())(np.array(TIMES))
    rows = twins.predictions.query("regimen == 'middle'")
    found = rows.query("endpoint == 'survival'").pivot_table(
        index="patient", columns="time", values="estimate"
    )
    np.testing.assert_allclose(found, survival, rtol=1e-6)
    response = rows.query("endpoint == 'response'").set_index("patient")
    expected = predicted.patients.set_index("sample_id")
    np.testing.assert_allclose(
        response["estimate"], expected["response_probability"].loc[response.index], rtol=1e-6
    )
    assert response["response_set"].to_list() == expected["response_set"].loc[response.index].to_list()
    bound = rows.query("endpoint == 'survival' and time == 100").set_index("patient")["survival_bound"]
    np.testing.assert_allclose(bound, expected["survival_bound"].loc[bound.index])


def test_the_same_seed_gives_the_same_bytes(
    twins: Twins, model: Fitted, patients: Path, tmp_path: Path
) -> None:
    written = twins.write(tmp_path / "a.csv")
    again = made(model, patients, MIDDLE, LOW).write(tmp_path / "b.csv")
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]


def test_intervals_include_the_estimate_and_curves_fall(twins: Twins) -> None:
    for table in (twins.exposure, twins.predictions, twins.differences, twins.mean_differences):
        assert (table["low"] <= table["estimate"]).all()
        assert (table["estimate"] <= table["high"]).all()
        assert (table["low"] < table["high"]).all()
    for _, rows in twins.curves.groupby(["patient", "regimen"]):
        for column in ("survival", "low", "high"):
            assert (rows[column].diff().dropna() <= 1e-12).all()
    curves = twins.means[twins.means["quantity"] == "survival"]
    for _, rows in curves.groupby(["regimen", "draw"]):
        assert (rows["value"].diff().dropna() <= 1e-12).all()


def test_a_difference_is_that_of_the_estimates(twins: Twins) -> None:
    keys = ["patient", "endpoint", "time"]
    table = twins.predictions.fillna({"time": 0}).pivot_table(
        index=keys, columns="regimen", values="estimate"
    )
    found = twins.differences.fillna({"time": 0}).set_index(keys)["estimate"]
    np.testing.assert_allclose(found.sort_index(), (table["low"] - table["middle"]).sort_index(), atol=1e-12)
    assert set(twins.differences["regimen"]) == {"low"}
    assert set(twins.differences["reference"]) == {"middle"}


def test_without_levels_the_interval_is_wider(twins: Twins) -> None:
    exposure = twins.exposure.query("regimen == 'middle' and measure == 'auc24_ss'").set_index("patient")
    assert exposure.loc[UNMEASURED, "basis"] == PRIOR
    assert exposure["basis"].value_counts().to_dict() == {"posterior": 2, PRIOR: 1}
    ratio = exposure["high"] / exposure["low"]
    assert (ratio.drop(UNMEASURED) < ratio[UNMEASURED]).all()


def test_levels_narrow_the_exposure_of_patients(model: Fitted, patients: Path, tmp_path: Path) -> None:
    """The same patients with and without their levels: less is known of their exposure."""
    import shutil

    shutil.copytree(patients, tmp_path / "cohort")
    rows = pd.read_csv(tmp_path / "cohort" / "doses.csv")
    rows.loc[rows["DV"].notna(), ["DV", "EVID"]] = [np.nan, 2]
    rows.to_csv(tmp_path / "cohort" / "doses.csv", index=False)
    spread = {}
    for name, folder in (("with", patients), ("without", tmp_path / "cohort")):
        # A late level tells of clearance, on which steady state rests, and little of the first day.
        rows = made(model, folder, MIDDLE).exposure.query("measure == 'auc24_ss'")
        spread[name] = np.log(rows["high"] / rows["low"]).mean()
    assert spread["with"] < spread["without"]


def test_a_higher_dose_is_a_higher_exposure_and_beyond_training_is_named(
    model: Fitted, patients: Path
) -> None:
    higher = HIGH | {"name": "higher", "dose": 3000}
    twins = made(model, patients, LOW, HIGH, higher)
    by_regimen = twins.exposure.groupby(["patient", "measure"])["estimate"]
    assert by_regimen.apply(lambda values: values.is_monotonic_increasing).all()
    assert not twins.exposure.query("regimen == 'low'")["outside"].any()
    assert twins.exposure.query("regimen == 'higher'")["outside"].all()
    assert twins.predictions.query("regimen == 'higher'")["outside"].all()
    # In the cohort patients with higher doses live longer.
    survival = twins.predictions.query("endpoint == 'survival' and time == 400")
    wide = survival.pivot_table(index="patient", columns="regimen", values="estimate")
    assert (wide["high"] > wide["low"]).all()
    with pytest.raises(DataError, match=r"regimen 'high' gives patient p00. auc24_.*; beyond 2 times"):
        made(model, patients, HIGH | {"dose": 20000})


def test_each_patient_is_predicted_alone(
    twins: Twins, model: Fitted, patients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks of two patients give the same twins, and the same means."""
    monkeypatch.setattr("stratomics.pharmacology.twins.twin.BLOCK", 2)
    apart = made(model, patients, MIDDLE, LOW)
    for name in ("predictions", "curves", "means"):
        keys = [
            key for key in ("patient", "regimen", "draw", "endpoint", "time") if key in getattr(twins, name)
        ]
        both = [getattr(one, name).sort_values(keys, ignore_index=True) for one in (twins, apart)]
        pd.testing.assert_frame_equal(*(one[sorted(one)] for one in both), check_like=True, rtol=1e-5)


def test_a_patient_is_selected(twins: Twins) -> None:
    one = twins.of("p004")
    assert one.patients == ["p004"]
    assert set(one.curves["patient"]) == set(one.differences["patient"]) == {"p004"}
    with pytest.raises(InputError, match="there are no twins of patient p9"):
        twins.of("p9")


def test_every_row_says_the_limits_of_use(twins: Twins, tmp_path: Path) -> None:
    for path in twins.write(tmp_path / "a.parquet"):
        notes = pd.read_parquet(path)["note"]
        assert notes.str.contains("causal only where the dose was randomised").all()
        assert notes.str.endswith("For research; not for dosing of patients.").all()


def test_another_kinetic_model_is_refused(model: Fitted, patients: Path) -> None:
    effect = model.exposure_effect
    assert effect is not None
    cohort = read_new_patients(patients)[SOME].copy()
    for changed, sentence in (
        (
            replace(effect, kinetic_model="vancomycin_buelga_2005", digest="0"),
            "names vancomycin_goti_2018; give",
        ),
        (
            replace(effect, digest="0"),
            "names another version of it; give the cohort the kinetic model of the run",
        ),
        (None, "fitted by an earlier version"),
    ):
        with pytest.raises(InputError, match=sentence):
            twins_of(replace(model, exposure_effect=changed), cohort, read_regimens([MIDDLE]), TIMES)


def test_a_difference_is_the_effect_times_the_change_of_exposure(twins: Twins, model: Fitted) -> None:
    """Brute force: the log hazard differs by the slope times the log ratio of the exposures."""
    assert model.exposure_effect is not None
    slope = model.exposure_effect.endpoints["survival"].slope
    measure = model.exposure_effect.measure.removeprefix("log_")
    exposure = twins.exposure[twins.exposure["measure"] == measure].pivot_table(
        index="patient", columns="regimen", values="estimate"
    )
    survival = twins.predictions.query("endpoint == 'survival' and time == 400").pivot_table(
        index="patient", columns="regimen", values="estimate"
    )
    hazard = np.log(-np.log(survival))
    expected = slope * np.log(exposure["low"] / exposure["middle"])
    np.testing.assert_allclose(hazard["low"] - hazard["middle"], expected, rtol=1e-6)
