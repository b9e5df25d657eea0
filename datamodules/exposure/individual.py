"""Exposure of each patient with its uncertainty: from doses and levels to measures of exposure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from datamodules.exposure.compartments.records import records_of, up_to_last_level
from datamodules.exposure.estimation.map_estimate import map_estimate
from datamodules.exposure.estimation.posterior import Posterior, posterior_draws
from datamodules.exposure.metrics import check_metrics, measures_of
from datamodules.exposure.published.kinetic_model import KineticModel
from datamodules.exposure.regimen import DOSES, doses_given
from omics.common.errors import DataError
from omics.events.event_table import LEVEL, EventTable
from omics.events.windows import window_ends

__all__ = [
    "IndividualExposure",
    "Window",
    "individual_exposure",
    "moment_tables",
    "within_window",
]

Window = str | float
"""``first_cycle``, ``all``, or a time since the origin of a patient."""

MANY = 1e9
"""More repetitions of a dose than any patient receives."""


@dataclass(frozen=True)
class IndividualExposure:
    """Exposure of n patients.

    Parameters
    ----------
    mean
        Posterior mean of each measure, patients x measures.
    error
        Posterior standard deviation of each measure.
    levels
        Number of levels that each patient's values rest on; 0: they are those of the population, given the doses and
        covariates.
    shrinkage
        Of each random parameter: 1 - sd of the posterior means / sd in the population.
    posterior
        Weighted draws of the random effects.
    draws
        Measure -> (n, s) values, with the weights of `posterior`.
    """

    mean: pd.DataFrame
    error: pd.DataFrame
    levels: pd.Series[int]
    shrinkage: pd.Series[float]
    posterior: Posterior
    draws: dict[str, Tensor]

    def table(self) -> pd.DataFrame:
        """One row per patient: levels, mean and ``_sd`` of each measure, effective number of draws, Pareto shape."""
        errors = self.error.add_suffix("_sd")
        columns = [name for pair in zip(self.mean, errors, strict=True) for name in pair]
        return pd.concat([self.mean, errors], axis=1)[columns].assign(
            levels=self.levels,
            effective_draws=self.posterior.effective.numpy().round(),
            pareto_shape=self.posterior.pareto.numpy(),
        )


def within_window(events: EventTable, window: Window) -> EventTable:
    """Select the events that a window allows.

    Parameters
    ----------
    events
        Doses and levels.
    window
        As in :func:`omics.events.windows.window_ends`.

    Returns
    -------
    EventTable
        The events of each patient up to the end of their window, so that exposure cannot depend on what happens later;
        the repetitions of a dose end with it. A patient without a dose keeps their events.
    """
    table = events.table
    end = table["patient"].map(window_ends(events, window)).fillna(np.inf)
    kept = table[table["time"] <= end]
    reach = (end - table["time"]) / table["interval"].where(table["interval"] > 0)
    reachable = np.floor(reach[kept.index].fillna(0.0).clip(upper=MANY))
    additional = np.minimum(kept["additional"], reachable).astype(int)
    return EventTable(
        kept.assign(additional=additional).reset_index(drop=True), events.covariates, events.time_unit
    )


def individual_exposure(
    model: KineticModel,
    events: EventTable,
    names: tuple[str, ...],
    window: Window,
    generator: np.random.Generator,
    draws: int = 2000,
) -> IndividualExposure:
    """Estimate the exposure of each patient.

    Parameters
    ----------
    model
        The population model; it is not fitted here, so that each patient's values rest on this patient alone.
    events
        Doses and levels, with the covariates of the model.
    names
        Measures of exposure (:func:`datamodules.exposure.metrics.metric_draws`).
    window
        Which events count.
    generator
        Source of random numbers.
    draws
        Draws per patient.

    Returns
    -------
    IndividualExposure
        Posterior mean, error and draws of each measure. The first day follows the first dose; steady state is that of
        the last dose and its interval in the window. A patient without a dose has missing values.

    Raises
    ------
    DataError
        A patient's dose has no interval, which a measure at steady state needs.
    """
    check_metrics(names)
    within = within_window(events, window)
    first, last = doses_given(within, last=False), doses_given(within, last=True)
    _require_intervals(last, names)
    records = records_of(up_to_last_level(within))
    mode = map_estimate(model, records)
    posterior = posterior_draws(model, records, mode, generator, draws)
    treated = first["amount"].notna().to_numpy()
    rows = torch.from_numpy(np.flatnonzero(treated))
    covariates = list(within.covariates)
    measured = measures_of(
        model,
        first.loc[treated, list(DOSES)],
        last.loc[treated, list(DOSES)],
        first.loc[treated, covariates],
        last.loc[treated, covariates],
        posterior.effects[rows],
        names,
    )
    values = {name: _filled(draw, treated) for name, draw in measured.items()}
    population = np.sqrt(np.diag(model.omega))
    random = posterior.mean()[:, : len(population)]
    index = pd.Index(records.patients, name="patient")
    mean, error = moment_tables(posterior, values, index)
    return IndividualExposure(
        mean=mean,
        error=error,
        levels=_levels(within, index),
        shrinkage=pd.Series(
            1 - random.std(0, correction=0).numpy() / population,
            index=list(model.random_parameters),
            name="shrinkage",
        ),
        posterior=posterior,
        draws=values,
    )


def moment_tables(
    posterior: Posterior, values: dict[str, Tensor], patients: pd.Index
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return posterior means and standard deviations of measures.

    Parameters
    ----------
    posterior
        Draws of n patients.
    values
        Measure -> (n, s) values of the draws.
    patients
        Ids of the patients.

    Returns
    -------
    tuple
        Means and standard deviations, patients x measures.
    """
    moments = {name: posterior.moments(value) for name, value in values.items()}
    means = pd.DataFrame({name: mean.numpy() for name, (mean, _) in moments.items()}, index=patients)
    errors = pd.DataFrame({name: error.numpy() for name, (_, error) in moments.items()}, index=patients)
    return means, errors


def _filled(values: Tensor, treated: np.ndarray) -> Tensor:
    full = torch.full((len(treated), values.shape[1]), torch.nan, dtype=values.dtype)
    full[torch.from_numpy(treated)] = values
    return full


def _levels(events: EventTable, patients: pd.Index) -> pd.Series[int]:
    counts = (
        events.table[events.table["observed"] & (events.table["kind"] == LEVEL)].groupby("patient").size()
    )
    return counts.reindex(patients, fill_value=0).rename("levels").astype(int)


def _require_intervals(doses: pd.DataFrame, names: tuple[str, ...]) -> None:
    lacking = doses.index[doses["amount"].notna() & doses["interval"].isna()]
    if len(lacking) and any(name.endswith("_ss") for name in names):
        raise DataError(
            f"patient {lacking[0]} has a single dose without an interval (II), which steady state needs; "
            "give the interval, or measures of the first day"
        )
