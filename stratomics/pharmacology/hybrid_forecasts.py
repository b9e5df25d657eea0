"""What factors add to a published kinetic model: forecasts of levels that the model has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stratomics.pharmacology.hybrid_model import HybridModel, fit_hybrid, reweighted

if TYPE_CHECKING:
    from torch import Tensor

    from datamodules.exposure.estimation.posterior import Posterior
    from datamodules.exposure.published.kinetic_model import KineticModel
    from omics.events.event_table import EventTable

__all__ = ["FactorsAndExposure", "factors_and_exposure", "forecast_errors"]

Array = NDArray[np.float64]

DRAWS = 512
FOLDS = 5
MOST_LEVELS = 3
"""Number of levels of a patient that are forecast, each from those before it."""


@dataclass(frozen=True)
class FactorsAndExposure:
    """Slopes of factors on parameters, and errors of forecasts.

    Parameters
    ----------
    model
        Fitted to all patients.
    factors
        Names of the k factors.
    errors
        One row per forecast of a level: ``patient``, ``number`` of the level from 1, ``published`` and ``hybrid``, the
        level minus its forecast. The hybrid model of a forecast did not see the patient.
    """

    model: HybridModel
    factors: tuple[str, ...]
    errors: pd.DataFrame

    def slopes(self) -> pd.DataFrame:
        """One row per parameter and factor: ``slope`` of the logarithm per standard deviation, and its ``sd``."""
        rows = [
            {"parameter": parameter, "factor": factor, "slope": slope, "sd": sd}
            for parameter, slopes, sds in zip(
                self.model.parameters, self.model.slopes, self.model.slopes_sd, strict=True
            )
            for factor, slope, sd in zip(self.factors, slopes, sds, strict=True)
        ]
        return pd.DataFrame(rows)

    def forecasts(self) -> pd.DataFrame:
        """One row per number of the level: ``levels``, and the root mean squared error of both models."""
        squared = self.errors.assign(
            published=self.errors["published"] ** 2, hybrid=self.errors["hybrid"] ** 2
        )
        by_number = squared.groupby("number")
        table = by_number[["published", "hybrid"]].mean().pow(0.5)
        return table.assign(levels=by_number.size()).reset_index()


def factors_and_exposure(
    model: KineticModel, events: EventTable, factors: pd.DataFrame, generator: np.random.Generator
) -> FactorsAndExposure:
    """Fit slopes of factors on the parameters of a published model, and forecast levels of held-out patients.

    Parameters
    ----------
    model
        The published model.
    events
        Doses and levels, in the time unit of the model.
    factors
        One row per patient.
    generator
        Source of random numbers.

    Returns
    -------
    FactorsAndExposure
        Slopes from all patients that have factors and events, and errors of forecasts from folds of patients.
    """
    shared = events.patients[events.patients.isin(factors.index)]
    own = events.take(shared)
    z = factors.loc[shared].to_numpy(float)
    everything = _posterior(model, own, generator)
    effects, weights = everything.effects.numpy(), everything.weights.numpy()
    names, published = model.random_parameters, model.omega
    effects = effects[..., : len(names)]
    fold = generator.permutation(len(shared)) % FOLDS
    by_fold = [
        fit_hybrid(effects[fold != f], weights[fold != f], published, z[fold != f], names, generator)
        for f in range(FOLDS)
    ]
    errors = forecast_errors(model, own, z, fold, by_fold, generator)
    fitted = fit_hybrid(effects, weights, published, z, names, generator)
    return FactorsAndExposure(fitted, tuple(map(str, factors.columns)), errors)


def forecast_errors(
    model: KineticModel,
    events: EventTable,
    factors: Array,
    fold: NDArray[np.int64],
    by_fold: list[HybridModel],
    generator: np.random.Generator,
) -> pd.DataFrame:
    """Forecast each of the first levels of patients from those before it.

    Parameters
    ----------
    model
        The published model.
    events
        Doses and levels of n patients.
    factors
        (n, k) factors, in the order of ``events.patients``.
    fold
        (n,) fold of each patient.
    by_fold
        Hybrid model of each fold, which did not see its patients.
    generator
        Source of random numbers.

    Returns
    -------
    pd.DataFrame
        As ``errors`` of :class:`FactorsAndExposure`. Levels below the limit of quantification are not forecast.
    """
    from datamodules.exposure.compartments.records import records_of
    from datamodules.exposure.metrics import draws_at

    tables = []
    for number in range(1, MOST_LEVELS + 1):
        past = _with_levels_before(events, number)
        records = records_of(past)
        place, level, known = _level(events, number)
        if not known.any():
            break
        posterior = _posterior(model, past, generator)
        predicted = _at(draws_at(model, records, posterior.effects).level, place)
        effects = posterior.effects.numpy()[..., : len(model.random_parameters)]
        weights = posterior.weights.numpy()
        informed = np.empty_like(weights)
        for f, hybrid in enumerate(by_fold):
            rows = fold == f
            informed[rows] = reweighted(hybrid, effects[rows], weights[rows], factors[rows])
        table = pd.DataFrame(
            {
                "patient": events.patients,
                "number": number,
                "published": level - (weights * predicted).sum(axis=1),
                "hybrid": level - (informed * predicted).sum(axis=1),
            }
        )
        tables.append(table[known])
    return pd.concat(tables, ignore_index=True)


def _posterior(model: KineticModel, events: EventTable, generator: np.random.Generator) -> Posterior:
    from datamodules.exposure.compartments.records import records_of, up_to_last_level
    from datamodules.exposure.estimation.map_estimate import map_estimate
    from datamodules.exposure.estimation.posterior import posterior_draws

    records = records_of(up_to_last_level(events))
    return posterior_draws(model, records, map_estimate(model, records), generator, DRAWS)


def _counted(events: EventTable) -> pd.Series[int]:
    """Count the levels within each patient, from 1; 0 for other rows."""
    table = events.table
    counts = (table["observed"] & ~table["censored"]).astype(int)
    number: pd.Series[int] = counts.groupby(table["patient"], sort=False).cumsum() * counts
    return number


def _with_levels_before(events: EventTable, number: int) -> EventTable:
    """Keep the levels before one of them; later ones are still times, but do not count."""
    counted = _counted(events)
    observed = events.table["observed"] & (counted.between(1, number - 1))
    return type(events)(events.table.assign(observed=observed), events.covariates, events.time_unit)


def _level(events: EventTable, number: int) -> tuple[NDArray[np.int64], Array, NDArray[np.bool_]]:
    """Position among the records of each patient, value, and whether there is such a level."""
    table = events.table.assign(place=events.table.groupby("patient", sort=False).cumcount())
    found = table[_counted(events) == number].set_index("patient").reindex(events.patients)
    known = found["level"].gt(0).to_numpy()
    place = found["place"].fillna(0).to_numpy(np.int64)
    return place, found["level"].where(known, 1.0).to_numpy(float), known


def _at(levels: Tensor, place: NDArray[np.int64]) -> Array:
    """Levels (n, s, r) at one record of each patient, (n, s)."""
    picked: Array = levels.numpy()[np.arange(len(place)), :, place]
    return picked
