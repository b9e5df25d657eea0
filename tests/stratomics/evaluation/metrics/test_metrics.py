"""Metrics against golden numbers of other packages, and their bootstrap weights against real resampling."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import places
import pytest
from lifelines import CoxPHFitter
from survival_cases import made_up, with_survival

from models.prediction import Prediction
from omics.cohort.endpoints import Survival
from stratomics.evaluation.cases import SurvivalCases, cases_of
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.metrics import METRICS
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.metrics.survival_calibration import (
    d_calibration_counts,
)
from stratomics.evaluation.metrics.survival_scores import brier_curve
from stratomics.evaluation.metrics.time_auc import auc_curve
from stratomics.experiment.check_config import complete_config

GOLDEN = json.loads((places.GOLDEN / "metrics.json").read_text())


FIGURES = GOLDEN["figures"]


def score(name: str, data: SurvivalCases) -> float:
    return float(find_metric(name).function(data, np.ones((1, len(data))))[0])


def scores(name: str, data: SurvivalCases, weight: np.ndarray) -> np.ndarray:
    return find_metric(name).function(data, weight)


@pytest.fixture(scope="module")
def golden() -> SurvivalCases:
    """Patients of the golden file; their smooth curves have steps at each time at which a test evaluates them."""
    event, time, scale, shape = (np.array(GOLDEN["data"][k]) for k in ("event", "time", "scale", "shape"))
    fine = np.linspace(0, time.max(), 4001)
    steps = np.unique(np.concatenate([time, fine, FIGURES["torchsurv"]["times"], [np.median(time[event])]]))
    curves = np.exp(-((steps / scale[:, None]) ** shape[:, None]))
    fold = np.zeros((1, len(time)), dtype=np.int64)
    return with_survival(event, time, -np.log(scale)[None], fold, steps, curves[None])


def test_equals_survivaleval(golden: SurvivalCases) -> None:
    theirs = FIGURES["SurvivalEVAL"]
    one = np.ones((1, len(golden)))
    np.testing.assert_allclose(
        d_calibration_counts(golden, one)[0], theirs["d_calibration"]["counts"], rtol=1e-9
    )
    assert score("d_calibration", golden) == pytest.approx(theirs["d_calibration"]["p"], rel=1e-9)
    assert score("ici", golden) == pytest.approx(theirs["ici"], rel=1e-6)
    assert score("antolini_c", golden) == pytest.approx(theirs["antolini_c"], abs=1e-12)
    # SurvivalEVAL evaluates at 0 and at event times only.
    rough = dataclasses.replace(golden, grid=np.append(0.0, np.unique(golden.time[golden.event])))
    assert score("km_calibration", rough) ** 2 == pytest.approx(theirs["km_calibration_squared"], rel=1e-6)


def test_equals_torchsurv(golden: SurvivalCases) -> None:
    theirs = FIGURES["torchsurv"]
    at = np.array(theirs["times"])
    one = np.ones((1, len(golden)))
    there = dataclasses.replace(golden, grid=at)
    np.testing.assert_allclose(brier_curve(there, one)[0], theirs["brier"], rtol=1e-5)
    # The AUC is computed at every fifth time of the grid.
    there = dataclasses.replace(golden, grid=np.repeat(at, 5))
    np.testing.assert_allclose(auc_curve(there, one)[0], theirs["auc"], rtol=1e-5)
    assert score("harrell_c", golden) == pytest.approx(theirs["harrell_c"], rel=1e-5)
    assert score("uno_c", golden) == pytest.approx(theirs["uno_c"], rel=1e-5)


@pytest.mark.parametrize("name", sorted(METRICS["survival"]))
def test_a_weight_equals_repeated_patients(name: str) -> None:
    data = dataclasses.replace(made_up(n=40), bound=np.random.default_rng(5).uniform(0, 20, (2, 40)))
    counts = resamples(np.arange(40), 5, seed=1)[1:]
    together = scores(name, data, counts)
    for value, count in zip(together, counts.astype(int), strict=True):
        rows = np.repeat(np.arange(40), count)
        assert value == pytest.approx(score(name, data.take(rows)), abs=1e-9)


@pytest.mark.parametrize("name", ["d_calibration", "calibration_slope", "ici", "bound_coverage"])
def test_a_metric_that_cannot_compare_methods_is_refused(name: str) -> None:
    from omics.common.errors import ConfigError
    from stratomics.config import EvaluationConfig, ExperimentConfig

    config: Any = ExperimentConfig(evaluation=EvaluationConfig(metric=name))
    with pytest.raises(ConfigError, match="cannot compare methods: it lacks"):
        complete_config(config, "survival")


@pytest.mark.parametrize(
    ("name", "concordance", "ibs", "log_likelihood"),
    [("metabric", 0.6324, 0.1556, -0.4668), ("gbsg", 0.6563, 0.1727, -0.5127)],
)
def test_cox_on_public_splits_has_the_reference_values(
    shared: Callable[[str], Path], name: str, concordance: float, ibs: float, log_likelihood: float
) -> None:
    """Values of ``../shared/reference/survival-numbers.md``; its grid includes both ends of the follow-up."""
    table = pd.read_parquet(shared(f"benchmarks/{name}.parquet"))
    train, test = (table[table["split"] == part].drop(columns="split") for part in ("train", "test"))
    model = CoxPHFitter().fit(train, "time", "event")
    ids, n = test.index.to_numpy().astype(str), len(test)
    survival = model.predict_survival_function(test).T.to_numpy()
    prediction = Prediction.of_survival(
        ids,
        model.predict_log_partial_hazard(test).to_numpy(),
        model.baseline_survival_.index.to_numpy(),
        survival,
    )
    outcome = Survival(
        test["time"].to_numpy(float), test["event"].to_numpy(bool), np.ones(n, dtype=bool), "months"
    )
    data = cases_of(prediction, ids, outcome)
    both_ends = dataclasses.replace(data, grid=np.linspace(data.time.min(), data.time.max(), 100))
    assert score("harrell_c", data) == pytest.approx(concordance, abs=1e-4)
    assert score("antolini_c", data) == pytest.approx(concordance, abs=1e-4)
    assert score("ibs", both_ends) == pytest.approx(ibs, abs=4e-4)
    assert score("integrated_log_likelihood", both_ends) == pytest.approx(log_likelihood, abs=2e-3)
