"""The score and the assay of a locked panel, as `stratomics panel` wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import InputError
from omics.common.files import write_json
from stratomics.enrichment.panel_score import panel_score, with_panel_assay
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.runs.run_directory import RunDirectory


def run_with(tmp_path: Path, noise: dict[str, Any] | None) -> RunDirectory:
    write_json(tmp_path / "panel_curve.json", {"curve": {}, "panel": {"digest": "abc", "noise": noise}})
    table = pd.DataFrame(
        {
            "sample_id": ["b", "a", "a", "b"],
            "repeat": [0, 0, 1, 1],
            "fold": [1, 0, 1, 0],
            "panel_score": [0.2, 0.1, 0.3, 0.4],
        }
    )
    table.to_csv(tmp_path / "panel_scores.csv", index=False)
    return RunDirectory(tmp_path)


def test_scores_are_aligned_with_patients_and_folds(tmp_path: Path) -> None:
    score = panel_score(run_with(tmp_path, None), np.array(["a", "b"]))
    np.testing.assert_array_equal(score.value, [[0.1, 0.2], [0.3, 0.4]])
    np.testing.assert_array_equal(score.fold, [[0, 1], [1, 0]])
    assert (score.name, score.learned, score.model) == ("panel_score", True, "abc")


def test_accuracy_comes_from_the_noise_unless_it_is_given(tmp_path: Path) -> None:
    run = run_with(tmp_path, {"sensitivity": 0.9, "specificity": 0.8})
    taken = with_panel_assay(run, TrialRequest())
    assert (taken.sensitivity, taken.specificity) == (0.9, 0.8)
    given = TrialRequest(sensitivity=0.7)
    assert with_panel_assay(run, given) is given
    assert with_panel_assay(run_with(tmp_path, None), TrialRequest()).sensitivity == 1.0


def test_a_missing_panel_or_patient_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lock a panel with"):
        panel_score(RunDirectory(tmp_path), np.array(["a"]))
    with pytest.raises(InputError, match="a patient of the trial has no score"):
        panel_score(run_with(tmp_path, None), np.array(["a", "c"]))
