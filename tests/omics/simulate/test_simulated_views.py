"""Simulated views: the marginal distribution of each kind of view, and its dependence on the factors."""

from __future__ import annotations

import numpy as np
import pytest
from simulated import MANY, values

from omics.simulate.simulate_cohort import (
    Simulated,
)
from omics.simulate.simulated_views import DEPTH, DETECTION, DISPERSION, VIEWS, compose


def test_mutation_is_binary_and_mostly_rare(plain: Simulated) -> None:
    mutation = values(plain, "mutation")
    assert set(np.unique(mutation)) == {0.0, 1.0}
    prevalence = mutation.mean(axis=0)
    assert 0.05 < np.median(prevalence) < 0.2
    assert prevalence.max() > 0.2


def test_copy_number_takes_all_five_calls_and_is_mostly_neutral(plain: Simulated) -> None:
    calls, counts = np.unique(values(plain, "copy_number"), return_counts=True)
    assert calls.tolist() == [-2.0, -1.0, 0.0, 1.0, 2.0]
    np.testing.assert_allclose(counts / counts.sum(), (0.02, 0.20, 0.56, 0.17, 0.05), atol=0.01)


def test_dosages_are_in_hardy_weinberg_proportions(plain: Simulated) -> None:
    dosage = values(plain, "germline")
    observed = np.array([(dosage == copies).sum(axis=0) for copies in (0, 1, 2)])
    assert observed.sum() == dosage.size
    frequency = dosage.mean(axis=0) / 2
    assert 0.03 < frequency.min() < frequency.max() < 0.55
    expected = MANY * np.array([(1 - frequency) ** 2, 2 * frequency * (1 - frequency), frequency**2])
    # One degree of freedom per variant.
    statistic, variants = float(((observed - expected) ** 2 / expected).sum()), dosage.shape[1]
    assert abs(statistic - variants) < 4 * np.sqrt(2 * variants)


def test_counts_are_overdispersed_with_a_quadratic_variance(plain: Simulated) -> None:
    counts = values(plain, "rna")
    assert (counts == np.round(counts)).all()
    mean, variance = counts.mean(axis=0), counts.var(axis=0)
    assert (variance > 2 * mean).all()
    slope = np.polyfit(np.log(mean), np.log(variance - mean), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.15)


def test_counts_without_biology_are_negative_binomial_with_library_sizes() -> None:
    counts = VIEWS["rna"].measure(np.zeros((4000, 50)), np.random.default_rng(3))
    library = counts.sum(axis=1)
    assert np.std(np.log(library)) == pytest.approx(0.3, abs=0.08)
    # Gamma-Poisson times a lognormal library: var = mean + mean^2 ((1 + dispersion) exp(0.3^2) - 1).
    mean = counts.mean(axis=0)
    excess = (counts.var(axis=0) - mean) / mean**2
    assert np.median(excess) == pytest.approx((1 + DISPERSION) * np.exp(0.3**2) - 1, abs=0.02)


def test_proteins_are_logs_whose_faint_values_are_missed(plain: Simulated) -> None:
    protein = values(plain, "protein")
    missed = np.isnan(protein)
    assert 0.02 < missed.mean() < 0.3
    assert 10 < np.nanmin(protein) < np.nanmax(protein) < 32
    level = np.nanmedian(protein, axis=0)
    bright, faint = level > 20, level < 18
    assert bright.any()
    assert faint.any()
    assert missed[:, bright].mean() < 0.01
    assert missed[:, faint].mean() > 0.15


def test_metabolites_are_positive_or_below_detection(plain: Simulated) -> None:
    metabolite = values(plain, "metabolite")
    assert (metabolite >= 0).all()
    share = (metabolite == 0).mean(axis=0)
    assert share.max() < DETECTION + 4 * np.sqrt(0.25 / MANY)
    spread = DETECTION / np.sqrt(12)
    assert abs(share.mean() - DETECTION / 2) < 4 * spread / np.sqrt(len(share)) + 0.01


def test_what_is_below_detection_is_the_smallest() -> None:
    latent = np.random.default_rng(4).standard_normal((500, 30))
    measured = VIEWS["metabolite"].measure(latent, np.random.default_rng(5))
    zero = measured == 0
    assert zero.any()
    assert (np.where(zero, latent, -np.inf).max(axis=0) < np.where(zero, np.inf, latent).min(axis=0)).all()
    detected = np.where(zero, np.nan, measured)
    for values_, hidden in zip(detected.T, latent.T, strict=True):
        seen = ~np.isnan(values_)
        assert (np.diff(values_[seen][np.argsort(hidden[seen])]) >= 0).all()


def test_microbiome_is_closed_and_has_many_zeros(plain: Simulated) -> None:
    counts = values(plain, "microbiome")
    assert (counts == np.round(counts)).all()
    assert 0.35 < (counts == 0).mean() < 0.75
    depth = counts.sum(axis=1)
    assert np.median(depth) == pytest.approx(DEPTH, rel=0.05)
    # Depth is technical: it does not depend on the patient.
    correlations = [np.corrcoef(np.log(depth), factor)[0, 1] for factor in plain.truth.factors.T]
    assert np.abs(correlations).max() < 4 / np.sqrt(MANY)


def test_microbiome_counts_are_multinomial_given_the_composition() -> None:
    latent = np.random.default_rng(6).standard_normal((400, 60))
    composition = compose(latent, np.random.default_rng(7))
    np.testing.assert_allclose(composition.sum(axis=1), 1.0, rtol=1e-12)
    counts = VIEWS["microbiome"].measure(latent, np.random.default_rng(7))
    assert (counts[composition == 0] == 0).all()
    expected = counts.sum(axis=1, keepdims=True) * composition
    common = expected > 5
    deviation = ((counts - expected) / np.sqrt(expected * (1 - composition) + 1e-12))[common]
    assert np.mean(deviation**2) == pytest.approx(1.0, abs=4 * np.sqrt(2 / common.sum()) + 0.01)


def test_features_follow_their_loadings(plain: Simulated) -> None:
    protein, truth = values(plain, "protein"), plain.truth
    complete = np.isnan(protein).mean(axis=0) < 0.001
    assert complete.sum() > 5
    centred = np.nan_to_num(protein[:, complete] - np.nanmean(protein[:, complete], axis=0))
    found = centred.T @ truth.factors / MANY
    loadings = truth.loadings["protein"]
    assert np.abs(found - loadings[complete]).max() < 5 * np.sqrt(1.5 / MANY)
    explained = (loadings**2).sum(axis=1)
    assert set(np.round(explained, 9)) <= {0.0, plain.config.signal}
