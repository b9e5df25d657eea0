"""Each step of harmonization against a reference: brute force, numpy, or ComBat as published (neuroCombat 0.2.12)."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datamodules.steps.detection import DetectionLimit
from datamodules.steps.features import FeatureFilter, MostVariable
from datamodules.steps.imputation import IterativeImputation, MedianImputation
from datamodules.steps.normalization import (
    MedianNormalization,
    ProbabilisticQuotient,
    QuantileNormalization,
)
from datamodules.steps.scaling import LIMIT, RobustScaling
from datamodules.steps.site import SiteCorrection, separable
from datamodules.view_table import PatientContext, RowBlock, ViewTable

NAN, INF = np.nan, np.inf


def patients(n: int, site: Any = None, covariates: Any = None) -> PatientContext:
    return PatientContext(
        np.full(n, "") if site is None else np.asarray(site, dtype=str),
        np.zeros((n, 0), np.float32) if covariates is None else np.asarray(covariates, dtype=np.float32),
    )


def table(values: Any, context: PatientContext | None = None, rows: int = 7) -> ViewTable:
    """Return a table that is read in blocks of a few rows."""
    x = np.asarray(values, dtype=np.float32)
    context = patients(len(x)) if context is None else context

    def blocks() -> Iterator[RowBlock]:
        for start in range(0, len(x), rows):
            part = slice(start, min(start + rows, len(x)))
            yield RowBlock(part, x[part], context.take(part))

    return ViewTable(blocks, context, x.shape[1])


def random_table(n: int = 40, p: int = 12, seed: int = 0, missing: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + rng.normal(size=p) * 3
    x[rng.random((n, p)) < missing] = NAN
    return x.astype(np.float32)


# --- tables --------------------------------------------------------------------------------------------------------


def test_columns_are_the_transposed_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datamodules.view_table.CHUNK", 40 * 5)
    monkeypatch.setattr("datamodules.view_table.PIECE", 40 * 3)
    x = random_table()
    chunks = list(table(x).columns())
    assert [(part.start, part.stop) for part, _ in chunks] == [(0, 3), (3, 5), (5, 8), (8, 10), (10, 12)]
    np.testing.assert_array_equal(np.vstack([c for _, c in chunks]), x.T)


# --- features ------------------------------------------------------------------------------------------------------


def test_filter_by_missingness_prevalence_and_detection() -> None:
    x = np.array(
        [
            # often missing, rarely detected, never detected, kept
            [1.0, 0.0, -INF, 1.0],
            [NAN, 0.0, -INF, 2.0],
            [NAN, 0.0, -INF, -INF],
            [NAN, 5.0, -INF, 3.0],
        ]
    )
    detected = np.array([1, 1, 0, 3])
    assert list(FeatureFilter.fit(table(x), detected, 0.5, 0.5).kept) == [3]
    assert list(FeatureFilter.fit(table(x), detected, 0.75, 0.5).kept) == [0, 3]
    assert list(FeatureFilter.fit(table(x), detected, 0.5, 0.25).kept) == [1, 3]
    # On a scale without a zero, a value above the detection limit counts as detected.
    assert list(FeatureFilter.fit(table(x), None, 0.5, 0.5).kept) == [1, 3]


def test_most_variable_features_equal_numpy() -> None:
    x = random_table()
    expected = np.sort(np.argsort(-np.nanvar(x.astype(np.float64), axis=0), kind="stable")[:5])
    np.testing.assert_array_equal(MostVariable.fit(table(x), 5).kept, expected)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 + 0.3, -1e-7])
def test_a_constant_feature_has_no_variance_at_any_value(value: float) -> None:
    x = random_table()
    x[:, 4] = value
    x[3, 4] = NAN
    assert 4 not in MostVariable.fit(table(x), 100).kept


def test_a_small_variance_of_large_values_is_detected() -> None:
    x = random_table(missing=0)
    x[:, 4] = np.where(np.arange(40) % 2, 1000.0, 1000.1)
    assert 4 in MostVariable.fit(table(x), 100).kept


# --- detection -----------------------------------------------------------------------------------------------------


def test_below_detection_is_half_of_the_smallest() -> None:
    step = DetectionLimit.fit(table([[3.0, -INF], [5.0, -INF], [-INF, -INF], [NAN, NAN]]))
    result = step.transform(np.array([[-INF, -INF], [NAN, 4.0]], np.float32), patients(2))
    np.testing.assert_array_equal(result, [[2.0, NAN], [NAN, 4.0]])


# --- normalization -------------------------------------------------------------------------------------------------


def test_pqn_removes_dilution_and_keeps_a_changed_feature() -> None:
    rng = np.random.default_rng(1)
    profile = rng.normal(size=60) * 2
    clean = profile + rng.normal(size=(30, 60)) * 0.05
    clean[3, 7] += 4.0
    diluted = clean + rng.normal(size=(30, 1))
    step = ProbabilisticQuotient.fit(table(diluted))
    result = step.transform(diluted.astype(np.float32), patients(30))
    gaps = result - clean
    assert np.abs(gaps - np.median(gaps)).max() < 0.1


def test_pqn_equals_brute_force() -> None:
    x = random_table(missing=0.2)
    x[0, 0] = -INF
    step = ProbabilisticQuotient.fit(table(x))
    np.testing.assert_allclose(step.reference, np.nanmedian(x, axis=0), rtol=1e-6)
    expected = x - np.nanmedian(x - np.nanmedian(x, axis=0), axis=1)[:, None]
    np.testing.assert_allclose(step.transform(x, patients(40)), expected, atol=1e-5)


def test_median_normalization_gives_all_patients_the_median_of_training() -> None:
    x = random_table()
    step = MedianNormalization.fit(table(x))
    result = step.transform(x, patients(40))
    np.testing.assert_allclose(np.nanmedian(result, axis=1), np.median(np.nanmedian(x, axis=1)), atol=1e-5)
    new = step.transform(x[:1] + 9, patients(1))
    np.testing.assert_allclose(new, result[:1], atol=1e-5)


def test_quantile_normalization_gives_the_mean_of_sorted_values() -> None:
    x = random_table(missing=0)
    step = QuantileNormalization.fit(table(x))
    np.testing.assert_allclose(step.reference, np.sort(x, axis=1).mean(axis=0), atol=1e-5)
    result = step.transform(x, patients(40))
    np.testing.assert_allclose(np.sort(result, axis=1), np.tile(step.reference, (40, 1)), atol=1e-5)
    np.testing.assert_array_equal(np.argsort(result, axis=1), np.argsort(x, axis=1))


def test_quantile_normalization_with_ties_and_missing_values() -> None:
    step = QuantileNormalization(np.array([0.0, 1.0, 2.0, 3.0], np.float32))
    row = np.array([[5.0, 5.0, NAN, 9.0], [NAN, NAN, NAN, NAN], [-INF, 2.0, 7.0, NAN]], np.float32)
    result = step.transform(row, patients(3))
    # The reference is at levels 1/8, 3/8, 5/8 and 7/8; ranks 1.5, 1.5 and 3 of 3 are at 1/3, 1/3 and 5/6.
    np.testing.assert_allclose(result[0], [5 / 6, 5 / 6, NAN, 17 / 6], rtol=1e-6)
    assert np.isnan(result[1]).all()
    # A value below detection has the lowest rank, so the others keep their upper ranks.
    np.testing.assert_allclose(result[2], [-INF, 1.5, 17 / 6, NAN], rtol=1e-6)
    np.testing.assert_allclose(
        step.transform(np.array([[9.0, NAN, NAN, NAN]], np.float32), patients(1))[0, 0], 1.5
    )


@pytest.mark.parametrize("kind", [MedianNormalization, QuantileNormalization])
def test_values_below_detection_do_not_change_the_others(kind: Any) -> None:
    x = random_table(missing=0)
    step = kind.fit(table(x))
    whole = step.transform(x[:1], patients(1))[0]
    low = x[0] < np.sort(x[0])[4]
    censored = step.transform(np.where(low, np.float32(-INF), x[:1]), patients(1))[0]
    np.testing.assert_allclose(censored[~low], whole[~low], atol=1e-5)


@pytest.mark.parametrize("kind", [ProbabilisticQuotient, MedianNormalization, QuantileNormalization])
@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (0, 0)])
def test_normalizations_of_empty_tables(kind: Any, shape: tuple[int, int]) -> None:
    nothing = np.empty(shape, np.float32)
    assert kind.fit(table(nothing)).transform(nothing, patients(shape[0])).shape == shape
    empty = np.full((3, 4), NAN, np.float32)
    assert np.isnan(kind.fit(table(empty)).transform(empty, patients(3))).all()


@pytest.mark.parametrize("kind", [ProbabilisticQuotient, MedianNormalization, QuantileNormalization])
def test_normalizations_keep_missing_values(kind: Any) -> None:
    x = random_table(missing=0.3)
    x[5] = NAN
    x[6, 2] = -INF
    result = kind.fit(table(x)).transform(x, patients(40))
    np.testing.assert_array_equal(np.isnan(result), np.isnan(x))
    assert np.isneginf(result[6, 2])


# --- scaling -------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(arrays(np.float32, (9, 3), elements=st.one_of(st.floats(-1e3, 1e3, width=32), st.just(NAN))))
def test_scaling_equals_numpy(x: np.ndarray) -> None:
    x[0], x[1] = 1.0, 2.0
    step = RobustScaling.fit(table(x, rows=4))
    exact = x.astype(np.float64)
    low, center, high = np.nanquantile(exact, [0.025, 0.5, 0.975], axis=0)
    robust = np.nanstd(np.clip(exact, low, high), axis=0)
    scale = np.where(robust > 0, robust, np.nanstd(exact, axis=0))
    np.testing.assert_allclose(step.center, center, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(step.scale, scale, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(step.low, np.nanmin(exact, axis=0))
    np.testing.assert_array_equal(step.high, np.nanmax(exact, axis=0))
    result = step.transform(x, patients(9))
    np.testing.assert_allclose(result, np.clip((exact - center) / scale, -LIMIT, LIMIT), rtol=1e-4, atol=1e-4)


def test_outside_the_range_of_training() -> None:
    step = RobustScaling.fit(table([[0.0], [1.0], [4.0], [NAN]]))
    one = float(step.scale[0])
    far, near = 1.01 * one, 0.99 * one
    extreme = step.outside(np.array([[-far], [-near], [4 + near], [4 + far], [NAN]], np.float32))
    assert list(extreme[:, 0]) == [True, False, False, True, False]


# --- imputation ----------------------------------------------------------------------------------------------------


def test_median_imputation_is_zero() -> None:
    x = random_table()
    result = MedianImputation.fit(table(x)).transform(x)
    np.testing.assert_array_equal(result, np.nan_to_num(x))


def test_iterative_imputation_beats_the_median_for_correlated_features() -> None:
    rng = np.random.default_rng(2)
    loadings = rng.normal(size=(30, 3))
    train, new = (rng.normal(size=(n, 3)) @ loadings.T + rng.normal(size=(n, 30)) * 0.5 for n in (120, 80))
    incomplete, truth = new.astype(np.float32), new
    masked = rng.random(new.shape) < 0.2
    incomplete[masked] = NAN
    train[rng.random(train.shape) < 0.2] = NAN
    result = IterativeImputation.fit(table(train)).transform(incomplete)
    np.testing.assert_array_equal(result[~masked], incomplete[~masked])
    error = ((result - truth)[masked] ** 2).mean()
    # The noise has variance 0.25; the error of the median is the variance of a feature, about 3.25.
    assert error < 0.45


def test_iterative_imputation_learns_nothing_from_noise() -> None:
    rng = np.random.default_rng(3)
    train, new = rng.normal(size=(100, 40)).astype(np.float32), rng.normal(size=(60, 40)).astype(np.float32)
    masked = rng.random(new.shape) < 0.2
    incomplete = np.where(masked, np.float32(NAN), new)
    train[rng.random(train.shape) < 0.2] = NAN
    result = IterativeImputation.fit(table(train)).transform(incomplete)
    assert ((result - new)[masked] ** 2).mean() < 1.15 * (new[masked] ** 2).mean()


def test_iterative_imputation_learns_from_complete_training_data() -> None:
    rng = np.random.default_rng(4)
    shared = rng.normal(size=(80, 1))
    train, new = (shared[rows] + rng.normal(size=(40, 6)) * 0.1 for rows in (slice(0, 40), slice(40, 80)))
    incomplete = new.astype(np.float32)
    incomplete[:, 0] = NAN
    result = IterativeImputation.fit(table(train)).transform(incomplete)
    assert np.corrcoef(result[:, 0], new[:, 0])[0, 1] > 0.95


def test_a_patient_without_the_view_gets_the_median() -> None:
    x = random_table()
    result = IterativeImputation.fit(table(x)).transform(np.full((1, 12), NAN, np.float32))
    np.testing.assert_array_equal(result, np.zeros((1, 12)))


# --- sites ---------------------------------------------------------------------------------------------------------


def data_with_sites(seed: int = 0, n: int = 90, p: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    site = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    covariates = rng.normal(size=(n, 2))
    shift, spread = rng.normal(size=(3, p)), rng.uniform(0.5, 2, size=(3, p))
    code = np.unique(site, return_inverse=True)[1]
    noise = rng.normal(size=(n, p)) * spread[code]
    return covariates @ rng.normal(size=(2, p)) + shift[code] + noise, site, covariates


def test_site_correction_equals_combat() -> None:
    from neuroCombat import neuroCombat

    x, site, covariates = data_with_sites()
    context = patients(len(x), site, covariates)
    x32 = x.astype(np.float32)
    ours = SiteCorrection.fit(table(x32, context)).transform(x32, context)
    frame = pd.DataFrame({"site": site, "one": covariates[:, 0], "two": covariates[:, 1]})
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = neuroCombat(
            x32.T.astype(np.float64), frame, batch_col="site", continuous_cols=["one", "two"]
        )["data"].T
    # Both stop at a relative change of 1e-4.
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    assert np.abs(ours - x).max() > 1


def test_missing_values_change_their_feature_as_if_the_rows_were_absent() -> None:
    """Missing values in one feature affect the others only through the shrinkage."""
    x, site, covariates = data_with_sites()
    context = patients(len(x), site, covariates)
    incomplete = x.astype(np.float32)
    incomplete[:20, 3] = NAN
    step = SiteCorrection.fit(table(incomplete, context))
    rows = np.arange(20, len(x))
    fewer = SiteCorrection.fit(table(incomplete[rows], context.take(rows)))
    for name in ("mean", "scale", "effect"):
        np.testing.assert_allclose(getattr(step, name)[..., 3], getattr(fewer, name)[..., 3], atol=1e-5)
    result = step.transform(incomplete, context)
    assert np.isnan(result[:20, 3]).all()
    assert np.isfinite(np.delete(result, 3, axis=1)).all()


def test_site_correction_protects_covariates_and_removes_sites() -> None:
    x, site, covariates = data_with_sites(n=600)
    context = patients(len(x), site, covariates)
    x32 = x.astype(np.float32)
    result = SiteCorrection.fit(table(x32, context)).transform(x32, context)

    def effects(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        design = np.column_stack([np.ones(len(x)), site == "b", site == "c", covariates]).astype(float)
        coefficients = np.linalg.lstsq(design, values, rcond=None)[0]
        return coefficients[1:3], coefficients[3:]

    (before, kept), (after, still) = effects(x), effects(result)
    assert np.abs(after).mean() < 0.1 * np.abs(before).mean()
    assert np.abs(kept - still).max() < 0.35
    assert np.corrcoef(kept.ravel(), still.ravel())[0, 1] > 0.99


def test_a_new_site_gets_no_correction_without_adapt() -> None:
    x, site, covariates = data_with_sites()
    context = patients(len(x), site, covariates)
    step = SiteCorrection.fit(table(x, context))
    rng = np.random.default_rng(9)
    new = (covariates @ np.zeros((2, 40)) + 5 + rng.normal(size=x.shape)).astype(np.float32)
    new_context = patients(len(new), ["z"] * len(new), covariates)
    np.testing.assert_allclose(step.transform(new, new_context), new, rtol=1e-6)
    adapted = step.adapted(table(new, new_context))
    assert adapted.sites == ["a", "b", "c", "z"]
    result = adapted.transform(new, new_context)
    assert np.abs(result.mean(axis=0) - step.mean).mean() < 0.25 * np.abs(new.mean(axis=0) - step.mean).mean()
    # Patients of known sites are unchanged.
    np.testing.assert_array_equal(
        adapted.transform(x.astype(np.float32), context), step.transform(x.astype(np.float32), context)
    )


def test_a_site_of_one_patient_and_a_constant_feature_are_unchanged() -> None:
    x, site, covariates = data_with_sites()
    site = site.astype("U9")
    site[0], x[:, 5] = "lonely", 2.5
    context = patients(len(x), site, covariates)
    x32 = x.astype(np.float32)
    result = SiteCorrection.fit(table(x32, context)).transform(x32, context)
    np.testing.assert_allclose(result[0], x32[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(result[:, 5], 2.5, atol=1e-5)
    assert np.isfinite(result).all()


def test_patients_without_site_get_no_correction() -> None:
    x, site, covariates = data_with_sites()
    site[:10] = ""
    context = patients(len(x), site, covariates)
    x32 = x.astype(np.float32)
    result = SiteCorrection.fit(table(x32, context)).transform(x32, context)
    np.testing.assert_allclose(result[:10], x32[:10], rtol=1e-5, atol=1e-5)


def test_two_features_are_too_few_for_site_correction() -> None:
    x, site, covariates = data_with_sites(p=2)
    context = patients(len(x), site, covariates)
    step = SiteCorrection.fit(table(x, context))
    assert step.sites == []
    np.testing.assert_allclose(step.transform(x.astype(np.float32), context), x, rtol=1e-5, atol=1e-6)


def test_separable() -> None:
    site = np.array(["a"] * 5 + ["b"] * 5)
    rng = np.random.default_rng(0)
    free = rng.normal(size=(10, 1)).astype(np.float32)
    site_code = (site == "b").astype(np.float32)[:, None]
    assert separable(site, free)
    assert not separable(site, np.hstack([free, site_code]))
    assert separable(site, np.zeros((10, 1), np.float32))
