"""Each step of harmonization against a twin: brute force, numpy, or the published ComBat (neuroCombat 0.2.12)."""

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


def table(values: Any, who: PatientContext | None = None, rows: int = 7) -> ViewTable:
    """A table that comes in blocks of a few rows."""
    x = np.asarray(values, dtype=np.float32)
    who = patients(len(x)) if who is None else who

    def blocks() -> Iterator[RowBlock]:
        for start in range(0, len(x), rows):
            part = slice(start, min(start + rows, len(x)))
            yield RowBlock(part, x[part], who.take(part))

    return ViewTable(blocks, who, x.shape[1])


def some(n: int = 40, p: int = 12, seed: int = 0, holes: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + rng.normal(size=p) * 3
    x[rng.random((n, p)) < holes] = NAN
    return x.astype(np.float32)


# --- tables --------------------------------------------------------------------------------------------------------


def test_columns_are_the_table_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datamodules.view_table.CHUNK", 40 * 5)
    monkeypatch.setattr("datamodules.view_table.PIECE", 40 * 3)
    x = some()
    chunks = list(table(x).columns())
    assert [(part.start, part.stop) for part, _ in chunks] == [(0, 3), (3, 5), (5, 8), (8, 10), (10, 12)]
    np.testing.assert_array_equal(np.vstack([c for _, c in chunks]), x.T)


# --- features ------------------------------------------------------------------------------------------------------


def test_filter_by_missingness_prevalence_and_detection() -> None:
    x = np.array(
        [
            # often missing, rarely found, never found, kept
            [1.0, 0.0, -INF, 1.0],
            [NAN, 0.0, -INF, 2.0],
            [NAN, 0.0, -INF, -INF],
            [NAN, 5.0, -INF, 3.0],
        ]
    )
    found = np.array([1, 1, 0, 3])
    assert list(FeatureFilter.fit(table(x), found, 0.5, 0.5).kept) == [3]
    assert list(FeatureFilter.fit(table(x), found, 0.75, 0.5).kept) == [0, 3]
    assert list(FeatureFilter.fit(table(x), found, 0.5, 0.25).kept) == [1, 3]
    # Without a zero on the scale, what is measured above detection is found.
    assert list(FeatureFilter.fit(table(x), None, 0.5, 0.5).kept) == [1, 3]


def test_most_variable_is_numpy() -> None:
    x = some()
    expected = np.sort(np.argsort(-np.nanvar(x.astype(np.float64), axis=0), kind="stable")[:5])
    np.testing.assert_array_equal(MostVariable.fit(table(x), 5).kept, expected)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 + 0.3, -1e-7])
def test_a_constant_feature_has_no_variance_whatever_its_value(value: float) -> None:
    x = some()
    x[:, 4] = value
    x[3, 4] = NAN
    assert 4 not in MostVariable.fit(table(x), 100).kept


def test_a_small_variance_on_a_large_value_is_one() -> None:
    x = some(holes=0)
    x[:, 4] = np.where(np.arange(40) % 2, 1000.0, 1000.1)
    assert 4 in MostVariable.fit(table(x), 100).kept


# --- detection -----------------------------------------------------------------------------------------------------


def test_below_detection_is_half_of_the_smallest() -> None:
    step = DetectionLimit.fit(table([[3.0, -INF], [5.0, -INF], [-INF, -INF], [NAN, NAN]]))
    moved = step.transform(np.array([[-INF, -INF], [NAN, 4.0]], np.float32), patients(2))
    np.testing.assert_array_equal(moved, [[2.0, NAN], [NAN, 4.0]])


# --- normalization -------------------------------------------------------------------------------------------------


def test_pqn_takes_a_dilution_out_and_leaves_a_changed_feature() -> None:
    rng = np.random.default_rng(1)
    profile = rng.normal(size=60) * 2
    clean = profile + rng.normal(size=(30, 60)) * 0.05
    clean[3, 7] += 4.0
    diluted = clean + rng.normal(size=(30, 1))
    step = ProbabilisticQuotient.fit(table(diluted))
    moved = step.transform(diluted.astype(np.float32), patients(30))
    gaps = moved - clean
    assert np.abs(gaps - np.median(gaps)).max() < 0.1


