"""References of the benefit: the effects by clinical covariates and by the full model, in the folds of the panels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from panels import response_of, survival_of, values_of

from datamodules.split import Fold
from models.prediction import RECEIVED, Prediction
from models.survival.kaplan_meier import StepFunction
from omics.cohort.endpoints import Survival
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.panel.assay.prices import PriceList
from stratomics.strata.panel.benefit_references import clinical_effects, model_effects
from stratomics.strata.panel.learn import Learning, folds_of
from stratomics.strata.panel.nested import NestedDesign
from stratomics.strata.panel.target import BenefitTarget

N = 300


def trial(kind: str, seed: int = 0) -> tuple[NestedDesign, pd.DataFrame]:
    """A trial whose effect depends on age."""
    rng = np.random.default_rng(seed)
    arm = rng.permutation(np.where(np.arange(N) % 2, 0.5, -0.5))
    age, stage = rng.normal(60, 10, N), rng.choice(["I", "II"], N)
    benefit = 2.0 * (age - 60) / 10 * arm
    outcome = response_of(benefit, rng) if kind == "response" else survival_of(-benefit, rng)
    values = values_of(rng.normal(size=(N, 2)))
    target = BenefitTarget(outcome, arm)
    fold = folds_of(target.label, None, 3, rng)
    parts = [Fold(0, k, np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(3)]
    learning = Learning(values, target, PriceList.equal().of(values.names))
    return NestedDesign(learning, values, target, parts), pd.DataFrame({"age": age, "stage": stage})


@pytest.mark.parametrize("kind", ["response", "survival"])
def test_a_covariate_that_changes_the_effect_is_found(kind: str) -> None:
    nested, samples = trial(kind)
    effects = clinical_effects(nested, samples, samples, ["age", "stage"], 3, 1)
    assert effects.shape == (1, N)
    assert np.corrcoef(effects[0], samples["age"])[0, 1] > 0.9


def test_outcomes_of_test_patients_do_not_change_their_effects() -> None:
    nested, samples = trial("response")
    test = nested.folds[0].test
    before = clinical_effects(nested, samples, samples, ["age"], 3, 1)
    target = nested.learning.target
    assert isinstance(target, BenefitTarget)
    assert not isinstance(target.outcome, Survival)
    target.outcome.positive[test] = ~target.outcome.positive[test]
    after = clinical_effects(nested, samples, samples, ["age"], 3, 1)
    np.testing.assert_array_equal(before[0, test], after[0, test])
    assert not np.allclose(before, after)


def of_response(probability: np.ndarray, ids: np.ndarray) -> Prediction:
    return Prediction.of_response(ids, "end", probability)


def test_effects_of_the_model_are_log_ratios_in_the_order_of_the_patients() -> None:
    ids, none = np.array(["b", "a"]), np.zeros(2)
    arms = {
        RECEIVED: of_response(np.array([0.5, 0.5]), ids),
        "control": of_response(np.array([0.5, 0.2]), ids),
        "treated": of_response(np.array([0.5, 0.5]), ids),
    }
    run = SimpleNamespace(
        kind="response", endpoint="end", predictions={"stratomics": Prediction.under_arms(arms, none, none)}
    )
    found = model_effects(cast(RunDirectory, run), np.array(["a", "b"]))
    np.testing.assert_allclose(found, [[np.log(4.0), 0.0]])


def test_a_lower_hazard_is_a_benefit() -> None:
    ids, none, times = np.array(["a"]), np.zeros(1), np.array([1.0, 2.0])

    def curve(*survival: float) -> Prediction:
        values = StepFunction(times, np.array([survival]))
        return Prediction.of_survival(ids, none, values.times, values.values)

    arms: dict[str, Any] = {
        RECEIVED: curve(0.8, 0.5),
        "control": curve(0.8, np.exp(-2.0)),
        "treated": curve(0.9, np.exp(-1.0)),
    }
    run = SimpleNamespace(
        kind="survival", horizon=2.0, predictions={"stratomics": Prediction.under_arms(arms, none, none)}
    )
    np.testing.assert_allclose(model_effects(cast(RunDirectory, run), ids), [[np.log(2.0)]])
