"""A published kinetic model whose parameters also follow latent factors, fitted inside the marginal likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

__all__ = ["HybridModel", "fit_hybrid", "reweighted"]

Array = NDArray[np.float64]

PRIOR_PATIENTS = 10.0
"""Number of patients that the published covariance of the random effects counts as, when it is fitted again."""

FIRST_VARIANCE = 0.05
SMALLEST_VARIANCE = 1e-8
FOLDS = 5
ITERATIONS = 300
TOLERANCE = 1e-4


@dataclass(frozen=True)
class HybridModel:
    """Slopes of k factors on the logarithms of q parameters.

    Parameters
    ----------
    parameters
        Names of the random parameters.
    slopes
        (q, k) change of the logarithm of each parameter per standard deviation of a factor.
    slopes_sd
        (q, k) posterior standard deviations of the slopes.
    omega
        (q, q) covariance of what the factors leave unexplained.
    published
        (q, q) covariance of the published model.
    centre, scale
        (k,) mean and standard deviation of the training patients' factors.
    gain, gain_se
        Mean gain in log marginal likelihood per training patient over the published model, from folds that did not see
        the patient, and its standard error. Slopes are 0 where there is no gain.
    """

    parameters: tuple[str, ...]
    slopes: Array
    slopes_sd: Array
    omega: Array
    published: Array
    centre: Array
    scale: Array
    gain: float
    gain_se: float

    def shift(self, factors: Array) -> Array:
        """Return the expected random effects of patients with (n, k) factors, (n, q)."""
        expected: Array = ((factors - self.centre) / self.scale) @ self.slopes.T
        return expected


def fit_hybrid(
    effects: Array,
    weights: Array,
    published: Array,
    factors: Array,
    parameters: tuple[str, ...],
    generator: np.random.Generator,
) -> HybridModel:
    """Fit the slopes of factors on the parameters of a published model, and the remaining variability.

    Parameters
    ----------
    effects
        (n, s, q) draws of training patients' random effects from their posterior under the published model.
    weights
        (n, s) their weights.
    published
        (q, q) covariance of the random effects of the published model.
    factors
        (n, k) factors of the same patients.
    parameters
        Names of the q parameters.
    generator
        Source of random numbers, for the folds.

    Returns
    -------
    HybridModel
        Slopes penalised by their evidence; 0, with the published covariance, where held-out patients do not gain.

    Notes
    -----
    The random effects are the sum of slopes times factors and a remainder. The expectation step reweights the draws of
    each patient by the ratio of the new prior to the published one, so that levels enter through the marginal
    likelihood. A regression of the patients' modes on factors would not do: modes are pulled to the published model,
    and such slopes are about half the truth. Each slope has the variance of greatest evidence (MacKay 1992,
    doi 10.1162/neco.1992.4.3.415). The published covariance counts as 10 patients.
    """
    scale = factors.std(axis=0)
    scale[scale == 0.0] = 1.0
    centre = factors.mean(axis=0)
    z = (factors - centre) / scale
    gains = _held_out_gains(effects, weights, published, z, generator)
    gain, error = float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))
    slopes, sd, omega = _fitted(effects, weights, published, z)
    if gain <= 0.0:
        slopes, omega = np.zeros_like(slopes), published
    return HybridModel(parameters, slopes, sd, omega, published, centre, scale, gain, error)


def _held_out_gains(
    effects: Array, weights: Array, published: Array, z: Array, generator: np.random.Generator
) -> Array:
    """Log marginal likelihood of each patient's levels minus that of the published model, (n,)."""
    fold = generator.permutation(len(z)) % FOLDS
    gains = np.empty(len(z))
    for number in range(FOLDS):
        test = fold == number
        slopes, _, omega = _fitted(effects[~test], weights[~test], published, z[~test])
        ratio = _log_ratio(effects[test], published, z[test] @ slopes.T, omega)
        gains[test] = logsumexp(ratio, b=weights[test], axis=1)
    return gains


def _fitted(effects: Array, weights: Array, published: Array, z: Array) -> tuple[Array, Array, Array]:
    """Slopes (q, k), their standard deviations and the remaining covariance (q, q), by expectation maximisation."""
    n, k = z.shape
    q = published.shape[0]
    shared = published != 0
    slopes, omega = np.zeros((q, k)), published.copy()
    variance, gram = np.full((q, k), FIRST_VARIANCE), z.T @ z
    uncertainty = np.zeros((q, k, k))
    for _ in range(ITERATIONS):
        updated = _reweight(effects, weights, published, z @ slopes.T, omega)
        mean = np.einsum("is,isq->iq", updated, effects)
        apart = effects - mean[:, None]
        by_patient = np.einsum("isq,isr->iqr", updated[..., None] * apart, apart)
        before = slopes.copy()
        for j in range(q):
            slopes[j] = np.linalg.solve(
                gram / omega[j, j] + np.diag(1 / variance[j]), z.T @ mean[:, j] / omega[j, j]
            )
            # What the levels leave open about a patient is missing from the information on the slopes.
            known = np.clip(1 - by_patient[:, j, j] / omega[j, j], 0.0, 1.0)[:, None]
            uncertainty[j] = np.linalg.inv((known * z).T @ z / omega[j, j] + np.diag(1 / variance[j]))
            variance[j] = np.maximum(slopes[j] ** 2 + np.diag(uncertainty[j]), SMALLEST_VARIANCE)
        rest = mean - z @ slopes.T
        spread = rest.T @ rest + by_patient.sum(axis=0) + np.diag([np.sum(gram * s) for s in uncertainty])
        omega = np.where(shared, (PRIOR_PATIENTS * published + spread) / (PRIOR_PATIENTS + n), 0.0)
        if np.abs(slopes - before).max() < TOLERANCE:
            break
    return slopes, np.sqrt(np.stack([np.diag(s) for s in uncertainty])), omega


def reweighted(model: HybridModel, effects: Array, weights: Array, factors: Array) -> Array:
    """Weights of a patient's draws under the hybrid model.

    Parameters
    ----------
    model
        As returned by :func:`fit_hybrid`.
    effects, weights
        (n, s, q) and (n, s) draws from the posterior under the published model, given the levels so far.
    factors
        (n, k) factors of the same patients.

    Returns
    -------
    numpy.ndarray
        (n, s) weights that sum to 1.
    """
    return _reweight(effects, weights, model.published, model.shift(factors), model.omega)


def _reweight(effects: Array, weights: Array, published: Array, shift: Array, omega: Array) -> Array:
    log_weights = np.log(np.maximum(weights, 1e-300)) + _log_ratio(effects, published, shift, omega)
    normalised: Array = softmax(log_weights, axis=1)
    return normalised


def _log_ratio(effects: Array, published: Array, shift: Array, omega: Array) -> Array:
    """Log density of draws under the new prior minus that under the published one, (n, s)."""
    determinants = np.linalg.slogdet(published)[1] - np.linalg.slogdet(omega)[1]
    ratio: Array = (
        _squared(effects, published) - _squared(effects - shift[:, None], omega) + determinants
    ) / 2
    return ratio


def _squared(effects: Array, covariance: Array) -> Array:
    """Squared length of each draw in the metric of a covariance, (n, s)."""
    squared: Array = ((effects @ np.linalg.inv(covariance)) * effects).sum(axis=2)
    return squared
