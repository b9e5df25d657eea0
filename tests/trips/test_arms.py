"""Predictions under each arm, the benefit between them, and which effects may be called predictive."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from claims import at_most, repetitions
from small import SMALLEST

from datamodules.resampling import Design
from datamodules.split import stratified_folds
from models.config import FactorsConfig
from models.prediction import RECEIVED, Prediction
from models.survival.kaplan_meier import StepFunction, restricted_mean
from omics.cohort.arms import CONTROL, TREATED, arm_codes
from omics.cohort.endpoints import Response
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.common.errors import DataError
from omics.simulate.config import SimulationConfig
from omics.simulate.simulate_cohort import Simulated, simulate
from stratomics.cli import main
from stratomics.config import ExperimentConfig
from stratomics.evaluation.treatment_interaction import interaction, relative_effects
from stratomics.experiment.check_config import complete_config
from stratomics.experiment.evaluate import evaluate
from stratomics.fitting.fit import Fitted, fit
from stratomics.runs.run_directory import RunDirectory
from stratomics.runtime.logs import quiet_libraries

CONFIG = ExperimentConfig(factors=FactorsConfig(count=3, per_view=0))
SMALL = SimulationConfig(patients=120, features={"rna": 30}, factors=3, missing_views=0.1)


@pytest.fixture(scope="module")
def trial() -> Simulated:
    return simulate(SMALL)


@pytest.fixture(scope="module")
def model(trial: Simulated) -> Fitted:
    # Filters of warnings are reset for each test, and this is before the first.
    quiet_libraries()
    return fit(trial.cohort, dataclasses.replace(CONFIG, endpoints=["response", "toxicity"]), 1)


def test_all_patients_are_predicted_under_each_arm(trial: Simulated, model: Fitted) -> None:
    prediction = model.predict(trial.cohort)
    assert set(prediction.survival["arm"]) == {RECEIVED, "control", "treated"}
    assert set(prediction.response["endpoint"]) == {"response", "toxicity"}
    codes = arm_codes(trial.cohort)
    assert codes is not None
    wide = prediction.survival.pivot(
        index=["sample_id", "time"], columns="arm", values="survival"
    ).reset_index()
    own_arm = dict(zip(trial.cohort.obs_names, codes, strict=True))
    arm = wide["sample_id"].map(own_arm)
    assert (wide[RECEIVED] == np.where(arm == TREATED, wide["treated"], wide["control"])).all()


def test_the_benefit_is_the_difference_of_restricted_means(trial: Simulated, model: Fitted) -> None:
    """The mean over members of a Cox ensemble's curves is its curve, so the table says the same."""
    prediction, horizon = model.predict(trial.cohort), model.endpoints[0].horizon
    means = {}
    for arm, part in prediction.survival.groupby("arm"):
        wide = part.pivot(index="sample_id", columns="time", values="survival")
        means[arm] = restricted_mean(StepFunction(wide.columns.to_numpy(), wide.to_numpy()), horizon)
    patients = prediction.patients.set_index("sample_id").loc[wide.index]
    np.testing.assert_allclose(patients["benefit"], means["treated"] - means["control"], atol=1e-6 * horizon)
    assert (patients["benefit_sd"] >= 0).all()


def test_the_prediction_of_a_patient_in_no_arm_is_between_the_arms(trial: Simulated, model: Fitted) -> None:
    cohort = trial.cohort.copy()
    cohort.obs["dose"] = np.nan
    assert (arm_codes(cohort) == 0).all()
    prediction = model.predict(cohort)
    wide = prediction.survival.pivot(index=["sample_id", "time"], columns="arm", values="survival")
    middle = wide[RECEIVED].to_numpy()
    assert (middle <= wide[["control", "treated"]].max(axis=1).to_numpy() + 0.02).all()
    assert (middle >= wide[["control", "treated"]].min(axis=1).to_numpy() - 0.02).all()


def test_arms_are_coded_as_declared(trial: Simulated) -> None:
    codes = arm_codes(trial.cohort)
    assert codes is not None
    dose = trial.cohort.obs["dose"].to_numpy(dtype=float)
    assert (codes[dose == 0] == CONTROL).all()
    assert (codes[dose == 1] == TREATED).all()
    three = simulate(dataclasses.replace(SMALL, doses=(1.0, 2.0))).cohort
    codes, dose = arm_codes(three), three.obs["dose"].to_numpy(dtype=float)
    assert codes is not None
    assert (codes[dose == 1] == 0).all()
    assert (codes[dose == 2] == TREATED).all()


