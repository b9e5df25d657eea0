"""DoseSearch: what a dose search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stratomics.pharmacology.dose_search.attainment import BestDose
from stratomics.pharmacology.dose_search.target import ExposureTarget
from stratomics.pharmacology.dose_search.value_of_levels import value_of_levels

if TYPE_CHECKING:
    from datamodules.exposure.published.kinetic_model import KineticModel
    from datamodules.exposure.regimen import Regimen

__all__ = ["Attainment", "DoseSearch"]


@dataclass(frozen=True)
class Attainment:
    """Probabilities of a target for n patients.

    Parameters
    ----------
    rows
        One row per dose, the same for all patients (:func:`target_attainment`).
    best
        The most probable one dose for all patients.
    own
        The most probable dose of each patient: ``dose`` and ``within``, indexed by patient.
    reach
        Dose of each patient whose median exposure has the wanted value; None if no value was asked.
    """

    rows: pd.DataFrame
    best: BestDose
    own: pd.DataFrame
    reach: pd.Series[float] | None

    @property
    def best_of_given(self) -> BestDose:
        """The most probable of the given doses."""
        dose, within, error = self.rows[["dose", "within", "error"]].to_numpy(np.float64)[
            self.rows["within"].argmax()
        ]
        return BestDose(float(dose), float(within), float(error))


@dataclass(frozen=True)
class DoseSearch:
    """Result of a dose search. For research; not for dosing of patients.

    Parameters
    ----------
    model, target, schedule, value
        What was asked; the amount of the schedule does not count.
    covariates
        One row per patient, in the units of the model.
    prior
        Probabilities given the covariates alone.
    posterior
        Probabilities given covariates and levels; None without events.
    with_prior_doses
        Mean probability, given the levels, with the dose of each patient that is most probable without them; None
        without events.
    notes
        What to know about the result, one sentence each.
    """

    model: KineticModel
    target: ExposureTarget
    schedule: Regimen
    value: float | None
    covariates: pd.DataFrame
    prior: Attainment
    posterior: Attainment | None
    with_prior_doses: float | None
    notes: tuple[str, ...]

    @property
    def rows(self) -> pd.DataFrame:
        """All probabilities; the column ``levels`` says whether levels count."""
        found = [self.prior.rows.assign(levels=False)]
        if self.posterior is not None:
            found.append(self.posterior.rows.assign(levels=True))
        return pd.concat(found, ignore_index=True)

    @property
    def patients(self) -> pd.Index:
        """Ids of the patients."""
        return self.prior.own.index

    def value_of_levels(
        self,
        times: Sequence[Sequence[float]],
        *,
        first_dose: float | None = None,
        patients: int = 600,
        limit: float | None = None,
        draws: int = 2000,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Compare doses chosen by levels at some times with one dose for all, in simulated patients.

        Parameters
        ----------
        times
            Times of levels after the first dose; one list per design.
        first_dose
            Dose until the levels are known; by default the most probable one of the given doses.
        patients
            Number of patients to simulate; they take the covariates of the patients in turn.
        limit
            Lower limit of quantification; None for none.
        draws, seed
            Draws per patient, and the seed of patients and draws.

        Returns
        -------
        DataFrame
            As from :func:`stratomics.pharmacology.dose_search.value_of_levels.value_of_levels`.
        """
        best = self.prior.best_of_given.dose if first_dose is None else first_dose
        first = replace(self.schedule, amount=best)
        many = self.covariates.iloc[np.arange(patients) % len(self.covariates)]
        many = many.set_axis(pd.RangeIndex(1, patients + 1).astype(str))
        return value_of_levels(
            self.model, first, many, times, self.target, limit=limit, draws=draws, seed=seed
        )

    @property
    def unit(self) -> str:
        """Unit of the measure."""
        from datamodules.exposure.metrics import measure_unit

        return measure_unit(self.model, self.target.measure)