def test_pqn_is_brute_force() -> None:
    x = some(holes=0.2)
    x[0, 0] = -INF
    step = ProbabilisticQuotient.fit(table(x))
    np.testing.assert_allclose(step.reference, np.nanmedian(x, axis=0), rtol=1e-6)
    expected = x - np.nanmedian(x - np.nanmedian(x, axis=0), axis=1)[:, None]
    np.testing.assert_allclose(step.transform(x, patients(40)), expected, atol=1e-5)


def test_median_normalization_gives_everybody_the_median_of_training() -> None:
    x = some()
    step = MedianNormalization.fit(table(x))
    moved = step.transform(x, patients(40))
    np.testing.assert_allclose(np.nanmedian(moved, axis=1), np.median(np.nanmedian(x, axis=1)), atol=1e-5)
    new = step.transform(x[:1] + 9, patients(1))
    np.testing.assert_allclose(new, moved[:1], atol=1e-5)


def test_quantile_normalization_is_the_mean_of_ordered_values() -> None:
    x = some(holes=0)
    step = QuantileNormalization.fit(table(x))
    np.testing.assert_allclose(step.reference, np.sort(x, axis=1).mean(axis=0), atol=1e-5)
    moved = step.transform(x, patients(40))
    np.testing.assert_allclose(np.sort(moved, axis=1), np.tile(step.reference, (40, 1)), atol=1e-5)
    np.testing.assert_array_equal(np.argsort(moved, axis=1), np.argsort(x, axis=1))


def test_quantile_normalization_with_ties_and_holes() -> None:
    step = QuantileNormalization(np.array([0.0, 1.0, 2.0, 3.0], np.float32))
    row = np.array([[5.0, 5.0, NAN, 9.0], [NAN, NAN, NAN, NAN], [-INF, 2.0, 7.0, NAN]], np.float32)
    moved = step.transform(row, patients(3))
    # The reference stands at levels 1/8, 3/8, 5/8 and 7/8; ranks 1.5, 1.5 and 3 of 3 at 1/3, 1/3 and 5/6.
    np.testing.assert_allclose(moved[0], [5 / 6, 5 / 6, NAN, 17 / 6], rtol=1e-6)
    assert np.isnan(moved[1]).all()
    # What is below detection is the lowest, so the others keep their upper ranks.
    np.testing.assert_allclose(moved[2], [-INF, 1.5, 17 / 6, NAN], rtol=1e-6)
    np.testing.assert_allclose(
        step.transform(np.array([[9.0, NAN, NAN, NAN]], np.float32), patients(1))[0, 0], 1.5
    )


@pytest.mark.parametrize("kind", [MedianNormalization, QuantileNormalization])
def test_what_is_below_detection_moves_nobody_up_or_down(kind: Any) -> None:
    x = some(holes=0)
    step = kind.fit(table(x))
    whole = step.transform(x[:1], patients(1))[0]
    low = x[0] < np.sort(x[0])[4]
    censored = step.transform(np.where(low, np.float32(-INF), x[:1]), patients(1))[0]
    np.testing.assert_allclose(censored[~low], whole[~low], atol=1e-5)


@pytest.mark.parametrize("kind", [ProbabilisticQuotient, MedianNormalization, QuantileNormalization])
@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (0, 0)])
def test_normalizations_of_nothing(kind: Any, shape: tuple[int, int]) -> None:
    nothing = np.empty(shape, np.float32)
    assert kind.fit(table(nothing)).transform(nothing, patients(shape[0])).shape == shape
    empty = np.full((3, 4), NAN, np.float32)
    assert np.isnan(kind.fit(table(empty)).transform(empty, patients(3))).all()


@pytest.mark.parametrize("kind", [ProbabilisticQuotient, MedianNormalization, QuantileNormalization])
def test_normalizations_keep_what_was_not_measured(kind: Any) -> None:
    x = some(holes=0.3)
    x[5] = NAN
    x[6, 2] = -INF
    moved = kind.fit(table(x)).transform(x, patients(40))
    np.testing.assert_array_equal(np.isnan(moved), np.isnan(x))
    assert np.isneginf(moved[6, 2])


# --- scaling -------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(arrays(np.float32, (9, 3), elements=st.one_of(st.floats(-1e3, 1e3, width=32), st.just(NAN))))
def test_scaling_is_numpy(x: np.ndarray) -> None:
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
    moved = step.transform(x, patients(9))
    np.testing.assert_allclose(moved, np.clip((exact - center) / scale, -LIMIT, LIMIT), rtol=1e-4, atol=1e-4)


