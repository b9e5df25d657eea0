"""The null model by brute force, and the scaled score of perfect, useless and null predictions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from survival_cases import made_up

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.metrics.concordance import harrell_c
from stratomics.evaluation.metrics.null_model import null_cases, scaled_scores
from stratomics.evaluation.metrics.response_scores import auroc, brier
from stratomics.evaluation.metrics.survival_scores import integrated_brier_score


def responses(n: int = 60, repeats: int = 2) -> ResponseCases:
    rng = np.random.default_rng(0)
    chance = rng.random(n)
    fold = np.array([rng.permutation(np.arange(n) % 3) for _ in range(repeats)])
    return ResponseCases(rng.random(n) < chance, np.tile(chance, (repeats, 1)), fold)


def test_each_patient_is_predicted_by_the_kaplan_meier_curve_of_the_other_folds() -> None:
    cases, at = made_up(), np.linspace(0.0, 40.0, 30)
    null = null_cases(cases)
    for repeat, patient in ((0, 0), (0, 7), (1, 20), (1, 59)):
        others = cases.fold[repeat] != cases.fold[repeat, patient]
        theirs = KaplanMeierFitter().fit(cases.time[others], cases.event[others])
        np.testing.assert_allclose(null.curves[repeat](at)[patient], theirs.predict(at), rtol=1e-9)
    assert harrell_c(null, np.ones((1, len(cases))))[0] == pytest.approx(0.5)


def test_each_patient_is_predicted_by_the_prevalence_of_the_other_folds() -> None:
    cases = responses()
    null = null_cases(cases)
    for repeat, patient in ((0, 3), (1, 30)):
        others = cases.fold[repeat] != cases.fold[repeat, patient]
        assert null.probability[repeat, patient] == pytest.approx(cases.positive[others].mean())
    assert auroc(null, np.ones((1, len(cases))))[0] == pytest.approx(0.5)


def test_one_fold_is_predicted_by_itself() -> None:
    cases = dataclasses.replace(responses(), fold=np.zeros((2, 60), dtype=np.int64))
    assert null_cases(cases).probability == pytest.approx(cases.positive.mean())


def test_the_scaled_score_is_0_for_the_null_model_and_1_for_perfect_predictions() -> None:
    cases = responses()
    perfect = dataclasses.replace(cases, probability=np.tile(cases.positive.astype(float), (2, 1)))
    weight = resamples(np.arange(len(cases)), 50, 1)
    scores = scaled_scores({"ours": cases, "perfect": perfect, "null": null_cases(cases)}, weight)
    assert scores["perfect"] == pytest.approx({"estimate": 1.0, "low": 1.0, "high": 1.0})
    assert scores["null"] == pytest.approx({"estimate": 0.0, "low": 0.0, "high": 0.0})
    expected = 1.0 - brier(cases, weight[:1])[0] / brier(null_cases(cases), weight[:1])[0]
    assert scores["ours"]["estimate"] == pytest.approx(expected)
    assert scores["ours"]["low"] < expected < scores["ours"]["high"]


def test_survival_is_scaled_by_the_integrated_brier_score() -> None:
    cases = made_up()
    weight = resamples(np.arange(len(cases)), 20, 1)
    ratio = (
        integrated_brier_score(cases, weight[:1])[0]
        / integrated_brier_score(null_cases(cases), weight[:1])[0]
    )
    assert scaled_scores({"stratomics": cases}, weight)["stratomics"]["estimate"] == pytest.approx(
        1.0 - ratio
    )
