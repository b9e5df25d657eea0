"""A cohort with the block ``tumour_size``: its sizes are read, kept, copied, written, and never predictors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import small
import yaml
from sized_cohort import sizes_of_patients, write_sized

from omics.checks.check_cohort import check_cohort
from omics.cohort.new_patients import read_new_patients
from omics.cohort.read import (
    cohort_digest,
    cohort_files,
    cohort_spec,
    inspect_cohort,
    read_cohort,
    tumour_sizes_of,
)
from omics.cohort.write import write_cohort
from omics.common.errors import CohortError
from omics.events.tumour_sizes import SizeTable

PATIENTS = small.tables()["outcome"]["sample_id"].to_list()


def sizes(cohort: Any) -> SizeTable:
    found = tumour_sizes_of(cohort)
    assert found is not None
    return found


def error_of(folder: Path) -> CohortError:
    cohort, errors = inspect_cohort(folder)
    assert cohort is None
    (error,) = errors
    return error


def test_the_sizes_are_where_later_code_finds_them(tmp_path: Path) -> None:
    cohort = read_cohort(write_sized(tmp_path / "cohort"))
    found = sizes(cohort)
    assert found.patients.to_list() == PATIENTS
    assert found.table["time"].iloc[:4].to_list() == [-1, 6, 12, 18]
    # The parts of a split have the sizes of their patients.
    assert sizes(cohort[PATIENTS[:3]].copy()).patients.to_list() == PATIENTS[:3]
    small.write(tmp_path / "plain")
    assert tumour_sizes_of(read_cohort(tmp_path / "plain")) is None


def test_an_h5mu_file_holds_them(tmp_path: Path) -> None:
    cohort = read_cohort(write_sized(tmp_path / "cohort", unit="cm", below=0.5,
        rows=sizes_of_patients(PATIENTS).assign(sld=lambda t: t["sld"] / 10)))  # fmt: skip
    again = read_cohort(write_cohort(cohort, tmp_path / "cohort.h5mu"))
    pd.testing.assert_frame_equal(sizes(again).table, sizes(cohort).table, check_dtype=False)
    assert cohort_spec(again).tumour_size is not None


def test_the_digest_includes_the_file(tmp_path: Path) -> None:
    folder = write_sized(tmp_path / "cohort")
    before = cohort_digest(read_cohort(folder))
    assert "sizes.csv" in cohort_files(folder)
    rows = sizes_of_patients(PATIENTS)
    rows.loc[1, "sld"] += 1
    rows.to_csv(folder / "sizes.csv", index=False)
    assert cohort_digest(read_cohort(folder)) != before


def test_new_patients_have_no_sizes(tmp_path: Path) -> None:
    assert tumour_sizes_of(read_new_patients(write_sized(tmp_path / "cohort"))) is None


def test_unknown_patients_are_left_out_or_refused(tmp_path: Path) -> None:
    rows = sizes_of_patients([*PATIENTS, "stranger"])
    folder = write_sized(tmp_path / "cohort", rows)
    findings = {one.code: one for one in check_cohort(folder)}
    assert "stranger" in findings["patients_left_out"].sentence
    assert findings["tumour_sizes"].place == "tumour_size"
    path = folder / "cohort.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "strict": True}))
    assert error_of(folder).code == "unknown_patient"
    only = write_sized(tmp_path / "only", sizes_of_patients(["stranger"]))
    assert error_of(only).code == "no_shared_ids"


def test_a_check_counts_sizes_and_patients_without(tmp_path: Path) -> None:
    rows = sizes_of_patients(PATIENTS[:30])
    folder = write_sized(tmp_path / "cohort", rows.drop(index=[1, 2, 3]))
    findings = {one.code: one.sentence for one in check_cohort(folder)}
    assert findings["tumour_sizes"].startswith("117 sizes (")
    assert findings["one_size"].startswith("1 patient(s)")
    assert findings["no_sizes"].startswith("10 patient(s)")
    assert "undeclared_table" not in findings


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"unit": "inch"}, "unknown_choice"),
        ({"time_unit": "hours"}, "unknown_choice"),
        ({"below": -1}, "wrong_type"),
        ({"below": "5 mm"}, "wrong_type"),
        ({"sise": "sld"}, "unknown_key"),
        ({"file": None}, "missing_key"),
        ({"file": "other.csv"}, "missing_file"),
        ({"size": "diameter"}, "missing_column"),
    ],
)
def test_a_wrong_block_is_refused(tmp_path: Path, keys: dict[str, Any], code: str) -> None:
    assert error_of(write_sized(tmp_path / "cohort", **keys)).code == code


def test_growth_after_baseline_is_refused_as_a_predictor(tmp_path: Path) -> None:
    def with_covariate(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["after_baseline_growth"] = frames["outcome"]["age"]
        spec["covariates"] = ["after_baseline_growth"]

    def with_feature(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        view = next(iter(spec["views"].values()))["file"].removesuffix(".csv")
        frames[view]["after_baseline_growth"] = 1.0

    for number, change in enumerate((with_covariate, with_feature)):
        error = error_of(small.write(tmp_path / str(number), change))
        assert error.code == "after_baseline_predictor"
        assert "immortal time" in error.sentence
