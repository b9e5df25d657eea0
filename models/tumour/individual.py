"""Growth of single patients: draws of their curves, given their sizes and what may move their growth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.exposure.estimation.posterior import Posterior, importance_draws
from models.tumour.curves import TumourCurve, find_curve
from models.tumour.growth_model import GrowthModel, Predictors, objective_at
from models.tumour.marginal import GrowthPopulation, best_modes, marginal_deviance
from models.tumour.sizes import TumourSizes

__all__ = ["IndividualGrowth", "individual_growth", "patient_deviance"]

DRAWS = 512
LEVELS = (0.05, 0.95)
"""Ends of the intervals."""


@dataclass(frozen=True)
class IndividualGrowth:
    """Curves of n patients.

    Parameters
    ----------
    curve
        The curve.
    patients
        (n,) ids.
    logarithms
        (n, s, q) draws of the logarithms of the parameters.
    posterior
        Draws of the random effects, and their weights.
    """

    curve: TumourCurve
    patients: pd.Index
    logarithms: Tensor
    posterior: Posterior

    def sizes_at(self, weeks: Tensor) -> Tensor:
        """Median size without error of each patient at (n, r) times, (n, r) in mm."""
        return self._quantiles(self.curve.size(self.logarithms, weeks[:, None]), (0.5,))[..., 0]

    def intervals_at(self, weeks: Tensor) -> Tensor:
        """90% intervals of the size without error at (n, r) times, (n, r, 2) in mm."""
        return self._quantiles(self.curve.size(self.logarithms, weeks[:, None]), LEVELS)

    def table(self, week: float) -> pd.DataFrame:
        """Describe each patient.

        Parameters
        ----------
        week
            Time of the relative change.

        Returns
        -------
        pandas.DataFrame
            One row per patient: of each parameter, of the time to growth (weeks from 0 to the smallest size) and of
            the relative change of the size from week 0 to `week` the median, and the ends of the 90% interval with
            ``_low`` and ``_high``.
        """
        at = torch.tensor([0.0, week], dtype=torch.float64)
        first, later = self.curve.size(self.logarithms, at).unbind(-1)
        rates = {name: self.logarithms[..., k].exp() for k, name in enumerate(self.curve.parameters)}
        values = {**rates, "time_to_growth": self.curve.nadir(self.logarithms), "change": later / first - 1}
        columns: dict[str, NDArray[np.float64]] = {}
        for name, draws in values.items():
            middle, low, high = self.posterior.quantiles(draws, (0.5, *LEVELS)).T.numpy()
            columns |= {name: middle, f"{name}_low": low, f"{name}_high": high}
        return pd.DataFrame(columns, index=self.patients)

    def _quantiles(self, draws: Tensor, levels: tuple[float, ...]) -> Tensor:
        """Quantiles of (n, s, r) draws, (n, r, levels)."""
        return torch.stack([self.posterior.quantiles(values, levels) for values in draws.unbind(-1)], 1)


def individual_growth(
    model: GrowthModel,
    sizes: TumourSizes,
    predictors: Predictors,
    generator: np.random.Generator,
    draws: int = DRAWS,
) -> IndividualGrowth:
    """Draw the curves of patients, who need not be training patients.

    Parameters
    ----------
    model
        The fitted population.
    sizes
        Sizes of n patients; a patient without sizes has the curves of the population.
    predictors
        Of the same patients.
    generator
        Source of random numbers.
    draws
        Number s of draws per patient.

    Returns
    -------
    IndividualGrowth
        Weighted draws from the posterior of each patient, by importance sampling.
    """
    curve, population = _population(model, predictors)
    modes = best_modes(curve, sizes, population)
    prior = torch.diag(population.spread)
    posterior = importance_draws(
        lambda rows: objective_at(
            curve, sizes.take(rows), population.centre[rows], population.spread, population.error
        ),
        [modes],
        prior,
        generator,
        draws,
    )
    logarithms = population.centre[:, None] + posterior.effects
    return IndividualGrowth(curve, sizes.patients, logarithms, posterior)


def patient_deviance(model: GrowthModel, sizes: TumourSizes, predictors: Predictors) -> NDArray[np.float64]:
    """Minus twice the log marginal likelihood of each patient's sizes, (n,).

    Parameters
    ----------
    model
        The fitted population.
    sizes
        Sizes of n patients.
    predictors
        Of the same patients.

    Returns
    -------
    numpy.ndarray
        By Laplace's approximation.
    """
    curve, population = _population(model, predictors)
    modes = best_modes(curve, sizes, population)
    found: NDArray[np.float64] = marginal_deviance(curve, sizes, population, modes.effects).detach().numpy()
    return found


def _population(model: GrowthModel, predictors: Predictors) -> tuple[TumourCurve, GrowthPopulation]:
    spread = torch.from_numpy(model.spread)
    return find_curve(model.curve), GrowthPopulation(model.typical_of(predictors), spread, model.error)