def test_outside_the_range_of_training() -> None:
    step = RobustScaling.fit(table([[0.0], [1.0], [4.0], [NAN]]))
    one = float(step.scale[0])
    far, near = 1.01 * one, 0.99 * one
    wild = step.outside(np.array([[-far], [-near], [4 + near], [4 + far], [NAN]], np.float32))
    assert list(wild[:, 0]) == [True, False, False, True, False]


# --- imputation ----------------------------------------------------------------------------------------------------


def test_median_imputation_is_zero() -> None:
    x = some()
    moved = MedianImputation.fit(table(x)).transform(x)
    np.testing.assert_array_equal(moved, np.nan_to_num(x))


def test_iterative_imputation_beats_the_median_where_features_hang_together() -> None:
    rng = np.random.default_rng(2)
    loadings = rng.normal(size=(30, 3))
    train, new = (rng.normal(size=(n, 3)) @ loadings.T + rng.normal(size=(n, 30)) * 0.5 for n in (120, 80))
    holed, truth = new.astype(np.float32), new
    gone = rng.random(new.shape) < 0.2
    holed[gone] = NAN
    train[rng.random(train.shape) < 0.2] = NAN
    moved = IterativeImputation.fit(table(train)).transform(holed)
    np.testing.assert_array_equal(moved[~gone], holed[~gone])
    error = ((moved - truth)[gone] ** 2).mean()
    # The noise alone has variance 0.25; the median has that of a whole feature, about 3.25.
    assert error < 0.45


def test_iterative_imputation_learns_nothing_from_noise() -> None:
    rng = np.random.default_rng(3)
    train, new = rng.normal(size=(100, 40)).astype(np.float32), rng.normal(size=(60, 40)).astype(np.float32)
    gone = rng.random(new.shape) < 0.2
    holed = np.where(gone, np.float32(NAN), new)
    train[rng.random(train.shape) < 0.2] = NAN
    moved = IterativeImputation.fit(table(train)).transform(holed)
    assert ((moved - new)[gone] ** 2).mean() < 1.15 * (new[gone] ** 2).mean()


def test_iterative_imputation_learns_from_training_without_holes() -> None:
    rng = np.random.default_rng(4)
    shared = rng.normal(size=(80, 1))
    train, new = (shared[rows] + rng.normal(size=(40, 6)) * 0.1 for rows in (slice(0, 40), slice(40, 80)))
    holed = new.astype(np.float32)
    holed[:, 0] = NAN
    moved = IterativeImputation.fit(table(train)).transform(holed)
    assert np.corrcoef(moved[:, 0], new[:, 0])[0, 1] > 0.95


def test_a_patient_without_the_view_gets_the_median() -> None:
    x = some()
    moved = IterativeImputation.fit(table(x)).transform(np.full((1, 12), NAN, np.float32))
    np.testing.assert_array_equal(moved, np.zeros((1, 12)))


# --- sites ---------------------------------------------------------------------------------------------------------


