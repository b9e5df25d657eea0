"""Response sets: brute force, coverage overall and within classes, groups, covariate shift, too few patients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from claims import margin, repetitions
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from models.calibration.density_ratio import DensityRatio, ShiftWeights
from models.calibration.response_sets import TAXONOMIES, ResponseSets, sets_as_text
from models.linear.logistic_net import logistic_net
from models.prediction import Prediction
from omics.cohort.endpoints import Response
from omics.common.errors import ConfigError, DataError, FitError, TooFewError
from stratomics.evaluation.cases import ResponseCases

MEMBERS = 5


def small(seed: int, n: int = 40, classes: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return probabilities with ties, labels, folds, groups."""
    rng = np.random.default_rng(seed)
    probability = rng.dirichlet(np.ones(classes), n).round(1)
    return probability, rng.integers(0, classes, n), rng.integers(0, 3, n), rng.choice(["x", "y"], n)


@given(st.integers(0, 10_000), st.sampled_from(sorted(TAXONOMIES)), st.booleans())
@settings(deadline=None, max_examples=40)
def test_p_values_equal_brute_force(seed: int, taxonomy: str, shifted: bool) -> None:
    probability, label, fold, group = small(seed)
    rng = np.random.default_rng(seed + 1)
    new, new_group = rng.dirichlet(np.ones(3), (3, 8)).round(1), rng.choice(["x", "y"], 8)
    shift = ShiftWeights(rng.uniform(0.1, 9, 40), rng.uniform(0.1, 9, 8)) if shifted else None
    weight, new_weight = (np.ones(40), np.ones(8)) if shift is None else shift
    sets = ResponseSets.fit_unchecked(probability, label, fold, taxonomy, group)
    same_category = {
        "marginal": lambda i, j, y: True,
        "label": lambda i, j, y: label[i] == y,
        "group": lambda i, j, y: group[i] == new_group[j],
    }[taxonomy]
    for j in range(8):
        for y in range(3):
            rows = [i for i in range(40) if same_category(i, j, y)]
            at_least = sum(weight[i] for i in rows if 1 - probability[i, label[i]] >= 1 - new[fold[i], j, y])
            expected = (new_weight[j] + at_least) / (new_weight[j] + sum(weight[i] for i in rows))
            assert sets.p_values(new, new_group, shift)[j, y] == pytest.approx(expected, abs=1e-12)


def fitted(n: int, rng: np.random.Generator, offset: float = -2.0) -> tuple[np.ndarray, ...]:
    """Held-out and new probabilities of a rare response, by logistic regressions that each hold a fold out."""

    def patients(m: int) -> tuple[np.ndarray, np.ndarray]:
        x = rng.normal(size=(m, 4))
        return x, rng.random(m) < expit(offset + x[:, :2] @ [1.5, 1.0])

    x, label = patients(n)
    new, truth = patients(2000)
    fold = rng.permutation(np.arange(n) % MEMBERS)
    held_out, of_new = np.zeros(n), []
    for member in range(MEMBERS):
        train = fold != member
        coefficients, height = logistic_net(x[train], label[train], 4 / train.sum(), 0.0)
        held_out[~train] = expit(x[~train] @ coefficients + height)
        of_new.append(expit(new @ coefficients + height))
    two = [np.stack([1.0 - p, p], axis=-1) for p in (held_out, np.stack(of_new))]
    return two[0], label.astype(np.int64), fold, two[1], truth.astype(np.int64)


@repetitions(8, 100)
def test_label_sets_cover_each_class_and_marginal_sets_do_not(repetitions: int) -> None:
    """A fifth respond, n 200, 100 repetitions of 2,000 new patients. Monte Carlo SE: 0.003; 0.006 of responders.

    Label sets have the coverage in both classes. Marginal sets have it overall, but far less among responders.
    """
    drawn = {name: [] for name in ("label", "marginal")}
    for seed in range(repetitions):
        probability, label, fold, new, truth = fitted(200, np.random.default_rng([seed, 11]))
        for name, rows in drawn.items():
            hit = ResponseSets.fit(probability, label, fold, name).predict(new)[np.arange(2000), truth]
            rows.append((hit.mean(), hit[truth == 1].mean(), hit[truth == 0].mean()))
    label_mean, marginal_mean = (np.mean(rows, axis=0) for rows in drawn.values())
    # Coverage of all patients, of responders, of the others.
    wider = np.array([margin(error, repetitions, 100, checks=9) for error in (0.003, 0.009, 0.003)])
    assert (label_mean > 0.88 - wider).all()
    assert (label_mean < 0.94 + wider).all()
    assert 0.88 - wider[0] < marginal_mean[0] < 0.92 + wider[0]
    assert marginal_mean[1] < 0.75 + wider[1]


