"""Doses and levels of a cohort become a view, whose values rest on each patient alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exposed_cohort import write_exposed

from datamodules.exposure.exposure_view import ERROR, EXPOSURE_VIEW, with_exposure
from omics.cohort.read import cohort_spec, read_cohort
from omics.common.errors import CohortError

KEYS = {
    "model": "vancomycin_goti_2018",
    "covariates": {"CRCL": "crcl", "WT": "wt", "DIAL": "dial"},
    "metrics": ["auc24_first", "auc24_ss"],
    "window": 100,
}


def rows(patients: list[str], factor: float = 1.0) -> pd.DataFrame:
    """Four doses and one level of each patient."""
    lines = []
    for number, patient in enumerate(patients):
        steady = {"ID": patient, "crcl": 60 + 5 * number, "wt": 70, "dial": 0}
        lines += [
            {**steady, "TIME": 0, "AMT": 1000, "RATE": 1000, "II": 12, "ADDL": 3},
            {**steady, "TIME": 47.5, "DV": factor * (10 + number)},
        ]
    return pd.DataFrame(lines)


def patients_of(folder: Path) -> list[str]:
    return read_cohort(folder).obs_names.to_list()


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return patients_of(write_exposed(tmp_path_factory.mktemp("plain")))


def test_a_cohort_with_doses_has_the_view_exposure(tmp_path: Path, names: list[str]) -> None:
    cohort = with_exposure(read_cohort(write_exposed(tmp_path, rows(names[:-1]), **KEYS)))
    view = cohort[EXPOSURE_VIEW]
    assert view.obs_names.to_list() == names[:-1]
    assert view.var_names.to_list() == ["log_auc24_first", "log_auc24_ss"]
    assert cohort.obs_names.to_list() == names
    assert cohort_spec(cohort).views[EXPOSURE_VIEW].modality == "generic"
    # A higher level at the same dose means less clearance, and more clearance is expected with the kidney's.
    assert np.all(view.layers[ERROR] > 0)
    assert with_exposure(cohort) is cohort


def test_values_rest_on_the_patient_alone(tmp_path: Path, names: list[str]) -> None:
    """No outcome and no other patient changes a patient's exposure, so that nothing leaks from test patients."""
    all_of_them = with_exposure(read_cohort(write_exposed(tmp_path / "a", rows(names), **KEYS)))
    some = rows(names).query("ID == @names[0]")
    alone = with_exposure(read_cohort(write_exposed(tmp_path / "b", some, **KEYS)))
    both = [cohort[EXPOSURE_VIEW][names[:1]].X for cohort in (all_of_them, alone)]
    np.testing.assert_allclose(both[0], both[1], rtol=1e-9)


def test_levels_in_another_unit_are_refused(tmp_path: Path, names: list[str]) -> None:
    cohort = read_cohort(write_exposed(tmp_path, rows(names, factor=1000.0), **KEYS))
    with pytest.raises(CohortError, match=r"levels are about .* times .* look like ug/L \(ng/mL\)"):
        with_exposure(cohort)


@pytest.mark.slow
def test_a_time_in_days_is_converted(tmp_path: Path, names: list[str]) -> None:
    hours = with_exposure(read_cohort(write_exposed(tmp_path / "a", rows(names), **KEYS)))
    table = rows(names)
    table = table.assign(TIME=table["TIME"] / 24, II=table["II"] / 24, RATE=table["RATE"] * 24)
    keys = {**KEYS, "time_unit": "days", "window": 100 / 24}
    days = with_exposure(read_cohort(write_exposed(tmp_path / "b", table, **keys)))
    np.testing.assert_allclose(hours[EXPOSURE_VIEW].X, days[EXPOSURE_VIEW].X, rtol=1e-6)


def test_a_cohort_without_doses_is_left_alone() -> None:
    cohort = read_cohort("bundled:tcga_acc")
    assert with_exposure(cohort) is cohort
