"""GrowthModel: curves of a population, and what moves the growth of single patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.exposure.estimation.newton import Objective
from datamodules.exposure.estimation.residual import deviance
from models.tumour.curves import TumourCurve, find_curve
from models.tumour.sizes import TumourSizes

__all__ = ["GrowthError", "GrowthModel", "Predictors", "acts_on", "objective_at", "standardised"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Predictors:
    """What may move the growth of n patients.

    Parameters
    ----------
    factors
        (n, k) latent factors, whose slopes are penalised.
    covariates
        (n, m) covariates, whose slopes are not.
    exposure
        (n,) logarithm of exposure, NaN where it is not known; None without exposure.
    names
        Names of the k + m columns, and ``exposure``.
    """

    factors: Array
    covariates: Array
    exposure: Array | None
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.factors)

    @classmethod
    def none(cls, patients: int) -> Predictors:
        """Return no predictors of a number of patients."""
        return cls(np.empty((patients, 0)), np.empty((patients, 0)), None, ())

    @property
    def values(self) -> Array:
        """(n, p) all columns, exposure last."""
        exposure = [] if self.exposure is None else [self.exposure[:, None]]
        return np.hstack([self.factors, self.covariates, *exposure])

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Predictors:
        """Select patients."""
        exposure = None if self.exposure is None else self.exposure[rows]
        return Predictors(self.factors[rows], self.covariates[rows], exposure, self.names)

    def without_factors(self) -> Predictors:
        """Keep covariates and exposure."""
        return Predictors(
            self.factors[:, :0], self.covariates, self.exposure, self.names[self.factors.shape[1] :]
        )


@dataclass(frozen=True)
class GrowthError:
    """Residual error of a size: variance additive^2 + (proportional x size)^2."""

    additive: float | Tensor
    proportional: float | Tensor
    form: str = "combined_variance"


@dataclass(frozen=True)
class GrowthModel:
    """A fitted population of curves with q parameters and p predictors.

    Parameters
    ----------
    curve
        Name of the curve.
    typical
        (q,) logarithms of the typical values: of a patient with average predictors.
    spread
        (q,) standard deviations of the random effects on these logarithms, which are independent.
    additive, proportional
        Standard deviations of the residual error, in mm and as a share of the size.
    names
        Names of the predictors.
    penalised
        (p,) bool: the slope is that of a factor.
    slopes
        (p,) change of the logarithm of the growth rate (for exposure: of the parameter on which it acts) per standard
        deviation of a factor or covariate, and per unit of the logarithm of exposure.
    covariance
        (q + p, q + p) of `typical` and `slopes`: inverse of the observed information.
    centre, scale
        (p,) means and standard deviations of the training patients' predictors; the scale of exposure is 1.
    deviance
        Minus twice the log marginal likelihood of the training patients.
    patients
        Number of training patients.
    """

    curve: str
    typical: Array
    spread: Array
    additive: float
    proportional: float
    names: tuple[str, ...]
    penalised: NDArray[np.bool_]
    slopes: Array
    covariance: Array
    centre: Array
    scale: Array
    deviance: float
    patients: int

    @property
    def error(self) -> GrowthError:
        """The residual error."""
        return GrowthError(self.additive, self.proportional)

    @property
    def slopes_sd(self) -> Array:
        """(p,) standard deviations of the slopes."""
        sd: Array = np.sqrt(np.diag(self.covariance)[len(self.typical) :])
        return sd

    def typical_of(self, predictors: Predictors) -> Tensor:
        """Logarithms of the parameters of patients with these predictors and no random effects, (n, q)."""
        z = torch.from_numpy(self.standardised(predictors))
        acts = acts_on(find_curve(self.curve), predictors)
        return torch.from_numpy(self.typical) + (z * torch.from_numpy(self.slopes)) @ acts

    def standardised(self, predictors: Predictors) -> Array:
        """(n, p) predictors on the scale of the slopes; 0, the average, where a value is missing."""
        assert predictors.names == self.names, (predictors.names, self.names)
        return standardised(predictors.values, self.centre, self.scale)


def standardised(values: Array, centre: Array, scale: Array) -> Array:
    """Centre and scale columns.

    Parameters
    ----------
    values
        (n, p) predictors.
    centre, scale
        (p,) means and standard deviations.

    Returns
    -------
    numpy.ndarray
        (n, p); 0, the average, where a value is missing.
    """
    z: Array = np.nan_to_num((values - centre) / scale)
    return z


def acts_on(curve: TumourCurve, predictors: Predictors) -> Tensor:
    """Which predictor moves which parameter.

    Parameters
    ----------
    curve
        The curve, with q parameters.
    predictors
        The p predictors.

    Returns
    -------
    Tensor
        (p, q) of 0 and 1.
    """
    count = predictors.values.shape[1]
    acts = torch.zeros(count, len(curve.parameters), dtype=torch.float64)
    acts[:, curve.growth] = 1.0
    if predictors.exposure is not None:
        acts[-1] = 0.0
        acts[-1, curve.exposed] = 1.0
    return acts


def objective_at(
    curve: TumourCurve, sizes: TumourSizes, centre: Tensor, spread: Tensor, error: GrowthError
) -> Objective:
    """Return the function of (n, q) random effects that the mode of each patient minimises.

    Parameters
    ----------
    curve
        The curve.
    sizes
        Sizes of n patients.
    centre
        (n, q) logarithms of the patients' parameters without random effects.
    spread
        (q,) standard deviations of the random effects.
    error
        Residual error.

    Returns
    -------
    Objective
        Deviance of the sizes plus the squared standardised effects. A size below the limit counts with the probability
        that a size is below it (method M3, Beal 2001, doi 10.1023/A:1012299115260).
    """

    def objective(effects: Tensor) -> Tensor:
        predicted = curve.size(centre + effects, sizes.time)
        return deviance(error, sizes, predicted) + ((effects / spread) ** 2).sum(1)

    return objective
