"""Unusual but valid cohorts, and errors that only a whole run would meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small import QUICK, SMALLEST

from omics.cohort.read import observed_views, read_cohort
from omics.common.errors import CohortError
from stratomics.cli import main
from stratomics.runs.run_directory import RunDirectory

Change = Callable[[dict[str, pd.DataFrame], dict[str, Any]], None]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _outcome(column: str, value: Any) -> Change:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"][column] = value(frames["outcome"]) if callable(value) else value

    return change


def _endpoint(**keys: Any) -> Change:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        spec["endpoints"]["survival"].update(keys)

    return change


def _once(value: Any) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: frame["age"].astype(object).where(frame.index != 3, value)


REFUSED: dict[str, tuple[Change, str]] = {
    "all times equal": (_outcome("time", 100), "no patient is followed beyond the first event"),
    "all times zero": (_outcome("time", 0), "no patient is followed beyond the first event"),
    "text among ages": (
        _outcome("age", _once("unknown")),
        "column age, patient p003: 'unknown' is not a number",
    ),
    "infinite age": (_outcome("age", _once(np.inf)), "column age, patient p003: an infinite value"),
    "an id as covariate": (_outcome("stage", lambda f: [f"x{i}" for i in range(len(f))]), "is it an id?"),
    "competing causes": (_endpoint(cause="stage"), "column stage, patient p000: "),
    "an entry after the end": (_endpoint(entry="age"), "enters at 0 or later, and before their time"),
    "a ready split": (lambda frames, spec: spec.update(part="stage"), "is neither train nor test"),
    "unit as number": (_endpoint(unit=5), "'unit' is 5, and must be text"),
    "covariates as text": (lambda frames, spec: spec.update(covariates="age"), "must be a list"),
    "an endpoint called metric": (
        lambda frames, spec: spec.update(
            endpoints={"metric": {"kind": "survival", "time": "time", "event": "event"}}
        ),
        "the name 'metric' is taken",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_in_one_line(
    name: str, write_small: Callable[..., Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, sentence = REFUSED[name]
    assert main(["run", "--cohort", str(write_small(change)), *QUICK]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert len(err.splitlines()) == 1, err
    assert not (here / "runs").exists() or not list((here / "runs").iterdir())


def _families(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["family"] = [f"f{i // 2}" for i in range(40)]
    spec["group"] = "family"


def _only_one_has_age(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"].loc[1:, "age"] = np.nan


def _years(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["time"] = frames["outcome"]["time"] / 365.25
    spec["endpoints"]["survival"]["unit"] = "years"


def _holes(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    values = frames["rna"].iloc[:, 1:]
    frames["rna"].iloc[:, 1:] = values.where(np.random.default_rng(0).random(values.shape) > 0.2)


def _many_arms(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["dose"] = [i % 9 for i in range(40)]
    spec["arm"] = {"column": "dose", "control": 0}


def _yes_no(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["smoker"] = [True, False, None, True] * 10
    spec["covariates"] = ["age", "smoker"]


def _one_patient_view(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["protein"] = frames["protein"].iloc[:1]


def _all_of(*changes: Change) -> Change:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        for one in changes:
            one(frames, spec)

    return change


ODD: dict[str, Change] = {
    "families, nine arms and times in years": _all_of(_families, _many_arms, _years),
    "one patient has an age, and holes in a view": _all_of(_only_one_has_age, _holes),
    "no covariates": lambda frames, spec: spec.update(covariates=[]),
    "yes, no and missing; a view of one patient": _all_of(_yes_no, _one_patient_view),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ODD))
def test_an_unusual_cohort_runs_to_its_end(
    name: str, write_small: Callable[..., Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--cohort", str(write_small(ODD[name])), *SMALLEST]) == 0
    captured = capsys.readouterr()
    run = RunDirectory(here / captured.out.splitlines()[-1])
    for prediction in run.predictions.values():
        assert prediction.patients["sample_id"].nunique() == 40
        assert np.isfinite(prediction.patients["risk"]).all()
    assert "Traceback" not in captured.err


def test_a_view_without_a_value_is_not_called_measured(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["protein"].iloc[:5, 1:] = np.nan

    seen = observed_views(read_cohort(write_small(change)))
    assert seen["protein"].sum() == 25


def test_dates_are_no_times(write_small: Callable[..., Path]) -> None:
    folder = write_small(lambda frames, spec: spec["samples"].update(file="outcome.parquet"))
    frame = pd.read_csv(folder / "outcome.csv")
    frame["time"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(frame["time"], unit="D")
    frame.to_parquet(folder / "outcome.parquet")
    with pytest.raises(CohortError, match="dates are not numbers") as caught:
        read_cohort(folder)
    assert caught.value.column == "time"


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden"])
def test_a_name_stays_inside_the_folder_of_runs(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "configs/experiment/tcga_acc.yaml", f"--name={name}", *QUICK]) == 2
    assert "begins the name of a folder" in capsys.readouterr().err


@pytest.mark.slow
def test_a_cohort_given_relatively_runs_again_from_anywhere(
    write_small: Callable[..., Path],
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = write_small()
    assert main(["run", "--cohort", folder.name, *SMALLEST, "--baselines=[]"]) == 0
    run = here / capsys.readouterr().out.splitlines()[-1]
    monkeypatch.chdir("/")
    assert main(["run", str(run / "config.yaml"), "--runs", str(here / "runs")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(run)


def test_related_patients_are_resampled_together() -> None:
    from stratomics.evaluation.comparison import resamples

    families = np.array([3, 3, 5, 5, 5, 9])
    drawn = resamples(families, 200, seed=1)
    for family in (3, 5):
        columns = drawn[:, families == family]
        assert (columns == columns[:, :1]).all()
    assert drawn[1:, 5].std() > 0
