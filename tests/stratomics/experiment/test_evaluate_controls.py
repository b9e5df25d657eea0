"""Negative controls that are above chance in their first permutation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import SMALLEST, write

from datamodules.config import SplitConfig
from datamodules.resampling import design_of
from models.prediction import Prediction
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.files import read_json
from stratomics.cli import main
from stratomics.config import EvaluationConfig, ExperimentConfig
from stratomics.evaluation.control_results import PERMUTED_AGAIN
from stratomics.experiment.check_config import complete_config
from stratomics.experiment.evaluate_controls import control_results
from stratomics.experiment.tasks import control_cohort, permutation_name

CONTROL = "permuted_features"
CONFIG = ExperimentConfig(
    split=SplitConfig(folds=2, repeats=1, inner_folds=2),
    evaluation=EvaluationConfig(draws=200),
    controls=[CONTROL],
    baselines=[],
)


@pytest.mark.parametrize("leaks", [False, True])
def test_further_permutations_tell_a_leak_from_chance(leaks: bool, tmp_path: Path) -> None:
    """The first permutation predicts every outcome; the further ones do so only where the outcome leaks."""
    cohort, rng = read_cohort(write(tmp_path / "small")), np.random.default_rng(0)
    config = complete_config(CONFIG, "survival")
    design = design_of(cohort, config.split, config.seed)
    predictions = {}
    for again in range(1 + PERMUTED_AGAIN):
        permuted = control_cohort(config, design.cohort, CONTROL, again)
        time = cohort_endpoints(permuted).primary().time
        risk = -time if leaks or not again else rng.normal(size=len(time))
        ids, grid = permuted.obs_names.to_numpy(dtype=str), np.array([1.0, 1000.0])
        curves = np.full((len(ids), 2), 0.5)
        predictions[permutation_name(CONTROL, again)] = Prediction.of_survival(ids, risk, grid, curves)
    first = control_results(config, design, {CONTROL: predictions[CONTROL]})[CONTROL]
    assert first["off"]
    assert "again" not in first
    decided = control_results(config, design, predictions)[CONTROL]
    assert decided["off"] == leaks
    assert len(decided["again"]) == PERMUTED_AGAIN


@pytest.mark.slow
def test_a_run_permutes_again_where_the_first_permutation_is_above_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Every estimate counts as above chance.
    monkeypatch.setattr("stratomics.evaluation.control_results.LEVEL", 1.1)
    monkeypatch.setattr("stratomics.experiment.tasks.PERMUTED_AGAIN", 2)
    words = [
        "--cohort",
        str(write(tmp_path / "small")),
        *SMALLEST,
        "--baselines=[]",
        f"--controls=[{CONTROL}]",
    ]
    assert main(["run", *words]) == 0
    (metrics,) = tmp_path.glob("runs/*/metrics.json")
    (result,) = read_json(metrics)["controls"].values()
    assert len(result["again"]) == 2
    assert len({result["estimate"], *result["again"]}) == 3
    assert "2 more permutations average" in (metrics.parent / "report.html").read_text()
