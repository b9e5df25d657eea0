"""View contributions and negative controls in simulated cohorts with a known truth."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from claims import at_least, at_most
from claims import repetitions as sizes

from datamodules.config import SplitConfig
from datamodules.resampling import design_of
from models.config import FactorsConfig, TrainerConfig
from omics.cohort.assemble import join_cohort
from omics.cohort.read import cohort_endpoints
from omics.cohort.spec import CohortSpec, EndpointSpec, ViewSpec
from stratomics.config import EvaluationConfig, ExperimentConfig
from stratomics.controls import CONTROLS
from stratomics.evaluation.view_contributions import ViewContribution
from stratomics.experiment.check_config import complete_config
from stratomics.experiment.evaluate import Evaluation, evaluate
from stratomics.experiment.tasks import FINAL, FitTask, control_cohort, run_task, tasks_again, tasks_of
from stratomics.report.text.metrics import control_sentence, controls_fail
from stratomics.runtime.logs import quiet_libraries

CONFIG = ExperimentConfig(
    split=SplitConfig(folds=4, repeats=1, inner_folds=3),
    trainer=TrainerConfig(epochs=5),
    evaluation=EvaluationConfig(draws=200),
    baselines=[],
)


def cohort(seed: int, *, n: int = 160, twin: bool = True) -> Any:
    """Simulate a cohort in which the views `own` and `twin` depend on one factor, and `noise` on none."""
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"p{i:03d}" for i in range(n)])
    factor = rng.normal(size=n)

    def view(strength: float, p: int = 12) -> pd.DataFrame:
        values = strength * factor[:, None] * rng.normal(size=p) + rng.normal(size=(n, p))
        return pd.DataFrame(values, index=ids, columns=[f"f{j}" for j in range(p)])

    time = rng.exponential(np.exp(-1.5 * factor)) + 0.01
    event = rng.random(n) < 0.8
    obs = pd.DataFrame({"time": time, "event": event.astype(int), "age": rng.normal(size=n)}, index=ids)
    views = {"own": view(1.0), "noise": view(0.0)} | ({"twin": view(1.0)} if twin else {})
    spec = CohortSpec(
        "planted",
        {name: ViewSpec("generic", "numeric") for name in views},
        {"survival": EndpointSpec("survival", time="time", event="event")},
        covariates=("age",),
    )
    return join_cohort(obs, views, spec, "digest")


def evaluated(patients: Any, **changes: Any) -> Evaluation:
    """Fit and evaluate all methods, without the final model."""
    quiet_libraries()
    config = complete_config(dataclasses.replace(CONFIG, **changes), "survival")
    design = design_of(patients, config.split, config.seed)
    parts: dict[str, list[Any]] = {}
    for task in tasks_of(config, design):
        if task != FINAL:
            for name, prediction in run_task(config, design, task).predictions.items():
                parts.setdefault(name, []).append(prediction)
    from models.prediction import Prediction

    return evaluate(config, design, {name: Prediction.concatenate(part) for name, part in parts.items()})


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluated(cohort(1))


def row(evaluation: Evaluation, view: str) -> ViewContribution:
    return next(row for row in evaluation.views or () if row["view"] == view)


@pytest.mark.slow
def test_informative_views_are_found_and_noise_is_not(evaluation: Evaluation) -> None:
    for view in ("own", "twin"):
        assert row(evaluation, view)["rank"]["low"] > 0.6
    assert row(evaluation, "noise")["rank"]["low"] < 0.5
    assert row(evaluation, "noise")["verdict"] in (
        "no evidence that it tells anything",
        "hurts: the others do better without it",
    )


@pytest.mark.slow
def test_views_of_one_factor_are_redundant(evaluation: Evaluation) -> None:
    noise = row(evaluation, "noise")["redundancy"] or 0.0
    assert min(row(evaluation, view)["redundancy"] or 0.0 for view in ("own", "twin")) > max(0.3, 3 * noise)


@pytest.mark.slow
def test_the_only_informative_view_has_a_gain() -> None:
    contribution = row(evaluated(cohort(2, n=320, twin=False), controls=[]), "own")
    assert contribution["gain"] is not None
    assert contribution["gain"]["low"] > 0
    assert contribution["verdict"] == "adds to the others"


@pytest.mark.slow
def test_controls_are_at_chance(evaluation: Evaluation) -> None:
    metrics = evaluation.to_json()
    assert set(metrics["controls"]) == set(CONTROLS)
    assert not controls_fail(metrics)
    assert "no better than chance" in control_sentence(metrics)


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_separates_features_and_outcomes_and_keeps_both(name: str) -> None:
    config, patients = complete_config(CONFIG, "survival"), cohort(3)
    control = control_cohort(config, patients, name)
    before, after = (cohort_endpoints(c).primary() for c in (patients, control))
    assert list(control.obs_names) == list(patients.obs_names)
    assert sorted(before.time) == sorted(after.time)
    if name == "noise_view":
        assert set(control.mod) == {"clinical", "noise"}
    else:
        assert (before.time != after.time).mean() > 0.9
        # Time and event still belong to the same patient.
        assert set(zip(before.time, before.event, strict=True)) == set(
            zip(after.time, after.event, strict=True)
        )
        np.testing.assert_array_equal(control["own"].X, patients["own"].X)
    assert control.obs.equals(control_cohort(config, patients, name).obs)


@pytest.mark.slow
def test_a_leak_of_the_outcome_is_reported_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A harmonizer that adds the outcome to the features is detected by the controls."""
    from datamodules.harmonizer import Harmonizer

    original = Harmonizer.transform

    def leaking(self: Harmonizer, patients: Any) -> Any:
        batch = original(self, patients)
        known = np.log(cohort_endpoints(patients).primary().time)
        views = {name: np.column_stack([v, known]).astype(np.float32) for name, v in batch.views.items()}
        observed = {
            name: np.column_stack([o, np.ones(len(o), dtype=bool)]) for name, o in batch.observed.items()
        }
        return dataclasses.replace(batch, views=views, observed=observed)

    monkeypatch.setattr(Harmonizer, "transform", leaking)
    monkeypatch.setattr(
        "stratomics.encoding.encoder.reconstruction_error", lambda model, batch: np.zeros((len(batch), 1))
    )
    # The added feature has no name, so that predictions with it cannot be explained.
    monkeypatch.setattr("stratomics.explanation.outer_fold.explain_fold", lambda *_: None)
    metrics = evaluated(cohort(4, n=100, twin=False), controls=["permuted_features", "noise_view"]).to_json()
    assert controls_fail(metrics)
    assert control_sentence(metrics).startswith("DO NOT TRUST THIS RUN: the negative control")


