"""A cohort with the block ``exposure``: its events are read, kept, copied and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mudata
import pandas as pd
import pytest
import small
from exposed_cohort import BLOCK, events_of_patients, write_exposed

from omics.checks.check_cohort import check_cohort
from omics.cohort.new_patients import read_new_patients
from omics.cohort.read import (
    cohort_digest,
    cohort_files,
    cohort_spec,
    events_of,
    exposure_model_text,
    exposure_spec,
    inspect_cohort,
    read_cohort,
)
from omics.cohort.write import write_cohort
from omics.common.errors import CohortError
from omics.events.event_table import EventTable

PATIENTS = small.tables()["outcome"]["sample_id"].to_list()


def events(cohort: Any) -> EventTable:
    found = events_of(cohort)
    assert found is not None
    return found


def error_of(folder: Path) -> CohortError:
    cohort, errors = inspect_cohort(folder)
    assert cohort is None
    (error,) = errors
    return error


def test_the_events_are_where_later_code_finds_them(tmp_path: Path) -> None:
    folder = write_exposed(tmp_path / "cohort")
    cohort = read_cohort(folder)
    spec = exposure_spec(cohort)
    assert spec is not None
    assert (spec.model, spec.window, spec.time_unit) == ("drug_2020", "first_cycle", "hours")
    assert spec.metrics == ("auc24_first", "cmin_ss")
    found = events(cohort)
    assert found.patients.to_list() == PATIENTS
    assert found.covariates == ("AGE", "WT")
    assert found.table["WT"].iloc[:3].to_list() == [60, 61, 62]
    ages = cohort.obs["age"].reindex(found.table["patient"])
    assert found.table["AGE"].to_list() == ages.to_list()
    assert exposure_model_text(cohort) is None
    # The parts of a split have the events of their patients.
    part = cohort[PATIENTS[3:5]]
    assert events(part).patients.to_list() == PATIENTS[3:5]
    copied = cohort.copy()
    folder.joinpath("doses.csv").unlink()
    pd.testing.assert_frame_equal(events(copied).table, found.table)


def test_an_h5mu_file_holds_the_events_and_gives_the_same_bytes(tmp_path: Path) -> None:
    cohort = read_cohort(write_exposed(tmp_path / "cohort", window=24.5))
    one, two = (write_cohort(cohort, tmp_path / name) for name in ("one.h5mu", "two.h5mu"))
    assert one.read_bytes() == two.read_bytes()
    again = read_cohort(one)
    pd.testing.assert_frame_equal(events(again).table, events(cohort).table)
    spec = exposure_spec(again)
    assert spec is not None
    assert (spec.events, spec.window, spec.covariates) == (None, 24.5, BLOCK["covariates"])
    assert read_cohort(write_cohort(again, tmp_path / "three.h5mu")).n_obs == cohort.n_obs
    pd.testing.assert_frame_equal(events(read_new_patients(one)).table, events(cohort).table)


def test_an_h5mu_file_without_the_events_is_refused(tmp_path: Path) -> None:
    cohort = read_cohort(write_exposed(tmp_path / "cohort"))
    stored = mudata.read_h5mu(write_cohort(cohort, tmp_path / "whole.h5mu"))
    table = stored.uns["stratomics"]["exposure"]["events"]
    stored.uns["stratomics"]["exposure"]["events"] = table.drop(columns="WT")
    stored.write(tmp_path / "column.h5mu")
    assert error_of(tmp_path / "column.h5mu").code == "missing_events"
    stored.uns["stratomics"]["exposure"]["events"] = table.assign(time=table["time"].to_numpy()[::-1])
    stored.write(tmp_path / "times.h5mu")
    assert error_of(tmp_path / "times.h5mu").code == "unsorted_times"
    del stored.uns["stratomics"]["exposure"]
    stored.write(tmp_path / "nothing.h5mu")
    assert error_of(tmp_path / "nothing.h5mu").code == "missing_events"


def test_the_files_count_for_the_digest(tmp_path: Path) -> None:
    plain = read_cohort(small.write(tmp_path / "plain"))
    assert events_of(plain) is None
    assert exposure_spec(plain) is None
    assert "exposure" not in plain.uns["stratomics"]
    assert "exposure" not in cohort_spec(plain).as_dict()
    folder = write_exposed(tmp_path / "cohort", model="model.yaml")
    (folder / "model.yaml").write_text("name: mine\n", encoding="utf-8")
    assert [*cohort_files(folder)][-2:] == ["doses.csv", "model.yaml"]
    before = read_cohort(folder)
    assert exposure_model_text(before) == "name: mine\n"
    assert exposure_model_text(read_cohort(write_cohort(before, tmp_path / "a.h5mu"))) == "name: mine\n"
    digests = [cohort_digest(before)]
    (folder / "model.yaml").write_text("name: other\n", encoding="utf-8")
    digests.append(cohort_digest(read_cohort(folder)))
    events_of_patients(PATIENTS[1:]).to_csv(folder / "doses.csv", index=False)
    digests.append(cohort_digest(read_cohort(folder)))
    assert len(set(digests)) == len(digests)
    (folder / "model.yaml").unlink()
    assert error_of(folder).code == "missing_file"


def test_patients_in_one_of_the_tables_only_are_reported(tmp_path: Path) -> None:
    rows = events_of_patients([*PATIENTS[2:], "stranger"])
    folder = write_exposed(tmp_path / "cohort", rows)
    cohort = read_cohort(folder)
    assert events(cohort).patients.to_list() == PATIENTS[2:]
    findings = {f.code: f for f in check_cohort(folder) if f.place == "exposure"}
    assert set(findings) == {"events", "no_events", "patients_left_out"}
    assert (
        findings["events"].sentence
        == "76 rows with doses and 38 levels (0 below the limit) of 38 of 40 patients"
    )
    assert findings["no_events"].sentence.startswith("2 patient(s)")
    assert (
        "1 patient(s) who are not in the samples table left out: stranger"
        in findings["patients_left_out"].sentence
    )
    path = folder / "cohort.yaml"
    path.write_text(path.read_text() + "strict: true\n")
    assert (error_of(folder).code, error_of(folder).patient) == ("unknown_patient", "stranger")


def test_no_shared_patient_is_an_error(tmp_path: Path) -> None:
    error = error_of(write_exposed(tmp_path / "cohort", events_of_patients(["x", "y"])))
    assert error.code == "no_shared_ids"
    assert str(error.file).endswith("doses.csv")


def test_notes_of_reading_and_of_patients_are_findings(tmp_path: Path) -> None:
    rows = events_of_patients(PATIENTS).assign(LLOQ=3)
    findings = {
        f.code: f.sentence
        for f in check_cohort(write_exposed(tmp_path / "cohort", rows))
        if f.place == "exposure"
    }
    assert findings["events_by_rule"] == "40 level(s) are below LLOQ, and count as such"
    assert findings["all_below_limit"].startswith(
        "40 patient(s), such as 'p000': all 1 level(s) are below the limit"
    )


def test_a_window_after_the_outcome_of_a_patient_is_refused(tmp_path: Path) -> None:
    times = small.tables()["outcome"].set_index("sample_id")["time"]
    first = times.idxmin()
    hours = 24 * float(times.min())
    assert read_cohort(write_exposed(tmp_path / "fine", window=hours)).n_obs == len(times)
    error = error_of(write_exposed(tmp_path / "late", window=hours + 1))
    assert (error.code, error.patient) == ("window_after_endpoint", first)
    assert read_new_patients(tmp_path / "late").n_obs == len(times)


@pytest.mark.parametrize(
    ("keys", "code", "sentence"),
    [
        ({"modell": "x"}, "unknown_key", "did you mean 'model'?"),
        ({"model": None}, "missing_key", "exposure lacks the key 'model'"),
        ({"events": None}, "missing_key", "exposure lacks the key 'events'"),
        ({"events": "absent.csv"}, "missing_file", "no such file"),
        ({"metrics": []}, "missing_key", "name measures of exposure"),
        ({"metrics": ["a", "a"]}, "missing_key", "each once"),
        ({"metrics": "auc24_first"}, "wrong_type", "must be a list"),
        ({"covariates": ["WT"]}, "not_a_mapping", "'covariates' must be a mapping"),
        ({"covariates": {"WT": 3}}, "wrong_type", "the covariate WT is 3"),
        ({"covariates": {"WT": "wtt"}}, "missing_column", "did you mean 'wt'?"),
        ({"time_unit": "hour"}, "unknown_choice", "did you mean 'hours'?"),
        ({"window": "first"}, "bad_window", "must be first_cycle, all, or its end in hours"),
        ({"window": 0}, "bad_window", "'window' is 0"),
        ({"window": [0, 12]}, "bad_window", "[0, 12]"),
        ({"window": True}, "bad_window", "'window' is True"),
        ({"model": 3}, "wrong_type", "must be text"),
        ({"model": "absent.yaml"}, "missing_file", "correct the path of the model"),
    ],
)
def test_a_wrong_block_is_refused(keys: dict[str, Any], code: str, sentence: str, tmp_path: Path) -> None:
    error = error_of(write_exposed(tmp_path / "cohort", **keys))
    assert error.code == code
    assert sentence in str(error)


def test_a_view_may_not_have_the_name_of_the_block(tmp_path: Path) -> None:
    path = write_exposed(tmp_path / "cohort") / "cohort.yaml"
    path.write_text(path.read_text().replace("  protein:", "  exposure:"))
    assert error_of(path).code == "reserved_name"


@pytest.mark.parametrize(
    ("keys", "code", "sentence"),
    [
        ({"refit": "yes"}, "wrong_type", "'refit' is 'yes', and must be true or false"),
        ({"target": [400, 600]}, "not_a_mapping", "'target' must be a mapping"),
        (
            {"target": {"auc24_first": [600, 400]}},
            "bad_target",
            "[600, 400]; write its lowest and highest value",
        ),
        ({"target": {"auc24_first": [400]}}, "bad_target", "write its lowest and highest value"),
        ({"target": {"auc24_first": "400-600"}}, "bad_target", "write its lowest and highest value"),
        ({"target": {"auc24_first": [True, 600]}}, "bad_target", "write its lowest and highest value"),
        ({"target": {"auc24_first": [-1, 600]}}, "bad_target", "write its lowest and highest value"),
        (
            {"target": {"auc24_first": [400, float("inf")]}},
            "bad_target",
            "write its lowest and highest value",
        ),
        ({"target": {"auc24_frist": [400, 600]}}, "unknown_choice", "did you mean 'auc24_first'"),
        (
            {"metrics": ["t_above_4_ss"], "target": {"t_above_4_ss": [40, 60]}},
            "bad_target",
            "a share of time is between 0 and 1",
        ),
    ],
)
def test_a_wrong_refit_or_target_is_one_sentence(
    keys: dict[str, object], code: str, sentence: str, tmp_path: Path
) -> None:
    error = error_of(write_exposed(tmp_path / "cohort", **keys))
    assert error.code == code
    assert sentence in str(error)


def test_refit_and_target_are_stored_only_where_they_say_something(tmp_path: Path) -> None:
    keys = {"refit": True, "target": {"auc24_first": [400, 600.5]}}
    cohort = read_cohort(write_exposed(tmp_path / "a", **keys))
    spec = exposure_spec(read_cohort(write_cohort(cohort, tmp_path / "a.h5mu")))
    assert spec is not None
    assert (spec.refit, spec.target) == (True, {"auc24_first": (400.0, 600.5)})
    stored = cohort_spec(read_cohort(write_exposed(tmp_path / "b", refit=False))).as_dict()["exposure"]
    assert isinstance(stored, dict)
    assert not {"refit", "target"} & set(stored)