def test_a_cohort_without_arms_has_none(acc: Any) -> None:
    assert arm_codes(acc) is None
    prediction = fit(acc, CONFIG, 1).predict(acc)
    assert "benefit" not in prediction.patients
    with pytest.raises(DataError, match="have no arms"):
        relative_effects(prediction, 500.0)


def test_an_endpoint_in_one_arm_only_gives_no_benefit(
    trial: Simulated, caplog: pytest.LogCaptureFixture
) -> None:
    cohort = trial.cohort.copy()
    cohort.obs.loc[cohort.obs["dose"] == 0, ["time", "event"]] = np.nan
    prediction = fit(cohort, CONFIG, 1).predict(cohort)
    assert "no patient of the control arm has the primary endpoint" in caplog.text
    assert "benefit" not in prediction.patients
    assert np.isfinite(prediction.patients["risk"]).all()


@pytest.mark.slow
def test_a_run_ends_if_its_endpoint_is_in_one_arm_only(
    write_small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def one_arm(frames: dict[str, Any], spec: dict[str, Any]) -> None:
        frames["outcome"]["arm"] = np.where(np.arange(40) % 5 == 0, "old", "new")
        frames["outcome"].loc[frames["outcome"]["arm"] == "old", ["time", "event"]] = np.nan
        spec["arm"] = {"column": "arm", "control": "old", "randomised": "yes"}

    monkeypatch.chdir(tmp_path)
    assert main(["run", "--cohort", str(write_small(one_arm)), *SMALLEST, "--baselines=[]"]) == 0
    run = RunDirectory(tmp_path / capsys.readouterr().out.splitlines()[-1])
    assert "interaction" not in run.metrics
    assert "no patient of the control arm" in (run.path / "run.log").read_text()


def test_a_loaded_model_predicts_the_same(trial: Simulated, model: Fitted, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = Fitted.load(tmp_path).predict(trial.cohort)
    for name in ("patients", "survival", "response"):
        one, two = (
            getattr(p, name).select_dtypes("number").to_numpy() for p in (model.predict(trial.cohort), again)
        )
        np.testing.assert_array_equal(one, two)


def test_a_response_has_relative_effects_too() -> None:
    ids = np.array(["a", "b"])
    arms = {
        RECEIVED: Prediction.of_response(ids, "r", np.array([0.5, 0.5])),
        "control": Prediction.of_response(ids, "r", np.array([0.5, 0.2])),
        "treated": Prediction.of_response(ids, "r", np.array([0.5, 0.5])),
    }
    prediction = Prediction.under_arms(arms, np.zeros(2), np.zeros(2))
    effects = relative_effects(prediction, None)
    np.testing.assert_allclose(effects["relative"], [0.0, np.log(4.0)])


def test_a_response_is_primary_beside_a_predicted_survival(trial: Simulated) -> None:
    """Relative effects are those of the primary endpoint, also if another endpoint has curves."""
    cohort = trial.cohort.copy()
    spec = dataclasses.replace(cohort_spec(cohort), primary="response")
    cohort.uns["stratomics"] = cohort.uns["stratomics"] | {"spec": json.dumps(spec.as_dict())}
    prediction = fit(cohort, complete_config(CONFIG, "response"), 1).predict(cohort)
    assert set(prediction.long) == {"survival", "response"}
    alone = dataclasses.replace(complete_config(CONFIG, "response"), baselines=[], controls=[])
    found = evaluate(alone, Design(cohort, cohort, []), {"stratomics": prediction}).interaction
    assert found is not None
    assert np.isfinite(found["slope"])
    effects = relative_effects(prediction, None, "response")
    table = prediction.response[prediction.response["endpoint"] == "response"]
    positive = table[table["class"] == "positive"].set_index(["sample_id", "arm"])["probability"].unstack()
    odds = np.log(positive / (1 - positive))
    np.testing.assert_allclose(effects.set_index("sample_id")["relative"], odds["treated"] - odds["control"])


def test_the_slope_is_one_if_effects_are_as_predicted() -> None:
    rng = np.random.default_rng(0)
    n = 4000
    arm, relative, prognosis = rng.choice([-0.5, 0.5], n), rng.normal(size=n), rng.normal(size=n)
    positive = rng.random(n) < 1 / (1 + np.exp(-(prognosis + arm * relative)))
    found = interaction(Response(positive, np.ones(n, bool)), arm, relative, prognosis, np.zeros(n, int))
    assert abs(found.slope - 1.0) < 3 * found.se
    flat = interaction(Response(positive, np.ones(n, bool)), arm, np.zeros(n), prognosis, np.zeros(n, int))
    assert (flat.slope, flat.p) == (0.0, 0.5)


def test_a_prediction_that_is_the_truth_has_slope_one() -> None:
    """The prognosis is the middle of both arms: the risk under the arm received would leave nothing to find."""
    simulated = simulate(
        SimulationConfig(patients=3000, features={"rna": 5}, predictive_strength=0.8, seed=3)
    )
    ids, truth, codes = simulated.cohort.obs_names.to_numpy(str), simulated.truth, arm_codes(simulated.cohort)
    assert codes is not None
    endpoint = cohort_endpoints(simulated.cohort).survival()
    times = np.quantile(endpoint.time, np.linspace(0.1, 0.9, 9))
    curves, received = truth.survival(times), (codes > 0).astype(int)
    patients = np.arange(len(ids))
    arms = {
        arm: Prediction.of_survival(ids, truth.log_hazard[patients, which], times, curves[patients, which])
        for arm, which in ((RECEIVED, received), ("control", 0 * received), ("treated", 0 * received + 1))
    }
    prediction = Prediction.under_arms(arms, truth.benefit_rmst, np.zeros(len(ids)))
    effects = relative_effects(prediction, float(times[4])).set_index("sample_id").loc[ids]
    # Survival is held within 1e-6 of 0 and 1, which the sickest reach.
    middle, off = truth.log_hazard.mean(axis=1), effects["prognosis"].to_numpy()
    effect = np.diff(truth.log_hazard)[:, 0]
    assert np.quantile(np.abs(effects["relative"] - effect), 0.98) < 0.01
    assert np.quantile(np.abs(off - middle - np.median(off - middle)), 0.98) < 0.01
    found = interaction(
        endpoint, codes, *effects[["relative", "prognosis"]].to_numpy().T, np.zeros(len(ids), int)
    )
    assert abs(found.slope - 1.0) < 3 * found.se
    assert found.p < 1e-10


def out_of_fold(trial: Simulated, config: ExperimentConfig, seed: int) -> tuple[Prediction, Any]:
    cohort, parts = trial.cohort, []
    for fold in stratified_folds(cohort, 3, 1, seed, "outer"):
        part = fit(cohort[fold.train].copy(), config, seed).predict(cohort[fold.test].copy())
        parts.append(part.at(0, fold.number))
    prediction = Prediction.concatenate(parts)
    patients = prediction.patients.set_index("sample_id").loc[cohort.obs_names]
    return prediction, patients


@repetitions(1, 3)
@pytest.mark.timeout(1200)
def test_benefit_is_found_where_the_truth_is_purely_predictive(repetitions: int) -> None:
    """600 patients, nothing prognostic: predicted and true benefit correlate by more than .5 in each cohort."""
    for seed in range(repetitions):
        truth = SimulationConfig(
            patients=600,
            features={"rna": 60},
            factors=3,
            prognostic_strength=0.0,
            predictive_strength=0.8,
            treatment_log_hazard_ratio=0.0,
            missing_views=0.0,
            seed=seed,
        )
        trial = simulate(truth)
        _, patients = out_of_fold(trial, CONFIG, seed)
        together = np.corrcoef(patients["benefit"], trial.truth.benefit_rmst)[0, 1]
        print(f"seed {seed}: correlation {together:.3f}")  # noqa: T201  # shown with -s
        assert together > 0.5


@repetitions(6, 100)
@pytest.mark.timeout(2400)
def test_nothing_is_called_predictive_where_the_truth_is_purely_prognostic(repetitions: int) -> None:
    """One hazard ratio for all patients: an interaction is claimed at 5% in at most 5% + 2 Monte Carlo standard errors.

    The p of one cross-fit is doubled, as in metrics.json: its folds share patients.
    """
    claimed = 0
    for seed in range(repetitions):
        truth = SimulationConfig(
            patients=150,
            features={"rna": 20},
            factors=2,
            predictive_strength=0.0,
            missing_views=0.0,
            seed=seed,
        )
        trial = simulate(truth)
        prediction, _ = out_of_fold(trial, CONFIG, seed)
        endpoint, codes = cohort_endpoints(trial.cohort).survival(), arm_codes(trial.cohort)
        assert codes is not None
        middle = float(np.median(endpoint.time[endpoint.event]))
        relative = relative_effects(prediction, middle).set_index("sample_id").loc[trial.cohort.obs_names]
        columns = (relative[name].to_numpy() for name in ("relative", "prognosis", "fold"))
        claimed += 2.0 * interaction(endpoint, codes, *columns).p < 0.05
    share, error = claimed / repetitions, np.sqrt(0.05 * 0.95 / repetitions)
    print(f"claimed in {share:.3f}, Monte Carlo standard error {error:.3f}")  # noqa: T201  # shown with -s
    if repetitions == 100:
        assert share <= 0.05 + 2 * error
    assert claimed <= at_most(0.05, repetitions)