def test_each_group_is_covered() -> None:
    """The probabilities of one site are reversed; n 4,000, SE about 0.008 per site."""
    rng = np.random.default_rng(5)

    def patients(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        p, site = rng.random(n), np.where(rng.random(n) < 0.2, "wrong", "right")
        label = (rng.random(n) < np.where(site == "wrong", 1.0 - p, p)).astype(np.int64)
        return np.column_stack([1.0 - p, p]), label, site

    probability, label, site = patients(4000)
    new, truth, where = patients(4000)
    fold = np.arange(4000) % 2
    covered = {}
    for name in ("group", "marginal"):
        sets = ResponseSets.fit(probability, label, fold, name, site)
        hit = sets.predict(np.stack([new, new]), where)[np.arange(4000), truth]
        covered[name] = [hit[where == s].mean() for s in ("right", "wrong")]
    assert covered["group"] == pytest.approx([0.9, 0.9], abs=0.025)
    assert covered["marginal"][1] < 0.8


def test_weights_restore_coverage_under_covariate_shift() -> None:
    """New patients have less certain responses; n 3,000, SE of a coverage about 0.01."""
    rng = np.random.default_rng(6)

    def patients(n: int, shift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = rng.normal([shift, 0.0], size=(n, 2))
        # The probability is too extreme where the first factor is large.
        label = (rng.random(n) < expit(x[:, 1] * np.exp(-x[:, 0]))).astype(np.int64)
        p = expit(2.0 * x[:, 1])
        return x, np.column_stack([1.0 - p, p]), label

    x, probability, label = patients(3000, 0.0)
    z, new, truth = patients(3000, 1.0)
    sets = ResponseSets.fit(probability, label, np.arange(3000) % 2, "marginal")
    shift = DensityRatio.fit(x, z).weights(x, z)
    members = np.stack([new, new])
    rows = np.arange(3000)
    assert sets.predict(members)[rows, truth].mean() < 0.88
    assert sets.predict(members, shift=shift)[rows, truth].mean() == pytest.approx(0.9, abs=0.025)
    assert 500 < shift.effective < 2500


@pytest.mark.parametrize(
    ("taxonomy", "sentence"),
    [("label", "class 1 has 8"), ("group", "group b has 3"), ("marginal", "the cohort has 8")],
)
def test_too_few_patients_are_reported_with_their_number(taxonomy: str, sentence: str) -> None:
    n = 8 if taxonomy == "marginal" else 30
    label, group = (np.arange(n) < 8).astype(np.int64), np.where(np.arange(n) < 3, "b", "a")
    probability, fold = np.full((n, 2), 0.5), np.arange(n) % 3
    with pytest.raises(TooFewError, match=f"{sentence}.*alpha 0.1 need 9"):
        ResponseSets.fit(probability, label, fold, taxonomy, group)
    sets = ResponseSets.fit_unchecked(probability, label, fold, taxonomy, group)
    assert sentence in str(sets.too_few_patients())
    # No p value of this category can be small, so the class is in every set.
    unlikely = np.tile([1.0, 0.0], (MEMBERS, 2, 1))
    assert sets.predict(unlikely, np.array(["b", "b"]))[:, 1].all()


def test_nine_patients_of_a_class_are_enough() -> None:
    label = (np.arange(30) < 9).astype(np.int64)
    probability = np.column_stack([label == 0, label == 1]) * 0.8 + 0.1
    sets = ResponseSets.fit(probability, label, np.arange(30) % 3)
    assert sets.too_few_patients() is None
    assert not sets.predict(np.tile([1.0, 0.0], (3, 1, 1)))[0, 1]


def test_equal_probabilities_give_every_class() -> None:
    """All patients have one probability, as with a calibration slope of 0; all scores are tied."""
    label = (np.arange(100) < 30).astype(np.int64)
    flat = np.tile([0.7, 0.3], (100, 1))
    for taxonomy in ("label", "group"):
        sets = ResponseSets.fit(flat, label, np.arange(100) % 5, taxonomy)
        assert sets.predict(np.tile([0.7, 0.3], (5, 3, 1))).all()


def test_an_unknown_group_gets_every_class_and_missing_groups_raise_an_error() -> None:
    probability, label, fold, group = small(1)
    sets = ResponseSets.fit_unchecked(probability, label, fold, "group", group)
    assert sets.predict(np.zeros((3, 2, 3)), np.array(["never", "seen"])).all()
    with pytest.raises(DataError, match="groups x, y"):
        sets.predict(np.zeros((3, 2, 3)))


def test_nan_and_an_unknown_taxonomy_raise_an_error() -> None:
    probability, label, fold, _ = small(2)
    with pytest.raises(ConfigError, match="label"):
        ResponseSets.fit_unchecked(probability, label, fold, "labels")
    probability[0, 0] = np.nan
    with pytest.raises(FitError, match="not finite"):
        ResponseSets.fit_unchecked(probability, label, fold)


@pytest.mark.parametrize("taxonomy", sorted(TAXONOMIES))
def test_save_and_load(tmp_path: Path, taxonomy: str) -> None:
    probability, label, fold, group = small(3)
    sets = ResponseSets.fit_unchecked(probability, label, fold, taxonomy, group)
    sets.save(tmp_path, "sets")
    again = ResponseSets.load(tmp_path, "sets")
    new = np.random.default_rng(0).dirichlet(np.ones(3), (3, 20))
    where = np.repeat(["x", "y"], 10)
    np.testing.assert_array_equal(again.p_values(new, where), sets.p_values(new, where))
    assert again.groups == sets.groups


def test_evaluation_reads_sets_as_text() -> None:
    sets = np.array([[a, b] for a in (True, False) for b in (True, False)])
    ids = np.array(["a", "b", "c", "d"])
    plain = Prediction.of_response(ids, "r", np.full(4, 0.5))
    columns = {"response_set": sets_as_text(sets, ("negative", "positive"))}
    response = Response(np.arange(4) % 2 == 0, np.ones(4, dtype=bool))
    cases = ResponseCases.of(Prediction(plain.patients.assign(**columns), plain.long), ids, response)
    assert cases.sets is not None
    np.testing.assert_array_equal(cases.sets[0], sets)
