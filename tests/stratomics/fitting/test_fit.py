"""A fit does not depend on its test patients, in outer and in inner folds."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datamodules.resampling import Design
from datamodules.split import Fold, stratified_folds
from models.config import FactorsConfig, TrainerConfig
from omics.cohort.read import cohort_spec
from stratomics.candidates import CANDIDATES
from stratomics.config import ExperimentConfig
from stratomics.encoding.training_part import EncodedPatients
from stratomics.experiment.check_config import complete_config
from stratomics.experiment.tasks import predict_fold
from stratomics.fitting.fit import fit

QUICKLY = ExperimentConfig(factors=FactorsConfig(count=3), trainer=TrainerConfig(epochs=15))
CONFIG = complete_config(QUICKLY, "survival")


def with_changes(cohort: Any, rows: np.ndarray) -> Any:
    """The cohort with every value, covariate and outcome of `rows` changed."""
    other = cohort.copy()
    ids = other.obs_names[rows]
    for view in cohort_spec(cohort).views:
        place = other[view].obs_names.isin(ids)
        other[view].X[place] = other[view].X[place] * -3.0 + 50.0
    other.obs.loc[ids, "age"] = 120
    other.obs.loc[ids, "time"] = other.obs.loc[ids, "time"] * 7 + 3
    other.obs.loc[ids, "event"] = 1 - other.obs.loc[ids, "event"]
    return other


def methods(cohort: Any, fold: Fold, **changes: Any) -> dict[str, Any]:
    """Predictions of the test rows of a fold by all methods, those on subsets of the views included."""
    config = dataclasses.replace(CONFIG, **changes)
    return predict_fold(config, Design(cohort, cohort, [fold]), fold)[0]


def saved(model: Any, folder: Path) -> dict[str, bytes]:
    model.save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def fold(acc: Any) -> Fold:
    return stratified_folds(acc, 5, 1, 1, "outer")[0]


def test_a_fold_learns_nothing_from_its_test_patients(acc: Any, fold: Fold) -> None:
    """The predictions for a test patient do not depend on the values of the other test patients."""
    one = methods(acc, fold)
    two = methods(with_changes(acc, fold.test[1:]), fold)
    views = [f"{what}:{view}" for what in ("alone", "without") for view in cohort_spec(acc).views]
    assert set(one) == {
        "stratomics",
        "wide_deep",
        *CANDIDATES["survival"],
        "all_views",
        "clinical_covariates",
        *views,
    }
    for name, prediction in one.items():
        unchanged = acc.obs_names[fold.test[0]]
        for table in ("patients", "survival"):
            before, after = (getattr(p, table) for p in (prediction, two[name]))
            pd.testing.assert_frame_equal(
                before[before["sample_id"] == unchanged].reset_index(drop=True),
                after[after["sample_id"] == unchanged].reset_index(drop=True),
            )


@pytest.mark.slow
def test_a_fold_does_learn_from_its_training_patients(acc: Any, fold: Fold) -> None:
    one = methods(acc, fold)
    two = methods(with_changes(acc, fold.train[:10]), fold)
    for name in one:
        assert not np.allclose(one[name].patients["risk"], two[name].patients["risk"]), name


def test_a_member_does_not_depend_on_its_held_out_patients(acc: Any, tmp_path: Path) -> None:
    """Changed values in one inner fold leave the member without this fold bit-identical, and no other member."""
    inner = stratified_folds(acc, CONFIG.split.inner_folds, 1, 5, "inner")
    changed = acc.copy()
    ids = changed.obs_names[inner[2].test]
    for view in cohort_spec(acc).views:
        place = changed[view].obs_names.isin(ids)
        changed[view].X[place] = changed[view].X[place] * -3.0 + 50.0
    one, two = fit(acc, CONFIG, 5), fit(changed, CONFIG, 5)
    before, after = saved(one, tmp_path / "a"), saved(two, tmp_path / "b")
    names = [f"member{number}.harmonizer.safetensors" for number in range(5)]
    same = [number for number, name in enumerate(names) if before[name] == after[name]]
    assert same == [2]
    assert before["member2.factors.safetensors"] == after["member2.factors.safetensors"]
    for name, parameter in one.wide_deep.module.network.state_dict().items():
        other = two.wide_deep.module.network.state_dict()[name]
        assert bool((parameter[2] == other[2]).all()), name
        assert not bool((parameter == other).all()), name


def test_there_is_one_fit_of_each_kind_per_inner_fold(acc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from datamodules.harmonizer import Harmonizer

    sizes = []
    original = Harmonizer.fit

    def counted(self: Harmonizer, cohort: Any) -> Harmonizer:
        sizes.append(cohort.n_obs)
        return original(self, cohort)

    monkeypatch.setattr(Harmonizer, "fit", counted)
    fit(acc, CONFIG, 5)
    assert len(sizes) == CONFIG.split.inner_folds
    assert max(sizes) < acc.n_obs


@pytest.mark.parametrize("model", ["mixture", "wide_deep", "boosted_trees"])
def test_calibration_uses_out_of_fold_predictions_only(
    acc: Any, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """Each calibration uses the prediction of each patient by the member that is fitted without them."""
    from models.calibration.cox_recalibration import CoxRecalibration

    received = []
    original = CoxRecalibration.fit

    def spy(log_hazard: np.ndarray, *outcome: Any) -> CoxRecalibration:
        received.append(log_hazard)
        return original(log_hazard, *outcome)

    monkeypatch.setattr(CoxRecalibration, "fit", spy)
    fitted = fit(acc, dataclasses.replace(CONFIG, model=model), 5)
    # The patients compared here are held out by the member, so that they are encoded as new patients.
    patients = EncodedPatients.of(acc, fitted.encoders)
    network = fitted.wide_deep.estimates(patients)[0] - fitted.alone.centers[:, None]
    by_name = {name: one.estimates(patients) for name, one in fitted.candidates.items()}
    mixed = fitted.mixture.combine(by_name | {"wide_deep": network}) - fitted.endpoints[0].centers[:, None]
    for name, estimates in (by_name | {"wide_deep": network, "mixture": mixed}).items():
        expected = np.empty(acc.n_obs)
        for member, fold in enumerate(stratified_folds(acc, CONFIG.split.inner_folds, 1, 5, "inner")):
            expected[fold.test] = estimates[member, fold.test, 0]
        assert any(np.allclose(one, expected, atol=1e-5) for one in received), name
