"""The curve: metrics of nested scores, how many analytes suffice, and when there is no panel."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from claims import at_most, repetitions
from panels import planted

from datamodules.split import Fold
from models.prediction import Prediction
from omics.common.errors import InputError
from stratomics.evaluation.cases import Cases, cases_of
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.metrics.null_model import null_cases
from stratomics.strata.panel.curve import MEASURES, NULL, PanelCurve, panel_curve
from stratomics.strata.panel.learn import Learning, folds_of
from stratomics.strata.panel.nested import FoldScores, NestedDesign, cases_of_panel, nested_scores
from stratomics.strata.panel.score_path import PanelSettings

NUMBERS = (1, 2, 4)


def nested(learning: Learning, repeats: int = 2, folds: int = 3) -> dict[int, list[FoldScores]]:
    parts = []
    for repeat in range(repeats):
        fold = folds_of(learning.target.label, None, folds, np.random.default_rng(repeat))
        parts += [Fold(repeat, k, np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]
    design = NestedDesign(learning, learning.patients, learning.target, parts)
    return nested_scores(design, NUMBERS, PanelSettings(inner_folds=3), 1)


def curve_of(learning: Learning, others: dict[str, Cases] | None = None, draws: int = 100) -> PanelCurve:
    weight = resamples(np.arange(len(learning.patients)), draws, 1)
    return panel_curve(nested(learning), learning.target, "end", learning.prices, weight, others)


@pytest.mark.parametrize("kind", ["response", "survival"])
def test_cases_are_those_of_saved_predictions(kind: str) -> None:
    """Twin: the tables of ``Prediction``, joined by ``cases_of``, have the same metrics."""
    learning = planted(90, 8, np.array([1.0, -1.0]), 0, kind)
    scores = nested(learning)[2]
    ids = np.array([f"p{number:03d}" for number in range(90)])
    parts = [
        one.calibration.prediction(ids[one.fold.test], one.score, "end").at(one.fold.repeat, one.fold.number)
        for one in scores
    ]
    twin = cases_of(Prediction.concatenate(parts), ids, learning.target.outcome)
    cases = cases_of_panel(scores, learning.target)
    one = np.ones((1, 90))
    names = ["bound_coverage"] if kind == "survival" else ["set_coverage", "marginal_set_coverage"]
    for name in (*MEASURES[kind], *names):
        metric = find_metric(name).function
        np.testing.assert_allclose(metric(cases, one), metric(twin, one))


@pytest.mark.parametrize("kind", ["response", "survival"])
def test_planted_analytes_give_a_panel_of_about_their_number(kind: str) -> None:
    curve = curve_of(planted(200, 20, np.array([1.5, -1.5]), 1, kind))
    assert curve.recommended == 2
    point = curve.point(2)
    discrimination = point.metrics[MEASURES[kind][1]]
    assert discrimination["estimate"] > 0.75
    assert point.differences[NULL]["high"] < 0
    assert point.stability["estimate"] > 0.9
    assert point.cost == 2
    assert 0.6 < point.metrics["calibration_slope"]["estimate"] < 1.6
    with pytest.raises(InputError, match="no panel of 3 analytes; it has 1 to 4"):
        curve.point(3)


def test_noise_gives_no_panel() -> None:
    curve = curve_of(planted(80, 200, np.zeros(1), 2))
    assert curve.recommended is None
    assert curve.reason is not None
    assert "not clearly lower than that of prevalence" in curve.reason


def test_a_panel_must_be_better_than_the_clinical_covariates() -> None:
    learning = planted(220, 4, np.array([2.0]), 3)
    perfect = np.where(learning.target.label.astype(bool), 0.99, 0.01)
    base = cases_of_panel(nested(learning)[1], learning.target)
    clinical = dataclasses.replace(null_cases(base), probability=np.stack([perfect, perfect]))
    curve = curve_of(learning, {"clinical_logistic": clinical})
    assert curve.recommended is None
    assert "clinical covariates (clinical logistic)" in str(curve.reason)
    assert curve.references["clinical_logistic"]["auroc"]["estimate"] == 1


def test_the_curve_is_stored_as_it_is() -> None:
    curve = curve_of(planted(80, 8, np.array([1.0]), 4))
    assert PanelCurve.from_json(json.loads(json.dumps(curve.to_json()))) == curve


@repetitions(12, 200)
def test_noise_rarely_gives_a_panel(repetitions: int) -> None:
    """100 patients, 200 analytes without any relation to the response: ``docs/claims.md``."""
    found = sum(
        curve_of(planted(100, 200, np.zeros(1), seed), draws=200).recommended is not None
        for seed in range(repetitions)
    )
    assert found <= at_most(0.05, repetitions)
