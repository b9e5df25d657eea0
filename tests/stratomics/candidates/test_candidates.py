"""Every candidate of the registry: saved and loaded, one model per inner fold, and twins of the simple ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import with_response

from models.config import FactorsConfig
from models.linear.elastic_net import elastic_net, elastic_net_path, largest_penalty
from models.linear.group_ridge import likelihood_of
from omics.cohort.read import read_cohort
from omics.common.errors import DataError, InputError
from omics.common.files import read_json, write_json
from omics.common.registry import resolve
from stratomics.candidates import CANDIDATES
from stratomics.candidates.candidate import CandidateFit, CandidateKind, calibrate_candidate, no_information
from stratomics.candidates.elastic_net import ELASTIC_NET, L1_RATIO, PENALTIES, ElasticNet
from stratomics.candidates.linear import CLINICAL_COVARIATES, CLINICAL_RIDGE, LATE_FUSION
from stratomics.config import ExperimentConfig
from stratomics.encoding.training_part import EncodedPatients, TrainingPart
from stratomics.experiment.prepare import complete_for_cohort
from stratomics.fitting.fit import Fitted, fit

CONFIG = ExperimentConfig(factors=FactorsConfig(count=3))
NAMES = [(kind, name) for kind in CANDIDATES for name in CANDIDATES[kind]]


class Trained:
    """A model that was trained elsewhere: minus the age, for every member."""

    def estimates(self, patients: EncodedPatients) -> np.ndarray:
        age = patients.cohort.obs["age"].to_numpy(dtype=float)
        return np.repeat(-age[None, :, None], len(patients.members), axis=0)

    def save(self, folder: Path, name: str) -> None:
        write_json(folder / f"{name}.json", {})

    @classmethod
    def load(cls, folder: Path, name: str) -> Trained:
        read_json(folder / f"{name}.json")
        return cls()


TRAINED = CandidateKind(lambda part: CandidateFit(Trained(), Trained().estimates(part.patients)), Trained)


def with_arms(frames: dict[str, Any], spec: dict[str, Any]) -> None:
    frames["outcome"]["arm"] = np.arange(40) % 2
    spec["arm"] = {"column": "arm", "control": 0, "treated": 1}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TrainingPart]:
    """Training parts of the small cohort by kind of endpoint, with and without arms."""
    from small import write

    def both(frames: dict[str, Any], spec: dict[str, Any]) -> None:
        with_response(frames, spec)
        with_arms(frames, spec)

    changes = {"survival": None, "response": with_response, "survival arms": with_arms, "response arms": both}
    folder = tmp_path_factory.mktemp("candidates")
    return {
        name: TrainingPart(
            read_cohort(write(folder / name, change) if change else write(folder / name)), CONFIG, 1
        )
        for name, change in changes.items()
    }


@pytest.mark.parametrize("arms", ["", " arms"])
@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_saved_and_loaded_it_gives_the_same_estimates(
    kind: str, name: str, arms: str, parts: dict[str, TrainingPart], tmp_path: Path
) -> None:
    part, one = parts[kind + arms], resolve(CANDIDATES[kind], name, "candidate")
    fit = one.fit(part)
    assert fit.estimates.shape == (5, 40, 1)
    np.testing.assert_allclose(fit.candidate.estimates(part.patients), fit.estimates, atol=1e-5)
    fit.candidate.save(tmp_path, "it")
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".safetensors"}
    again = one.model.load(tmp_path, "it").estimates(part.patients)
    np.testing.assert_array_equal(again, fit.candidate.estimates(part.patients))
    if arms:
        treated, control = (fit.candidate.estimates(part.patients.under(code)) for code in (0.5, -0.5))
        assert (
            name in ("boosted_trees", "elastic_net_cox", "elastic_net_logistic") or (treated != control).any()
        )


SHARED = ("boosted_trees", "elastic_net_cox", "elastic_net_logistic")
"""All members share the number of trees or the penalty, which depends on every training patient."""


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, name in NAMES if name not in SHARED])
def test_a_member_does_not_depend_on_the_outcomes_of_its_held_out_patients(
    kind: str, name: str, parts: dict[str, TrainingPart]
) -> None:
    part, one = parts[kind], resolve(CANDIDATES[kind], name, "candidate")
    changed = part.cohort.copy()
    ids = changed.obs_names[part.folds[2].test]
    column = "time" if kind == "survival" else "response"
    values = changed.obs.loc[ids, column]
    changed.obs.loc[ids, column] = values * 3 if kind == "survival" else 1 - values
    # The same folds, which are stratified by the outcome.
    other = TrainingPart(changed, CONFIG, 1)
    object.__setattr__(other, "folds", part.folds)
    object.__setattr__(other, "held_out_by", part.held_out_by)
    before, after = one.fit(part), one.fit(other)
    if name == "late_fusion":
        # All members share the weights, which depend on every patient.
        before, after = (dataclasses.replace(fit.candidate, weights=np.ones(3)) for fit in (before, after))
        before, after = before.estimates(part.patients), after.estimates(part.patients)
    else:
        before, after = before.estimates, after.estimates
    np.testing.assert_array_equal(before[2], after[2])
    assert (before[0] != after[0]).any()


@pytest.mark.parametrize("kind", list(CANDIDATES))
def test_clinical_covariates_are_one_regression_per_member(kind: str, parts: dict[str, TrainingPart]) -> None:
    part = parts[kind]
    fit = CLINICAL_COVARIATES.fit(part)
    for member, blocks in enumerate(part.patients.blocks):
        x, rows = blocks["covariates"].astype(np.float32).astype(np.float64), part.training_rows(member)
        b = elastic_net(x[rows], likelihood_of(part.endpoint.take(rows)), CLINICAL_RIDGE, 0.0)
        np.testing.assert_allclose(fit.estimates[member, :, 0], x @ b, atol=1e-9)


@pytest.mark.parametrize("kind", list(CANDIDATES))
def test_the_elastic_nets_share_the_fraction_of_the_largest_penalty(
    kind: str, parts: dict[str, TrainingPart]
) -> None:
    part = parts[kind]
    fit = ELASTIC_NET.fit(part)
    assert isinstance(fit.candidate, ElasticNet)
    selected = set()
    for member, coefficients in enumerate(fit.candidate.coefficients):
        batch, rows = part.patients.batch(member), part.training_rows(member)
        x = np.hstack([batch.covariates, *batch.views.values()]).astype(np.float64)[rows]
        likelihood = likelihood_of(part.endpoint.take(rows))
        path = elastic_net_path(x, likelihood, largest_penalty(x, likelihood, L1_RATIO) * PENALTIES, L1_RATIO)
        selected.add(int(np.abs(path - coefficients).max(axis=1).argmin()))
        assert np.abs(path - coefficients).max(axis=1).min() < 1e-9
    assert len(selected) == 1


def test_late_fusion_without_any_source_says_so(
    write_small: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = TrainingPart(read_cohort(write_small()), CONFIG, 1)
    monkeypatch.setattr("stratomics.candidates.linear.block_names", lambda _: ["factors"])
    with pytest.raises(DataError, match="there is none"):
        LATE_FUSION.fit(part)


@pytest.mark.parametrize("kind", list(CANDIDATES))
def test_without_information_all_patients_have_the_same_prediction(
    kind: str, parts: dict[str, TrainingPart], tmp_path: Path
) -> None:
    part = parts[kind]
    fit = calibrate_candidate(part, no_information(part)).candidate
    assert fit.calibration.slope == 0
    fit.save(tmp_path, "nothing")
    name = next(iter(CANDIDATES[kind]))
    again = type(fit).load(tmp_path, "nothing", resolve(CANDIDATES[kind], name, "candidate").model, kind)
    patients = EncodedPatients.of(part.cohort, part.encoders)
    for one in (fit, again):
        table = one.predict(patients).patients
        assert np.ptp(table["risk" if kind == "survival" else "response_probability"]) == 0


def test_a_model_of_the_user_is_a_candidate(
    write_small: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setitem(CANDIDATES["survival"], "mine", "test_candidates:TRAINED")
    cohort = read_cohort(write_small())
    config = complete_for_cohort(dataclasses.replace(CONFIG, baselines=["mine"], model="mine"), cohort)
    model = fit(cohort, config, 1)
    model.save(tmp_path / "model")
    loaded = Fitted.load(tmp_path / "model")
    delivered, alone = (loaded.predict(cohort, name).patients["risk"] for name in ("stratomics", "mine"))
    np.testing.assert_allclose(delivered, alone, atol=1e-9)
    mixed = fit(cohort, dataclasses.replace(config, model="mixture"), 1)
    assert set(mixed.mixture.weights) == {"wide_deep", "mine"}


def test_a_model_with_a_missing_part_is_refused_by_name(
    parts: dict[str, TrainingPart], tmp_path: Path
) -> None:
    config = complete_for_cohort(CONFIG, parts["survival"].cohort)
    fit(parts["survival"].cohort, config, 1).save(tmp_path / "model")
    (tmp_path / "model" / "boosted_trees.model.json").unlink()
    with pytest.raises(InputError, match=r"boosted_trees\.model\.json"):
        Fitted.load(tmp_path / "model")


def test_with_arms_only_candidates_with_an_effect_by_omics_are_mixed(parts: dict[str, TrainingPart]) -> None:
    cohort = parts["survival arms"].cohort
    model = fit(cohort, complete_for_cohort(CONFIG, cohort), 1)
    assert set(model.mixture.weights) == {"wide_deep", "factors_ridge", "boosted_trees"}
    assert "late_fusion" in model.methods
