"""Groups of a Kaplan-Meier plot: from cohorts, runs and data frames, with patients who are left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from saved_run import SavedRun
from small import with_response

from omics.cohort.endpoints import Survival
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.errors import DataError, InputError
from stratomics.api.pl.km_groups import cohort_patients, frame_patients, grouped, run_patients
from stratomics.api.run import Run
from stratomics.evaluation.comparison import OURS
from stratomics.report.sections.survival import thirds


def with_holes(frames: dict[str, Any], spec: dict[str, Any]) -> None:
    """Two patients without the endpoint, one of them and two others without a stage, and an arm."""
    outcome = frames["outcome"]
    outcome.loc[[0, 1], "time"] = np.nan
    outcome.loc[[1, 2, 3], "stage"] = None
    outcome["drug"] = np.where(np.arange(len(outcome)) % 2, "active", "placebo")
    spec["arm"] = {"column": "drug", "control": "placebo"}


@pytest.fixture
def cohort(write_small: Callable[..., Path]) -> Any:
    return read_cohort(write_small(with_holes))


def test_groups_of_a_cohort(cohort: Any) -> None:
    groups = grouped(cohort_patients(cohort, None), "stage")
    assert groups.names == ("I", "II", "III")
    assert groups.left_out == [
        "2 patients without the endpoint left out",
        "2 patients without 'stage' left out",
    ]
    kept = cohort.obs[cohort.obs["time"].notna() & cohort.obs["stage"].notna()]
    assert [groups.names[number] for number in groups.group] == list(kept["stage"])
    np.testing.assert_array_equal(groups.survival.time, kept["time"])
    assert groups.survival.observed.all()


def test_one_group_without_a_column(cohort: Any) -> None:
    groups = grouped(cohort_patients(cohort, None), None)
    assert groups.names == ("",)
    assert len(groups.group) == 38
    assert groups.left_out == ["2 patients without the endpoint left out"]


@pytest.mark.parametrize("name", ["arm", "drug"])
def test_the_control_arm_comes_first(cohort: Any, name: str) -> None:
    assert grouped(cohort_patients(cohort, None), name).names == ("placebo", "active")


def test_a_column_named_arm_is_itself(cohort: Any) -> None:
    cohort.obs["arm"] = "one"
    assert grouped(cohort_patients(cohort, None), "arm").names == ("one",)


def test_order_of_groups() -> None:
    table = pd.DataFrame({"time": [1.0, 2.0, 3.0, 4.0], "event": 1})
    table["number"] = [10.0, 2.0, 2.0, 10.0]
    table["ordered"] = pd.Categorical(["low", "high", "low", "high"], ["none", "low", "high"])
    table["yes"] = [True, False, True, True]
    patients = frame_patients(table, "time", "event", None, None)
    assert grouped(patients, "number").names == ("2", "10")
    assert grouped(patients, "ordered").names == ("low", "high")
    assert grouped(patients, "yes").names == ("False", "True")


def test_times_are_converted(cohort: Any) -> None:
    days = cohort_patients(cohort, None)
    years = days.in_unit("years")
    np.testing.assert_allclose(years.survival.time * 365.25, days.survival.time)
    assert (years.unit, years.survival.unit) == ("years", "years")
    assert days.in_unit(None) is days
    with pytest.raises(InputError, match="unknown unit 'year'; did you mean 'years'"):
        days.in_unit("year")


def test_a_run_has_thirds_of_risk_and_its_covariates(tmp_path: Path) -> None:
    def change(arrays: dict[str, Any]) -> None:
        arrays["time"][:4] = np.nan
        arrays["patients"]["covariate.age"] = np.arange(150.0)
        arrays["patients"]["end.entry"] = np.full(150, 0.001)

    directory = SavedRun(tmp_path / "run").run("survival", change)
    patients = run_patients(Run(directory))
    groups = grouped(patients, "risk")
    assert groups.names == ("low risk", "middle risk", "high risk")
    np.testing.assert_array_equal(groups.group, thirds(directory.cases[OURS].risk.mean(axis=0)))
    assert groups.left_out == ["4 patients without the endpoint left out"]
    assert groups.survival.entry is not None
    assert "age" in patients.columns
    assert len(grouped(patients, "site").names) == 2


def test_a_run_of_a_response_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="the primary endpoint of this run, 'end', is a response and has no curve"
    ):
        run_patients(Run(SavedRun(tmp_path / "run").run("response")))


def test_an_endpoint_beside_the_primary_one(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, Any], spec: dict[str, Any]) -> None:
        survival = dict(spec["endpoints"])
        with_response(frames, spec)
        frames["outcome"]["time2"] = frames["outcome"]["time"] / 2
        spec["endpoints"] |= survival | {
            "relapse": {"kind": "survival", "time": "time2", "event": "event", "unit": "weeks"}
        }
        spec["primary"] = "response"

    cohort = read_cohort(write_small(change))
    named = cohort_endpoints(cohort).named
    for name in ("survival", "relapse"):
        endpoint = named[name]
        assert isinstance(endpoint, Survival)
        np.testing.assert_array_equal(cohort_patients(cohort, name).survival.time, endpoint.time)
    with pytest.raises(
        InputError, match=r"the primary endpoint 'response' is a response; choose .* relapse, survival"
    ):
        cohort_patients(cohort, None)
    with pytest.raises(InputError, match="no survival endpoint 'relaps'; did you mean 'relapse'"):
        cohort_patients(cohort, "relaps")
    with pytest.raises(InputError, match="no survival endpoint 'response'"):
        cohort_patients(cohort, "response")


def test_a_cohort_without_survival_is_one_sentence(write_small: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="this cohort has no survival endpoint"):
        cohort_patients(read_cohort(write_small(with_response)), None)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"time": None}, "give time= and event="),
        ({"time": "tim"}, "did you mean 'time'"),
        ({"event": "even"}, "did you mean 'event'"),
        ({"event": "twos"}, "an event is 0 or 1"),
        ({"time": "negative"}, "time is negative"),
        ({"time": "text"}, "text"),
        ({"entry": "late"}, "before their time"),
        ({"unit": "decades"}, "unknown unit 'decades'"),
    ],
)
def test_wrong_data_frames_are_one_sentence(columns: dict[str, Any], sentence: str) -> None:
    table = pd.DataFrame(
        {"time": [1.0, 2.0], "event": [0, 1], "twos": 2, "negative": -1.0, "text": "x", "late": 9.0}
    )
    given = {"time": "time", "event": "event", "entry": None, "unit": None} | columns
    with pytest.raises(InputError, match=sentence):
        frame_patients(table, **given)


def test_a_column_with_many_values_is_one_sentence(cohort: Any) -> None:
    with pytest.raises(
        InputError, match=r"'age' has \d+ different values, and at most 10 curves .* pandas\.qcut"
    ):
        grouped(cohort_patients(cohort, None), "age")
    with pytest.raises(InputError, match="no column 'stag'; did you mean 'stage'"):
        grouped(cohort_patients(cohort, None), "stag")


def test_no_patients_are_one_sentence() -> None:
    table = pd.DataFrame({"time": [1.0, np.nan], "event": [1, 0], "site": [None, "a"]})
    patients = frame_patients(table, "time", "event", None, None)
    with pytest.raises(DataError, match="no patient has the endpoint and a value of 'site'"):
        grouped(patients, "site")
    with pytest.raises(DataError, match=r"^no patient has the endpoint$"):
        grouped(frame_patients(table.iloc[1:], "time", "event", None, None), None)


def test_the_only_survival_endpoint_beside_a_primary_response(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, Any], spec: dict[str, Any]) -> None:
        survival = dict(spec["endpoints"])
        with_response(frames, spec)
        spec["endpoints"] |= survival
        spec["primary"] = "response"

    cohort = read_cohort(write_small(change))
    np.testing.assert_array_equal(cohort_patients(cohort, None).survival.time, cohort.obs["time"])
