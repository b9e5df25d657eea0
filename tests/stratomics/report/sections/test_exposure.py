"""The section on exposure: associations that are not called effects, the randomised contrast, fit of the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from saved_exposure import saved_exposure
from section_text import section_text
from written_run import people, written

from stratomics.pharmacology.run_exposure import RefitSummary, load_exposure, save_exposure
from stratomics.report.section import Panel, Section, Table
from stratomics.report.sections.exposure import exposure
from stratomics.report.sections.exposure_figures import shown
from stratomics.runs.run_directory import RunDirectory

N = 160


def run_of(
    folder: Path,
    randomised: str | None = "yes",
    *,
    fit: bool = True,
    shrinkage: float = 0.4,
    doses: bool = True,
) -> RunDirectory:
    """A run with survival and toxicity; higher doses in the arm 1."""
    rng = np.random.default_rng(5)
    patients = people(N, "survival")
    arm = np.arange(N) % 2
    dose = np.where(arm == 1, 1000.0, 500.0) if doses else np.full(N, 500.0)
    log_auc = np.log(dose / 2) + 0.3 * rng.normal(size=N)
    patients["toxicity"] = pd.array(rng.random(N) < 1 / (1 + np.exp(6.5 - log_auc)), dtype="boolean")
    more = {}
    if randomised is not None:
        patients["arm"] = arm
        more = {
            "arm": {"column": "arm", "control": 0, "treated": 1, "randomised": randomised, "strata": None}
        }
    run = written(folder / "run", patients, more=more)
    # The first patient has no exposure, and another one is not among the evaluated patients.
    dose, log_auc = np.roll(dose, -1), np.roll(log_auc, -1)
    saved = saved_exposure(
        [*patients["sample_id"][1:], "other"], log_auc, dose=dose, fit=fit, shrinkage=shrinkage
    )
    save_exposure(run.path, saved)
    return RunDirectory(run.path)


def table_of(section: Section | None, name: str) -> pd.DataFrame:
    assert section is not None
    return next(block.table for block in section.blocks if isinstance(block, Table) and block.id == name)


def test_a_run_without_exposure_has_no_section(tmp_path: Path) -> None:
    assert exposure(written(tmp_path / "run", people(20))) is None


def test_a_randomised_trial(tmp_path: Path) -> None:
    section = exposure(run_of(tmp_path))
    text = section_text(section)
    for words in (
        "not for dosing of patients",
        "associations of measured exposure, and not effects of it",
        "Shrinkage is above 30% for CL 40%",
        "Their contrast is causal",
        "share of time above 4 at steady state",
        "mean -0.03 and standard deviation 0.40",
        "0 of 3 percentiles are outside",
        "p000: <b>no level</b>.",
        "or per 10 percentage points",
    ):
        assert words in text, words
    slopes = table_of(section, "exposure-slopes")
    assert slopes["patients"].tolist() == [N - 1] * 4
    assert slopes["ratio"].tolist() == ["hazard", "hazard", "odds", "odds"]
    contrast = table_of(section, "exposure-contrast")
    assert contrast["ratio of doses"].tolist() == ["2.00", "2.00"]
    # One doubling of the dose apart, so that both columns agree.
    assert (contrast["contrast"] == contrast["per doubling of the dose"]).all()
    assert section is not None
    (panel,) = (block for block in section.blocks if isinstance(block, Panel))
    assert panel.table["outcome"].nunique() == 2
    assert panel.table[["risk", "low", "high"]].to_numpy().min() >= 0


@pytest.mark.parametrize("randomised", [None, "no", "adaptive"])
def test_without_random_assignment_no_contrast_is_causal(tmp_path: Path, randomised: str | None) -> None:
    text = section_text(exposure(run_of(tmp_path, randomised)))
    assert "no causal contrast" in text
    assert "Their contrast is causal" not in text


def test_without_levels_and_with_one_dose(tmp_path: Path) -> None:
    section = exposure(run_of(tmp_path, fit=False, shrinkage=0.2, doses=False))
    text = section_text(section)
    assert "No patient has a level" in text
    assert "Shrinkage of all parameters is at most 30%" in text
    assert "same doses on average" in text
    assert set(table_of(section, "exposure-slopes")["adjusted for the dose"]) == {"not available"}


def test_a_run_whose_patients_have_no_exposure(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    saved = saved_exposure(["x", "y"], np.array([1.0, 2.0]), dose=np.ones(2))
    save_exposure(run.path, saved)
    section = exposure(run)
    assert set(table_of(section, "exposure-slopes")["crude"]) == {"not available"}


def test_measures_are_shown_in_their_unit() -> None:
    assert shown("auc24_ss", np.array([3.0])).tolist() == [8.0]
    assert shown("t_above_4_ss", np.array([5.0])).tolist() == [0.5]


VALUES = pd.DataFrame(
    {
        "value": ["CL", "Q", "variance CL", "additive", "proportional"],
        "unit": ["L/h", "L/h", "", "mg/L", ""],
        "published": [4.5, 6.5, 0.09, 3.4, 0.227],
        "refitted": [6.3, 6.5, 0.16, 3.0, 0.2],
        "relative_error": [0.05, np.nan, 0.2, np.nan, 0.1],
    }
)


def refitted(folder: Path, refit: RefitSummary, **fields: object) -> RunDirectory:
    run = run_of(folder)
    saved = load_exposure(run.path)
    assert saved is not None
    save_exposure(run.path, replace(saved, refit=refit, **fields))
    return run


def test_published_and_refitted_values_stand_side_by_side(tmp_path: Path) -> None:
    section = exposure(refitted(tmp_path, RefitSummary(150, 300, "", VALUES)))
    table = table_of(section, "exposure-refit")
    assert table.to_numpy().tolist() == [
        ["CL, L/h", "4.5", "6.3", "5%"],
        ["Q, L/h", "6.5", "as published", "not available"],
        ["variability of CL, CV%", "30.7", "41.7", "20%"],
        ["residual error, additive, mg/L", "3.4", "3", "not available"],
        ["residual error, proportional, %", "22.7", "20.0", "10%"],
    ]
    text = section_text(section)
    assert "drug_2020 refitted to 300 levels of 150 training patients, without their outcomes" in text
    assert "covariates and on the refitted model" in text


def test_why_the_published_model_is_used(tmp_path: Path) -> None:
    note = "3 training patient(s) have a level: the published model drug_2020 is used"
    section = exposure(refitted(tmp_path, RefitSummary(3, 3, note, pd.DataFrame())))
    text = section_text(section)
    assert note in text
    assert "covariates and on the published model" in text
    assert section is not None
    assert "exposure-refit" not in [block.id for block in section.blocks if isinstance(block, Table)]


def test_a_target_is_counted_and_drawn(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    saved = load_exposure(run.path)
    assert saved is not None
    save_exposure(run.path, replace(saved, target={"t_above_4_ss": (0.4, 0.6), "auc24_ss": (200.0, 400.0)}))
    section = exposure(run)
    table = table_of(section, "exposure-target").set_index("target")
    assert table.index.to_list() == ["40% to 60% of the time", "200 to 400 mg/L x h"]
    auc = saved.table.loc[saved.table["sample_id"] != "other", "auc24_ss"]
    within = int(auc.between(200, 400).sum())
    assert table["within"]["200 to 400 mg/L x h"] == f"{within} ({within / (N - 1):.0%})"
    assert section is not None
    (panel,) = (block for block in section.blocks if isinstance(block, Panel))
    assert "t_above_4_ss" in panel.table
    assert "The grey band is the target, 40% to 60% of the time." in section_text(section)
