"""Contributions add up to the delivered prediction, for each head and candidate, with and without arms."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from small import with_response, write

from models.config import FactorsConfig, HeadConfig, TrainerConfig
from models.heads import HEADS
from omics.cohort.read import read_cohort
from omics.common.errors import InputError
from stratomics.config import ExperimentConfig
from stratomics.experiment.check_config import complete_config
from stratomics.explanation.attribution import COMPLETE, Explanation, explain
from stratomics.explanation.from_training import describe_training
from stratomics.explanation.levels import LEVELS
from stratomics.explanation.reference import TrainingReference
from stratomics.fitting.fit import Fitted, fit

QUICKLY = ExperimentConfig(factors=FactorsConfig(count=3), trainer=TrainerConfig(epochs=15))
WITH_ARMS = ("cox", "competing_risks", "logistic", "multinomial")
SLOW = ("weibull_mixture", "ordinal", "multinomial")
CASES = [
    pytest.param(kind, name, name in WITH_ARMS, marks=[pytest.mark.slow] if name in SLOW else [])
    for kind in HEADS
    for name in HEADS[kind]
]


def with_causes(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    outcome = frames["outcome"]
    outcome["cause"] = outcome["event"] * (1 + (outcome.index % 3 == 0))
    spec["endpoints"]["survival"] |= {"cause": "cause"}


def with_levels(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    with_response(frames, spec)
    outcome = frames["outcome"]
    best = outcome["response"].eq(1) & (outcome.index % 2 == 0)
    outcome["response"] = outcome["response"].map({0: "SD", 1: "PR"}).where(~best, "CR")
    spec["endpoints"] = {
        "response": {"column": "response", "levels": ["SD", "PR", "CR"], "positive": ["PR", "CR"]}
    }


def with_arms(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["drug"] = np.where(frames["outcome"].index % 2, "new", "old")
    spec["arm"] = {"column": "drug", "control": "old"}


HEAD = {"survival": "cox", "response": "logistic"}
CHANGES = {"survival": with_causes, "response": with_levels}


def config_of(kind: str, name: str, **more: Any) -> ExperimentConfig:
    head = dataclasses.replace(HeadConfig(), **{kind: name})
    return complete_config(dataclasses.replace(QUICKLY, head=head, **more), kind)


def explained(model: Fitted, cohort: Any) -> tuple[Explanation, TrainingReference]:
    reference = describe_training(model, cohort, {}, informative=True, seed=1)
    return explain(model, cohort, reference), reference


def delivered(model: Fitted, cohort: Any) -> np.ndarray[Any, Any]:
    patients = model.predict(cohort).patients
    if "risk" in patients:
        return patients["risk"].to_numpy()
    return logit(patients["response_probability"].to_numpy())


def check(model: Fitted, cohort: Any) -> Explanation:
    found, _ = explained(model, cohort)
    np.testing.assert_allclose(found.prediction, delivered(model, cohort), atol=1e-9)
    due = found.prediction - found.reference
    for name in LEVELS:
        np.testing.assert_allclose(found.levels[name].value.sum(axis=1), due, atol=COMPLETE)
    assert found.incomplete < COMPLETE
    # A calibration slope of 0 gives all patients the same prediction.
    assert model.endpoints[0].calibration.slope == 0 or np.abs(due).max() > 1e-4
    return found


@pytest.mark.parametrize(("kind", "name", "arms"), CASES)
def test_levels_add_up_to_the_delivered_prediction(
    kind: str, name: str, arms: bool, write_small: Callable[..., Path]
) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        CHANGES[kind](frames, spec)
        if arms:
            with_arms(frames, spec)

    cohort = read_cohort(write_small(change))
    found = check(fit(cohort, config_of(kind, name), 1), cohort)
    assert set(found.levels) == set(LEVELS)


@pytest.mark.parametrize(
    ("primary", "arms"), [pytest.param("response", True, marks=pytest.mark.slow), ("survival", False)]
)
def test_a_secondary_endpoint_adds_up_too(primary: str, arms: bool, write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        survival = spec["endpoints"]["survival"]
        with_response(frames, spec)
        spec["endpoints"] |= {"survival": survival}
        spec["primary"] = primary
        if arms:
            with_arms(frames, spec)

    cohort = read_cohort(write_small(change))
    model = fit(cohort, config_of(primary, HEAD[primary], endpoints=["response", "survival"]), 1)
    assert model.endpoints[0].name == primary
    assert len(model.endpoints) == 2
    reference = describe_training(model, cohort, {}, informative=True, seed=1)
    found = explain(model, cohort, reference, number=1)
    assert found.incomplete < COMPLETE
    patients = model.predict(cohort).patients
    secondary = (
        patients["risk"].to_numpy() if primary == "response" else logit(patients["response_probability"])
    )
    np.testing.assert_allclose(found.prediction, secondary, atol=1e-6)
    assert not np.allclose(found.prediction, explain(model, cohort, reference).prediction)


ALONE = [
    "clinical_cox",
    "elastic_net_cox",
    "boosted_trees",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("gfa", "vae")),
]


@pytest.mark.parametrize("model", ALONE)
def test_each_candidate_alone_and_other_factor_models(model: str, write_small: Callable[..., Path]) -> None:
    cohort = read_cohort(write_small())
    more: dict[str, Any] = (
        {"factors": FactorsConfig(model=model, count=3)} if model in ("gfa", "vae") else {"model": model}
    )
    found = check(fit(cohort, config_of("survival", "cox", **more), 1), cohort)
    if model == "clinical_cox":
        kinds = [item.kind for item in found.levels["views"].items]
        others = found.levels["views"].value[:, [kind != "covariate" for kind in kinds]]
        assert not others.any()


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fitted, Any, TrainingReference]:
    cohort = read_cohort(write(tmp_path_factory.mktemp("cohort") / "small"))
    model = fit(cohort, config_of("survival", "cox"), 1)
    return model, cohort, describe_training(model, cohort, {}, informative=True, seed=1)


def test_contributions_to_survival_add_up(fitted: tuple[Fitted, Any, TrainingReference]) -> None:
    model, cohort, reference = fitted
    found = explain(model, cohort, reference)
    assert found.times is not None
    assert found.over_time is not None
    [curves] = model.predict(cohort).curves()
    survival = curves.survival(found.times)[np.argsort(np.argsort(found.sample_ids))]
    gap = found.over_time.sum(axis=1) - survival
    # What is left is minus the survival of the reference, the same for all patients.
    assert (gap.std(axis=0) < COMPLETE).all()
    assert ((-gap > 0) & (-gap < 1)).all()


def test_blocks_of_patients_make_no_difference(
    fitted: tuple[Fitted, Any, TrainingReference], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, cohort, reference = fitted
    whole = explain(model, cohort, reference)
    monkeypatch.setattr("stratomics.explanation.attribution.PATIENTS", 7)
    parts = explain(model, cohort, reference)
    assert parts.sample_ids.tolist() == whole.sample_ids.tolist()
    for name in LEVELS:
        np.testing.assert_allclose(parts.levels[name].value, whole.levels[name].value, atol=1e-6)
        assert (parts.levels[name].stable == whole.levels[name].stable).all()


def test_without_information_nothing_is_stable(fitted: tuple[Fitted, Any, TrainingReference]) -> None:
    model, cohort, reference = fitted
    assert any(level.stable.any() for level in explain(model, cohort, reference).levels.values())
    silent = explain(model, cohort, dataclasses.replace(reference, informative=False))
    assert not any(level.stable.any() for level in silent.levels.values())


def test_explanation_data_are_saved(fitted: tuple[Fitted, Any, TrainingReference], tmp_path: Path) -> None:
    model, cohort, reference = fitted
    reference.save(tmp_path)
    again = explain(model, cohort, TrainingReference.load(tmp_path))
    # Inputs are stored as float32.
    assert again.incomplete < COMPLETE
    for name in LEVELS:
        one, two = explain(model, cohort, reference).levels[name], again.levels[name]
        np.testing.assert_allclose(one.value, two.value, atol=1e-6)
    with pytest.raises(InputError, match="no explanation data"):
        TrainingReference.load(tmp_path / "absent")


def test_a_patient_without_any_view_has_the_covariates(
    fitted: tuple[Fitted, Any, TrainingReference], write_small: Callable[..., Path]
) -> None:
    model, _, reference = fitted

    def without_views(frames: dict[str, pd.DataFrame], _spec: dict[str, Any]) -> None:
        for view in ("rna", "protein"):
            frames[view] = frames[view][frames[view]["sample_id"] != "p000"]

    lacking = read_cohort(write_small(without_views))
    found = explain(model, lacking, reference)
    assert found.incomplete < COMPLETE
    np.testing.assert_allclose(found.prediction, delivered(model, lacking), atol=1e-9)


def test_a_cohort_without_any_view_has_the_covariates(fitted: tuple[Fitted, Any, TrainingReference]) -> None:
    model, cohort, reference = fitted
    bare = cohort.copy()
    for view in model.views:
        del bare.mod[view]
    found = explain(model, bare, reference)
    assert found.incomplete < COMPLETE
    np.testing.assert_allclose(found.prediction, delivered(model, bare), atol=1e-9)
