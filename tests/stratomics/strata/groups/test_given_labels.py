"""Published labels as a head: scikit-learn as oracle, uncertainty, calibration, and published figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.factors.gfa.model import GFA
from models.factors.pca import PCA
from omics.common.errors import DataError
from omics.common.files import read_state, write_state
from stratomics.strata.groups.given_labels import Discriminant, GivenLabels, label_codes

Find = Callable[[str], Path]
Array = np.ndarray


def simulated(seed: int, classes: int = 3, n: int = 90, q: int = 4) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    code = rng.permutation(np.arange(n) % (classes + 1) % classes)
    return rng.normal(size=(n, q)) + 1.5 * np.eye(classes, q)[code], code


@pytest.mark.parametrize("classes", [2, 3])
def test_without_uncertainty_it_is_the_discriminant_of_scikit_learn(classes: int) -> None:
    mean, code = simulated(classes, classes)
    oracle = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(mean, code)
    ratio = Discriminant.fit(mean, code).log_ratio(mean, np.zeros_like(mean)) + np.log(oracle.priors_)
    result = np.exp(ratio - np.logaddexp.reduce(ratio, axis=1, keepdims=True))
    np.testing.assert_allclose(result, oracle.predict_proba(mean), rtol=0, atol=1e-10)


def test_the_sd_of_a_patient_is_added_to_the_covariance_of_the_classes() -> None:
    mean, code = simulated(1)
    model = Discriminant.fit(mean, code)
    sd = np.random.default_rng(2).random(mean.shape)
    ratio = model.log_ratio(mean, sd)
    for row in range(5):
        total = model.covariance + np.diag(sd[row] ** 2)
        density = [multivariate_normal(center, total).logpdf(mean[row]) for center in model.means]
        np.testing.assert_allclose(ratio[row] - ratio[row, 0], np.array(density) - density[0], rtol=1e-9)


def test_a_patient_of_whom_nothing_is_known_gets_the_frequencies() -> None:
    mean, code = simulated(3)
    labels = GivenLabels.fit(mean, pd.Series(code), repeats=1)
    unknown = labels.probability(mean[:1], np.full((1, 4), np.inf))
    np.testing.assert_allclose(unknown[0], labels.discriminant.prior, rtol=1e-9)
    exact = labels.probability(mean[:1], np.zeros((1, 4)))
    assert exact.max() > unknown.max()
    assert exact.sum() == pytest.approx(1.0)


def test_probabilities_are_calibrated_in_new_patients_and_out_of_fold_accuracy_is_theirs() -> None:
    mean, code = simulated(4, n=200)
    labels = GivenLabels.fit(mean, pd.Series(code), repeats=1)
    new, truth = simulated(5, n=4000)
    probability = labels.probability(new, np.zeros_like(new))
    loss = -np.log(probability[np.arange(len(truth)), truth]).mean()
    assert labels.accuracy.log_loss == pytest.approx(loss, abs=0.08)
    assert probability.mean(axis=0) == pytest.approx(np.bincount(truth) / len(truth), abs=0.04)
    right = probability.argmax(axis=1) == truth
    assert probability.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.03)
    recall = np.mean([right[truth == label].mean() for label in range(3)])
    assert labels.accuracy.balanced_accuracy == pytest.approx(recall, abs=0.08)


def test_labels_without_information_give_the_frequencies() -> None:
    mean, code = simulated(6, n=120)
    permuted = np.random.default_rng(0).permutation(code)
    labels = GivenLabels.fit(mean, pd.Series(permuted), repeats=2)
    assert labels.slope < 0.6
    frequency = np.bincount(code) / len(code)
    assert labels.accuracy.log_loss == pytest.approx(-(frequency * np.log(frequency)).sum(), abs=0.06)
    assert labels.accuracy.balanced_accuracy == pytest.approx(1 / 3, abs=0.1)


def test_patients_without_a_label_are_not_used_and_coordinates_are_learned_in_each_fold() -> None:
    mean, code = simulated(7, 2)
    label = pd.Series(code).astype(object)
    label[:20] = None
    asked: list[tuple[Any, Any]] = []

    def coordinates(train: Any, test: Any) -> tuple[Array, Array, Array]:
        asked.append((train, test))
        return mean[train], mean[test], np.zeros_like(mean[test])

    labels = GivenLabels.fit(mean, label, repeats=1, coordinates_of=coordinates)
    assert labels.accuracy.patients == 70
    assert len(asked) == 5
    assert sorted(np.concatenate([test for _, test in asked])) == list(range(20, 90))
    assert all(not set(train) & set(test) and min(train) >= 20 for train, test in asked)
    rest = GivenLabels.fit(mean[20:], label[20:], repeats=1)
    np.testing.assert_allclose(labels.probability(mean, mean), rest.probability(mean, mean))
    assert labels.accuracy == rest.accuracy


def test_it_is_the_same_after_it_was_stored(tmp_path: Path) -> None:
    mean, code = simulated(8)
    labels = GivenLabels.fit(mean, pd.Series(code), repeats=1)
    write_state(tmp_path, "labels", *labels.to_state())
    again = GivenLabels.from_state(*read_state(tmp_path, "labels"))
    assert (again.classes, again.slope, again.accuracy) == (labels.classes, labels.slope, labels.accuracy)
    sd = np.full_like(mean, 0.3)
    assert np.array_equal(again.probability(mean, sd), labels.probability(mean, sd))
    assert json.loads((tmp_path / "labels.json").read_text())["classes"] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([None, np.nan, None], "no patient has a label of 'subtype'"),
        (["A"] * 20 + [None], "'subtype' has one class, 'A'"),
        (["A"] * 20 + ["B"] * 4, "class 'B' of 'subtype' has 4 patients, and at least 5 are needed"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused(values: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        label_codes(pd.Series(values, name="subtype", dtype=object))


def test_numbers_as_labels_have_their_names() -> None:
    assert label_codes(pd.Series([1.0, 2.0, np.nan] * 5))[0] == ("1", "2")


@pytest.mark.parametrize(
    ("model", "least"), [(PCA, 0.9), pytest.param(GFA, 0.93, marks=pytest.mark.slow)], ids=["pca", "gfa"]
)
def test_published_types_of_adrenal_cancer_from_factors_of_each_training_fold(
    acc: Any, shared: Find, model: Any, least: float
) -> None:
    table = pd.read_csv(shared("strata/tcga_acc_subtypes") / "labels.csv", index_col=0)

    def coordinates(train: Any, test: Any) -> tuple[Array, Array, Array]:
        known = acc[train].copy()
        harmonizer = Harmonizer(HarmonizeConfig(max_features=2000)).fit(known)
        factors = model(10, seed=0)
        own = factors.fit_transform(harmonizer.transform(known))
        new = factors.transform(harmonizer.transform(acc[test].copy()))
        weight = np.sqrt(factors.variance_explained().sum().to_numpy())
        return own.mean * weight, new.mean * weight, new.sd * weight

    everyone = np.arange(acc.n_obs)
    mean, _, _ = coordinates(everyone, everyone)
    label = table["C1A.C1B"].reindex(acc.obs_names)
    labels = GivenLabels.fit(mean, label, repeats=1, coordinates_of=coordinates)
    assert labels.accuracy.patients == 78
    assert labels.accuracy.balanced_accuracy >= least
    assert labels.accuracy.log_loss < 0.3