def alarm(seed: int) -> tuple[bool, bool]:
    """Whether a control of a small cohort is above chance in its first permutation, and in the further ones too."""
    from models.prediction import Prediction
    from stratomics.experiment.evaluate_controls import control_results

    small = FactorsConfig(count=3, per_view=3)
    config = dataclasses.replace(
        CONFIG, factors=small, controls=["permuted_features", "noise_view"], seed=seed
    )
    config = complete_config(config, "survival")
    design = design_of(cohort(seed, n=80), config.split, config.seed)
    parts: dict[str, list[Any]] = {}

    def off(tasks: Iterable[FitTask]) -> dict[str, bool]:
        for task in tasks:
            for name, prediction in run_task(config, design, task).predictions.items():
                parts.setdefault(name, []).append(prediction)
        together = {name: Prediction.concatenate(part) for name, part in parts.items()}
        return {
            name: bool(result["off"]) for name, result in control_results(config, design, together).items()
        }

    quiet_libraries()
    first = off(FitTask(n, name) for name in config.controls or () for n in range(config.split.folds))
    if not any(first.values()):
        return False, False
    again = (task for name, is_off in first.items() if is_off for task in tasks_again(config, name))
    return True, any(off(again).values())


@sizes(4, 60)
def test_controls_are_rarely_above_chance_by_chance(repetitions: int) -> None:
    """A correct run has a control above chance in at most 1%; 3 Monte Carlo standard errors of 60 cohorts are .039."""
    suspicions, alarms = np.sum([alarm(seed) for seed in range(repetitions)], axis=0)
    print(f"first permutation {suspicions}, further ones too {alarms}")  # noqa: T201  # shown with -s
    if repetitions == 60:
        assert alarms / repetitions <= 0.01 + 0.039
    assert alarms <= at_most(0.01, repetitions)


def leak_alarms(repetitions: int, strength: float, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Count suspicions and alarms with a feature that the harmonizer makes of the outcome.

    The feature is `strength` times the standardized logarithm of time, and noise with standard deviation 1.
    """
    from datamodules.harmonizer import Harmonizer

    original = Harmonizer.transform

    def leaking(self: Harmonizer, patients: Any) -> Any:
        batch = original(self, patients)
        time = np.log(cohort_endpoints(patients).primary().time)
        rng = np.random.default_rng(len(time))
        leak = strength * (time - time.mean()) / time.std() + rng.normal(size=len(time))
        views = {name: np.column_stack([v, leak]).astype(np.float32) for name, v in batch.views.items()}
        observed = {
            name: np.pad(o, ((0, 0), (0, 1)), constant_values=True) for name, o in batch.observed.items()
        }
        return dataclasses.replace(batch, views=views, observed=observed)

    monkeypatch.setattr(Harmonizer, "transform", leaking)
    monkeypatch.setattr(
        "stratomics.encoding.encoder.reconstruction_error", lambda model, batch: np.zeros((len(batch), 1))
    )
    suspicions, alarms = np.sum([alarm(seed) for seed in range(repetitions)], axis=0)
    print(f"first permutation {suspicions}, further ones too {alarms}")  # noqa: T201  # shown with -s
    return int(suspicions), int(alarms)


@sizes(5, 20)
def test_a_leak_that_is_suspected_is_confirmed(repetitions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A weak leak: half the standard deviation of the noise."""
    suspicions, alarms = leak_alarms(repetitions, 0.5, monkeypatch)
    assert alarms >= at_least(0.8, suspicions)


@sizes(4, 20)
def test_a_strong_leak_is_found(repetitions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three standard deviations of the noise: the leaked outcome itself is nearly a feature."""
    assert leak_alarms(repetitions, 3.0, monkeypatch)[1] >= at_least(0.9, repetitions)
