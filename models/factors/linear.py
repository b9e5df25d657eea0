"""The linear Gaussian view of a factor model: loadings and noise per view give everybody's factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.factor_model import Factors
from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS, expected_response
from omics.errors import FitError
from omics.files import read_state, write_state

__all__ = ["LinearFactorModel", "LinearGaussian", "LinearView"]

Array = NDArray[np.float64]

ROUNDS = 100
TOLERANCE = 1e-6


@dataclass(frozen=True)
class LinearView:
    """One view: its predictor is mean + loadings z + noise.

    Attributes
    ----------
    mean
        (p,) feature means.
    loadings
        (p, k).
    precision
        (p,) inverse noise variances, in which the uncertainty of the loadings is counted; 0 where nothing is known.
    likelihood
        Of the values given the predictor: gaussian (they are the predictor), or a name in LIKELIHOODS.
    """

    mean: Array
    loadings: Array
    precision: Array
    likelihood: str = GAUSSIAN

    def explained(self) -> Array:
        """(k,) share of the variance of the predictor that each factor explains, over features that are known of."""
        known = self.precision > 0
        left = 1 / self.precision[known]
        if self.likelihood != GAUSSIAN:
            left += LIKELIHOODS[self.likelihood].residual(torch.from_numpy(self.mean[known])).numpy()
        of_factors = (self.loadings[known] ** 2).sum(axis=0)
        return np.asarray(of_factors / (of_factors.sum() + left.sum()))


@dataclass(frozen=True)
class LinearGaussian:
    """Views that share factors z with the prior N(0, I).

    The posterior of a patient is Gaussian with precision ``I + W' diag(precision) W`` over the features that he
    has (Tipping and Bishop 1999, doi 10.1111/1467-9868.00196), so sd never shrinks when a view is taken away. Values of
    other likelihoods enter by the Gaussian that bounds them, found again until the posterior stands.
    """

    views: dict[str, LinearView]
    count: int

    def posterior(self, batch: Batch, seen: Mapping[str, NDArray[np.bool_]]) -> tuple[Array, Array]:
        """Posterior means (n, k) and covariances (n, k, k) from the values that `seen` (view -> (n, p)) marks."""
        n = len(batch)
        precision, linear = np.tile(np.eye(self.count), (n, 1, 1)), np.zeros((n, self.count))
        bounded = [name for name, view in self.views.items() if view.likelihood != GAUSSIAN]
        for name in [name for name in self.views if name not in bounded]:
            view, marks = self.views[name], seen[name]
            weighted = view.loadings * view.precision[:, None]
            linear += np.where(marks, batch.views[name] - view.mean, 0.0) @ weighted
            whole = marks.all(axis=1)
            precision[whole] += weighted.T @ view.loadings
            if len(part := np.flatnonzero(marks.any(axis=1) & ~whole)):
                precision[part] += _weighed(marks[part] * view.precision, view.loadings)
        mean, covariance = _solved(precision, linear)
        for _ in range(ROUNDS if bounded else 0):
            before, (more, pull) = mean, self._bounds(batch, seen, bounded, mean, covariance)
            mean, covariance = _solved(precision + more, linear + pull)
            if np.abs(mean - before).max(initial=0.0) < TOLERANCE:
                break
        return mean, covariance

    def _bounds(
        self,
        batch: Batch,
        seen: Mapping[str, NDArray[np.bool_]],
        names: Sequence[str],
        mean: Array,
        covariance: Array,
    ) -> tuple[Array, Array]:
        """Find what views of other likelihoods add to precision and linear term, at the posterior so far."""
        precision, linear = np.zeros_like(covariance), np.zeros_like(mean)
        for name in names:
            view = self.views[name]
            eta, variance = self.predictor(name, mean, covariance)
            values = torch.from_numpy(np.where(seen[name], batch.views[name], 0.0).astype(np.float64))
            weight, pull = (
                np.where(seen[name], part.numpy(), 0.0)
                for part in LIKELIHOODS[view.likelihood].gaussian(
                    values, torch.from_numpy(eta), torch.from_numpy(eta**2 + variance)
                )
            )
            precision += _weighed(weight, view.loadings)
            linear += (pull - weight * view.mean) @ view.loadings
        return precision, linear

    def predictor(self, name: str, mean: Array, covariance: Array) -> tuple[Array, Array]:
        """(n, p) mean and variance of the predictor of a view, noise included, for factors of this posterior."""
        view = self.views[name]
        of_factors = (covariance.reshape(len(mean), -1) @ _outer(view.loadings).T).clip(min=0.0)
        noise = np.full_like(view.precision, np.inf)
        np.divide(1.0, view.precision, out=noise, where=view.precision > 0)
        return view.mean + mean @ view.loadings.T, of_factors + noise

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
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
        # Older models knew Gaussian views alone.
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


class LinearFactorModel:
    """What linear factor models share once they are fitted; a subclass brings `fit`.

    Parameters
    ----------
    count
        Number of factors to begin with.
    seed
        Of whatever is random in `fit`.
    """

    def __init__(self, count: int, seed: int = 0) -> None:
        self.count, self.seed = count, seed
        self._linear: LinearGaussian | None = None

    @property
    def linear(self) -> LinearGaussian:
        """The fitted model."""
        if self._linear is None:
            raise FitError(
                f"this {type(self).__name__} was not fitted; call fit with training patients first"
            )
        return self._linear

    def transform(self, batch: Batch) -> Factors:
        """Posterior mean and sd of any patients, from the values that were measured."""
        mean, covariance = self.linear.posterior(batch, batch.observed)
        return Factors(mean, np.sqrt(np.einsum("nkk->nk", covariance)))

    def reconstruct(self, view: str, batch: Batch) -> tuple[Array, Array]:
        """Mean and sd (n, p) of the values of one view, from whatever was measured on each patient."""
        predictor = self.linear.predictor(view, *self.linear.posterior(batch, batch.observed))
        mean, variance = expected_response(self.linear.views[view].likelihood, *predictor)
        return mean, np.asarray(np.sqrt(variance))

    def variance_explained(self) -> pd.DataFrame:
        """Share of the variance of each view (rows) that each factor (columns) explains, by the model."""
        shares = {name: view.explained() for name, view in self.linear.views.items()}
        columns = [f"factor{k + 1}" for k in range(self.linear.count)]
        return pd.DataFrame.from_dict(shares, orient="index", columns=columns)

    def loadings(self, view: str) -> Array:
        """(p, k) loadings of one view, on the harmonized scale."""
        return self.linear.views[view].loadings

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        self.linear.save(folder, name)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        linear = LinearGaussian.load(folder, name)
        model = cls(linear.count)
        model._linear = linear
        return model


def _outer(loadings: Array) -> Array:
    """(p, k * k) outer product of each feature's loadings."""
    return (loadings[:, :, None] * loadings[:, None, :]).reshape(len(loadings), -1)


def _weighed(weight: Array, loadings: Array) -> Array:
    """(n, k, k) sum over features of `weight` (n, p) times the outer product of their loadings."""
    k = loadings.shape[1]
    return (weight @ _outer(loadings)).reshape(len(weight), k, k)


def _solved(precision: Array, linear: Array) -> tuple[Array, Array]:
    covariance: Array = np.linalg.inv(precision)
    mean: Array = (covariance @ linear[:, :, None])[:, :, 0]
    return mean, covariance
