"""The first screen in numbers: they are those of the run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from places import FROZEN
from saved_run import SavedRun

from stratomics.report.summary.key_figures import key_figures, patients_line
from stratomics.runs.run_directory import RunDirectory


def test_a_saved_survival_run() -> None:
    run = RunDirectory(FROZEN)
    line = patients_line(run)
    assert line.startswith("92 patients, 34 events (37%). Median follow-up 5.1 years (")
    assert "reverse Kaplan-Meier). 3-fold cross-validation" in line
    patients, rank, difference = key_figures(run)
    assert (patients.value, patients.label) == ("34 of 92", "patients had the event")
    figure = run.metrics[run.endpoint]["harrell_c"]
    assert rank.value == f"{figure['estimate']:.2f}"
    assert f"{figure['low']:.2f} to {figure['high']:.2f}" in rank.note
    assert difference.label == "difference in concordance (Harrell C) from clinical covariates"
    figures = run.metrics["differences"]["clinical_cox"][run.endpoint]
    assert float(difference.value) == pytest.approx(figures["harrell_c"]["estimate"], abs=6e-3)
    assert "above 0, omics add" in difference.note
    # The metric that was declared is there as well.
    assert f"Declared metric IBS {figures['ibs']['estimate']:+.3f}" in difference.note


@pytest.mark.parametrize("arms", [False, True])
def test_a_response_has_no_follow_up(tmp_path: Path, arms: bool) -> None:
    def change(arrays: dict[str, object]) -> None:
        if arms:
            arrays["patients"] = {"arm": np.where(np.arange(150) < 50, "a", "b")}

    run = SavedRun(tmp_path / "run").run("response", change)
    run.provenance.update({"cohort": "x", "design": {"folds": 2, "repeats": 2}, "arm": None})
    if arms:
        run.provenance["arm"] = {"column": "drug", "control": "a", "treated": ["b"], "randomised": "yes"}
    line = patients_line(run)
    assert "positive responses" in line
    assert "follow-up" not in line
    assert ("2 arms (50 + 100), randomised" in line) == arms
    patients, rank, difference = key_figures(run)
    assert patients.label == "patients had a positive end"
    assert rank.label == "AUROC"
    assert difference.label == "difference in AUROC from a prediction without covariates"


def test_without_a_clinical_model_there_is_no_difference() -> None:
    run = RunDirectory(FROZEN)
    run.metrics["differences"] = {}
    assert key_figures(run)[2].value == "Not evaluated"
