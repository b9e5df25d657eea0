"""Exposure of patients under a regimen that they were not given, by their own pharmacokinetics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from datamodules.exposure.cohort_exposure import cohort_exposure, cohort_model, log_draws, window_of
from datamodules.exposure.individual import IndividualExposure, moment_tables, within_window
from datamodules.exposure.metrics import measures_of
from datamodules.exposure.published.kinetic_model import KineticModel
from datamodules.exposure.regimen import Regimen, doses_given
from omics.cohort.read import events_of, exposure_spec
from omics.common.errors import CohortError, DataError
from omics.common.pages import page_link
from omics.events.event_table import EventTable

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["PatientKinetics", "equal_draws", "taken", "weighted_quantiles"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PatientKinetics:
    """Pharmacokinetics of n patients.

    Parameters
    ----------
    model
        The population model.
    events
        Doses and levels in the window of exposure, in the unit of the model.
    names
        Measures of exposure.
    given
        Exposure under the doses that were given; its `posterior` has the draws of the random effects.
    """

    model: KineticModel
    events: EventTable
    names: tuple[str, ...]
    given: IndividualExposure

    @classmethod
    def of(cls, cohort: MuData) -> Self:
        """Estimate the random effects of the patients of a cohort from their doses and levels.

        Raises
        ------
        CohortError
            The cohort has no block ``exposure``, or a patient has no dose.
        """
        spec, model, events = exposure_spec(cohort), cohort_model(cohort), events_of(cohort)
        if spec is None or model is None or events is None:
            raise CohortError(
                f"the cohort has no block 'exposure'; add one to cohort.yaml, see {page_link('exposure')}",
                "no_exposure",
            )
        dosed = set(events.table.loc[events.is_dose, "patient"])
        if lacking := [str(patient) for patient in cohort.obs_names if patient not in dosed]:
            raise CohortError(
                "has no dose, so that exposure under another regimen is unknown; add a dose, or choose other patients",
                "no_doses",
                patient=lacking[0],
            )
        given = cohort_exposure(cohort)
        assert given is not None
        within = within_window(events.in_unit(model.time_unit), window_of(spec, model))
        return cls(model, within, spec.metrics, given)

    def under(self, name: str, regimen: Regimen) -> IndividualExposure:
        """Return the exposure of each patient under a regimen.

        Parameters
        ----------
        name
            Name of the regimen, for errors.
        regimen
            Dose and interval, in the units of the model.

        Returns
        -------
        IndividualExposure
            Measures for the same draws of the random effects. The covariates are those at the first dose for measures
            of the first day, and at the last dose of the window for steady state, as in :attr:`given`.

        Raises
        ------
        DataError
            A patient has no covariate that the dose is multiplied by.
        """
        first, last = (self._covariates(name, regimen, last=last) for last in (False, True))
        draws = measures_of(
            self.model,
            regimen.doses(first),
            regimen.doses(last),
            first,
            last,
            self.given.posterior.effects,
            self.names,
        )
        mean, error = moment_tables(self.given.posterior, draws, self.given.mean.index)
        return replace(self.given, mean=mean, error=error, draws=draws)

    def _covariates(self, name: str, regimen: Regimen, *, last: bool) -> pd.DataFrame:
        table = doses_given(self.events, last=last)[list(self.events.covariates)]
        if regimen.per is None:
            return table
        if regimen.per not in table:
            known = ", ".join(self.events.covariates) or "none"
            raise DataError(
                f"regimen '{name}' is per {regimen.per}, which is no covariate of the block 'exposure'; known: {known}"
            )
        wrong = table.index[~(table[regimen.per] > 0)]
        if len(wrong):
            raise DataError(
                f"patient {wrong[0]} has no {regimen.per} above 0, by which regimen '{name}' multiplies the dose"
            )
        return table


def equal_draws(exposure: IndividualExposure, count: int) -> NDArray[np.int64]:
    """Choose draws of equal weight that represent the posterior of each patient.

    Parameters
    ----------
    exposure
        Exposure of n patients; the draws are ordered by its first measure.
    count
        Number of draws to choose.

    Returns
    -------
    numpy.ndarray
        (n, count) numbers of draws, at the middles of `count` equal steps of the distribution of the first measure.
    """
    values = next(iter(exposure.draws.values()))
    order = values.argsort(dim=1, stable=True)
    reached = exposure.posterior.weights.gather(1, order).cumsum(1)
    middles = ((torch.arange(count, dtype=reached.dtype) + 0.5) / count).repeat(len(reached), 1)
    places = torch.searchsorted(reached.contiguous(), middles).clamp(max=values.shape[1] - 1)
    chosen: NDArray[np.int64] = order.gather(1, places).numpy()
    return chosen


def taken(exposure: IndividualExposure, column: str, draws: NDArray[np.int64]) -> Array:
    """Take draws of one measure, on the scale of the view ``exposure``.

    Parameters
    ----------
    exposure
        Exposure of n patients.
    column
        The measure, named as in the view.
    draws
        (n, d) numbers of draws.

    Returns
    -------
    numpy.ndarray
        (n, d) logarithms, or shares as they are, as from :func:`on_log_scale`.
    """
    found: Array = log_draws(exposure)[column].gather(1, torch.from_numpy(draws)).numpy()
    return found


def weighted_quantiles(exposure: IndividualExposure, levels: tuple[float, float]) -> dict[str, Array]:
    """Return quantiles of each measure under the posterior of each patient.

    Parameters
    ----------
    exposure
        Exposure of n patients.
    levels
        Two levels, in (0, 1).

    Returns
    -------
    dict
        Measure -> (n, 2) quantiles.
    """
    posterior = exposure.posterior
    return {name: posterior.quantiles(values, levels).numpy() for name, values in exposure.draws.items()}
