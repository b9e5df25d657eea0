"""Coordinate ascent of group factor analysis: the evidence bound by brute force, monotone, and independent runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import special, stats
from simulated_views import two_views

from datamodules.batch import Batch
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from datamodules.split import stratified_folds
from models.factors.gfa.blocks import CompleteBlock, IncompleteBlock
from models.factors.gfa.data import GfaData, initial_factors, prepare_data
from models.factors.gfa.loadings_posterior import RATE, SHAPE, noise_rate
from models.factors.gfa.sweeps import GfaFit, fit_runs
from models.factors.gfa.updates import INTERCEPT

CPU = torch.device("cpu")

KINDS = [("gaussian", 0.0), ("gaussian", 0.1), ("bernoulli", 0.1), ("poisson", 0.0)]


def fitted(
    batch: Batch, likelihood: str = "gaussian", counts: tuple[int, ...] = (4,), restarts: int = 1
) -> tuple[GfaData, GfaFit]:
    """Data and fit in float64."""
    data, _ = prepare_data(batch, dict.fromkeys(batch.views, likelihood), torch.float64, CPU)
    return data, fit_runs(data, *initial_factors(data, counts, restarts, 0), tolerance=1e-9)


@pytest.mark.parametrize(("likelihood", "holes"), KINDS)
def test_the_evidence_never_decreases(likelihood: str, holes: float) -> None:
    # Rotation before sweeps 3, 6, 11 and 19 and pruning from 24 on are in the trace too.
    batch, _ = two_views(likelihood=likelihood, holes=holes)
    _, fit = fitted(batch, likelihood, counts=(2, 5), restarts=2)
    assert len(fit.evidence) > 24
    assert (fit.sd[..., 1:] == 0).any()
    assert fit.evidence.diff(dim=0).min() > -1e-9 * fit.evidence.abs().max()


def test_the_evidence_equals_the_bound_term_by_term() -> None:
    """E[log p] + entropy, computed from the posteriors: Bishop 2006, equation 10.3."""
    batch, _ = two_views(n=30, p=8, holes=0.0)
    data, _ = prepare_data(batch, {}, torch.float64, CPU)
    start, allowed = initial_factors(data, (3,), 1, 0)
    fit = fit_runs(data, start, allowed, sweeps=2)
    total = 0.0
    mean, covariance = fit.scores.mean[0].numpy(), fit.scores.covariance[0].numpy()[data.group.numpy()]
    for m, c in zip(mean[:, 1:], covariance[:, 1:, 1:], strict=True):
        total += -0.5 * (3 * math.log(2 * math.pi) + m @ m + np.trace(c))
        total += stats.multivariate_normal(m, c).entropy()
    for (block,), (state,), sd in zip(data.views, fit.states, fit.sd[0].numpy(), strict=True):
        assert isinstance(block, CompleteBlock)
        rows, x = block.rows.numpy(), block.values.numpy()
        weights, second = state.loadings.mean[0].numpy(), state.loadings.second()[0].numpy()
        moment = mean[rows].T @ mean[rows] + covariance[rows].sum(axis=0)
        squares = x.T**2 @ np.ones(len(rows)) - 2 * np.einsum("np,nk,pk->p", x, mean[rows], weights)
        squares += np.einsum("pij,ij->p", second, moment)
        rates = noise_rate(block.squares).numpy()
        total += _gamma_terms(len(rows), squares, rates).sum()
        ridge = np.einsum("pkk->k", second)
        total += _gamma_terms(len(weights), ridge[1:], np.full(3, RATE)).sum()
        intercept = 0.5 * len(weights) * math.log(INTERCEPT / (2 * math.pi)) - 0.5 * INTERCEPT * ridge[0]
        total += intercept
        for w, s in zip(weights, second, strict=True):
            total += stats.multivariate_normal(w, s - np.outer(w, w)).entropy()
        np.testing.assert_allclose(sd[1:] ** -2, (SHAPE + len(weights) / 2) / (RATE + ridge[1:] / 2))
    assert float(fit.evidence[-1, 0]) == pytest.approx(total, rel=1e-9)


def _gamma_terms(count: int, squares: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """E[log N(. | 0, 1 / t)] of `count` values + E[log Gamma(t | SHAPE, rate)] + entropy of q(t)."""
    a, b = SHAPE + count / 2, rate + squares / 2
    log_t, t = special.digamma(a) - np.log(b), a / b
    gaussians = 0.5 * count * (log_t - math.log(2 * math.pi)) - 0.5 * t * squares
    prior = SHAPE * np.log(rate) - special.gammaln(SHAPE) + (SHAPE - 1) * log_t - rate * t
    return gaussians + prior + stats.gamma(a, scale=1 / b).entropy()


def test_complete_and_incomplete_blocks_give_the_same_bound() -> None:
    batch, _ = two_views()
    data, fit = fitted(batch)
    incomplete = [
        [IncompleteBlock(b.rows, b.columns, b.values, torch.ones_like(b.values), b.squares) for b in blocks]
        for blocks in data.views
    ]
    other = fit_runs(
        GfaData.from_blocks(incomplete, len(batch)), *initial_factors(data, (4,), 1, 0), tolerance=1e-9
    )
    torch.testing.assert_close(fit.evidence[:20], other.evidence[:20])


def test_runs_in_one_batch_are_independent() -> None:
    batch, _ = two_views()
    data, _ = prepare_data(batch, {}, torch.float64, CPU)
    start, allowed = initial_factors(data, (2, 4), 2, 0)
    together = fit_runs(data, start, allowed, sweeps=25)
    for run in range(4):
        alone = fit_runs(data, start[run : run + 1], allowed[run : run + 1], sweeps=25)
        torch.testing.assert_close(alone.evidence[:, 0], together.evidence[:, run])


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 4])
def test_a_long_float32_fit_of_a_real_cohort_stays_finite(acc: Any, number: int) -> None:
    """A fit of this cohort once gave NaN in sweep 264, long after it had almost converged."""
    outer = acc[stratified_folds(acc, 3, 1, 1, "outer")[0].train]
    part = outer[stratified_folds(outer, 5, 1, 1, "inner")[number].train]
    batch = Harmonizer(HarmonizeConfig()).fit(part).transform(part)
    data, _ = prepare_data(batch, {}, torch.float32, CPU)
    fit = fit_runs(data, *initial_factors(data, (15,), 1, 3), tolerance=0.0, sweeps=500)
    assert len(fit.evidence) == 499
    assert torch.isfinite(fit.evidence).all()
    assert fit.evidence.diff(dim=0).min() > -1e-4 * fit.evidence.abs().max()
    for state in (state for view in fit.states for state in view):
        assert torch.isfinite(state.loadings.second()).all()
        assert (state.noise[0] > 0).all()
