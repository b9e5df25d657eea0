"""A check names what a run would refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from dosed import dose_rows, write_dosed

from datamodules.exposure.exposure_findings import exposure_findings
from omics.checks.finding import ERROR, INFO, WARNING
from omics.cohort.read import read_cohort
from stratomics.api.check import findings_of


@pytest.mark.parametrize(
    ("keys", "code", "sentence"),
    [
        ({"model": "vancomycin_gotti_2018"}, "exposure", "did you mean 'vancomycin_goti_2018'"),
        ({"metrics": ["auc48"]}, "exposure", "metrics has auc48"),
        ({"target": {"auc24_ss": [0.4, 0.6]}}, "bad_target", "mg/L x h is expected of these doses"),
        (
            {"covariates": {"CRCL": "crcl", "WT": "wt"}},
            "missing_covariate",
            "the model needs the covariate DIAL",
        ),
    ],
)
def test_what_a_run_would_refuse_is_an_error(
    keys: dict[str, object], code: str, sentence: str, tmp_path: Path
) -> None:
    folder = write_dosed(tmp_path, **keys)
    found = [finding for finding in findings_of(folder) if finding.severity == ERROR]
    assert [finding.code for finding in found] == [code]
    assert sentence in found[0].sentence


def test_a_rate_that_the_model_does_not_have_is_an_error(tmp_path: Path) -> None:
    patients = read_cohort(write_dosed(tmp_path / "a")).obs_names.to_list()
    rows = dose_rows(patients)
    rows.loc[rows["AMT"].notna(), "RATE"] = -2
    found = exposure_findings(read_cohort(write_dosed(tmp_path / "b", rows)))
    assert [finding.code for finding in found] == ["no_model_rate"]
    assert "the model has no parameter DURATION" in found[0].sentence


def test_covariates_outside_the_range_of_the_model_are_a_warning(tmp_path: Path) -> None:
    patients = read_cohort(write_dosed(tmp_path / "a")).obs_names.to_list()
    rows = dose_rows(patients)
    rows.loc[rows["ID"] == patients[2], "wt"] = 10
    found = exposure_findings(read_cohort(write_dosed(tmp_path / "b", rows)))
    assert [(finding.code, finding.severity) for finding in found] == [("covariate_out_of_range", WARNING)]
    assert f"1 patient(s), such as '{patients[2]}'" in found[0].sentence


def test_a_sound_cohort_and_one_without_doses_have_no_findings(tmp_path: Path) -> None:
    assert exposure_findings(read_cohort(write_dosed(tmp_path))) == []
    assert exposure_findings(read_cohort("bundled:tcga_acc")) == []


def test_a_refit_and_a_target_are_named(tmp_path: Path) -> None:
    keys = {"refit": True, "target": {"auc24_ss": [400, 600]}}
    found = exposure_findings(read_cohort(write_dosed(tmp_path / "a", **keys)))
    assert [(finding.code, finding.severity) for finding in found] == [("refit", INFO), ("target", INFO)]
    assert (
        "refits vancomycin_goti_2018 to the levels of its patients; 39 level(s) of 39 patient(s)"
        in found[0].sentence
    )
    assert found[1].sentence == "the target of auc24_ss is 400 to 600 mg/L x h"
    few = exposure_findings(read_cohort(write_dosed(tmp_path / "b", **keys, window=12)))
    assert [(finding.code, finding.severity) for finding in few] == [
        ("few_levels", WARNING),
        ("target", INFO),
    ]
    assert "a run uses vancomycin_goti_2018 as it is published" in few[0].sentence
