"""A factor model in its linear Gaussian form: loadings and noise of each view determine the factors of any patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS
from omics.common.files import read_state, write_state

__all__ = ["LinearGaussian", "LinearView", "NaturalParameters", "gaussian_posterior"]

Array = NDArray[np.float64]
Seen = Mapping[str, NDArray[np.bool_]]

NaturalParameters = tuple[Array, Array]
"""Precision (n, k, k) and linear term (n, k) = precision x mean that data add to the posterior of the factors."""

ROUNDS = 100
TOLERANCE = 1e-6


@dataclass(frozen=True)
class LinearView:
    """One view: its linear predictor is mean + loadings z + noise.

    Attributes
    ----------
    mean
        (p,) feature means.
    loadings
        (p, k).
    precision
        (p,) inverse noise variances, which include the uncertainty of the loadings; 0 for a feature without data.
    likelihood
        Of the values given the predictor: gaussian (the values are the predictor), or a name in LIKELIHOODS.
    """

    mean: Array
    loadings: Array
    precision: Array
    likelihood: str = GAUSSIAN

    def explained(self) -> Array:
        """(k,) proportion of the variance of the predictor that each factor explains, over features with data."""
        known = self.precision > 0
        residual = 1 / self.precision[known]
        if self.likelihood != GAUSSIAN:
            residual += LIKELIHOODS[self.likelihood].residual(torch.from_numpy(self.mean[known])).numpy()
        of_factors = (self.loadings[known] ** 2).sum(axis=0)
        return np.asarray(of_factors / (of_factors.sum() + residual.sum()))


@dataclass(frozen=True)
class LinearGaussian:
    """Views that share factors z with the prior N(0, I).

    The posterior of a patient is Gaussian with precision ``I + W' diag(precision) W`` over the observed features
    (Tipping and Bishop 1999, doi 10.1111/1467-9868.00196), so the sd never decreases when a view is removed. Values of
    other likelihoods enter through their Gaussian lower bound, which is updated until the posterior converges.
    """

    views: dict[str, LinearView]
    count: int

    def posterior(self, batch: Batch, seen: Seen) -> tuple[Array, Array]:
        """Posterior means (n, k) and covariances (n, k, k) from the values that `seen` (view -> (n, p)) marks."""
        k = self.count
        mean, covariance = np.zeros((len(batch), k)), np.tile(np.eye(k), (len(batch), 1, 1))
        bounded = [name for name, view in self.views.items() if view.likelihood != GAUSSIAN]
        fixed = [
            self.natural_parameters(n, batch, seen[n], mean, covariance)
            for n in self.views
            if n not in bounded
        ]
        for _ in range(ROUNDS):
            before = mean
            updated = [self.natural_parameters(n, batch, seen[n], mean, covariance) for n in bounded]
            mean, covariance = gaussian_posterior(fixed + updated, len(batch), k)
            if not bounded or np.abs(mean - before).max(initial=0.0) < TOLERANCE:
                break
        return mean, covariance

    def natural_parameters(
        self, name: str, batch: Batch, seen: NDArray[np.bool_], mean: Array, covariance: Array
    ) -> NaturalParameters:
        """Precision (n, k, k) and linear term (n, k) that a view adds to the posterior of the factors.

        `mean` and `covariance` say where a bound is taken; a Gaussian view does not use them.
        """
        view = self.views[name]
        if view.likelihood != GAUSSIAN:
            weight, weighted_residual = self.value_terms(name, batch, seen, mean, covariance)
            return _weighted_outer(weight, view.loadings), weighted_residual @ view.loadings
        weighted = view.loadings * view.precision[:, None]
        linear = np.where(seen, batch.views[name] - view.mean, 0.0) @ weighted
        precision, complete = np.zeros_like(covariance), seen.all(axis=1)
        precision[complete] = weighted.T @ view.loadings
        if len(partial := np.flatnonzero(seen.any(axis=1) & ~complete)):
            precision[partial] = _weighted_outer(seen[partial] * view.precision, view.loadings)
        return precision, linear

    def value_terms(
        self, name: str, batch: Batch, seen: NDArray[np.bool_], mean: Array, covariance: Array
    ) -> tuple[Array, Array]:
        """(n, p) precision of each value of a view given the factors, and precision x (value - mean)."""
        view, x = self.views[name], batch.views[name]
        if view.likelihood == GAUSSIAN:
            return seen * view.precision, np.where(seen, x - view.mean, 0.0) * view.precision
        eta, variance = self.predictor(name, mean, covariance)
        tensors = (np.where(seen, x, 0.0).astype(np.float64), eta, eta**2 + variance)
        bound = LIKELIHOODS[view.likelihood].gaussian(*(torch.from_numpy(part) for part in tensors))
        weight, linear = (np.where(seen, part.numpy(), 0.0) for part in bound)
        return weight, linear - weight * view.mean

    def contributions(self, batch: Batch, direction: Array) -> dict[str, Array]:
        """Contribution of each value to a weighted sum of the posterior means of the factors.

        Parameters
        ----------
        batch
            n patients.
        direction
            (n, k) weight of each factor.

        Returns
        -------
        dict
            View -> (n, p), 0 where a value was not measured. The sum over all views and features is the weighted sum of
            the posterior means.
        """
        mean, covariance = self.posterior(batch, batch.observed)
        along = np.einsum("nkl,nl->nk", covariance, direction)
        return {
            name: self.value_terms(name, batch, batch.observed[name], mean, covariance)[1]
            * (along @ view.loadings.T)
            for name, view in self.views.items()
        }

    def predictor(self, name: str, mean: Array, covariance: Array) -> tuple[Array, Array]:
        """(n, p) mean and variance of the predictor of a view, noise included, for factors of this posterior."""
        view = self.views[name]
        of_factors = (covariance.reshape(len(mean), -1) @ _outer(view.loadings).T).clip(min=0.0)
        noise = np.full_like(view.precision, np.inf)
        np.divide(1.0, view.precision, out=noise, where=view.precision > 0)
        return view.mean + mean @ view.loadings.T, of_factors + noise

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors files."""
        arrays = {
            f"{view}.{key}": getattr(state, key)
            for view, state in self.views.items()
            for key in ("mean", "loadings", "precision")
        }
        likelihoods = {view: state.likelihood for view, state in self.views.items()}
        settings = {"views": list(self.views), "count": self.count, "likelihoods": likelihoods}
        write_state(folder, name, settings, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        # Older files have Gaussian views only.
        likelihoods = settings.get("likelihoods", {})
        views = {
            view: LinearView(
                arrays[f"{view}.mean"],
                arrays[f"{view}.loadings"],
                arrays[f"{view}.precision"],
                likelihoods.get(view, GAUSSIAN),
            )
            for view in settings["views"]
        }
        return cls(views, settings["count"])


def gaussian_posterior(parameters: Sequence[NaturalParameters], n: int, k: int) -> tuple[Array, Array]:
    """Posterior of the factors with the prior N(0, I): the natural parameters of the data add up.

    Parameters
    ----------
    parameters
        Precision and linear term of each view.
    n
        Number of patients.
    k
        Number of factors.

    Returns
    -------
    mean
        (n, k) posterior means.
    covariance
        (n, k, k) posterior covariances.
    """
    precision = np.tile(np.eye(k), (n, 1, 1)) + sum(precision for precision, _ in parameters)
    covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    linear = np.zeros((n, k)) + sum(linear for _, linear in parameters)
    mean: Array = (covariance @ linear[:, :, None])[:, :, 0]
    return mean, covariance


def _outer(loadings: Array) -> Array:
    """(p, k * k) outer product of each feature's loadings."""
    return (loadings[:, :, None] * loadings[:, None, :]).reshape(len(loadings), -1)


def _weighted_outer(weight: Array, loadings: Array) -> Array:
    """(n, k, k) sum over features of `weight` (n, p) times the outer product of their loadings."""
    k = loadings.shape[1]
    return (weight @ _outer(loadings)).reshape(len(weight), k, k)
