"""The fitted harmonizer depends on training rows only, and transforms each patient independently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from datamodules.steps.scaling import LIMIT, quantiles
from omics.cohort.read import cohort_spec, read_cohort
from omics.common.errors import ConfigError, DataError, FitError

TRAIN = np.arange(60)


def states(harmonizer: Harmonizer, folder: Path) -> dict[str, bytes]:
    harmonizer.save(folder, "h")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def with_changed_test_rows(cohort: Any) -> Any:
    """The cohort with every value, covariate and outcome of its test rows changed."""
    other = cohort.copy()
    test = other.obs_names[60:]
    for view in cohort_spec(cohort).views:
        rows = other[view].obs_names.isin(test)
        other[view].X[rows] = other[view].X[rows] * -7.5 + 1e3
    other.obs.loc[test, "age"] = 999
    other.obs.loc[test, "event"] = 1 - other.obs.loc[test, "event"]
    return other


def test_changed_test_rows_do_not_change_the_fitted_values(acc: Any, tmp_path: Path) -> None:
    config = HarmonizeConfig()
    before = states(Harmonizer(config).fit(acc[TRAIN]), tmp_path / "a")
    after = states(Harmonizer(config).fit(with_changed_test_rows(acc)[TRAIN]), tmp_path / "b")
    assert before == after


def test_changed_test_rows_leave_other_patients_bit_identical(acc: Any) -> None:
    harmonizer = Harmonizer(HarmonizeConfig()).fit(acc[TRAIN])
    one, two = harmonizer.transform(acc), harmonizer.transform(with_changed_test_rows(acc))
    for view in one.views:
        np.testing.assert_array_equal(one.views[view][TRAIN], two.views[view][TRAIN])
    np.testing.assert_array_equal(one.covariates[TRAIN], two.covariates[TRAIN])


def test_one_view_is_harmonized_again_and_the_others_are_kept(acc: Any) -> None:
    """Brute force: all views of the changed cohort harmonized again."""
    harmonizer = Harmonizer(HarmonizeConfig()).fit(acc[TRAIN])
    changed = acc.copy()
    changed["rppa"].X = changed["rppa"].X + 1.0
    batch = harmonizer.transform(acc)
    replaced, again = harmonizer.replaced(batch, changed, "rppa"), harmonizer.transform(changed)
    assert (replaced.views["rppa"] != batch.views["rppa"]).any()
    for name in again.views:
        np.testing.assert_array_equal(replaced.views[name], again.views[name])
        np.testing.assert_array_equal(replaced.observed[name], again.observed[name])


def test_a_patient_alone_gets_the_same_values_as_with_others(acc: Any) -> None:
    harmonizer = Harmonizer(HarmonizeConfig()).fit(acc[TRAIN])
    together = harmonizer.transform(acc)
    for row in (0, 61, 91):
        alone = harmonizer.transform(acc[[row]])
        for view in together.views:
            np.testing.assert_array_equal(alone.views[view][0], together.views[view][row])


def test_scaled_training_values_are_centred_and_comparable(acc: Any) -> None:
    batch = Harmonizer(HarmonizeConfig()).fit(acc).transform(acc)
    for view, values in batch.views.items():
        measured = np.where(batch.observed[view], values, np.nan)
        assert np.abs(np.nanmedian(measured, axis=0)).max() < 1e-6
        assert np.isfinite(values).all()
        assert np.abs(values).max() <= LIMIT
        assert 0.5 < np.nanmedian(np.nanstd(measured, axis=0)) < 2.0


def test_missing_extra_and_reordered_features(acc: Any) -> None:
    harmonizer = Harmonizer(HarmonizeConfig()).fit(acc)
    original = harmonizer.transform(acc)
    changed = acc.copy()
    rppa = changed.mod["rppa"]
    changed.mod["rppa"] = rppa[:, list(reversed(range(1, rppa.n_vars)))].copy()
    reordered = harmonizer.transform(changed)
    np.testing.assert_array_equal(reordered.views["rppa"][:, 1:], original.views["rppa"][:, 1:])
    assert not reordered.observed["rppa"][:, 0].any()
    assert (reordered.views["rppa"][:, 0] == 0).all()


def test_an_absent_view_is_missing_in_all_patients(acc: Any) -> None:
    harmonizer = Harmonizer(HarmonizeConfig()).fit(acc)
    without = acc.copy()
    del without.mod["mirna"]
    batch = harmonizer.transform(without)
    assert not batch.present("mirna").any()
    assert batch.views["mirna"].shape == (92, 471)


def test_counts_are_aligned_to_training_features_before_the_library_size(
    write_small: Callable[..., Path],
) -> None:
    def counts(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        spec["views"]["rna"]["scale"] = "counts"
        numbers = frames["rna"].columns[1:]
        frames["rna"][numbers] = (frames["rna"][numbers].abs() * 100).round()

    cohort = read_cohort(write_small(counts))
    harmonizer = Harmonizer(HarmonizeConfig()).fit(cohort)

    def extra(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        counts(frames, spec)
        frames["rna"]["alien"] = 1e6

    with_alien = read_cohort(write_small(extra))
    np.testing.assert_array_equal(
        harmonizer.transform(with_alien).views["rna"], harmonizer.transform(cohort).views["rna"]
    )


def test_feature_limits(acc: Any) -> None:
    few = Harmonizer(HarmonizeConfig(max_features=10)).fit(acc)
    assert {len(names) for names in few.features.values()} == {10}
    values = acc["mrna"].to_df()
    top = set(values.var(ddof=0).nlargest(10).index)
    assert set(few.features["mrna"]) == top


def test_a_constant_feature_is_dropped_and_a_constant_patient_is_kept(acc: Any) -> None:
    changed = acc.copy()
    changed["rppa"].X[0] = 0.5
    changed["rppa"].X[:, 3] = 1.25
    harmonizer = Harmonizer(HarmonizeConfig()).fit(changed)
    assert changed["rppa"].var_names[3] not in harmonizer.features["rppa"]
    assert len(harmonizer.transform(changed)) == 92


def test_an_extreme_value_is_clipped(acc: Any) -> None:
    changed = acc.copy()
    changed["rppa"].X[2, 5] = -52.0
    scaled = Harmonizer(HarmonizeConfig()).fit(changed).transform(changed).views["rppa"][:, 5]
    plain = Harmonizer(HarmonizeConfig()).fit(acc).transform(acc).views["rppa"][:, 5]
    rest = np.arange(92) != changed.obs_names.get_loc(changed["rppa"].obs_names[2])
    assert scaled.min() == -LIMIT
    assert np.abs(scaled[rest] - plain[rest]).max() < 0.5


def test_saved_and_loaded_it_transforms_the_same(acc: Any, tmp_path: Path) -> None:
    harmonizer = Harmonizer(HarmonizeConfig()).fit(acc[TRAIN])
    harmonizer.save(tmp_path, "h")
    one, two = harmonizer.transform(acc), Harmonizer.load(tmp_path, "h").transform(acc)
    for view in one.views:
        np.testing.assert_array_equal(one.views[view], two.views[view])
    np.testing.assert_array_equal(one.covariates, two.covariates)
    assert one.covariate_names == two.covariate_names


def test_unseen_and_missing_covariates(write_small: Callable[..., Path]) -> None:
    cohort = read_cohort(write_small())
    harmonizer = Harmonizer(HarmonizeConfig()).fit(cohort)
    new = cohort.copy()
    new.obs["stage"] = "IV"
    new.obs["age"] = np.nan
    batch = harmonizer.transform(new)
    assert batch.covariate_names == ("age", "stage=II", "stage=III")
    assert (batch.covariates == 0).all()


def test_wrong_use_raises_an_error(acc: Any) -> None:
    with pytest.raises(FitError, match="not fitted"):
        Harmonizer(HarmonizeConfig()).transform(acc)
    flat = acc.copy()
    for view in cohort_spec(acc).views:
        flat[view].X[:] = 1.0
    with pytest.raises(DataError, match="no view has two training patients and a feature that varies"):
        Harmonizer(HarmonizeConfig()).fit(flat)


@given(arrays(np.float32, (4, 9), elements=st.one_of(st.floats(-1e6, 1e6, width=32), st.just(np.nan))))
def test_quantiles_are_those_of_numpy(values: np.ndarray) -> None:
    values[:, 0] = 1.0
    values.sort(axis=1)
    for level, values_at_level in zip(
        (0.025, 0.5, 0.975), quantiles(values, (0.025, 0.5, 0.975)), strict=True
    ):
        expected = np.nanquantile(values.astype(np.float64), level, axis=1)
        np.testing.assert_allclose(values_at_level, expected, rtol=1e-12, atol=1e-9)


def _intensities(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    spec["views"]["protein"].update(scale="intensity")
    numbers = frames["protein"].columns[1:]
    frames["protein"][numbers] = 2.0 ** (frames["protein"][numbers] + 10)
    frames["protein"].iloc[[2, 5, 9], 1] = 0.0
    frames["protein"].iloc[[3], 1] = np.nan


def test_below_detection_is_half_of_the_smallest_value_of_training(write_small: Callable[..., Path]) -> None:
    cohort = read_cohort(write_small(_intensities))
    raw = cohort["protein"].to_df()["protein0"]
    batch = Harmonizer(HarmonizeConfig()).fit(cohort).transform(cohort)
    scaled = pd.Series(batch.views["protein"][:, 0], batch.sample_ids)[raw.index]
    observed = pd.Series(batch.observed["protein"][:, 0], batch.sample_ids)[raw.index]
    assert list(observed) == list(raw.notna())
    # Scaled values are linear in log2; a zero has the scaled value of half of the smallest value.
    logs = np.log2(raw[raw > 0])
    slope, intercept = np.polyfit(logs, scaled[logs.index], 1)
    expected = slope * (logs.min() - 1) + intercept
    np.testing.assert_allclose(scaled[raw == 0], max(expected, -LIMIT), atol=1e-4)


def test_the_detection_limit_is_learned_from_training_rows(write_small: Callable[..., Path]) -> None:
    cohort = read_cohort(write_small(_intensities))
    harmonizer = Harmonizer(HarmonizeConfig()).fit(cohort[:25])
    other = cohort.copy()
    late = ~other["protein"].obs_names.isin(cohort.obs_names[:25])
    other["protein"].X[late] = 1e-9
    np.testing.assert_array_equal(
        harmonizer.transform(other).views["protein"][:25], harmonizer.transform(cohort).views["protein"][:25]
    )


def test_missing_views_do_not_drop_patients(acc: Any) -> None:
    rng = np.random.default_rng(0)
    changed = acc.copy()
    for view in ("mrna", "rppa"):
        kept = np.sort(rng.permutation(changed[view].n_obs)[: int(0.7 * changed[view].n_obs)])
        changed.mod[view] = changed[view][kept].copy()
    changed.update()
    assert changed.n_obs == 92
    harmonizer = Harmonizer(HarmonizeConfig()).fit(changed)
    batch = harmonizer.transform(changed)
    assert list(batch.sample_ids) == list(acc.obs_names)
    assert batch.present("mrna").sum() == int(0.7 * 79)
    assert batch.present("rppa").sum() == int(0.7 * 46)
    assert all(np.isfinite(values).all() for values in batch.views.values())
    # Complete cases are far fewer than the patients of the batch.
    assert np.all([batch.present(v) for v in batch.views], axis=0).sum() < 40


def _sites(cohort: Any, labels: Any) -> Any:
    import json

    other = cohort.copy()
    other.obs["hospital"] = labels
    spec = json.loads(other.uns["stratomics"]["spec"])
    spec["site"] = "hospital"
    other.uns["stratomics"]["spec"] = json.dumps(spec)
    return other


def test_sites_associated_with_the_outcome_are_not_corrected_and_this_is_logged(
    acc: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    tied = _sites(acc, np.where(acc.obs["event"] == 1, "north", "south"))
    assert all(
        "site" not in view.steps
        for view in Harmonizer(HarmonizeConfig(correct_site=True)).fit(tied).views.values()
    )
    assert "no site correction: they differ in outcome 'survival'" in caplog.text
    free = _sites(acc, np.random.default_rng(1).choice(["north", "south"], 92))
    assert all(
        "site" in view.steps
        for view in Harmonizer(HarmonizeConfig(correct_site=True)).fit(free).views.values()
    )
    off = Harmonizer(HarmonizeConfig()).fit(free)
    assert all("site" not in view.steps for view in off.views.values())


def test_confounding_is_tested_on_training_rows(acc: Any) -> None:
    """An association of site and outcome among test patients only does not switch the correction off."""
    labels = np.random.default_rng(1).choice(["north", "south"], 92).astype(object)
    late = np.arange(92) >= 60
    labels[late] = np.where(acc.obs["event"][late] == 1, "north", "south")
    cohort = _sites(acc, labels)
    assert all(
        "site" in v.steps
        for v in Harmonizer(HarmonizeConfig(correct_site=True)).fit(cohort[TRAIN]).views.values()
    )


def test_sites_identical_to_a_covariate_are_not_corrected(acc: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    identical = _sites(acc, np.where(acc.obs["female"] == 1, "north", "south"))
    assert all(
        "site" not in v.steps
        for v in Harmonizer(HarmonizeConfig(correct_site=True)).fit(identical).views.values()
    )
    assert "a covariate cannot be separated from them" in caplog.text


def test_a_patient_without_site_is_kept(acc: Any) -> None:
    labels = np.random.default_rng(1).choice(["north", "south"], 92).astype(object)
    labels[5] = None
    cohort = _sites(acc, labels)
    batch = Harmonizer(HarmonizeConfig(correct_site=True)).fit(cohort).transform(cohort)
    assert len(batch) == 92
    assert all(np.isfinite(values).all() for values in batch.views.values())


@pytest.mark.parametrize(
    ("normalize", "sentence"),
    [
        ({"mrn": "pqn"}, "harmonize.normalize: no view 'mrn'; did you mean 'mrna'"),
        ({"cna": "median"}, "view 'cna' is genomics declared copy_number, which median cannot normalize"),
    ],
)
def test_an_impossible_normalization_raises_an_error(
    acc: Any, normalize: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Harmonizer(HarmonizeConfig(normalize=normalize)).fit(acc)


def test_unknown_names_raise_an_error_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="pqn"):
        HarmonizeConfig(normalize={"mrna": "pnq"})
    with pytest.raises(ConfigError, match="iterative"):
        HarmonizeConfig(impute="iterativ")


@pytest.mark.parametrize("impute", ["median", "iterative"])
def test_every_step_is_saved_and_loaded(acc: Any, tmp_path: Path, impute: str) -> None:
    cohort = _sites(acc, np.random.default_rng(1).choice(["north", "south"], 92))
    cohort["rppa"].X[::7, ::5] = np.nan
    config = HarmonizeConfig(
        normalize={"mrna": "quantile", "mirna": "median", "rppa": "pqn"}, correct_site=True, impute=impute
    )
    harmonizer = Harmonizer(config).fit(cohort[TRAIN])
    harmonizer.save(tmp_path, "h")
    loaded = Harmonizer.load(tmp_path, "h")
    assert {name: list(v.steps) for name, v in loaded.views.items()} == {
        name: list(v.steps) for name, v in harmonizer.views.items()
    }
    one, two = harmonizer.transform(cohort), loaded.transform(cohort)
    for view in one.views:
        np.testing.assert_array_equal(one.views[view], two.views[view])
    assert states(harmonizer, tmp_path / "a") == states(loaded, tmp_path / "b")


def test_confounding_is_tested_on_the_patients_of_the_view(acc: Any) -> None:
    """Sites are balanced over the cohort, but associated with the outcome among patients with the proteome."""
    labels = np.random.default_rng(1).choice(["north", "south"], 92).astype(object)
    has = acc.obs_names.isin(acc["rppa"].obs_names)
    labels[has] = np.where(acc.obs["event"][has] == 1, "north", "south")
    labels[~has] = np.where(acc.obs["event"][~has] == 1, "south", "north")
    views = Harmonizer(HarmonizeConfig(correct_site=True)).fit(_sites(acc, labels)).views
    assert "site" not in views["rppa"].steps
    assert "site" in views["mrna"].steps
