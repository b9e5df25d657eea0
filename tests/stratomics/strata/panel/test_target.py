"""Targets: what a model teaches is learned again from exactly the patients that are taken."""

from __future__ import annotations

import mudata
import numpy as np
import pytest
from anndata import AnnData
from mudata import MuData
from panels import response_of, values_of
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from datamodules.split import Fold
from omics.cohort.endpoints import Response
from omics.cohort.h5mu import allow_shared_feature_names
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.strata.panel.assay.prices import PriceList
from stratomics.strata.panel.learn import Learning, folds_of
from stratomics.strata.panel.nested import NestedDesign, cases_of_panel, nested_scores
from stratomics.strata.panel.score_path import PanelSettings
from stratomics.strata.panel.target import EndpointTarget, ModelTarget

N, P = 90, 60


def cohort_of(x: np.ndarray, positive: np.ndarray) -> MuData:
    mudata.set_options(pull_on_update=False)
    with allow_shared_feature_names():
        cohort = MuData({"rna": AnnData(x)})
    cohort.obs["positive"] = positive
    return cohort


class Ridge:
    """A teacher that learns from everything; it keeps who it was fitted to."""

    def __init__(self) -> None:
        self.seen: list[frozenset[str]] = []

    def __call__(self, patients: MuData) -> np.ndarray:
        self.seen.append(frozenset(patients.obs_names))
        x, positive = patients["rna"].X, patients.obs["positive"].to_numpy(dtype=bool)
        model = LogisticRegression(C=0.05)
        return cross_val_predict(model, x, positive, cv=4, method="decision_function")


def data(effects: float, seed: int) -> tuple[np.ndarray, Response]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, P))
    return x, response_of(effects * x[:, :4].sum(axis=1), rng)


def folds(label: np.ndarray) -> list[Fold]:
    fold = folds_of(label, None, 3, np.random.default_rng(0))
    return [Fold(0, k, np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(3)]


def auroc(learning: Learning, response: Response) -> float:
    target = EndpointTarget(response)
    design = NestedDesign(learning, learning.patients, target, folds(response.positive))
    cases = cases_of_panel(nested_scores(design, [5], PanelSettings(inner_folds=3), 1)[5], target)
    return float(find_metric("auroc").function(cases, np.ones((1, N)))[0])


def learning_of(x: np.ndarray, target: EndpointTarget | ModelTarget) -> Learning:
    values = values_of(x)
    return Learning(values, target, PriceList.equal().of(values.names))


def test_the_teacher_never_sees_a_patient_who_is_left_out() -> None:
    x, response = data(1.0, 0)
    teacher, cohort = Ridge(), cohort_of(x, response.positive)
    target = ModelTarget(response, cohort, np.arange(N), teacher)
    auroc(learning_of(x, target), response)
    names = np.array(cohort.obs_names)
    training = [frozenset(names[fold.train]) for fold in folds(response.positive)]
    # Each outer training part once, and without each of its three inner folds.
    assert len(teacher.seen) == 12
    assert sum(one in training for one in teacher.seen) == 3
    assert all(any(one <= part for part in training) for one in teacher.seen)


def test_scores_of_a_part_do_not_change_with_the_outcomes_of_others() -> None:
    x, response = data(1.0, 1)
    kept = np.arange(60)
    changed = response.positive.copy()
    changed[60:] = ~changed[60:]
    one, other = (
        ModelTarget(response, cohort_of(x, positive), np.arange(N), Ridge()).take(kept).score
        for positive in (response.positive, changed)
    )
    np.testing.assert_array_equal(one, other)
    assert one.std() == pytest.approx(1.0)


def test_out_of_fold_scores_of_a_run_would_leak_and_these_do_not() -> None:
    """Pure noise: with scores from fits to all patients panels seem to predict, with those of `take` they do not."""
    leak_free, leaking = [], []
    for seed in range(5):
        x, response = data(0.0, seed)
        cohort = cohort_of(x, response.positive)
        fixed = Ridge()(cohort)
        by_name = dict(zip(cohort.obs_names, fixed, strict=True))

        def of_run(patients: MuData, by_name: dict[str, float] = by_name) -> np.ndarray:
            return np.array([by_name[name] for name in patients.obs_names])

        for teacher, found in ((Ridge(), leak_free), (of_run, leaking)):
            target = ModelTarget(response, cohort, np.arange(N), teacher)
            found.append(auroc(learning_of(x, target), response))
    error = np.std(leak_free, ddof=1) / np.sqrt(len(leak_free))
    assert abs(np.mean(leak_free) - 0.5) < 3.3 * error
    assert abs(np.mean(leaking) - 0.5) > abs(np.mean(leak_free) - 0.5)


def test_a_model_without_information_gives_no_analyte() -> None:
    x, response = data(1.0, 2)
    target = ModelTarget(
        response, cohort_of(x, response.positive), np.arange(N), lambda one: np.zeros(one.n_obs)
    )
    assert target.likelihood().loss(np.zeros(N)) == 0
    assert not np.any(target.likelihood().gradient(np.zeros(N)))
