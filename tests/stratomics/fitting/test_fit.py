"""Nothing of a test patient reaches a fit: not in the outer folds, not in the inner ones."""

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
from stratomics.baselines import BASELINES
from stratomics.config import ExperimentConfig
from stratomics.experiment.check_config import complete_config
from stratomics.experiment.tasks import predict_fold
from stratomics.fitting.fit import fit

QUICKLY = ExperimentConfig(factors=FactorsConfig(count=3), trainer=TrainerConfig(epochs=15))
CONFIG = complete_config(QUICKLY, "survival")


def spoiled(cohort: Any, rows: np.ndarray) -> Any:
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
    """Predictions of a fold's test rows by every method, those of the ledger among them."""
    config = dataclasses.replace(CONFIG, **changes)
    return predict_fold(config, Design(cohort, cohort, [fold]), fold)[0]


def saved(model: Any, folder: Path) -> dict[str, bytes]:
    model.save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def fold(acc: Any) -> Fold:
    return stratified_folds(acc, 5, 1, 1, "outer")[0]


def test_a_fold_learns_nothing_from_its_test_patients(acc: Any, fold: Fold) -> None:
    """Every method's predictions for an untouched test patient are the same whatever the others are."""
    one = methods(acc, fold)
    two = methods(spoiled(acc, fold.test[1:]), fold)
    views = [f"{what}:{view}" for what in ("alone", "without") for view in cohort_spec(acc).views]
    assert set(one) == {"stratomics", *BASELINES["survival"], "all_views", "clinical_covariates", *views}
    for name, prediction in one.items():
        untouched = acc.obs_names[fold.test[0]]
        for table in ("patients", "survival"):
            mine, theirs = (getattr(p, table) for p in (prediction, two[name]))
            pd.testing.assert_frame_equal(
                mine[mine["sample_id"] == untouched].reset_index(drop=True),
                theirs[theirs["sample_id"] == untouched].reset_index(drop=True),
            )


def test_a_fold_does_learn_from_its_training_patients(acc: Any, fold: Fold) -> None:
    one = methods(acc, fold)
    two = methods(spoiled(acc, fold.train[:10]), fold)
    for name in one:
        assert not np.allclose(one[name].patients["risk"], two[name].patients["risk"]), name


def test_a_member_learns_nothing_from_those_it_leaves_out(acc: Any, tmp_path: Path) -> None:
    """Changed values of one inner fold leave its own member bit-identical, and no other."""
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
    for name, parameter in one.stratifier.network.state_dict().items():
        other = two.stratifier.network.state_dict()[name]
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


def test_calibration_uses_left_out_predictions_only(acc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What calibrates a patient is the prediction of the one member that never saw him."""
    from models.calibration.cox_recalibration import CoxRecalibration

    handed = {}
    original = CoxRecalibration.fit

    def spy(log_hazard: np.ndarray, *outcome: Any) -> CoxRecalibration:
        # The first: the model of censoring calibrates itself in the same way, later.
        handed.setdefault("log_hazard", log_hazard)
        return original(log_hazard, *outcome)

    monkeypatch.setattr(CoxRecalibration, "fit", spy)
    model = fit(acc, CONFIG, 5)
    x = model.layout.stack([encoder.encode(acc).blocks for encoder in model.encoders])
    # Training patients of a member come with the factors of new patients; these here it left out.
    said = model.stratifier.predict(x)[0]
    for member, fold in enumerate(stratified_folds(acc, CONFIG.split.inner_folds, 1, 5, "inner")):
        expected = said[member] - model.endpoints[0].centers[member]
        np.testing.assert_allclose(handed["log_hazard"][fold.test], expected[fold.test, 0], atol=1e-6)