def sited(seed: int = 0, n: int = 90, p: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    site = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    covariates = rng.normal(size=(n, 2))
    shift, spread = rng.normal(size=(3, p)), rng.uniform(0.5, 2, size=(3, p))
    code = np.unique(site, return_inverse=True)[1]
    noise = rng.normal(size=(n, p)) * spread[code]
    return covariates @ rng.normal(size=(2, p)) + shift[code] + noise, site, covariates


def test_site_correction_is_combat() -> None:
    from neuroCombat import neuroCombat

    x, site, covariates = sited()
    who = patients(len(x), site, covariates)
    x32 = x.astype(np.float32)
    ours = SiteCorrection.fit(table(x32, who)).transform(x32, who)
    frame = pd.DataFrame({"site": site, "one": covariates[:, 0], "two": covariates[:, 1]})
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = neuroCombat(
            x32.T.astype(np.float64), frame, batch_col="site", continuous_cols=["one", "two"]
        )["data"].T
    # Both stop iterating at a relative change of 1e-4.
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    assert np.abs(ours - x).max() > 1


def test_with_holes_it_is_combat_of_the_rest() -> None:
    """Holes in one feature change the others through the shrinkage alone, and that one as if its rows were gone."""
    x, site, covariates = sited()
    who = patients(len(x), site, covariates)
    holed = x.astype(np.float32)
    holed[:20, 3] = NAN
    step = SiteCorrection.fit(table(holed, who))
    rows = np.arange(20, len(x))
    fewer = SiteCorrection.fit(table(holed[rows], who.take(rows)))
    for name in ("mean", "scale", "effect"):
        np.testing.assert_allclose(getattr(step, name)[..., 3], getattr(fewer, name)[..., 3], atol=1e-5)
    moved = step.transform(holed, who)
    assert np.isnan(moved[:20, 3]).all()
    assert np.isfinite(np.delete(moved, 3, axis=1)).all()


def test_site_correction_protects_covariates_and_removes_sites() -> None:
    x, site, covariates = sited(n=600)
    who = patients(len(x), site, covariates)
    x32 = x.astype(np.float32)
    moved = SiteCorrection.fit(table(x32, who)).transform(x32, who)

    def effects(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        design = np.column_stack([np.ones(len(x)), site == "b", site == "c", covariates]).astype(float)
        found = np.linalg.lstsq(design, values, rcond=None)[0]
        return found[1:3], found[3:]

    (before, kept), (after, still) = effects(x), effects(moved)
    assert np.abs(after).mean() < 0.1 * np.abs(before).mean()
    assert np.abs(kept - still).max() < 0.35
    assert np.corrcoef(kept.ravel(), still.ravel())[0, 1] > 0.99


def test_a_site_never_seen_gets_no_correction_unless_adapted_to() -> None:
    x, site, covariates = sited()
    who = patients(len(x), site, covariates)
    step = SiteCorrection.fit(table(x, who))
    rng = np.random.default_rng(9)
    new = (covariates @ np.zeros((2, 40)) + 5 + rng.normal(size=x.shape)).astype(np.float32)
    stranger = patients(len(new), ["z"] * len(new), covariates)
    np.testing.assert_allclose(step.transform(new, stranger), new, rtol=1e-6)
    adapted = step.adapted(table(new, stranger))
    assert adapted.sites == ["a", "b", "c", "z"]
    moved = adapted.transform(new, stranger)
    assert np.abs(moved.mean(axis=0) - step.mean).mean() < 0.25 * np.abs(new.mean(axis=0) - step.mean).mean()
    # Those of known sites are as before.
    np.testing.assert_array_equal(
        adapted.transform(x.astype(np.float32), who), step.transform(x.astype(np.float32), who)
    )


def test_a_site_of_one_patient_and_a_constant_feature_stay_as_they_are() -> None:
    x, site, covariates = sited()
    site = site.astype("U9")
    site[0], x[:, 5] = "lonely", 2.5
    who = patients(len(x), site, covariates)
    x32 = x.astype(np.float32)
    moved = SiteCorrection.fit(table(x32, who)).transform(x32, who)
    np.testing.assert_allclose(moved[0], x32[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(moved[:, 5], 2.5, atol=1e-5)
    assert np.isfinite(moved).all()


def test_who_has_no_site_gets_no_correction() -> None:
    x, site, covariates = sited()
    site[:10] = ""
    who = patients(len(x), site, covariates)
    x32 = x.astype(np.float32)
    moved = SiteCorrection.fit(table(x32, who)).transform(x32, who)
    np.testing.assert_allclose(moved[:10], x32[:10], rtol=1e-5, atol=1e-5)


def test_two_features_are_too_few_to_shrink_and_stay() -> None:
    x, site, covariates = sited(p=2)
    who = patients(len(x), site, covariates)
    step = SiteCorrection.fit(table(x, who))
    assert step.sites == []
    np.testing.assert_allclose(step.transform(x.astype(np.float32), who), x, rtol=1e-5, atol=1e-6)


def test_separable() -> None:
    site = np.array(["a"] * 5 + ["b"] * 5)
    rng = np.random.default_rng(0)
    free = rng.normal(size=(10, 1)).astype(np.float32)
    told = (site == "b").astype(np.float32)[:, None]
    assert separable(site, free)
    assert not separable(site, np.hstack([free, told]))
    assert separable(site, np.zeros((10, 1), np.float32))
