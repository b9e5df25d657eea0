"""The truth of a simulated cohort: estimates from the data agree with it.

The bound of a comparison is four standard errors of the comparison.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from claims import repetitions
from lifelines import CoxPHFitter, KaplanMeierFitter
from scipy.special import gamma, gammainc
from simulated import OUTCOMES

from omics.simulate.simulate_cohort import (
    Simulated,
    SimulationConfig,
    simulate,
)


def hazard_table(simulated: Simulated) -> pd.DataFrame:
    samples, truth = simulated.cohort.obs.reset_index(drop=True), simulated.truth
    treated = samples["dose"] > 0
    return pd.DataFrame(
        {
            "time": samples["time"],
            "event": samples["event"],
            "prognostic": truth.prognostic,
            "treated": treated.astype(float),
            "marker": truth.factors[:, -1],
            "interaction": truth.factors[:, -1] * treated,
        }
    )


def fit_cox(simulated: Simulated) -> CoxPHFitter:
    return CoxPHFitter().fit(hazard_table(simulated), "time", "event")


def test_cox_regression_finds_the_parts_of_the_hazard(trial: Simulated) -> None:
    fit = fit_cox(trial)
    config = trial.config
    expected = {
        "prognostic": 1.0,
        "treated": config.treatment_log_hazard_ratio,
        "marker": 0.0,
        "interaction": config.predictive_strength,
    }
    for name, value in expected.items():
        assert abs(fit.params_[name] - value) < 4 * fit.standard_errors_[name], name
    assert fit.standard_errors_["interaction"] < 0.05


def test_without_predictive_strength_there_is_no_interaction() -> None:
    config = SimulationConfig(4000, features=OUTCOMES, predictive_strength=0, seed=5)
    simulated = simulate(config)
    assert (simulated.truth.predictive == 0).all()
    fit = fit_cox(simulated)
    assert abs(fit.params_["interaction"]) < 4 * fit.standard_errors_["interaction"] < 0.2


@repetitions(20, 200)
def test_the_null_interaction_is_standard_normal_over_cohorts(repetitions: int) -> None:
    z = []
    for seed in range(repetitions):
        fit = fit_cox(simulate(SimulationConfig(300, features=OUTCOMES, predictive_strength=0, seed=seed)))
        z.append(fit.params_["interaction"] / fit.standard_errors_["interaction"])
    assert abs(np.mean(z)) < 4 / np.sqrt(len(z))
    # Standard error of a standard deviation, sd / sqrt(2 n); Wald statistics run a little wide at n = 300.
    assert np.std(z) == pytest.approx(1.0, abs=4 / np.sqrt(2 * len(z)))


@pytest.mark.parametrize("arm", [0, 1])
def test_kaplan_meier_agrees_with_the_true_survival(trial: Simulated, arm: int) -> None:
    samples = trial.cohort.obs
    rows = (samples["dose"] == arm).to_numpy()
    days = [30, 180, 365, 730, 1095, 1500]
    truth = trial.truth.survival(days)[rows, arm].mean(axis=0)
    # An interval of four standard errors: two-sided level 6.3e-5.
    fit = KaplanMeierFitter(alpha=6.3e-5).fit(samples.loc[rows, "time"], samples.loc[rows, "event"])
    interval = fit.confidence_interval_.loc[: days[-1]]
    for day, value in zip(days, truth, strict=True):
        low, high = interval.loc[:day].iloc[-1]
        assert low < value < high, day
        assert high - low < 0.1


def test_responses_follow_their_true_probability(trial: Simulated) -> None:
    samples, truth = trial.cohort.obs, trial.truth
    arm = (samples["dose"] > 0).to_numpy().astype(int)
    rows = np.arange(len(arm))
    probability = truth.response_probability[rows, arm]
    weights = np.column_stack([np.ones(len(arm)), arm, truth.log_hazard[rows, arm], truth.predictive])
    residual = samples["response"].to_numpy() - probability
    error = np.sqrt((weights**2 * (probability * (1 - probability))[:, None]).sum(axis=0))
    assert (np.abs(residual @ weights) < 4 * error).all()
    treated = arm == 1
    np.testing.assert_array_equal(truth.responder[treated], samples["response"].to_numpy()[treated] == 1)


def test_toxicity_comes_with_age_and_dose_alone(trial: Simulated) -> None:
    samples, truth = trial.cohort.obs, trial.truth
    arm = (samples["dose"] > 0).to_numpy().astype(int)
    probability = truth.toxicity_probability[np.arange(len(arm)), arm]
    residual = samples["toxicity"].to_numpy() - probability
    weights = np.column_stack([np.ones(len(arm)), arm, samples["age"] - 62, truth.factors])
    error = np.sqrt((weights**2 * (probability * (1 - probability))[:, None]).sum(axis=0))
    assert (np.abs(residual @ weights) < 4 * error).all()
    assert (truth.toxicity_probability[:, 1] > truth.toxicity_probability[:, 0]).all()


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.5])
def test_rmst_agrees_with_the_incomplete_gamma_function(shape: float) -> None:
    truth = simulate(SimulationConfig(60, features=OUTCOMES, weibull_shape=shape)).truth
    horizon = truth.horizon
    scale = truth.weibull_scale * np.exp(-truth.log_hazard / shape)
    closed = scale / shape * gamma(1 / shape) * gammainc(1 / shape, (horizon / scale) ** shape)
    np.testing.assert_allclose(truth.rmst(horizon), closed, rtol=1e-5)
    np.testing.assert_allclose(truth.benefit_rmst, closed[:, 1] - closed[:, 0], atol=0.01)


def test_benefits_agree_about_whom_treatment_helps(trial: Simulated) -> None:
    truth = trial.truth
    assert 0.55 < truth.benefits.mean() < 0.85
    np.testing.assert_array_equal(truth.benefits, truth.benefit_rmst > 0)
    np.testing.assert_array_equal(truth.benefits, truth.benefit_response > 0)


def test_prognostic_and_predictive_parts_are_apart(trial: Simulated) -> None:
    truth, config = trial.truth, trial.config
    n = config.patients
    assert truth.prognostic.std() == pytest.approx(0.8, abs=4 * 0.8 / np.sqrt(2 * n))
    assert truth.predictive.std() == pytest.approx(0.6, abs=4 * 0.6 / np.sqrt(2 * n))
    assert abs(np.corrcoef(truth.prognostic, truth.predictive)[0, 1]) < 4 / np.sqrt(n)
