"""No leakage: changes of test rows leave the fitted harmonizer and all other patients bit-identical.

All modalities and all steps are covered; hypothesis chooses the steps, the rows and the change.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.cohort_datamodule import CohortDataModule
from datamodules.config import HarmonizeConfig
from datamodules.steps import IMPUTATIONS, NORMALIZATIONS, STEPS
from omics.cohort.read import cohort_spec
from omics.modalities import MODALITIES
from omics.simulate.simulate_cohort import SimulationConfig, simulate

N, TRAIN = 60, np.arange(45)
METHODS = [None, *NORMALIZATIONS]
FEATURES = {
    "mutation": 15,
    "copy_number": 8,
    "germline": 8,
    "rna": 12,
    "protein": 8,
    "metabolite": 10,
    "microbiome": 12,
}


def _with_missing_values(cohort: Any) -> Any:
    """Add missing values, so that every modality has something to impute."""
    rng = np.random.default_rng(0)
    for view in ("copy_number", "rna", "protein", "metabolite"):
        values = cohort[view].X
        values[rng.random(values.shape) < 0.1] = np.nan
    return cohort


@pytest.fixture(scope="module")
def cohort() -> Any:
    return _with_missing_values(
        simulate(SimulationConfig(patients=N, features=FEATURES, missing_views=0.2, seed=4)).cohort
    )


normalizations = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("rna", "protein", "metabolite"), st.sampled_from(sorted(NORMALIZATIONS)))
)
configs = st.builds(
    HarmonizeConfig,
    max_missing=st.sampled_from([0.3, 1.0]),
    min_prevalence=st.sampled_from([0.0, 0.05, 0.5]),
    max_features=st.sampled_from([4, 1000]),
    normalize=normalizations,
    correct_site=st.booleans(),
    impute=st.sampled_from(sorted(IMPUTATIONS)),
)
chosen_rows = st.lists(st.integers(len(TRAIN), N - 1), min_size=1, max_size=8, unique=True).map(np.array)
actions = st.sampled_from(["change", "permute", "empty", "covariates", "outcome", "site", "delete"])


def changed(cohort: Any, action: str, rows: np.ndarray, seed: int) -> Any:
    """Return the cohort with `action` applied to `rows`; values stay valid on their scale."""
    rng = np.random.default_rng(seed)
    if action == "delete":
        return cohort[np.setdiff1d(np.arange(N), rows)].copy()
    other = cohort.copy()
    ids = other.obs_names[rows]
    for view in cohort_spec(cohort).views:
        values, at = other[view].X, np.flatnonzero(other[view].obs_names.isin(ids))
        if action == "change":
            # Values of random patients, with permuted features, and an outlier where the scale allows one.
            values[at] = values[rng.integers(0, len(values), len(at))][:, rng.permutation(values.shape[1])]
            if view in ("rna", "metabolite", "protein") and len(at):
                values[at[0], 0] = 1e6
        elif action == "permute":
            values[at] = values[rng.permutation(at)]
        elif action == "empty":
            values[at] = np.nan
    if action == "covariates":
        other.obs.loc[ids, "age"] = 999.0
    elif action == "outcome":
        other.obs.loc[ids, "event"] = 1 - other.obs.loc[ids, "event"]
        other.obs.loc[ids, "time"] = 17.0
    elif action == "site":
        other.obs.loc[ids, cohort_spec(cohort).site] = "elsewhere"
    return other


def saved_bytes(data: CohortDataModule) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        data.harmonizer.save(Path(folder), "h")
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def fitted(cohort: Any, config: HarmonizeConfig) -> CohortDataModule:
    data = CohortDataModule(cohort, TRAIN, config)
    data.setup()
    return data


@pytest.mark.parametrize("examples", [8, pytest.param(25, marks=pytest.mark.slow)])
def test_test_rows_change_neither_fitted_values_nor_other_patients(cohort: Any, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(config=configs, rows=chosen_rows, action=actions, seed=st.integers(0, 999))
    def check(config: HarmonizeConfig, rows: np.ndarray, action: str, seed: int) -> None:
        check_leakage(cohort, config, rows, action, seed)

    check()


def check_leakage(cohort: Any, config: HarmonizeConfig, rows: np.ndarray, action: str, seed: int) -> None:
    one, two = fitted(cohort, config), fitted(changed(cohort, action, rows, seed), config)
    assert saved_bytes(one) == saved_bytes(two)
    [before], [after] = one.predict_dataloader(), two.predict_dataloader()
    others = np.setdiff1d(np.arange(N), rows)
    kept = np.flatnonzero(np.isin(after.sample_ids, before.sample_ids[others]))
    np.testing.assert_array_equal(after.sample_ids[kept], before.sample_ids[others])
    for view, values in before.views.items():
        assert np.isfinite(after.views[view]).all()
        np.testing.assert_array_equal(after.views[view][kept], values[others])
        np.testing.assert_array_equal(after.observed[view][kept], before.observed[view][others])
    np.testing.assert_array_equal(after.covariates[kept], before.covariates[others])


def test_every_step_and_every_modality_is_covered(cohort: Any) -> None:
    spec = cohort_spec(cohort)
    assert {view.modality for view in spec.views.values()} == set(MODALITIES) - {"generic"}
    used = set()
    for normalization in NORMALIZATIONS:
        config = HarmonizeConfig(
            normalize={"rna": normalization, "metabolite": normalization}, correct_site=True
        )
        harmonizer = fitted(cohort, config).harmonizer
        used |= {name for view in harmonizer.views.values() for name in view.steps}
    assert used == set(STEPS)


def test_a_training_row_changes_the_fitted_values(cohort: Any) -> None:
    """The test above can fail: the same change of training rows changes every view."""
    config = HarmonizeConfig(correct_site=True, impute="iterative")
    one = fitted(cohort, config)
    two = fitted(changed(cohort, "change", np.array([3, 5, 9]), 0), config)
    before, after = saved_bytes(one), saved_bytes(two)
    assert before["h.safetensors"] != after["h.safetensors"]
    for view in one.harmonizer.views:
        first, second = (data.harmonizer.views[view].to_state()[1] for data in (one, two))
        assert any(not np.array_equal(first[key], second[key]) for key in first), view


@pytest.mark.parametrize("impute", sorted(IMPUTATIONS))
@pytest.mark.parametrize("normalization", METHODS)
def test_a_patient_alone_gets_the_same_values(cohort: Any, normalization: str | None, impute: str) -> None:
    """A single new patient gets exactly the same numbers as among sixty patients."""
    normalize = {} if normalization is None else {"rna": normalization, "metabolite": normalization}
    data = fitted(cohort, HarmonizeConfig(normalize=normalize, correct_site=True, impute=impute))
    [together] = data.predict_dataloader()
    for row in (0, 47, 59):
        alone = data.harmonizer.transform(cohort[[row]].copy())
        for view, values in together.views.items():
            np.testing.assert_array_equal(alone.views[view][0], values[row])


def test_adapting_is_transductive_and_only_within_a_site(cohort: Any) -> None:
    """With adapt, patients of a new site depend on each other; patients of known sites do not."""
    other = cohort.copy()
    site, new = cohort_spec(cohort).site, cohort.obs_names[45:]
    other.obs.loc[new, site] = "elsewhere"
    config = HarmonizeConfig(correct_site=True, adapt=True)
    data = fitted(other, config)
    # All but the last new patient change.
    modified = changed(other, "change", np.arange(45, 59), 1)
    [before], after = data.predict_dataloader(), data.harmonizer.transform(modified)
    for view in before.views:
        np.testing.assert_array_equal(before.views[view][TRAIN], after.views[view][TRAIN])
    assert any(not np.array_equal(before.views[v][59], after.views[v][59]) for v in before.views)
    plain = fitted(other, HarmonizeConfig(correct_site=True)).harmonizer
    for view in before.views:
        one, two = plain.transform(other).views[view], plain.transform(modified).views[view]
        np.testing.assert_array_equal(one[59], two[59])


def test_fit_is_the_same_from_disk_and_from_memory(cohort: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is too large for memory is read again in each pass, with the same result."""
    config = HarmonizeConfig(
        normalize={"metabolite": "pqn", "rna": "quantile"}, correct_site=True, impute="iterative"
    )
    monkeypatch.setattr("omics.common.view_blocks.BLOCK", 60)
    monkeypatch.setattr("datamodules.view_table.CHUNK", 100)
    in_memory = fitted(cohort, config)
    monkeypatch.setattr("datamodules.view_table.MEMORY", 0)
    streamed = fitted(cohort, config)
    assert saved_bytes(in_memory) == saved_bytes(streamed)
    [batch], [twin] = in_memory.predict_dataloader(), streamed.predict_dataloader()
    for view, values in batch.views.items():
        np.testing.assert_array_equal(values, twin.views[view])
