"""The ledger of views, and controls: planted truth is found, and nothing is found where there is none."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datamodules.config import SplitConfig
from datamodules.resampling import design_of
from models.config import FactorsConfig, TrainerConfig
from omics.cohort.assemble import join_cohort
from omics.cohort.read import cohort_endpoints
from omics.cohort.spec import CohortSpec, EndpointSpec, ViewSpec
from stratomics.config import EvaluationConfig, ExperimentConfig
from stratomics.controls import CONTROLS
from stratomics.experiment.check_config import complete_config
from stratomics.experiment.evaluate import evaluate
from stratomics.experiment.tasks import FINAL, FitTask, control_cohort, run_task, tasks_of
from stratomics.report.text.metrics import control_sentence, controls_fail
from stratomics.runtime.logs import quiet_libraries

CONFIG = ExperimentConfig(
    split=SplitConfig(folds=4, repeats=1, inner_folds=3),
    trainer=TrainerConfig(epochs=5),
    evaluation=EvaluationConfig(draws=200),
    baselines=[],
)


def cohort(seed: int, *, n: int = 160, twin: bool = True) -> Any:
    """Views `own` and `twin` tell of one factor, `noise` of none."""
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


def evaluated(patients: Any, **changes: Any) -> dict[str, Any]:
    quiet_libraries()
    config = complete_config(dataclasses.replace(CONFIG, **changes), "survival")
    design = design_of(patients, config.split, config.seed)
    parts: dict[str, list[Any]] = {}
    for task in tasks_of(config, design):
        if task != FINAL:
            for name, own in run_task(config, design, task)[0].items():
                parts.setdefault(name, []).append(own)
    from models.prediction import Prediction

    return evaluate(config, design, {name: Prediction.concatenate(own) for name, own in parts.items()})


@pytest.fixture(scope="module")
def metrics() -> dict[str, Any]:
    return evaluated(cohort(1))


def row(metrics: dict[str, Any], view: str) -> dict[str, Any]:
    return next(own for own in metrics["ledger"] if own["view"] == view)


def test_views_that_tell_of_the_factor_are_found_and_noise_is_not(metrics: dict[str, Any]) -> None:
    for view in ("own", "twin"):
        assert row(metrics, view)["rank"]["low"] > 0.6
    assert row(metrics, "noise")["rank"]["low"] < 0.5
    assert row(metrics, "noise")["verdict"] in (
        "no evidence that it tells anything",
        "hurts: the others do better without it",
    )


def test_twins_know_of_each_other(metrics: dict[str, Any]) -> None:
    noise = row(metrics, "noise")["redundancy"] or 0.0
    assert min(row(metrics, view)["redundancy"] for view in ("own", "twin")) > max(0.3, 3 * noise)


def test_a_view_that_alone_tells_has_a_gain() -> None:
    found = row(evaluated(cohort(2, n=320, twin=False), controls=[]), "own")
    assert found["gain"]["low"] > 0
    assert found["verdict"] == "adds to the others"


def test_controls_are_at_chance_and_are_said(metrics: dict[str, Any]) -> None:
    assert set(metrics["controls"]) == set(CONTROLS)
    assert not controls_fail(metrics)
    assert "no better than chance" in control_sentence(metrics)


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_parts_features_from_outcomes_and_keeps_both(name: str) -> None:
    config, patients = complete_config(CONFIG, "survival"), cohort(3)
    spoiled = control_cohort(config, patients, name)
    before, after = (cohort_endpoints(c).primary() for c in (patients, spoiled))
    assert list(spoiled.obs_names) == list(patients.obs_names)
    assert sorted(before.time) == sorted(after.time)
    if name == "noise_view":
        assert set(spoiled.mod) == {"clinical", "noise"}
    else:
        assert (before.time != after.time).mean() > 0.9
        # Time and event are still of one patient.
        assert set(zip(before.time, before.event, strict=True)) == set(
            zip(after.time, after.event, strict=True)
        )
        np.testing.assert_array_equal(spoiled["own"].X, patients["own"].X)
    assert spoiled.obs.equals(control_cohort(config, patients, name).obs)


def test_a_leak_is_said_in_the_first_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A harmonizer that hands the outcome on as a feature is caught by the permuted outcome."""
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
        "stratomics.fitting.encoder.reconstruction_error", lambda model, batch: np.zeros((len(batch), 1))
    )
    found = evaluated(cohort(4), controls=["permuted_features", "noise_view"])
    assert controls_fail(found)
    assert control_sentence(found).startswith("DO NOT TRUST THIS RUN: the negative control")


COHORTS = 60


@pytest.mark.slow
def test_controls_seldom_cry_wolf() -> None:
    """A run that is right says off chance in 1% at most; 3 Monte Carlo standard errors of 60 cohorts are .039."""
    small = FactorsConfig(count=3, per_view=3)
    config = dataclasses.replace(CONFIG, factors=small, controls=["permuted_features", "noise_view"])
    config = complete_config(config, "survival")
    quiet_libraries()
    wolves = 0
    for seed in range(COHORTS):
        own = dataclasses.replace(config, seed=seed)
        design = design_of(cohort(seed, n=80), own.split, own.seed)
        parts: dict[str, list[Any]] = {}
        for task in (FitTask(n, name) for name in own.controls or () for n in range(own.split.folds)):
            for name, prediction in run_task(own, design, task)[0].items():
                parts.setdefault(name, []).append(prediction)
        from models.prediction import Prediction
        from stratomics.experiment.evaluate import _controls

        together = {name: Prediction.concatenate(found) for name, found in parts.items()}
        wolves += any(r["off"] for r in _controls(own, design, together).values())
    assert wolves / COHORTS <= 0.01 + 0.039
