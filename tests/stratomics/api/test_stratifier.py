"""Stratifier: the conventions of scikit-learn, and the same model as the run of the command line."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import mudata
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import stratomics as st
from omics.common.errors import InputError
from stratomics.api.stratifier import Stratifier

SETTINGS: dict[str, Any] = {
    "inner_folds": 2,
    "factors": {"count": 2, "per_view": 0},
    "trainer": {"epochs": 2},
}
COLUMNS = {"risk", "risk_sd", "survival_bound", "benefit", "benefit_sd", "ood", "abstain"}


@pytest.fixture(scope="module")
def trial() -> Any:
    return st.simulate(patients=90, features={"rna": 8, "protein": 6}, seed=3)


@pytest.fixture(scope="module")
def training(trial: Any) -> Any:
    return trial[:60].copy()


@pytest.fixture(scope="module")
def new(trial: Any) -> Any:
    return trial[60:].copy()


@pytest.fixture(scope="module")
def model(training: Any) -> Stratifier:
    return Stratifier(**SETTINGS).fit(training)


def test_parameters_are_read_set_and_cloned(model: Stratifier) -> None:
    assert model.get_params() == {
        "seed": 1, "endpoints": None, "harmonize": None, "head": None, **SETTINGS
    }  # fmt: skip
    again = clone(model)
    assert again.get_params() == model.get_params()
    assert not hasattr(again, "fitted_")
    assert again.set_params(seed=4).seed == 4
    with pytest.raises(ValueError, match="Invalid parameter"):
        again.set_params(sead=4)


@pytest.mark.parametrize("use", ["predict", "score", "survival_at", "quantile", "save"])
def test_an_unfitted_model_says_so(use: str, new: Any, tmp_path: Path) -> None:
    arguments = {"survival_at": (new, 1.0), "quantile": (new, 0.5), "save": (tmp_path / "m",)}.get(
        use, (new,)
    )
    with pytest.raises(InputError, match="not fitted; call fit"):
        getattr(Stratifier(), use)(*arguments)
    with pytest.raises(NotFittedError):
        getattr(Stratifier(), use)(*arguments)
    assert not list(tmp_path.iterdir())


def test_predictions_have_one_row_per_patient_and_leave_the_input_alone(model: Stratifier, new: Any) -> None:
    before = new.obs.copy()
    table = model.predict(new)
    assert table.index.tolist() == new.obs_names.tolist()
    assert set(table) >= COLUMNS
    assert not table.isna().any().any()
    pd.testing.assert_frame_equal(new.obs, before)


def test_written_predictions_survive_h5mu(model: Stratifier, new: Any, tmp_path: Path) -> None:
    cohort = new.copy()
    table = model.predict(cohort, write=True)
    cohort.write(tmp_path / "new.h5mu")
    stored = mudata.read_h5mu(tmp_path / "new.h5mu").obs
    for column in table:
        np.testing.assert_array_equal(stored[column].to_numpy(), table[column].to_numpy(), column)
    model.predict(cohort, write=True)


def test_a_column_with_another_meaning_is_not_replaced(model: Stratifier, training: Any, new: Any) -> None:
    with pytest.raises(InputError, match="a view of another one"):
        model.predict(new[:5], write=True)
    named = st.cohort(
        new,
        time="time",
        event="event",
        covariates=["ood"],
        clinical=new.obs.assign(ood=1.0 * np.arange(len(new.obs))),
    )
    with pytest.raises(InputError, match="column 'ood' from elsewhere"):
        model.predict(named, write=True)


def test_patients_may_lack_views(model: Stratifier, new: Any) -> None:
    fewer = new.copy()
    del fewer.mod["protein"]
    assert not model.predict(fewer).isna().any().any()


def test_training_patients_are_announced(model: Stratifier, training: Any, new: Any, tmp_path: Path) -> None:
    again = Stratifier.load(model.save(tmp_path / "model"))
    for one in (model, again):
        with pytest.warns(UserWarning, match="3 of these 3 patients are training patients"):
            one.predict(training[:3].copy())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            one.predict(new)
    stored = "".join(path.read_text() for path in (tmp_path / "model").glob("*.json"))
    assert training.obs_names[0] not in stored, "ids of patients are not stored"


def test_a_saved_model_predicts_the_same(model: Stratifier, new: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    again = Stratifier.load(model.save(tmp_path / "model"))
    assert again.get_params() == model.get_params()
    pd.testing.assert_frame_equal(again.predict(new), model.predict(new))
    (tmp_path / "model" / "network.json").unlink()
    with pytest.raises(InputError, match="no such file"):
        Stratifier.load(tmp_path / "model")


def test_two_fits_have_the_same_bytes_and_read_no_outcome_of_new_patients(
    model: Stratifier, training: Any, new: Any, tmp_path: Path
) -> None:
    folders = [one.save(tmp_path / name) for name, one in (("a", model), ("b", clone(model).fit(training)))]
    for path in folders[0].iterdir():
        assert path.read_bytes() == (folders[1] / path.name).read_bytes(), path.name
    changed = new.copy()
    changed.obs["event"] = 1 - changed.obs["event"]
    changed.obs["time"] = 1.0
    pd.testing.assert_frame_equal(model.predict(changed), model.predict(new))


def test_score_is_the_concordance_of_the_risk(model: Stratifier, new: Any) -> None:
    from lifelines.utils import concordance_index

    expected = concordance_index(new.obs["time"], -model.predict(new)["risk"], new.obs["event"])
    assert model.score(new) == pytest.approx(expected, abs=1e-12)


def test_survival_at_a_time_and_quantiles_agree_with_the_curves(model: Stratifier, new: Any) -> None:
    at, median = model.survival_at(new, 400.0), model.quantile(new, 0.5)
    assert ((at["low"] <= at["survival"]) & (at["survival"] <= at["high"])).all()
    for patient, time in median[np.isfinite(median)].items():
        both = [model.survival_at(new, moment).loc[patient, "survival"] for moment in (time, time - 1e-6)]
        assert both[0] <= 0.5 < both[1]
        break
    with pytest.raises(InputError, match="above 0"):
        model.survival_at(new, 0.0)
    with pytest.raises(InputError, match="between 0 and 1"):
        model.quantile(new, 1.0)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"factors": {"cuont": 3}}, "did you mean 'factors.count'"),
        ({"factors": {"model": "pcaa"}}, "did you mean 'pca'"),
        ({"inner_folds": 1}, "split.inner_folds is 1"),
        ({"seed": "one"}, "seed"),
    ],
)
def test_a_wrong_setting_is_an_error_at_fit(settings: dict[str, Any], sentence: str, training: Any) -> None:
    with pytest.raises(InputError, match=sentence):
        Stratifier(**settings).fit(training)


def test_patients_without_a_view_of_the_model_are_refused_and_shifts_are_reported(
    model: Stratifier, new: Any, caplog: pytest.LogCaptureFixture
) -> None:
    renamed = st.cohort({"RNA": new["rna"].copy()}, new.obs, modality={"RNA": "transcriptomics"})
    with pytest.raises(InputError, match="have the views RNA, and the model was trained on rna, protein"):
        model.predict(renamed)
    shifted = new.copy()
    shifted["protein"].X = np.log2(shifted["protein"].X + 1.0)
    model.predict(shifted)
    assert any("protein" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("what", ["frame", "no endpoint"])
def test_what_is_not_a_cohort_with_an_endpoint_is_refused(what: str, new: Any) -> None:
    data = new.obs if what == "frame" else st.cohort(new)
    with pytest.raises(
        InputError, match="a cohort is needed" if what == "frame" else "has no endpoint; name one"
    ):
        Stratifier(**SETTINGS).fit(data)


def test_a_time_beyond_the_follow_up_is_reported(
    model: Stratifier, new: Any, caplog: pytest.LogCaptureFixture
) -> None:
    model.survival_at(new, 1e6)
    assert "no patient was followed beyond" in caplog.text
    with pytest.raises(InputError, match="must be a number above 0"):
        model.survival_at(new, "1 year")  # type: ignore[arg-type]  # a caller's mistake
