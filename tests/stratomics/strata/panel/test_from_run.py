"""The panel of a run: aligned with its patients and folds, and found where it was planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.panel.details import load_curve, save_curve
from stratomics.strata.panel.from_run import PanelRequest, RunPanel, panel_of_run


@pytest.fixture(scope="module")
def found(response_run: Path) -> RunPanel:
    return panel_of_run(RunDirectory(response_run), PanelRequest((3,), lock=3, form="rank"))


def test_references_are_the_metrics_of_the_run(found: RunPanel, response_run: Path) -> None:
    metrics = RunDirectory(response_run).metrics
    stored = metrics[metrics["endpoint"]]
    for name in ("log_loss", "auroc"):
        assert found.curve.references["stratomics"][name] == pytest.approx(stored[name])


def test_scores_are_out_of_fold_levels_of_the_evaluated_patients(found: RunPanel, response_run: Path) -> None:
    assert found.scores is not None
    evaluated = RunDirectory(response_run).evaluated
    predicted = RunDirectory(response_run).predictions["stratomics"].patients
    keys = ["sample_id", "repeat", "fold"]
    ours = predicted[predicted["sample_id"].isin(evaluated["sample_id"])][keys]
    assert set(map(tuple, found.scores[keys].to_numpy())) == set(map(tuple, ours.to_numpy()))
    assert np.isfinite(found.scores["panel_score"]).all()


def test_details_are_stored(found: RunPanel, tmp_path: Path) -> None:
    save_curve(tmp_path / "curve.json", found.curve, found.details)
    assert load_curve(tmp_path / "curve.json") == (found.curve, found.details)
    assert found.details is not None
    assert found.panel is not None
    assert found.details.digest == found.panel.digest
    assert [a.feature for a in found.details.analytes] == [a.feature for a in found.panel.analytes]
